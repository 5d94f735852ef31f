"""Our records to the objects of zigzag-dse and back. Bypasses its file validation, not its factories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zigzag.hardware.architecture.accelerator import Accelerator as ZigzagAccelerator
from zigzag.parser.accelerator_factory import AcceleratorFactory
from zigzag.parser.workload_factory import LayerNodeFactory
from zigzag.workload.layer_node import LayerNode

from tests.oracle.imc import imc_entry
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray, Port
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import FINAL_OUTPUT, Direction
from zigzag_lab.workload import DimensionRelation, Layer

DIRECTIONS = {
    "rd_out_to_low": "to_low",
    "wr_in_by_low": "from_low",
    "rd_out_to_high": "to_high",
    "wr_in_by_high": "from_high",
}
"""The reference's name of a direction -> ours."""


def to_zigzag_accelerator(accelerator: Accelerator) -> ZigzagAccelerator:
    """A fresh reference accelerator; auto-extracted costs must have been put in before."""
    array = accelerator.array
    data = {
        "name": accelerator.name,
        "memories": {memory.name: _memory_data(memory) for memory in accelerator.memories},
        "operational_array": imc_entry(array) if array.imc else _array_data(array),
    }
    return AcceleratorFactory(data).create()


def _array_data(array: OperationalArray) -> dict[str, Any]:
    """The entry of an array of plain units in an accelerator file."""
    return {
        "is_imc": False,
        "unit_energy": array.unit_energy_pj,
        "unit_area": array.unit_area_mm2,
        "dimensions": list(array.sizes),
        "sizes": list(array.sizes.values()),
        "systolic_dimensions": list(array.systolic_dimensions),
    }


def _memory_data(memory: Memory) -> dict[str, Any]:
    """The entry of one memory in an accelerator file."""
    return {
        "size": memory.size_bits,
        "mem_type": memory.kind,
        "r_cost": memory.read_cost_pj,
        "w_cost": memory.write_cost_pj,
        "area": memory.area_mm2,
        "latency": memory.latency_cycles,
        "operands": list(memory.operands),
        "served_dimensions": list(memory.served_dimensions),
        "auto_cost_extraction": False,
        "force_double_buffering": memory.force_double_buffering,
        "ports": [
            {
                "name": port.name,
                "type": port.kind,
                "bandwidth_min": port.bandwidth_min_bits,
                "bandwidth_max": port.bandwidth_max_bits,
                "allocation": [f"{op}, {direction.short}" for op, direction in port.serves],
            }
            for port in memory.ports
        ],
    }


def from_zigzag_accelerator(accelerator: ZigzagAccelerator) -> Accelerator:
    """Our record of a reference accelerator (no in-memory array)."""
    array: Any = accelerator.operational_array
    order = {dim: i for i, dim in enumerate(array.dimension_sizes)}
    return Accelerator(
        name=accelerator.name,
        memories=tuple(_from_level(level, order) for level in accelerator.memory_hierarchy.mem_level_list),
        array=OperationalArray(
            sizes={str(dim): size for dim, size in array.dimension_sizes.items()},
            unit_energy_pj=array.unit.energy_cost,
            unit_area_mm2=array.unit.area,
            systolic_dimensions=tuple(str(d) for d in sorted(array.systolic_dimensions, key=order.__getitem__)),
        ),
    )


def _from_level(level: Any, order: dict[Any, int]) -> Memory:
    """Our record of one reference memory level."""
    instance = level.memory_instance
    return Memory(
        name=instance.name,
        size_bits=instance.size,
        read_cost_pj=instance.r_cost,
        write_cost_pj=instance.w_cost,
        area_mm2=instance.area,
        latency_cycles=instance.latency,
        operands=tuple(str(op) for op in level.operands),
        ports=tuple(
            Port(
                name=port.name,
                kind=port.type.value,
                bandwidth_min_bits=port.bw_min,
                bandwidth_max_bits=port.bw_max,
                serves=tuple((str(op), Direction(DIRECTIONS[way.value])) for op, _, way in port.served_op_lv_dir),
            )
            for port in level.ports
        ),
        served_dimensions=tuple(str(d) for d in sorted(level.served_dimensions, key=order.__getitem__)),
        force_double_buffering=instance.force_double_buffering,
    )


def to_zigzag_layer(layer: Layer, constraints: MappingConstraints) -> LayerNode:
    """A fresh reference layer under the constraints (its stages write on it, so none is shared)."""
    own = dict.fromkeys(layer.constant_operands, layer.id)
    data = {
        "id": layer.id,
        "name": layer.name,
        "operator_type": layer.operator_type,
        "equation": _equation(layer),
        "dimension_relations": [str(relation) for relation in layer.relations],
        "loop_dims": list(layer.loop_sizes),
        "loop_sizes": list(layer.loop_sizes.values()),
        "operand_precision": dict(layer.precision_bits),
        "operand_source": own | dict(layer.sources),
        "pr_loop_dims": None,
        "pr_loop_sizes": None,
        "padding": None,
        **_data_sizes(layer),
    }
    return LayerNodeFactory(data, [_mapping_entry(constraints)]).create()


def _equation(layer: Layer) -> str:
    """Such as ``O[b][k]+=I[b][c]*W[c][k]``."""
    terms = [op + ("".join(f"[{dim.lower()}]" for dim in dims) or "[]") for op, dims in layer.operand_dims.items()]
    return f"{terms[0]}+={layer.combine.join(terms[1:])}"


def _data_sizes(layer: Layer) -> dict[str, Any]:
    """Extents of the sliding dimensions: left to the reference to derive where relations and padding explain ours."""
    dims = list(layer.data_sizes)
    if not dims:
        return {}
    entry: dict[str, Any] = {"pr_loop_dims": dims}
    if layer.padding:
        entry["padding"] = [list(layer.padding.get(dim, (0, 0))) for dim in dims]
    if replace(layer, data_sizes={}).data_sizes != layer.data_sizes:
        entry["pr_loop_sizes"] = list(layer.data_sizes.values())
    return entry


def _mapping_entry(constraints: MappingConstraints) -> dict[str, Any]:
    """The constraints as the ``default`` entry of a mapping file."""
    return {
        "name": "default",
        "spatial_mapping": {
            dim: [f"{loop}, {size}" for loop, size in unrolled.items()]
            for dim, unrolled in constraints.spatial_mapping.items()
        },
        "spatial_mapping_hint": {dim: list(loops) for dim, loops in constraints.spatial_hints.items()},
        "memory_operand_links": dict(constraints.operand_links),
        "temporal_ordering": [[dim, "*" if size is None else size] for dim, size in constraints.temporal_ordering],
    }


def from_zigzag_layer(node: LayerNode) -> Layer:
    """Our record of a reference layer."""
    operands = [str(op) for op in node.layer_operands]
    precision = {str(op): int(node.operand_precision[op]) for op in node.layer_operands}
    return Layer(
        id=node.id,
        name=node.name,
        operator_type=node.type,
        operand_dims={
            name: tuple(str(dim) for dim in node.equation.get_r_layer_dims(op))
            for name, op in zip(operands, node.layer_operands, strict=True)
        },
        loop_sizes={str(dim): int(size) for dim, size in node.layer_dim_sizes.items()},
        relations=tuple(
            DimensionRelation(str(r.dim_1), str(r.dim_2), r.coef_2, str(r.dim_3), r.coef_3)
            for r in node.dimension_relations
        ),
        precision_bits=precision | {FINAL_OUTPUT: int(node.operand_precision.final_output_precision)},
        constant_operands=tuple(str(op) for op in node.constant_operands),
        sources={str(op): source for op, source in node.input_operand_source.items()},
        data_sizes={str(dim): int(size) for dim, size in (node.pr_layer_dim_sizes or {}).items()},
        padding={str(dim): (pad[0], pad[1]) for dim, pad in node.padding.data.items()},
        combine="*" if "*" in node.equation.data else "+",
    )


def constraints_of(node: LayerNode) -> MappingConstraints:
    """The mapping constraints a reference layer carries."""
    return MappingConstraints(
        spatial_mapping={
            str(dim): {str(loop): int(size) for loop, size in unrolled.items()}
            for dim, unrolled in node.spatial_mapping.items()
        },
        spatial_hints={str(dim): tuple(sorted(map(str, h))) for dim, h in node.spatial_mapping_hint.data.items()},
        operand_links={str(op): str(mem) for op, mem in node.memory_operand_links.layer_and_mem_ops()},
        temporal_ordering=tuple((str(dim), size) for dim, size in node.temporal_ordering.data),
    )
