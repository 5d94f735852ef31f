"""Mapping files of ZigZag 3.9.1: what is fixed about the mapping of a layer, by name, by operator type, or for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs.checked import Entry, open_source, read_each
from zigzag_lab.inputs.formats import mapping as declared
from zigzag_lab.inputs.formats.keys import Fields
from zigzag_lab.inputs.old_formats import refuse_old_mapping, refuse_old_mapping_file
from zigzag_lab.mapping.bypass import check_bypass
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.vocab import DEFAULT_LINKS, MEMORY_OPERANDS, OUTPUT, InputError, nearest
from zigzag_lab.workload import Workload

GAP = (declared.ANY, None)


def read_mapping(source: str | Path | Sequence[Mapping[str, object]]) -> MappingRules:
    """Read a mapping file.

    Args:
        source: path of a YAML file in ZigZag 3.9.1's format, or its content as a list of plain mappings.

    Returns:
        Its entries by name; ``default`` is among them.

    Raises:
        InputError: the file cannot be read, has no ``default`` entry, or an invalid entry.
    """
    top = open_source(source, "mapping")
    refuse_old_mapping_file(top)
    entries: dict[str, MappingConstraints] = {}

    def read_entry(element: Entry) -> None:
        refuse_old_mapping(element)
        fields = declared.ENTRY.fields(element)
        name = fields.value(declared.NAME)
        if name in entries:
            raise fields["name"].error(f"two entries are called '{name}'", "each name once", "Merge or rename them.")
        entries[name] = _read_constraints(name, fields)

    read_each(top.elements("a list of entries, each starting with '- name: ...'"), read_entry)
    if declared.DEFAULT not in entries:
        found = f"no entry is called 'default', only {', '.join(entries)}" if entries else "there are no entries"
        raise top.error(found, "an entry 'default' for layers that no other entry names", "Add '- name: default'.")
    return MappingRules(entries)


def _read_constraints(name: str, fields: Fields) -> MappingConstraints:
    spatial, hints = fields.get("spatial_mapping"), fields.get("spatial_mapping_hint")
    links, ordering = fields.get("memory_operand_links"), fields.get("temporal_ordering")
    pinned, bypass = fields.get("temporal_mapping"), fields.get("bypass")
    if pinned and ordering:
        found = "both temporal_ordering and temporal_mapping are given"
        raise pinned.error(found, "one of them", "A temporal mapping has its order already.")
    return MappingConstraints(
        name=name,
        spatial_mapping={d: _read_unrollings(e) for d, e in _by_dimension(spatial).items()},
        spatial_hints={d: _read_hints(e) for d, e in _by_dimension(hints).items()},
        operand_links=_read_links(links) if links else dict(DEFAULT_LINKS),
        temporal_ordering=_read_ordering(ordering) if ordering else (),
        temporal_mapping={op: _read_levels(e) for op, e in pinned.items().items()} if pinned else {},
        bypass={op: _read_names(e) for op, e in bypass.items().items()} if bypass else {},
    )


def _read_names(entry: Entry) -> tuple[str, ...]:
    expected = "a list of names of memories such as [sram]"
    return tuple(dict.fromkeys(declared.MEMORY_NAME.read(element, "a memory") for element in entry.elements(expected)))


def _by_dimension(entry: Entry | None) -> dict[str, Entry]:
    found = entry.items() if entry else {}
    for dimension, value in found.items():
        declared.DIMENSION.read(replace(value, value=dimension), "an array dimension")
    return found


def _read_unrollings(entry: Entry) -> dict[str, int]:
    unrolled: dict[str, int] = {}
    unrolling = declared.UNROLLING
    for element in entry.elements(f"a list with {unrolling.words}"):
        text = unrolling.read(element, unrolling.words)
        loop, size = (part.strip() for part in text.split(","))
        if loop in unrolled:
            raise element.error(f"loop {loop} stands twice on one dimension", "each loop once", "Multiply the two.")
        n_units = int(size) if len(size) < 30 else 10**30
        unrolled[loop] = replace(element, value=n_units).integer("units the loop is spread over", 1)
    return unrolled


def _read_hints(entry: Entry) -> tuple[str, ...]:
    elements = entry.elements("a list of loop dimensions such as [K, C]")
    return tuple(dict.fromkeys(declared.HINT.read(element, declared.HINT.words) for element in elements))


def _read_links(entry: Entry) -> dict[str, str]:
    links: dict[str, str] = {}
    for operand, value in entry.items().items():
        memory = value.choice(MEMORY_OPERANDS, "a memory operand")
        if memory in links.values():
            other = next(op for op, m in links.items() if m == memory)
            raise value.error(
                f"{operand} and {other} are both linked to {memory}", "a memory operand of its own each",
                "The usual links are O: O, I: I1, W: I2.",
            )  # fmt: skip
        links[operand] = memory
    if OUTPUT not in links.values():
        raise entry.error("no operand is linked to O", "a link of the output, such as O: O", f"Add 'O: {OUTPUT}'.")
    return links


def _read_ordering(entry: Entry) -> tuple[tuple[str, int | None], ...]:
    ordering: list[tuple[str, int | None]] = []
    for element in entry.elements('a list of loops such as [K, 4] or [K, "*"], innermost first'):
        loop = _read_loop(element)
        if loop == GAP and GAP in ordering:
            raise element.error('there are two gaps ["*", "*"]', "one at most", "Remove one of them.")
        ordering.append(loop)
    return tuple(ordering)


def _read_loop(entry: Entry) -> tuple[str, int | None]:
    parts = entry.elements('a loop and its size, such as [K, 4] or [K, "*"]')
    if len(parts) != 2:
        raise entry.error(f"found {len(parts)} values", 'a loop and its size, such as [K, 4] or [K, "*"]')
    loop = declared.LOOP.read(parts[0], declared.LOOP.words).upper()
    if parts[1].value == declared.ANY:
        return loop, None
    if loop == declared.ANY:
        raise entry.error("a gap has a size", '["*", "*"]', "Name the loop, or leave the size open.")
    return loop, declared.ITERATIONS.read(parts[1], 'iterations, or "*" for any number')


def _read_levels(entry: Entry) -> tuple[tuple[tuple[str, int], ...], ...]:
    expected = "for each memory of the operand, innermost first, a list of loops such as [[K, 4], [C, 2]]"
    return tuple(tuple(map(_read_sized_loop, level.elements(expected))) for level in entry.elements(expected))


def _read_sized_loop(entry: Entry) -> tuple[str, int]:
    dim, size = _read_loop(entry)
    if size is None:
        raise entry.error('the size of the loop is "*"', "a loop and its size, such as [K, 4]")
    return dim, size


def check_against(rules: MappingRules, accelerator: Accelerator) -> None:
    """Check that a mapping file fits an accelerator. Hints for what it lacks are passed over.

    Raises:
        InputError: an entry names an array dimension the accelerator lacks, or links an operand to a memory operand
            that no memory holds, or allows an operand to skip a memory that it needs.
    """
    dimensions = tuple(accelerator.array.sizes)
    for name, entry in rules.entries.items():
        for dimension in entry.spatial_mapping:
            if dimension not in dimensions:
                raise InputError(
                    f"mapping entry '{name}': spatial_mapping.{dimension}",
                    f"accelerator {accelerator.name} has no array dimension {dimension}",
                    f"one of {', '.join(dimensions)}",
                    nearest(dimension, dimensions) or f"Remove {dimension} from the entry.",
                )
        for operand, memory in entry.operand_links.items():
            if memory not in accelerator.levels:
                raise InputError(
                    f"mapping entry '{name}': memory_operand_links.{operand}",
                    f"no memory of accelerator {accelerator.name} holds {memory}",
                    f"one of {', '.join(accelerator.levels)}",
                )
        check_bypass(entry.bypass, entry.operand_links, accelerator, f"mapping entry '{name}'")


def check_links(rules: MappingRules, workload: Workload) -> None:
    """Check that a mapping file links every operand of every layer to a memory operand, its result to O.

    Raises:
        InputError: an operand is linked to none, or a result to a memory of inputs.
    """
    for layer in workload.layers:
        entry = rules.for_layer(layer)
        where = f"mapping entry '{entry.name}': memory_operand_links"
        for operand in layer.operands:
            memory = entry.operand_links.get(operand)
            if memory is None:
                found = ", ".join(f"'{name}'" for name in entry.operand_links)
                hint = nearest(operand, entry.operand_links) or f"Add '{operand}: ...', for instance I1."
                raise InputError(where, f"operand {operand} of layer {layer.name} is not among {found}", "a link", hint)
            if (memory == OUTPUT) != (operand == layer.output_operand):
                kind = "the result" if operand == layer.output_operand else "an input"
                found = f"{operand}, {kind} of layer {layer.name}, is linked to {memory}"
                raise InputError(where, found, "the result at O, inputs at I1 and I2")
