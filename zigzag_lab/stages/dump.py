"""Documents of ZigZag's JSON files: a result, and what it was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray
from zigzag_lab.mapping.spatial import Loop
from zigzag_lab.vocab import Direction


def simple_json(cme: CostModelEvaluationABC) -> dict[str, float]:
    """Energy in pJ and latency in cycles; clock in ns and area in mm2 of in-memory arrays."""
    document = {"energy": cme.energy_total, "latency": cme.latency_total2}
    if isinstance(cme, CostModelEvaluation) and _computes_in_memory(cme):
        document |= {"tclk (ns)": cme.tclk, "area": cme.area_total}
    return document


def complete_json(cme: CostModelEvaluationABC) -> dict[str, object]:
    """Every term under ZigZag's keys, and what it was computed from."""
    single = cme if isinstance(cme, CostModelEvaluation) else None
    outputs: dict[str, dict[str, object]] = {
        "memory": {
            "utilization": single.mem_utili_shared if single else None,
            "word_accesses": _four_ways(cme.memory_word_access),
        },
        "energy": {
            "energy_total": cme.energy_total,
            "operational_energy": cme.mac_energy,
            "memory_energy": cme.mem_energy,
            "memory_energy_breakdown_per_level": cme.mem_energy_breakdown,
            "memory_energy_breakdown_per_level_per_operand": _four_ways(cme.mem_energy_breakdown_further),
            **({"static_energy": cme.static_energy_pj} if cme.static_energy_pj else {}),
        },
        "latency": {
            "data_onloading": cme.latency_total1 - cme.latency_total0,
            "computation": cme.latency_total0,
            "data_offloading": cme.latency_total2 - cme.latency_total1,
        },
        "spatial": {
            "mac_utilization": {
                "ideal": cme.mac_spatial_utilization,
                "stalls": cme.mac_utilization0,
                "stalls_onloading": cme.mac_utilization1,
                "stalls_onloading_offloading": cme.mac_utilization2,
            }
        },
    }
    if single and _computes_in_memory(single):
        _add_imc_outputs(outputs, single)
    inputs = {
        "accelerator": accelerator_json(cme.accelerator) if cme.accelerator else None,
        "layer": layer_json(single) if single else cme.layer_ids,
        "spatial_mapping": loops_json(single.spatial_mapping_int.levels) if single else None,
        "temporal_mapping": loops_json(single.temporal_mapping.levels) if single else None,
    }
    return {"outputs": outputs, "inputs": inputs}


def _four_ways(levels: Mapping[str, Sequence[FourWay]]) -> dict[str, list[dict[str, float]]]:
    return {op: [level.as_reference() for level in of_level] for op, of_level in levels.items()}


def loops_json(levels: Mapping[str, Sequence[Sequence[Loop]]]) -> dict[str, list[list[str]]]:
    """Operand -> loops per level as strings such as ``(K, 32)``."""
    return {
        op: [[f"({d}, {int(n) if float(n).is_integer() else n})" for d, n in level] for level in of_op]
        for op, of_op in levels.items()
    }


def layer_json(cme: CostModelEvaluation) -> dict[str, object]:
    """The layer of a CME."""
    layer = cme.layer
    unrollings = cme.problem.spatial_mapping.unrollings
    return {
        "name": layer.name,
        "type": layer.operator_type,
        "equation": layer.equation,
        "equation_relations": [str(relation) for relation in layer.relations],
        "loop_dimensions": layer.loop_sizes,
        "operand_precision": layer.precision_bits,
        "user_spatial_mapping": {d: dict(u.items()) for d, u in unrollings.items()},
        "memory_operand_links": cme.problem.constraints.operand_links,
    }


def accelerator_json(accelerator: Accelerator) -> dict[str, object]:
    """The accelerator: ZigZag's keys, and with ``memory_hierarchy`` in full complete enough to build it again."""
    array = accelerator.array
    return {
        "id": 0,
        "name": accelerator.name,
        "operational_array": {
            "operational_unit": {"energy_cost": array.unit_energy_pj, "area": array.unit_area_mm2},
            "dimensions": array.sizes,
            "systolic_dimensions": list(array.systolic_dimensions),
            **_circuits_json(array),
        },
        "memory_hierarchy": [
            {
                "name": m.name,
                "size": m.size_bits,
                "r_cost": m.read_cost_pj,
                "w_cost": m.write_cost_pj,
                "area": m.area_mm2,
                "latency": m.latency_cycles,
                "operands": list(m.operands),
                "served_dimensions": list(m.served_dimensions),
                "force_double_buffering": m.force_double_buffering,
                "ports": [
                    {
                        "name": p.name,
                        "type": p.kind,
                        "bandwidth_min": p.bandwidth_min_bits,
                        "bandwidth_max": p.bandwidth_max_bits,
                        "allocation": [f"{op}, {direction.short}" for op, direction in p.serves],
                    }
                    for p in m.ports
                ],
            }
            for m in accelerator.memories
        ],
        "dataflows": accelerator.dataflows or None,
        **_by_operand(accelerator),
    }


def _by_operand(accelerator: Accelerator) -> dict[str, object]:
    """Memory operand -> name, bits and widest ports of its memories, innermost first; and which levels are one."""
    of = {op: [accelerator.memories[i] for i in levels] for op, levels in accelerator.levels.items()}
    reads, writes = (Direction.TO_LOW, Direction.TO_HIGH), (Direction.FROM_LOW, Direction.FROM_HIGH)
    ports = {"r": reads, "w": writes}
    levels = ({op: accelerator.levels[op].index(i) for op in m.operands} for i, m in enumerate(accelerator.memories))
    return {
        "mem_hierarchy_dict": {op: [m.name for m in memories] for op, memories in of.items()},
        "mem_size_dict": {op: [m.size_bits for m in memories] for op, memories in of.items()},
        **{
            f"mem_{letter}_bw{end}_dict": {
                op: [_widest(m, op, ways, end) for m in memories] for op, memories in of.items()
            }
            for end in ("", "_min")
            for letter, ways in ports.items()
        },
        "mem_sharing_list": [shared for shared in levels if len(shared) > 1],
    }


def _widest(memory: Memory, operand: str, ways: tuple[Direction, ...], end: str) -> int | None:
    """Bits a cycle of the widest port by which an operand passes; none where there is no port for it."""
    ports = [port for port in memory.ports if any((operand, way) in port.serves for way in ways)]
    return max((p.bandwidth_min_bits if end else p.bandwidth_max_bits for p in ports), default=None)


# -- arrays that compute in memory -------------------------------------------------------------------------------------


def _add_imc_outputs(outputs: dict[str, dict[str, object]], cme: CostModelEvaluation) -> None:
    """Add breakdowns of operations and computation, clock and area to the ``outputs`` of the complete file."""
    outputs["energy"]["operational_energy_breakdown"] = cme.mac_energy_breakdown
    outputs["latency"]["computation_breakdown"] = {
        "mac_computation": cme.ideal_temporal_cycle,
        "memory_stalling": cme.stall_slack_comb,
    }
    outputs["clock"] = {"tclk (ns)": cme.tclk, "tclk_breakdown (ns)": cme.tclk_breakdown}
    outputs["area (mm^2)"] = {
        "total_area": cme.area_total,
        "total_area_breakdown:": {"imc_area": cme.imc_area, "mem_area": cme.mem_area},  # the colon is ZigZag's
        "total_area_breakdown_further": {
            "imc_area_breakdown": cme.imc_area_breakdown,
            "mem_area_breakdown": cme.mem_area_breakdown,
        },
    }


def _circuits_json(array: OperationalArray) -> dict[str, object]:
    """The keys of an accelerator file that describe an in-memory array, or costs by part; nothing for plain units."""
    imc = array.imc
    if imc is None:
        return {"costs": asdict(array.costs)} if array.costs else {}
    return {
        "is_imc": True,
        "imc_type": imc.kind.value,
        "input_precision": [imc.activation_bits, imc.weight_bits],
        "bit_serial_precision": imc.serial_bits,
        "adc_resolution": imc.adc_bits,
    }


def _computes_in_memory(cme: CostModelEvaluation) -> bool:
    return cme.accelerator.array.imc is not None
