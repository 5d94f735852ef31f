"""Arrays that compute in memory, as files describe them: some keys of the array, and the memory ``cells``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

from zigzag_lab.hardware.imc import CELLS, ImcArray, ImcKind
from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats import accelerator as declared
from zigzag_lab.inputs.formats.keys import Fields
from zigzag_lab.inputs.memory_costs import CellCosts, MemoryCostProvider, cell_costs
from zigzag_lab.vocab import InputError

Provider = Callable[[], MemoryCostProvider]


def is_imc(fields: Fields) -> bool:
    """Whether an array is declared to compute in memory."""
    return fields.value(declared.IS_IMC)


def refuse_imc_keys(fields: Mapping[str, Entry]) -> None:
    """Check that an array of plain units has no keys that only an in-memory one may have."""
    for key in ("imc_type", "adc_resolution", "bit_serial_precision"):
        if key in fields and fields[key].value != 0:
            hint = f"Remove '{key}', or add is_imc: true."
            raise fields[key].error(f"'{key}' belongs to in-memory computing", "an array of plain multipliers", hint)
    if "input_precision" in fields:
        _widths(fields["input_precision"])


def read_imc(
    entry: Entry, fields: Fields, memories: Entry, sizes: Mapping[str, int], provider: Provider
) -> tuple[ImcArray, CellCosts | None]:
    """Read the circuits of an in-memory array.

    Args:
        entry: the array.
        fields: its keys.
        memories: the memories, one of which is ``cells``.
        sizes: array dimension -> units along it.
        provider: prices cells that have no costs of their own.

    Returns:
        The circuits, and the costs of the cells where a tool computes them.
    """
    _require(entry, fields, sizes)
    cells = _cells(memories)
    try:
        bare = _without_cells(fields, sizes, declared.SIZE.read(cells["size"]))
    except InputError as error:
        place = cells["size"] if error.where == CELLS else fields.get(error.where)
        raise place.in_place_of(error) if place else error from error
    return _with_cells(bare, cells, provider)


def _require(entry: Entry, fields: Mapping[str, Entry], sizes: Mapping[str, int]) -> None:
    for key in declared.ARRAY.keys:
        if key.needed is declared.IN_MEMORY and key.name not in fields:
            raise entry.missing(key.name, key.expected)
    if "systolic_dimensions" in fields and fields["systolic_dimensions"].value:
        hint = "Its rows and columns are driven at once: remove the key."
        raise fields["systolic_dimensions"].error("an in-memory array is not systolic", "no dimensions", hint)
    if len(sizes) < 2:
        expected = "two or more: the wordline, the bitline, and banks"
        raise fields["dimensions"].error("an in-memory array has one dimension", expected, "Add one of size 1.")


def _without_cells(fields: Fields, sizes: Mapping[str, int], group_bits: int) -> ImcArray:
    """The circuits, with cells of no area yet; by name, the first dimension is the wordline, then the bitline."""
    activation_bits, weight_bits = _widths(fields["input_precision"])
    wordline, bitline, *others = sorted(sizes)
    return ImcArray(
        kind=ImcKind(fields.value(declared.IMC_KIND)),
        activation_bits=activation_bits,
        weight_bits=weight_bits,
        serial_bits=fields.value(declared.SERIAL_BITS),
        adc_bits=fields.value(declared.ADC_BITS),
        wordline_dim=wordline,
        bitline_dim=bitline,
        n_columns=sizes[wordline],
        n_rows=sizes[bitline],
        n_banks=prod(sizes[dim] for dim in others),
        group_bits=group_bits,
        cells_mm2=0.0,
    )


def _with_cells(bare: ImcArray, cells: Mapping[str, Entry], provider: Provider) -> tuple[ImcArray, CellCosts | None]:
    """The array with the area of its cells, from the file or a tool."""
    if "auto_cost_extraction" not in cells or not declared.ASK_FOR_COSTS.read(cells["auto_cost_extraction"]):
        if "area" not in cells:
            hint = "Or write auto_cost_extraction: true."
            raise cells["size"].error("the cells have no 'area'", "area of one cell group", hint)
        area = declared.MEMORY_AREA.read(cells["area"])
        return replace(bare, cells_mm2=area * bare.n_columns * bare.n_rows * bare.n_banks), None
    try:
        costs = cell_costs(provider(), bare.n_columns, bare.n_rows, bare.group_bits, bare.weight_bits)
    except InputError as error:
        found = f"{error.where}: {error.found}"
        raise cells["auto_cost_extraction"].error(found, error.expected, error.hint) from error
    return replace(bare, cells_mm2=costs.bank_mm2 * bare.n_banks), costs


def _cells(memories: Entry) -> dict[str, Entry]:
    """The keys of the memory that is the grid of cells."""
    entries = memories.items()
    if CELLS not in entries:
        hint = "Add it as the first memory: it is the grid of cells."
        raise memories.error(f"no memory is called '{CELLS}'", f"a memory '{CELLS}' in an in-memory design", hint)
    cells = {key: e for key, e in entries[CELLS].items().items() if e.value is not None}
    for key, allowed, meaning in (
        ("operands", ["I2"], "the cells of an in-memory array hold weights only: [I2]"),
        ("served_dimensions", [], "cells stand one at each unit: []"),
    ):
        if key in cells and cells[key].value != allowed:
            raise cells[key].error(f"found {cells[key].value}", meaning)
    if "size" not in cells:
        raise entries[CELLS].error("key 'size' is missing", "capacity of a cell group in bits", "Add a line 'size: 8'.")
    return cells


def _widths(entry: Entry) -> tuple[int, int]:
    widths = [declared.WIDTH.read(e, "a width in bits") for e in entry.elements()]
    if len(widths) != 2:
        raise entry.error(f"found {len(widths)} widths", "two: activations and weights")
    return widths[0], widths[1]
