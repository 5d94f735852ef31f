"""Sweep files: what they may say, and one clear error for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.inputs import onnx_samples
from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"spaces": {}}, "Did you mean 'space'"),
    "unknown path": ({"space": {"accelerator.memories.sram_3MB.size": [1]}}, "Did you mean 'sram_2MB'"),
    "a key that the file does not have": (
        {"space": {"accelerator.memories.sram_2MB.static_power": ["1 mW"]}},
        "must stand in that file first",
    ),
    "unknown root": ({"space": {"accelerater.memories.sram_2MB.size": [1]}}, "Did you mean 'accelerator'"),
    "empty list": ({"space": {SIZE: []}}, "empty"),
    "wrong unit": ({"space": {SIZE: ["3 pJ"]}}, "'pJ'"),
    "impossible constraint": ({"constraints": [f"{SIZE} < 0"]}, "no point"),
    "a million times a million": (
        {"space": {"x": {"range": [1, 100000], "step": 1}, "y": {"range": [1, 100000], "step": 1}}},
        r"100000 x 100000 x 1 = 10,000,000,000 combinations",
    ),
    "no workload": ({"workloads": None}, "'workloads' is missing"),
    "unknown workload": ({"workloads": ["resnet19"]}, "Did you mean 'resnet18'"),
    "time limit": ({"options": {"time_limit": 0}}, "seconds above 0, or none"),
    "unknown option": ({"options": {"lpf_limt": 6}}, "Did you mean 'lpf_limit'"),
    "an option of files that is varied": ({"space": {"options.price_all": [True, False]}}, "below 'options'"),
    "wrong shape": ({"options": {"input_shapes": {"x": [1, 0]}}}, "sizes of at least 1"),
    "wrong option": ({"space": {"options.objective": ["speed"]}}, "latency, energy, edp"),
    "unknown name in an expression": ({"derived": {R_COST: "2 * sise"}}, "'sise' is not known"),
    "code in an expression": ({"derived": {"x": "__import__('os')"}}, "the function"),
    "set twice": ({"derived": {SIZE: "8"}}, "set twice"),
    "uneven group": ({"zipped": [{"x": [1, 2], "y": [1, 2, 3]}]}, "zipped group"),
    "wrong sampling": ({"sampling": {"random": 0}}, "random"),
    "no trials": ({"sampling": {"optuna": 0}}, "number of trials"),
    "unknown key of a search": ({"sampling": {"optuna": 9, "objective": "edp"}}, "Did you mean 'objectives'"),
    "unknown objective": ({"sampling": {"optuna": 9, "objectives": ["enrgy"]}}, "Did you mean 'energy'"),
    "twice the same objective": ({"sampling": {"optuna": 9, "objectives": ["edp", "edp"]}}, "one to three"),
    "unknown sampler": ({"sampling": {"optuna": 9, "sampler": "nsga"}}, "Did you mean 'nsga2'"),
    "no batch": ({"sampling": {"optuna": 9, "batch": 0}}, "1 or more"),
    "a search between networks": (
        {
            "workloads": None,
            "sampling": {"optuna": 9},
            "zipped": [{"workload": ["resnet18", "alexnet"], "x": [1, 2]}],
        },
        "adds up",
    ),
    "a condition on what comes later": ({"space": {"x": {"values": [1, 2], "when": "y > 1"}, "y": [1]}}, "'y'"),
    "no mapping of its own": ({"accelerators": ["mine.yaml"]}, "mapping"),
    "wrong name": ({"name": "a/b"}, "name"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_get_one_clear_error(case: str, tmp_path: Path) -> None:
    keys, words = BROKEN[case]
    file = sweep_file(tmp_path, **keys)
    with pytest.raises(InputError, match=words) as caught:
        list(points(read_sweep(file)))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "3"])
def test_files_that_hold_something_else(text: str, tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(text)
    with pytest.raises(InputError, match="experiment"):
        read_sweep(tmp_path)


def test_a_folder_stands_for_its_file(tmp_path: Path) -> None:
    file = sweep_file(tmp_path)
    assert read_sweep(tmp_path).where == str(file)


def test_presets_bring_their_own_mappings(tmp_path: Path) -> None:
    sweep = read_sweep(sweep_file(tmp_path, space=None, accelerators=["tpu_like", "eyeriss_like"]))
    assert [(p.accelerator, p.mapping) for p in points(sweep)] == [
        ("tpu_like", "tpu_like"),
        ("eyeriss_like", "eyeriss_like"),
    ]


def test_workloads_are_read_with_the_options_of_the_file(tmp_path: Path) -> None:
    nodes = [onnx_samples.node("Conv", "x w", "c", "stem"), onnx_samples.node("Relu", "c", "r", "act")]
    model = onnx_samples.model(nodes, {"x": ["n", 4, 4, 4]}, {"w": [8, 4, 1, 1]}, [])
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    options = {"input_shapes": {"x": [2, 4, 4, 4]}, "price_all": True}
    sweep = read_sweep(sweep_file(tmp_path, workloads=["net.onnx"], options=options))
    layers = [node for node in sweep.bases["workload"]["net.onnx"].document.nodes if isinstance(node, Layer)]
    assert [(layer.name, layer.loop_sizes["B"]) for layer in layers] == [("stem", 2), ("act", 2)]


def test_keys_of_points_leave_out_later_options_at_their_defaults(tmp_path: Path) -> None:
    usual, same, other = (
        next(iter(points(read_sweep(sweep_file(tmp_path, options=options))))).key
        for options in ({"lpf_limit": 4}, {"lpf_limit": 4, "time_limit": 10}, {"lpf_limit": 4, "time_limit": 11})
    )
    assert usual == same != other


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"options": {"lpf_limit": 0}}, "options.lpf_limit"),
        ({"space": {SIZE: []}}, f"space.{SIZE}"),
        ({"seed": -1}, "seed"),
    ],
)
def test_errors_name_the_line(keys: dict[str, Any], key: str, tmp_path: Path) -> None:
    file = sweep_file(tmp_path, **keys)
    lines = [line.strip().partition(":")[0] for line in file.read_text().splitlines()]
    with pytest.raises(InputError) as caught:
        read_sweep(file)
    name = key.removeprefix("options.").removeprefix("space.")
    assert caught.value.where == f"{file}: {key} (line {lines.index(name) + 1})"
