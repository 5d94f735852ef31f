"""Files of old versions of ZigZag and of Stream: written by hand, or made from files of today; and what they cost.

The prices were printed by zigzag-dse 3.1.3, 3.4.0, 3.6.3, 3.7.4 and 3.8.1, each reading these designs in its own
notation, with the workload and mapping below, ``opt="energy"`` and its default of six factors per loop order. All five
agree on every number here.
"""

from __future__ import annotations

import copy
from typing import Any

Table = dict[str, Any]


def old_memory(size: int, widths: tuple[int, int], costs: tuple[float, float], counts: str, **more: Any) -> Table:
    """A memory; widths and costs are those of reads and writes, counts those of ``r_port``, ``w_port``, ``rw_port``."""
    r_port, w_port, rw_port = map(int, counts)
    return {
        "size": size, "r_bw": widths[0], "w_bw": widths[1], "r_cost": costs[0], "w_cost": costs[1], "area": 0,
        "r_port": r_port, "w_port": w_port, "rw_port": rw_port, "latency": 1, **more,
    }  # fmt: skip


def row(fh: str, tl: str, fl: str = "", th: str = "") -> dict[str, str]:
    """The ports of one operand, without their ``_port_``: ``w1`` is ``w_port_1``."""
    ports = {"fh": fh, "tl": tl, "fl": fl, "th": th}
    return {direction: f"{port[:-1]}_port_{port[-1]}" for direction, port in ports.items() if port}


BOTH = ["D1", "D2"]
OF_ONE = row("rw1", "rw1", "rw1", "rw1")
IN_ONE = row("rw1", "rw1")

SEPARATE: Table = {
    "rf_w": old_memory(
        64, (8, 16), (0.05, 0.07), "110", operands=["I2"], ports=[row("w1", "r1")], served_dimensions=[]
    ),
    "rf_o": old_memory(
        64, (16, 16), (0.03, 0.04), "220", operands=["O"], ports=[row("w1", "r1", "w2", "r2")], served_dimensions=["D2"]
    ),
    "l1": old_memory(
        32768, (256, 128), (7.5, 9.25), "120", min_r_granularity=64, min_w_granularity=32,
        operands=["I1", "O"], ports=[row("w1", "r1"), row("w1", "r1", "w2", "r1")], served_dimensions=BOTH,
    ),
    "dram": old_memory(
        10**9, (64, 64), (70, 75), "001", min_r_granularity=16, min_w_granularity=16,
        operands=["I1", "I2", "O"], ports=[IN_ONE, IN_ONE, OF_ONE], served_dimensions=BOTH,
    ),
}  # fmt: skip
"""Ports for reads and for writes, of different widths and smallest accesses."""

COMBINED: Table = {
    "rf_w": old_memory(
        64, (8, 16), (0.05, 0.07), "002", operands=["I2"], ports=[row("rw1", "rw2")], served_dimensions=[]
    ),
    "rf_o": old_memory(64, (16, 16), (0.03, 0.04), "001", operands=["O"], ports=[OF_ONE], served_dimensions=["D2"]),
    "l1": old_memory(
        32768, (128, 128), (7.5, 9.25), "002", min_r_granularity=64, min_w_granularity=32,
        operands=["I1", "O"], ports=[row("rw1", "rw2"), row("rw1", "rw2", "rw1", "rw2")], served_dimensions=BOTH,
    ),
    "weights": old_memory(
        65536, (32, 96), (17.5, 29.25), "001", operands=["I2"], ports=[IN_ONE], served_dimensions=BOTH
    ),
    "dram": old_memory(
        10**9, (64, 64), (70, 75), "001", operands=["I1", "O"], ports=[IN_ONE, OF_ONE], served_dimensions=BOTH
    ),
}  # fmt: skip
"""Ports for reads and writes; those of different widths take one of the two only."""

ARRAY: Table = {"dimensions": BOTH, "sizes": [8, 4]}
OLD_ARRAY = {"input_precision": [8, 8], "multiplier_energy": 0.25, "multiplier_area": 1, **ARRAY}

DESIGNS = {"separate": SEPARATE, "combined": COMBINED}
NOTATIONS: dict[str, Table] = {
    "3.1": {"multipliers": OLD_ARRAY},
    "3.2 to 3.7": {"operational_array": OLD_ARRAY},
    "3.8.1": {"operational_array": {"unit_energy": 0.25, "unit_area": 1, **ARRAY}},
}


def old_accelerator(design: str, notation: str) -> Table:
    return copy.deepcopy({"name": design, "memories": DESIGNS[design], **NOTATIONS[notation]})


def _layer(number: int, sizes: list[int]) -> Table:
    return {
        "id": number, "operator_type": "Conv",
        "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
        "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
        "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"], "loop_sizes": sizes,
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8}, "operand_source": {"I": 0, "W": number},
    }  # fmt: skip


WORKLOAD = [_layer(0, [1, 24, 12, 10, 6, 3, 3]), _layer(1, [1, 40, 24, 8, 4, 1, 1])]
MAPPING: list[Table] = [
    {
        "name": "default",
        "core_allocation": [1],
        "spatial_mapping": {"D1": ["K, 8"], "D2": ["C, 4"]},
        "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"},
    }
]

PRICES: dict[str, list[tuple[dict[str, list[float]], float, float]]] = {
    "separate": [
        ({"O": [3628.8, 21397.5, 13500.0], "W": [7896.96, 22680.0], "I": [9778.5, 10080.0]}, 38880.0, 6478.0),
        ({"O": [556.8, 1040.0, 12000.0], "W": [417.6, 8400.0], "I": [2244.0, 6720.0]}, 7680.0, 960.0),
    ],
    "combined": [
        ({"O": [3628.8, 27810.0, 13500.0], "W": [7896.96, 11340.0], "I": [18891.0, 10080.0]}, 38880.0, 12956.0),
        ({"O": [556.8, 1340.0, 12000.0], "W": [417.6, 4200.0], "I": [4044.0, 6720.0]}, 7680.0, 1996.0),
    ],
}
"""Design -> for each layer: energy of each operand by memory in pJ, energy of the array in pJ, and cycles with stalls
but without on- and off-loading, which ZigZag counts otherwise since 3.7, whatever the notation."""


def in_old_notation(accelerator: Table) -> Table | None:
    """An accelerator of today as before 3.8.2; none where a memory's ports of one kind differ in width."""
    old = copy.deepcopy(accelerator)
    for memory in old["memories"].values():
        rows = _rows_of_ports(memory)
        if rows is None:
            return None
        memory.update(rows)
    array = old["operational_array"]
    if "unit_energy" in array:
        array["multiplier_energy"], array["multiplier_area"] = array.pop("unit_energy"), array.pop("unit_area")
    return old


def _rows_of_ports(memory: Table) -> Table | None:
    widths: dict[str, set[tuple[int, int]]] = {"r": set(), "w": set()}
    counts = {"r_port": 0, "w_port": 0, "rw_port": 0}
    rows: dict[str, dict[str, str]] = {operand: {} for operand in memory["operands"]}
    for port in memory["ports"]:
        letters = {"read": "r", "write": "w", "read_write": "rw"}[port["type"]]
        counts[f"{letters}_port"] += 1
        for letter in letters:
            widths[letter].add((port["bandwidth_min"], port["bandwidth_max"]))
        for transfer in port["allocation"]:
            operand, direction = transfer.split(", ")
            rows[operand][direction] = port["name"]
    if any(len(found) != 1 for found in widths.values()):
        return None
    (r_min, r_bw), (w_min, w_bw) = widths["r"].pop(), widths["w"].pop()
    least = {"min_r_granularity": r_min, "min_w_granularity": w_min}
    return {"r_bw": r_bw, "w_bw": w_bw, **counts, **least, "ports": list(rows.values())}


STREAM_LIST: list[Table] = [
    {"name": "Conv", "core_allocation": [0, 1], "intra_core_tiling": ["OY, all"], "inter_core_tiling": ["K, *"]},
    {"name": "Pool", "core_allocation": [2], "core_allocation_is_fixed": True, "spatial_mapping": {"D1": ["G, 8"]}},
]
STREAM_LAYERS: Table = {
    "layers": [
        {"name": "Conv", "core_allocation": [0, 1], "inter_core_tiling": [{"dim": "D6", "split": 4}]},
        {"name": "Conv", "core_allocation": [0, 1], "inter_core_tiling": [{"dim": "D6", "split": 4}]},
        {"name": "Relu", "core_allocation": [0]},
    ],
    "fused_groups": [{"name": "all", "layers": ["Conv", "Relu"]}],
}
