"""Arrays, as accelerator files describe them: each by a model, of ours or of an installed package.

Arrays that compute in memory are described by some keys of the array, and by the memory ``cells``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod

from zigzag_lab.hardware import OperationalArray
from zigzag_lab.hardware.imc import CELLS, ImcArray, ImcKind
from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats import accelerator as declared
from zigzag_lab.inputs.formats.keys import ALWAYS, Fields
from zigzag_lab.inputs.memory_costs import CellCosts, MemoryCostProvider, cell_costs
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.registry import Registry

Provider = Callable[[], MemoryCostProvider]


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """The array of an accelerator file, for the model that reads it.

    Attributes:
        entry: all of it.
        fields: its keys; those of the model are not checked yet.
        sizes: array dimension -> units along it, in the order of the file.
        memories: the memories of the file.
        provider: makes what prices memories that have no costs of their own.
    """

    entry: Entry
    fields: Fields
    sizes: dict[str, int]
    memories: Entry
    provider: Provider

    def required(self, key: str, meaning: str) -> Entry:
        """The value of a key that has to be there; ``meaning`` is for the message."""
        if key not in self.fields:
            raise self.entry.missing(key, meaning)
        return self.fields[key]


@dataclass(frozen=True)
class ArrayModel:
    """A model of arrays: what their settings in an accelerator file mean for energy, area and cycles.

    Attributes:
        name: value of the key ``model`` in files.
        keys: those of the array that it reads, beside dimensions and sizes -> their meaning, for messages.
        read: makes the array; and the costs of the memory ``cells``, where that is part of the array and has none.
    """

    name: str
    keys: Mapping[str, str]
    read: Callable[[ArrayFile], tuple[OperationalArray, CellCosts | None]]


def _read_units(file: ArrayFile) -> tuple[OperationalArray, None]:
    """An array of plain units, each of the same energy and area."""
    fields = file.fields
    if _is_imc(fields):
        raise fields["is_imc"].error("is_imc: true beside model: units", "one of the two", "Write model: imc.")
    _refuse_imc_keys(fields)
    plain = OperationalArray(
        sizes=file.sizes,
        unit_energy_pj=fields.value(declared.UNIT_ENERGY),
        unit_area_mm2=fields.value(declared.UNIT_AREA),
        systolic_dimensions=fields.among(declared.SYSTOLIC, tuple(file.sizes)),
    )
    return plain, None


def _read_in_memory(file: ArrayFile) -> tuple[OperationalArray, CellCosts | None]:
    """An array that computes in memory, and the costs of its cells where a tool computes them."""
    fields = file.fields
    for key in declared.ARRAY.keys:
        if key.needed is declared.IN_MEMORY:
            file.required(key.name, key.expected)
    if "systolic_dimensions" in fields and fields["systolic_dimensions"].value:
        hint = "Its rows and columns are driven at once: remove the key."
        raise fields["systolic_dimensions"].error("an in-memory array is not systolic", "no dimensions", hint)
    if len(file.sizes) < 2:
        expected = "two or more: the wordline, the bitline, and banks"
        raise fields["dimensions"].error("an in-memory array has one dimension", expected, "Add one of size 1.")
    cells = _cells(file.memories)
    try:
        bare = _without_cells(fields, file.sizes, declared.SIZE.read(cells["size"]))
    except InputError as error:
        place = cells["size"] if error.where == CELLS else fields.get(error.where)
        raise place.in_place_of(error) if place else error from error
    circuits, costs = _with_cells(bare, cells, file.provider)
    return OperationalArray(file.sizes, unit_energy_pj=0.0, unit_area_mm2=0.0, imc=circuits), costs


_OF_ANY_MODEL = {key.name: key.expected for key in (declared.MODEL, declared.UNIT_STATIC_POWER, declared.ESTIMATED)}
_OURS = {key.name: key.expected for key in declared.ARRAY.keys if key.needed is not ALWAYS}

ARRAY_MODELS: Registry[ArrayModel] = Registry(
    "zigzag_lab.array_models",
    ArrayModel,
    (ArrayModel("units", _OURS, _read_units), ArrayModel("imc", _OURS, _read_in_memory)),
)
"""Name -> model of arrays. Entry points of the group ``zigzag_lab.array_models`` add to it."""


def read_array(entry: Entry, memories: Entry, provider: Provider) -> tuple[OperationalArray, CellCosts | None]:
    """Read the array of an accelerator by the model that it names, or else by that of ``is_imc``.

    Returns:
        The array, and the costs of the cells of an in-memory one where a tool computes them.
    """
    key = declared.MODEL.name
    given = entry.items().get(key)
    named = None if given is None or given.value is None else ARRAY_MODELS.named(given.value, given.where)
    if named is None or ARRAY_MODELS.is_ours(named.name):
        fields = declared.ARRAY.fields(entry)
    else:
        required = {one.name: one.expected for one in declared.ARRAY.keys if one.needed is ALWAYS}
        fields = Fields(entry, entry.table(required, {**named.keys, **_OF_ANY_MODEL}))
    model = named or ARRAY_MODELS["imc" if _is_imc(fields) else "units"]
    array, costs = model.read(ArrayFile(entry, fields, _read_sizes(fields), memories, provider))
    static_mw = fields.value(declared.UNIT_STATIC_POWER)
    return replace(array, unit_static_mw=static_mw, estimated=read_estimated(fields)), costs


def read_estimated(fields: Fields) -> str:
    """Where costs come from that a file declares to be estimates; empty where they are not."""
    key = declared.ESTIMATED
    return key.read(fields[key.name]) if key.name in fields else ""


def _read_sizes(fields: Mapping[str, Entry]) -> dict[str, int]:
    dimensions = _read_dimensions(fields["dimensions"])
    sizes = [declared.UNITS_ALONG.read(size, "units along a dimension") for size in fields["sizes"].elements()]
    if len(sizes) != len(dimensions):
        raise fields["sizes"].error(
            f"{len(sizes)} sizes for {len(dimensions)} dimensions", "one size for each of " + ", ".join(dimensions)
        )
    return dict(zip(dimensions, sizes, strict=True))


def _read_dimensions(entry: Entry) -> tuple[str, ...]:
    names: list[str] = []
    for element in entry.elements("a list of array dimensions such as [D1, D2]"):
        name = declared.DIMENSION.read(element, declared.DIMENSION.words)
        if name in names:
            raise element.error(f"dimension '{name}' stands twice", "each dimension once")
        names.append(name)
    if not names:
        raise entry.error(
            "there are no dimensions", "at least one, such as [D1]", "An array of one unit is D1 of size 1."
        )
    return tuple(names)


# -- arrays that compute in memory -------------------------------------------------------------------------------------


def _is_imc(fields: Fields) -> bool:
    """Whether an array is declared to compute in memory."""
    return fields.value(declared.IS_IMC)


def _refuse_imc_keys(fields: Mapping[str, Entry]) -> None:
    """Check that an array of plain units has no keys that only an in-memory one may have."""
    for key in ("imc_type", "adc_resolution", "bit_serial_precision"):
        if key in fields and fields[key].value != 0:
            hint = f"Remove '{key}', or add is_imc: true."
            raise fields[key].error(f"'{key}' belongs to in-memory computing", "an array of plain multipliers", hint)
    if "input_precision" in fields:
        _widths(fields["input_precision"])


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
        raise entries[CELLS].missing("size", "capacity of a cell group in bits")
    return cells


def _widths(entry: Entry) -> tuple[int, int]:
    widths = [declared.WIDTH.read(e, "a width in bits") for e in entry.elements()]
    if len(widths) != 2:
        raise entry.error(f"found {len(widths)} widths", "two: activations and weights")
    return widths[0], widths[1]
