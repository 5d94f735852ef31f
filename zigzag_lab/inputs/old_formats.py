"""Files of other versions and tools: which format they have, and how to write each part of them here.

ZigZag before 3.8.2 counts ports and allots them operand by operand; up to 3.7 its array has other names. Before 3.0 its
inputs are Python modules. Stream describes a system of several such cores, and maps layers onto cores before loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zigzag_lab.inputs import old_accelerator, old_mapping
from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.old_accelerator import OF_A_CORE, OF_ARRAY, OF_MEMORY
from zigzag_lab.vocab import InputError

_MOST_SHOWN = 8
_SYSTEM = ("cores", "core_connectivity", "core_coordinates", "offchip_core_id")


def refuse_system(top: Entry) -> None:
    """Refuse a system of several cores of Stream, with the files of its cores.

    Raises:
        InputError: it is one.
    """
    data = top.value
    found = [key for key in _SYSTEM if key in data] if isinstance(data, Mapping) else []
    if isinstance(data, Mapping) and found:
        raise top.error(
            f"this is a system of several cores, as Stream reads it: it has {', '.join(found)}",
            "one core: an accelerator with name, memories and operational_array",
            f"Price one core at a time: {_cores(data)}. What connects cores has no counterpart here.",
        )


def _cores(data: Mapping[object, object]) -> str:
    cores = data.get("cores")
    listed = list(cores.values()) if isinstance(cores, Mapping) else list(cores) if isinstance(cores, list) else []
    files = list(dict.fromkeys(str(core) for core in listed if isinstance(core, str)))
    named = ", ".join(f"--accelerator {file}" for file in files[:_MOST_SHOWN])
    return f"{named}. 'zigzag-lab convert {files[0]}' rewrites such a file" if named else "each is a file of its own"


def format_of_accelerator(data: object) -> str:
    """The name of the foreign format of an accelerator, or nothing where it has none."""
    if not isinstance(data, Mapping):
        return ""
    array, memories = data.get("operational_array"), data.get("memories")
    listed = memories.values() if isinstance(memories, Mapping) else ()
    is_old = any(isinstance(memory, Mapping) and any(key in memory for key in OF_MEMORY) for memory in listed)
    if "multipliers" in data:
        return "ZigZag 3.0 and 3.1 (its array is called multipliers)"
    if isinstance(array, Mapping) and any(key in array for key in OF_ARRAY):
        return "ZigZag 3.2 to 3.7, or of Stream's cores"
    if is_old:
        return "ZigZag 3.8.0 and 3.8.1, or of Stream's cores"
    return "Stream's cores" if any(key in data for key in OF_A_CORE) else ""


def refuse_old_accelerator(top: Entry) -> None:
    """Refuse an accelerator of an older ZigZag, or of Stream, with how to convert it.

    Raises:
        InputError: it is one.
    """
    refuse_system(top)
    name = format_of_accelerator(top.value)
    if not name or not isinstance(top.value, Mapping):
        return
    steps = list(_steps(top, top.value))
    more = f" And {len(steps) - _MOST_SHOWN} more like these." if len(steps) > _MOST_SHOWN else ""
    raise top.error(
        f"this is the format of {name}",
        "that of ZigZag 3.9",
        f"{_command(top)}{' '.join(steps[:_MOST_SHOWN])}{more}",
    )


def _command(top: Entry) -> str:
    """How to convert: by a command, where the data are from a file, or by hand, as what follows tells."""
    where = top.document.where
    return f"Convert it by 'zigzag-lab convert {where}', or by hand: " if top.document.root else "Convert: "


def _steps(top: Entry, data: Mapping[object, object]) -> Iterator[str]:
    """What to change, part by part."""
    array = data.get("multipliers", data.get("operational_array"))
    if "multipliers" in data:
        yield "Call multipliers operational_array."
    if isinstance(array, Mapping):
        renamed = [f"{old} is {new}" for old, new in OF_ARRAY.items() if old in array]
        if renamed:
            yield f"There, {' and '.join(renamed)}."
        is_in_memory = any(key in array for key in ("is_imc", "imc_type"))
        if "input_precision" in array and not is_in_memory and (renamed or "multipliers" in data):
            yield "Remove input_precision: the workload says how many bits there are."
    memories = data.get("memories")
    memories = memories if isinstance(memories, Mapping) else {}
    for name, memory in memories.items():
        if isinstance(memory, Mapping) and any(key in memory for key in OF_MEMORY):
            yield _step_of_memory(Entry(top.document, ("memories", str(name)), memory), memories)
    for key in OF_A_CORE:
        if key in data:
            yield f"Remove {key}."


def _step_of_memory(memory: Entry, memories: Mapping[object, object]) -> str:
    name = str(memory.path[-1])
    try:
        entries = Entry(memory.document, ("memories",), memories).items()
        rewritten = old_accelerator.rewritten_memory(memory, old_accelerator.held_above(entries, name))
    except InputError as error:
        return f"In memory {name}, first mend this: {error.found}; expected {error.expected}."
    content, old = rewritten.content, memory.items()
    keys = ", ".join(key for key in OF_MEMORY if key in old)
    ports = content.get("ports") if isinstance(content, dict) else None
    return f"In memory {name}, write in place of {keys} and ports: {_shown_ports(ports)}."


def _shown_ports(ports: object) -> str:
    """A list of ports as YAML on one line."""
    return "ports: [" + ", ".join(_shown_port(port) for port in (ports if isinstance(ports, list) else [])) + "]"


def _shown_port(port: Mapping[str, object]) -> str:
    allocation = port.get("allocation")
    transfers = ", ".join(f"'{transfer}'" for transfer in (allocation if isinstance(allocation, list) else []))
    plain = ", ".join(f"{key}: {value}" for key, value in port.items() if key != "allocation")
    return f"{{{plain}, allocation: [{transfers}]}}"


def refuse_old_mapping_file(top: Entry) -> None:
    """Refuse a mapping file of Stream whose entries stand below ``layers``, with how to convert it.

    Raises:
        InputError: it is one.
    """
    if old_mapping.is_of_stream(top.value):
        keys = ", ".join(f"{key} goes: {why}" for key, why in {**old_mapping.OF_FILE, **old_mapping.OF_MAPPING}.items())
        raise top.error(
            "this is a mapping of Stream, which maps layers onto cores: its entries stand below 'layers'",
            "a list of entries of ZigZag 3.9: name, spatial_mapping, memory_operand_links, temporal_ordering",
            f"{_command(top)}write the entries without 'layers', and one called 'default'; {keys}.",
        )


def format_of_mapping_entry(entry: object) -> str:
    """The name of the foreign format of an entry of a mapping file, or nothing where it has none."""
    found = old_mapping.foreign_keys(entry)
    if not found or not isinstance(entry, Mapping):
        return ""
    cores = entry.get("core_allocation")
    is_of_zigzag = set(found) <= {"core_allocation", "core_allocation_is_fixed"}
    has_several = isinstance(cores, list) and len(cores) > 1
    return "ZigZag up to 3.7" if is_of_zigzag and not has_several else "Stream, which maps layers onto cores"


def refuse_old_mapping(element: Entry) -> None:
    """Refuse an entry of a mapping file of an older ZigZag, or of Stream, with what to do about each key.

    Raises:
        InputError: it is one.
    """
    name = format_of_mapping_entry(element.value)
    if name:
        found = old_mapping.foreign_keys(element.value)
        raise element.error(
            f"this is an entry of {name}: it has {', '.join(found)}",
            "an entry of ZigZag 3.9: name, spatial_mapping, memory_operand_links, temporal_ordering",
            f"{_command(element)}" + "; ".join(f"{key} goes: {old_mapping.OF_MAPPING[key]}" for key in found) + ".",
        )
