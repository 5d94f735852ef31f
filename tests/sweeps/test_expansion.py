from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.vocab import InputError


def test_the_workload_varies_fastest_and_the_order_is_that_of_the_file(tmp_path: Path) -> None:
    sweep = read_sweep(sweep_file(tmp_path, workloads=["one.yaml", "resnet18"]))
    found = [(p.values[SIZE] // 8192, p.values[R_COST], p.workload) for p in points(sweep)]
    assert found == list(itertools.product([64, 128, 256], [100, 200], ["one.yaml", "resnet18"]))


def test_keys_are_stable_and_made_of_meaning(tmp_path: Path) -> None:
    first = [p.key for p in points(read_sweep(sweep_file(tmp_path)))]
    renamed = sweep_file(tmp_path, name="other", space={R_COST: [100, 200], SIZE: [524288, "128 KiB", 256 * 8192]})
    assert len(set(first)) == 6
    assert sorted(p.key for p in points(read_sweep(renamed))) == sorted(first)
    default = sweep_file(
        tmp_path, options={"lpf_limit": 4, "n_spatial_mappings": 1, "objective": "latency", "time_limit": 10}
    )
    assert [p.key for p in points(read_sweep(default))] == first
    preset = yaml.safe_load(preset_path("accelerator", "tpu_like").read_text("utf-8"))
    del preset["clock"]
    preset["operational_array"]["unit_area"] = 1
    (tmp_path / "tpu_like.yaml").write_text(yaml.safe_dump(preset, sort_keys=False))
    was = sweep_file(tmp_path, accelerators=["tpu_like.yaml"], mappings=["tpu_like"])
    key = next(p.key for p in points(read_sweep(was)))
    assert key == "8beaa9c05be0d87a48d18ef5449f2851"  # as it was before there was a time limit, or a clock
    for changed in ({"lpf_limit": 5}, {"lpf_limit": 4, "time_limit": "none"}):
        other = sweep_file(tmp_path, options={**changed, "n_spatial_mappings": 1})
        assert not {p.key for p in points(read_sweep(other))} & set(first)


def test_a_condition_leaves_the_base_value_where_it_does_not_hold(tmp_path: Path) -> None:
    space = {SIZE: ["64 KiB", "128 KiB"], R_COST: {"values": [1, 2, 3], "when": f"{SIZE} > 64 * KiB"}}
    found = [p.values for p in points(read_sweep(sweep_file(tmp_path, space=space)))]
    assert [v.get(R_COST) for v in found] == [None, 1, 2, 3]
    derived = {"twice": f"2 * {R_COST}"}
    found = [p.values for p in points(read_sweep(sweep_file(tmp_path, space=space, derived=derived)))]
    assert [v["twice"] for v in found] == [832.32, 2, 4, 6]


def test_combinations_that_conditions_make_equal_come_once(tmp_path: Path) -> None:
    space = {"x": [1, 2], R_COST: {"values": [1, 2], "when": "x == 2"}}
    found = list(points(read_sweep(sweep_file(tmp_path, space=space))))
    assert len(found) == len({p.key for p in found}) == 3


def test_constraints_and_what_is_derived(tmp_path: Path) -> None:
    keys = {"derived": {"w": "x * y", R_COST: "w / 2"}, "constraints": ["x <= y", "w != 4"]}
    sweep = read_sweep(sweep_file(tmp_path, space={"x": [1, 2, 3], "y": [1, 2, 3]}, **keys))
    found = [(p.values["x"], p.values["y"], p.values[R_COST]) for p in points(sweep)]
    assert found == [(1, 1, 0.5), (1, 2, 1), (1, 3, 1.5), (2, 3, 3), (3, 3, 4.5)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 3))
def test_random_points_are_distinct_points_of_the_grid_and_repeat(tmp_path: Path, n: int, seed: int) -> None:
    keys = {"space": {"x": [1, 2, 3, 4], R_COST: [1, 2, 3, 4]}, "constraints": [f"x <= {R_COST}"]}
    grid = {p.key for p in points(read_sweep(sweep_file(tmp_path, **keys)))}
    sweep = read_sweep(sweep_file(tmp_path, **keys, sampling={"random": n}, seed=seed))
    drawn = [p.key for p in points(sweep)]
    assert drawn == [p.key for p in points(sweep)]
    assert set(drawn) <= grid
    assert len(drawn) == len(set(drawn)) <= n


def test_random_points_of_a_space_too_large_to_walk(tmp_path: Path) -> None:
    axis = {"range": [1, 10000], "step": 1}
    sweep = read_sweep(sweep_file(tmp_path, space={"x": axis, "y": axis, R_COST: axis}, sampling={"random": 50}))
    assert len(list(points(sweep))) == 50
    excluded = sweep_file(tmp_path, space={"x": axis}, sampling={"random": 5}, constraints=["x < 0"])
    with pytest.raises(InputError, match="no point"):
        list(points(read_sweep(excluded)))


def test_an_expression_that_fails_at_one_point_names_it(tmp_path: Path) -> None:
    sweep = read_sweep(sweep_file(tmp_path, space={"x": [1, 0]}, derived={R_COST: "1 / x"}))
    with pytest.raises(InputError, match=r"r_cost.*x = 0"):
        list(points(sweep))


def test_expressions_are_read_once_for_ten_thousand_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axis = {"range": [1, 100], "step": 1}
    keys = {"derived": {R_COST: "sqrt(x + 100 * y)"}, "constraints": ["x + y < 300"]}
    sweep = read_sweep(sweep_file(tmp_path, space={"x": axis, "y": axis}, **keys))
    monkeypatch.setattr("ast.parse", lambda *_: pytest.fail("an expression was read again"))
    assert sum(1 for _ in points(sweep)) == 10_000
