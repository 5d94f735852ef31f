"""In-memory arrays: our records to the reference's entries, and the terms that only their prices have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from zigzag.datatypes import OADimension
from zigzag.hardware.architecture.imc_array import ImcArray as ZigzagImcArray
from zigzag.hardware.architecture.imc_unit import ImcUnit
from zigzag.mapping.data_movement import DataDirection, DataMoveAttr, DataMovePattern
from zigzag.mapping.spatial_mapping import MappingSingleOADim

from zigzag_lab.hardware import ImcArray, ImcKind, OperationalArray

IMC_SCALARS = ("tclk", "area_total", "imc_area", "mem_area")
IMC_BREAKDOWNS = ("mac_energy_breakdown", "tclk_breakdown", "imc_area_breakdown", "mem_area_breakdown")


def imc_entry(array: OperationalArray) -> dict[str, Any]:
    """The keys of an accelerator file that make an array one that computes in memory."""
    imc = array.imc
    assert imc is not None
    return {
        "is_imc": True,
        "imc_type": imc.kind.value,
        "input_precision": [imc.activation_bits, imc.weight_bits],
        "bit_serial_precision": imc.serial_bits,
        "adc_resolution": imc.adc_bits,
        "dimensions": list(array.sizes),
        "sizes": list(array.sizes.values()),
    }


def reference_array(imc: ImcArray) -> ZigzagImcArray:
    """The reference's object of our circuits, with all banks along one dimension."""
    sizes = {imc.wordline_dim: imc.n_columns, imc.bitline_dim: imc.n_rows, "D9": imc.n_banks}
    return ZigzagImcArray(
        imc.kind is ImcKind.ANALOG,
        imc.serial_bits,
        [imc.activation_bits, imc.weight_bits],
        imc.adc_bits,
        imc.group_bits,
        imc.cells_mm2 / (imc.n_columns * imc.n_rows * imc.n_banks),
        {OADimension(dim): size for dim, size in sizes.items()},
    )


def imc_terms(cme: Any) -> dict[str, Any]:
    """The terms of a price on an in-memory array, theirs or ours, that other prices do not have."""
    terms = {name: getattr(cme, name) for name in IMC_SCALARS}
    return terms | {name: dict(getattr(cme, name)) for name in IMC_BREAKDOWNS}


@contextmanager
def mended() -> Iterator[None]:
    """The reference without three of its faults on in-memory arrays (DEPARTURES.md).

    It gets back the name under which it looks for the elements that move (renamed since); the loops of one array
    dimension come in the order of their unrollings, not in that of a set, which changes from process to process; and
    where it fails to count the rows of a diagonal mapping, they are counted one by one.
    """

    def move_count(pattern: Any) -> SimpleNamespace:
        counts = pattern.get_attribute(DataMoveAttr.DATA_ELEM_MOVE_COUNT)
        return SimpleNamespace(rd_out_to_low=counts.get(DataDirection.RD_OUT_TO_LOW))

    count_rows = ImcUnit.calculate_mapped_rows_when_diagonal_mapping_found

    def rows(layer: Any, weights: Any, activations: Any, columns: Any, on_bitline: Any) -> tuple[float, float]:
        try:
            return count_rows(layer, weights, activations, columns, on_bitline)
        except (KeyError, IndexError):
            return _rows_one_by_one(layer, weights, activations, dict(columns.items()), dict(on_bitline.items()))

    with (
        patch.object(ImcUnit, "calculate_mapped_rows_when_diagonal_mapping_found", staticmethod(rows)),
        patch.object(DataMovePattern, "data_elem_move_count", property(move_count), create=True),
        patch.object(MappingSingleOADim, "layer_dims", property(lambda unrolled: unrolled.keys())),
    ):
        yield


def _rows_one_by_one(layer: Any, weights: Any, activations: Any, columns: Any, on_bitline: Any) -> tuple[int, int]:
    """Rows that differ in their activation: for each loop on the bitline, the places it and its partner touch."""
    reused = layer.loop_relevancy_info.get_ir_layer_dims(weights)
    partner = {}
    for pair in layer.loop_relevancy_info.get_pr_layer_dims(activations).values():
        for one, other in (pair, reversed(pair)):
            partner[other] = one if one in reused else None
    n_rows = n_summed = 1
    for dim, size in on_bitline.items():
        width = columns.get(partner.get(dim), 1)
        n_rows *= len({a + b for a in range(size) for b in range(width)})
        n_summed *= size
    return n_rows, n_summed
