"""zigzag-dse's two stages for data locality, asked with our records."""

from __future__ import annotations

from typing import Any

from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
from zigzag.stages.exploit_data_locality_stages import (
    ExploitInterLayerDataLocalityStage,
    SearchInterLayerDataLocalityStage,
)
from zigzag.workload.dummy_node import DummyNode
from zigzag.workload.onnx_workload import ONNXWorkload

from tests.oracle.convert import from_zigzag_accelerator, to_zigzag_accelerator, to_zigzag_layer
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.workload import Layer, Workload, predecessors

Answer = tuple[dict[int, dict[str, int]], int, dict[int, Accelerator]]


def reference_locality(workload: Workload, accelerator: Accelerator, *, ends_at_the_top: bool = False) -> Answer | None:
    """Levels by layer, the level of the weights, and each layer's smaller accelerator; None where it stops.

    Its option that the network's data come from the top has no effect, as levels only ever sink; here they rise.
    """
    hardware, nodes = to_zigzag_accelerator(accelerator), _workload(workload)
    search: Any = SearchInterLayerDataLocalityStage([CostModelStage], accelerator=hardware, workload=nodes)
    try:
        search.update_top_mem_level()
        if ends_at_the_top:
            search.update_io_mem_level = lambda layer, op, level: search.mem_update_list[layer].update({op: level})
            search.update_mem_level_for_loading_data()
    except (StopIteration, AssertionError):
        return None
    found = {i: {str(op): level for op, level in levels.items()} for i, levels in search.mem_update_list.items()}
    smaller = {}
    for layer in workload.layers:
        stage: Any = ExploitInterLayerDataLocalityStage(
            [CostModelStage],
            accelerator=hardware,
            layer=nodes.node_id_to_obj[layer.id],
            mem_update_list=search.mem_update_list,
            mem_update_weight=search.mem_update_weight,
        )
        smaller[layer.id] = from_zigzag_accelerator(stage.generate_accelerator_with_removing_unused_memory())
    return found, search.mem_update_weight, smaller


def _workload(workload: Workload) -> Any:
    graph: Any = ONNXWorkload()
    for node in workload.nodes:
        if isinstance(node, Layer):
            theirs: Any = to_zigzag_layer(node, MappingConstraints())
            theirs.input_operand_source = {
                op: source for op, source in theirs.input_operand_source.items() if source in node.sources.values()
            }
        else:
            theirs = DummyNode(node.id, list(predecessors(node)), node.operator_type, node.name)
        graph.add(node.id, theirs)
    return graph
