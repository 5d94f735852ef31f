"""Arrays, as accelerator files describe them: each by a model, of ours or of an installed package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zigzag_lab.hardware import OperationalArray
from zigzag_lab.inputs import imc
from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats import accelerator as declared
from zigzag_lab.inputs.formats.keys import ALWAYS, Fields
from zigzag_lab.inputs.memory_costs import CellCosts
from zigzag_lab.vocab.registry import Registry


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
    provider: imc.Provider

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
    if imc.is_imc(fields):
        raise fields["is_imc"].error("is_imc: true beside model: units", "one of the two", "Write model: imc.")
    imc.refuse_imc_keys(fields)
    plain = OperationalArray(
        sizes=file.sizes,
        unit_energy_pj=fields.value(declared.UNIT_ENERGY),
        unit_area_mm2=fields.value(declared.UNIT_AREA),
        systolic_dimensions=fields.among(declared.SYSTOLIC, tuple(file.sizes)),
    )
    return plain, None


def _read_in_memory(file: ArrayFile) -> tuple[OperationalArray, CellCosts | None]:
    """An array that computes in memory, and the costs of its cells where a tool computes them."""
    circuits, cells = imc.read_imc(file.entry, file.fields, file.memories, file.sizes, file.provider)
    return OperationalArray(file.sizes, unit_energy_pj=0.0, unit_area_mm2=0.0, imc=circuits), cells


_OURS = {key.name: key.expected for key in declared.ARRAY.keys if key.needed is not ALWAYS}

ARRAY_MODELS: Registry[ArrayModel] = Registry(
    "zigzag_lab.array_models",
    ArrayModel,
    (ArrayModel("units", _OURS, _read_units), ArrayModel("imc", _OURS, _read_in_memory)),
)
"""Name -> model of arrays. Entry points of the group ``zigzag_lab.array_models`` add to it."""


def read_array(entry: Entry, memories: Entry, provider: imc.Provider) -> tuple[OperationalArray, CellCosts | None]:
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
        fields = Fields(entry, entry.table(required, {**named.keys, key: declared.MODEL.meaning}))
    model = named or ARRAY_MODELS["imc" if imc.is_imc(fields) else "units"]
    return model.read(ArrayFile(entry, fields, _read_sizes(fields), memories, provider))


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
