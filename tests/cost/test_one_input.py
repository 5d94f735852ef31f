"""A layer of one input waits for all of it, whoever else could have used the ports that it comes through."""

from __future__ import annotations

from typing import Any

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from tests.stages import small
from zigzag_lab.api import RunRequest, run
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.scalar import evaluate


def without_company(accelerator: dict[str, Any]) -> dict[str, Any]:
    """The same design, in which the second input has ports of its own everywhere."""
    for memory in accelerator["memories"].values():
        ports = memory["ports"]
        for port in [p for p in ports if len(memory["operands"]) > 1]:
            own = [a for a in port["allocation"] if a.startswith("I2")]
            port["allocation"] = [a for a in port["allocation"] if a not in own]
            kind = port["name"].rsplit("_", 1)[0]
            ports.append({**port, "name": f"{kind}_9", "allocation": own})
    return accelerator


def relu_on(accelerator: dict[str, Any]) -> CostModelEvaluation:
    model = made.model([node("Relu", "x", "y")], {"x": [1, 6, 5, 5]})
    request = RunRequest(model, accelerator, small.mapping(), lpf_limit=4, price_all=True)
    return run(request, store=None, mlflow="off").layers[0]


def test_what_passes_ports_for_both_inputs_counts() -> None:
    shared, apart = relu_on(small.accelerator()), relu_on(without_company(small.accelerator()))
    assert shared.breakdown.onload_cycles == apart.breakdown.onload_cycles > 0
    assert shared.latency_total2 == apart.latency_total2
    for cme in (shared, apart):
        assert evaluate(cme.problem, cme.temporal_mapping).onload_cycles == cme.breakdown.onload_cycles
