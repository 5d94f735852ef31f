"""The reference's results as plain data: names, numbers, lists and dicts."""

from __future__ import annotations

from typing import Any

from zigzag.cost_model.cost_model import CostModelEvaluation
from zigzag.mapping.data_movement import DataMoveAttr

from tests.oracle.convert import DIRECTIONS
from tests.oracle.imc import imc_terms

SCALARS = (
    "mac_energy",
    "mem_energy",
    "energy_total",
    "latency_total0",
    "latency_total1",
    "latency_total2",
    "data_onloading_cycle",
    "data_offloading_cycle",
    "systolic_drain_cycle",
    "ideal_cycle",
    "ideal_temporal_cycle",
    "mac_utilization0",
    "mac_utilization1",
    "mac_utilization2",
    "mac_spatial_utilization",
    "stall_slack_comb",
)
"""Attributes of a CME that are one number."""

BY_LEVEL = (
    "mem_energy_breakdown",
    "mem_utili_individual",
    "mem_utili_shared",
    "effective_mem_utili_individual",
    "effective_mem_utili_shared",
    "double_buffer_true",
)
"""Operand -> a number or flag for each level (double buffering counts the array as level 0)."""

BY_DIRECTION = (
    "memory_word_access",
    "mem_energy_breakdown_further",
    "allowed_mem_update_cycle",
    "real_data_trans_cycle",
)
"""Operand -> for each level, direction -> number."""


def cme_terms(cme: CostModelEvaluation) -> dict[str, Any]:
    """Every term of a price.

    The attributes of ``SCALARS``, ``BY_LEVEL`` and ``BY_DIRECTION`` under their names; ``stall_slack_comb_collect``
    (for each memory of the file, port name -> stall), ``temporal_mapping`` (after merging down), and ``inner``:
    intermediate values for finding where two prices part.
    """
    terms: dict[str, Any] = {name: getattr(cme, name) for name in SCALARS}
    for name in BY_LEVEL:
        terms[name] = {str(op): list(values) for op, values in getattr(cme, name).items()}
    for name in BY_DIRECTION:
        terms[name] = {str(op): [_by_direction(v) for v in values] for op, values in getattr(cme, name).items()}
    terms["stall_slack_comb_collect"] = [dict(ports) for ports in cme.stall_slack_comb_collect]
    terms["temporal_mapping"] = plain_levels(cme.temporal_mapping.mapping_dic_stationary)
    terms["inner"] = _inner(cme)
    if hasattr(cme, "tclk"):
        terms |= imc_terms(cme)
    return terms


def _inner(cme: CostModelEvaluation) -> dict[str, Any]:
    """Intermediate values, of the fractional mapping (``fractional``) and of the integer one (``integer``)."""
    return {
        "fractional": _mapping_terms(cme.mapping),
        "integer": _mapping_terms(cme.mapping_int),
        "window_union": [dict(ports) for ports in cme.mem_updating_window_union_collect],
        "port_transfers": [
            {port: [_transfer(activity) for activity in activities] for port, activities in ports.items()}
            for ports in cme.port_activity_collect
        ],
        "onload_by_transfer": _by_transfer(cme.data_loading_cc_per_op),
        "offload_by_transfer": _by_transfer(cme.data_offloading_cc_per_op),
        "onload_individual": _by_operand(cme.data_loading_individual_part),
        "onload_half_shared": _by_operand(cme.data_loading_half_shared_part),
        "onload_shared": _by_operand(cme.data_loading_shared_part),
    }


def _mapping_terms(mapping: Any) -> dict[str, Any]:
    """What one of the two mappings moves, and when."""
    moves = {
        attribute.value: {
            str(op): [_by_direction(level.get_attribute(attribute)) for level in levels]
            for op, levels in mapping.unit_mem_data_movement.items()
        }
        for attribute in DataMoveAttr
    }
    return moves | {
        "psum": list(mapping.psum_flag),
        "data_bits": _by_operand(mapping.data_bit_per_level_unrolled),
        "data_elems": _by_operand(mapping.data_elem_per_level_unrolled),
        "effective_bits": _by_operand(mapping.effective_data_bit),
        "unit_count": _by_operand(mapping.spatial_mapping.unit_count),
        "boost": _by_operand(mapping.spatial_mapping.mem_bw_boost),
    }


def _transfer(activity: Any) -> dict[str, Any]:
    op, level, way = activity.served_op_lv_dir
    return {
        "operand": str(op),
        "level": level,
        "direction": DIRECTIONS[way.value],
        "real": activity.real_cycle,
        "allowed": activity.allowed_cycle,
        "period": activity.period,
        "count": activity.period_count,
    }


def _by_transfer(cycles: Any) -> dict[str, dict[str, tuple[float, bool]]]:
    """Operand -> ``I0_wr_in_by_high`` -> (cycles, whether both inputs share the port)."""
    return {str(op): dict(transfers) for op, transfers in cycles.items()}


def _by_operand(values: Any) -> dict[str, Any]:
    return {str(op): list(value) if isinstance(value, list) else value for op, value in values.items()}


def _by_direction(four_way: Any) -> dict[str, float]:
    return {DIRECTIONS[way.value]: value for way, value in four_way.data.items()}


def plain_levels(levels: Any) -> dict[str, list[list[tuple[str, float]]]]:
    """Loops by operand and level with names instead of objects."""
    return {
        str(op): [[(str(dim), size) for dim, size in loops] for loops in op_levels] for op, op_levels in levels.items()
    }


def plain_spatial(mapping: Any) -> dict[str, dict[str, int]]:
    """A spatial mapping in the generator's form, with names instead of objects."""
    return {str(d): {str(dim): factor for dim, factor in unrolled.items()} for d, unrolled in mapping.items()}
