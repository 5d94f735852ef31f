"""What ``zigzag-lab run`` says of the operators that it does not price."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import invoked
from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from tests.stages.small import accelerator, written

FAST = ("--lpf-limit", "3")


def model(tmp_path: Path) -> Path:
    nodes = [node("Conv", "x w", "c", "stem"), node("Relu", "c", "r", "act"), node("Reshape", "r to", "y", "flat")]
    net = made.model(nodes, {"x": [1, 4, 4, 4]}, {"w": [8, 4, 1, 1]}, [made.integers("to", [1, -1])])
    (tmp_path / "net.onnx").write_bytes(net.SerializeToString())
    return tmp_path / "net.onnx"


def test_what_is_left_out_is_in_the_json_and_in_the_table(tmp_path: Path) -> None:
    inputs = {**written(tmp_path), "workload": model(tmp_path)}
    answer = invoked(inputs, *FAST, "--json")
    assert answer.exit_code == 0, answer.stderr
    [relu] = json.loads(answer.stdout)["left_out"]["operators"]
    assert (relu["operator_type"], relu["n_nodes"], relu["n_operations"]) == ("Relu", 1, 128)
    assert relu["share"] == 128 / (128 + 512)
    assert "20.00% of the operations are free: Relu 20.00% (1)." in invoked(inputs, *FAST).stdout


def test_everything_is_priced_on_request(tmp_path: Path) -> None:
    inputs = {**written(tmp_path), "workload": model(tmp_path)}
    free, priced = (json.loads(invoked(inputs, *FAST, "--json", *more).stdout) for more in ([], ["--price-all"]))
    assert [entry["name"] for entry in priced["layers"]] == ["stem", "act"]
    assert priced["left_out"]["operators"] == []
    assert priced["energy_pj"] > free["energy_pj"]


def test_everything_is_priced_with_data_kept_between_layers(tmp_path: Path) -> None:
    inputs = {**written(tmp_path, accelerator=accelerator(sram_bits=65536)), "workload": model(tmp_path)}
    far, near = (
        json.loads(invoked(inputs, *FAST, "--json", "--price-all", *more).stdout)
        for more in ([], ["--exploit-locality"])
    )
    assert [entry["name"] for entry in near["layers"]] == ["stem", "act"]
    assert all(
        ours["energy_pj"] < theirs["energy_pj"] for ours, theirs in zip(near["layers"], far["layers"], strict=True)
    )


def test_an_array_that_computes_in_memory_has_no_price_for_layers_without_weights(tmp_path: Path) -> None:
    inputs = {"workload": model(tmp_path), "accelerator": "dimc", "mapping": "dimc"}
    answer = invoked(inputs, *FAST, "--price-all")
    assert answer.exit_code == 2
    assert "price_all: the array of dimc computes in memory, with weights in its cells" in answer.stderr
