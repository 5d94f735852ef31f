"""Files of other versions and tools: which format they have, and how to write each part of them here.

ZigZag up to 3.4 counts ports and allots them operand by operand; its first versions call the array ``multipliers``.
Stream describes a system of several such cores, and maps layers onto cores before it maps loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zigzag_lab.inputs.checked import Entry, shown

_MOST_SHOWN = 8
_SYSTEM = ("cores", "core_connectivity", "core_coordinates", "offchip_core_id")
_OF_A_CORE = ("utilization", "type", "kernel", "kernel_library", "max_object_fifo_depth")
_OF_ARRAY = {"multiplier_energy": "unit_energy", "multiplier_area": "unit_area"}
_COUNTS = {"r_port": ("read", "r_bw", "min_r_granularity"), "w_port": ("write", "w_bw", "min_w_granularity"),
           "rw_port": ("read_write", "r_bw", "min_r_granularity")}  # fmt: skip
"""Count of ports -> their type, and where their widest and narrowest accesses stand."""

_OF_MEMORY = ("r_bw", "w_bw", *_COUNTS, "min_r_granularity", "min_w_granularity")
_OF_MAPPING = {
    "core_allocation": "goes: there is one core",
    "inter_core_tiling": "goes: there is one core",
    "intra_core_tiling": "goes: tiles are searched; temporal_ordering fixes the order of loops, innermost first",
    "layer_dimensions": "goes: loops are named by the workload",
    "kernel": "goes: units that wait are computed, not given",
}


def refuse_old_accelerator(top: Entry) -> None:
    """Refuse an accelerator of an older ZigZag, or of Stream, with how to convert it.

    Raises:
        InputError: it is one.
    """
    data = top.value
    if not isinstance(data, Mapping):
        return
    if found := [key for key in _SYSTEM if key in data]:
        raise top.error(
            f"this is a system of several cores, as Stream reads it: it has {', '.join(found)}",
            "one core: an accelerator with name, memories and operational_array",
            f"Price one core at a time: {_cores(data)}. What connects cores has no counterpart here.",
        )
    steps = list(_steps(data))
    if not steps:
        return
    version = "3.0 (its array is called multipliers)" if "multipliers" in data else "up to 3.4, or of Stream's cores"
    more = f" And {len(steps) - _MOST_SHOWN} more like these." if len(steps) > _MOST_SHOWN else ""
    raise top.error(
        f"this is the format of ZigZag {version}",
        "that of ZigZag 3.9",
        f"Convert: {' '.join(steps[:_MOST_SHOWN])}{more}",
    )


def _cores(data: Mapping[object, object]) -> str:
    cores = data.get("cores")
    listed = list(cores.values()) if isinstance(cores, Mapping) else list(cores) if isinstance(cores, list) else []
    files = list(dict.fromkeys(str(core) for core in listed if isinstance(core, str)))
    return ", ".join(f"--accelerator {file}" for file in files[:_MOST_SHOWN]) or "each is a file of its own"


def _steps(data: Mapping[object, object]) -> Iterator[str]:
    """What to change, part by part."""
    array = data.get("multipliers", data.get("operational_array"))
    if "multipliers" in data:
        yield "Call multipliers operational_array."
    if isinstance(array, Mapping):
        renamed = [f"{old} is {new}" for old, new in _OF_ARRAY.items() if old in array]
        if renamed:
            yield f"There, {' and '.join(renamed)}."
        is_in_memory = any(key in array for key in ("is_imc", "imc_type"))
        if "input_precision" in array and not is_in_memory and (renamed or "multipliers" in data):
            yield "Remove input_precision: the workload says how many bits there are."
    memories = data.get("memories")
    old = {}
    if isinstance(memories, Mapping):
        old = {key: m for key, m in memories.items() if isinstance(m, Mapping) and any(k in m for k in _OF_MEMORY)}
    for name, memory in old.items():
        keys = ", ".join(key for key in _OF_MEMORY if key in memory)
        yield f"In memory {name}, write in place of {keys} and ports: {_ports(memory)}."
    if old or "multipliers" in data:
        for key in _OF_A_CORE:
            if key in data:
                yield f"Remove {key}."


def _ports(memory: Mapping[object, object]) -> str:
    """The ports of an old memory as they are written today."""
    operands, rows = memory.get("operands"), memory.get("ports")
    transfers: dict[str, list[str]] = {}
    if isinstance(operands, list) and isinstance(rows, list):
        for operand, row in zip(operands, rows, strict=False):
            for direction, port in row.items() if isinstance(row, Mapping) else ():
                transfers.setdefault(str(port), []).append(f"'{operand}, {direction}'")
    ports = []
    for count, (kind, widest, narrowest) in _COUNTS.items():
        n = memory.get(count)
        for i in range(1, min(n, _MOST_SHOWN) + 1 if isinstance(n, int) else 1):
            width = memory.get(widest, "?")
            least, name = memory.get(narrowest, width), f"{count}_{i}"
            allocation = ", ".join(transfers.get(name, []))
            ports.append(
                f"{{name: {name}, type: {kind}, bandwidth_min: {_plain(least)}, bandwidth_max: {_plain(width)}, "
                f"allocation: [{allocation}]}}"
            )
    return "ports: [" + ", ".join(ports) + "]"


def _plain(value: object) -> str:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else shown(value)


def refuse_old_mapping(element: Entry) -> None:
    """Refuse an entry of a mapping file of an older ZigZag, or of Stream, with what to do about each key.

    Raises:
        InputError: it is one.
    """
    if not isinstance(element.value, Mapping):
        return
    found = [key for key in _OF_MAPPING if key in element.value]
    if not found:
        return
    cores = element.value.get("core_allocation")
    is_stream = len(found) > 1 or found != ["core_allocation"] or (isinstance(cores, list) and len(cores) > 1)
    tool = "Stream, which maps layers onto cores" if is_stream else "ZigZag up to 3.4"
    raise element.error(
        f"this is an entry of {tool}: it has {', '.join(found)}",
        "an entry of ZigZag 3.9: name, spatial_mapping, memory_operand_links, temporal_ordering",
        "Convert: " + "; ".join(f"{key} {_OF_MAPPING[key]}" for key in found) + ".",
    )
