"""Searches: what is proposed, what they are told, and that a kill changes nothing."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.inline import InlineEngine, Patience
from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab import executors
from zigzag_lab.api.sweep import plan_sweep, run_sweep
from zigzag_lab.api.sweep_answers import sweep_points, sweep_status
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.sweeps.adaptive import AdaptiveSearch, ProposedDesign
from zigzag_lab.sweeps.plan import DesignPoint
from zigzag_lab.vocab import InputError

WIDE = {"x": {"range": [1, 100], "step": 1}, "y": {"range": [1, 100], "step": 1}, "z": [3, 1, 2]}
COST = {R_COST: "x + 1000 * y + 100000 * z"}
BOTH = {"optuna": 30, "objectives": ["energy", "latency"], "batch": 4}


def search(folder: Path, **keys: Any) -> AdaptiveSearch:
    return AdaptiveSearch(
        read_sweep(sweep_file(folder, **{"space": WIDE, "derived": COST, "sampling": {"optuna": 40}, **keys}))
    )


def told(one: AdaptiveSearch, figures: Callable[[DesignPoint], dict[str, float | None]]) -> list[ProposedDesign]:
    """All designs that a search asks for when points come to these figures."""
    designs: list[ProposedDesign] = []
    while batch := one.ask():
        designs += batch
        one.tell(batch, {point.key: figures(point) for design in batch for point in design.points})
    return designs


def bowl(point: DesignPoint) -> dict[str, float | None]:
    """Least at x = 70, y = 20, z = 2; nothing comes of some points."""
    if point.values["x"] == 13:
        return {}
    x, y, z = (point.values[name] for name in "xyz")
    energy = (x - 70) ** 2 + (y - 20) ** 2 + 1000 * (z != 2)
    return {"energy_pj": float(energy), "latency_cycles": float(x + y), "edp_pj_cycles": None}


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_designs_are_asked_for_once_and_follow_from_the_seed_and_the_answers(sampler: str, tmp_path: Path) -> None:
    sampling = {**BOTH, "sampler": sampler}
    first, again = (told(search(tmp_path, sampling=sampling), bowl) for _ in range(2))
    keys = [design.points[0].key for design in first]
    assert (len(set(keys)), keys) == (30, [design.points[0].key for design in again])
    other = told(search(tmp_path, sampling=sampling, seed=1), bowl)
    assert keys != [design.points[0].key for design in other]


def test_a_search_comes_closer_than_chance(tmp_path: Path) -> None:
    def least(found: list[DesignPoint]) -> float:
        return min(bowl(point).get("energy_pj") or 1e9 for point in found)

    sampling = {"optuna": 60, "objectives": ["energy"]}
    searched = [least([d.points[0] for d in told(search(tmp_path, sampling=sampling, seed=s), bowl)]) for s in range(3)]
    drawn = []
    for seed in range(3):
        file = sweep_file(tmp_path, space=WIDE, derived=COST, sampling={"random": 60}, seed=seed)
        drawn.append(least(list(points(read_sweep(file)))))
    assert sorted(searched)[1] < sorted(drawn)[1]


@pytest.mark.parametrize(("objective", "needed"), [("area", "areas of all parts"), ("power", "a clock")])
def test_an_objective_that_no_point_has_ends_the_search_at_once(objective: str, needed: str, tmp_path: Path) -> None:
    one = search(tmp_path, sampling={**BOTH, "objectives": ["energy", objective]})
    with pytest.raises(InputError, match=f"{objective} is an objective, and not known .* {needed}"):
        told(one, bowl)


def test_conditions_constraints_and_groups_hold(tmp_path: Path) -> None:
    space = {"x": [1, 2, 3, 4], "y": {"values": [1, 2, 3], "when": "x > 2"}, "one": [7], "file": ["b", "c"]}
    cost = "1000 * x + 100 * (y if x > 2 else 0) + 10 * (file == 'b') + w"
    keys = {
        "space": space,
        "zipped": [{"u": [1, 2], "v": [3, 6]}],
        "constraints": ["x != 3"],
        "derived": {"w": "u + v", R_COST: cost},
    }
    found = [d.points[0].values for d in told(search(tmp_path, **keys), lambda _: {"latency_cycles": random.random()})]
    assert len(found) == len(list(points(read_sweep(sweep_file(tmp_path, **keys))))) == (2 + 3) * 2 * 2
    assert all(values["x"] != 3 and ("y" in values) == (values["x"] > 2) for values in found)
    assert {(values["u"], values["v"], values["w"]) for values in found} == {(1, 3, 4), (2, 6, 8)}


def test_figures_of_several_networks_are_added_up(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, space={R_COST: [1, 2, 3]}, sampling={"optuna": 3, "objectives": ["edp", "utilisation"]})
    (tmp_path / "two.yaml").write_text((tmp_path / "one.yaml").read_text().replace("- 64", "- 32"))
    file.write_text(file.read_text().replace("- one.yaml", "- one.yaml\n- two.yaml"))
    one = AdaptiveSearch(read_sweep(file))
    (first, second, third) = one.ask()
    assert (one.n_networks, [p.workload for p in first.points]) == (2, ["one.yaml", "two.yaml"])
    row: dict[str, float | None] = {"energy_pj": 2.0, "latency_cycles": 3.0, "utilisation": 0.5}
    better = {**row, "latency_cycles": 1.0, "utilisation": 1.0}
    figures = {first.points[0].key: row, first.points[1].key: better, second.points[0].key: row}
    one.tell([first, second, third], figures)
    trials = one._study.trials
    assert trials[first.trial.number].values == [(2 + 2) * (3 + 1), (0.5 * 3 + 1) / 4]
    assert [trials[d.trial.number].state.name for d in (first, second, third)] == ["COMPLETE", "FAIL", "FAIL"]
    assert one.ask() == []


def test_what_excludes_everything_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no point"):
        search(tmp_path, constraints=["x < 0"]).ask()


def test_without_the_library_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"zigzag-lab\[optuna\]"):
        search(tmp_path)


# -- with real points --------------------------------------------------------------------------------------------------


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[InlineEngine]:
    opened: list[InlineEngine] = []

    def open_engine(kind: str, work: Any, **_: Any) -> InlineEngine:
        opened.append(InlineEngine(work))
        return opened[-1]

    monkeypatch.setattr(executors, "open_engine", open_engine)
    return opened


def figures(url: str) -> list[Any]:
    return [(p.key, p.energy_pj, p.latency_cycles) for p in sweep_points("small", url)]


def test_stopped_at_any_batch_it_comes_to_the_same_points(tmp_path: Path, engines: list[InlineEngine]) -> None:
    space = {SIZE: {"log_range": ["1 KiB", "1 MiB"]}, R_COST: [100, 200, 300, 400]}
    space["accelerator.memories.dram.size"] = [16, 10000000000]  # nothing fits the first
    sampling = {"optuna": 12, "objectives": ["energy", "latency"], "batch": 4, "sampler": "nsga2"}
    file = sweep_file(tmp_path, space=space, sampling=sampling)
    quiet, stopped = (f"sqlite:///{tmp_path / name}" for name in ("quiet.db", "stopped.db"))
    assert plan_sweep(file, store=quiet).n_missing == 12
    whole = run_sweep(file, store=quiet, listener=Patience())
    assert (whole.n_points, whole.progress.n_done, whole.is_complete, whole.progress.n_failed) == (12, 12, True, 0)
    first = run_sweep(file, store=stopped, listener=Patience(6))
    plan = plan_sweep(file, store=stopped)
    assert (first.is_complete, plan.n_done, plan.n_points) == (False, first.progress.n_done, 12)
    second = run_sweep(file, store=stopped, listener=Patience())
    assert (second.n_known, second.is_complete) == (first.progress.n_done, True)
    assert figures(stopped) == figures(quiet)
    (summary,) = sweep_status(stopped, "small")
    assert (summary.n_finished + summary.n_infeasible, summary.n_infeasible > 0) == (12, True)
    assert sum(engine.n_items for engine in engines) == 24


def test_a_search_ends_with_the_space(tmp_path: Path, engines: list[InlineEngine]) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    file = sweep_file(tmp_path, space={R_COST: [100, 200, 300]}, sampling={"optuna": 9})
    outcome = run_sweep(file, store=url, listener=Patience())
    assert (outcome.n_points, outcome.progress.n_done, outcome.is_complete) == (3, 3, True)
    (summary,) = sweep_status(url)
    assert (summary.n_points, summary.n_finished) == (3, 3)
    again = run_sweep(file, store=url, listener=Patience())
    assert (again.n_points, again.n_known, again.progress.n_done, again.is_complete) == (3, 3, 0, True)
