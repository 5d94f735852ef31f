"""A small accelerator, a mapping file and a small network, in ZigZag's formats: searched in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def port(name: str, kind: str, bits: int, *allocation: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "bandwidth_min": bits, "bandwidth_max": bits, "allocation": list(allocation)}


def memory(size: int, cost: float, operands: list[str], ports: list[Any], served: list[str]) -> dict[str, Any]:
    costs = {"r_cost": cost, "w_cost": cost * 1.5, "area": 0, "latency": 1}
    return {"size": size, **costs, "operands": operands, "ports": ports, "served_dimensions": served}


def accelerator(sram_bits: int = 4096, dram_bits: int = 10**9, name: str = "small") -> dict[str, Any]:
    """Registers for weights and outputs, one SRAM, one DRAM; 4 x 4 units."""
    rf_w = [port("r_port_1", "read", 8, "I2, tl"), port("w_port_1", "write", 8, "I2, fh")]
    rf_o = [port("r_port_1", "read", 32, "O, tl", "O, th"), port("w_port_1", "write", 32, "O, fh", "O, fl")]
    reads = port("r_port_1", "read", 64, "I1, tl", "I2, tl", "O, tl", "O, th")
    writes = port("w_port_1", "write", 64, "I1, fh", "I2, fh", "O, fh", "O, fl")
    every = port("rw_port_1", "read_write", 32, "I1, tl", "I2, tl", "O, tl", "O, fl")
    return {
        "name": name,
        "memories": {
            "rf_w": memory(16, 0.01, ["I2"], rf_w, []),
            "rf_o": memory(32, 0.02, ["O"], rf_o, ["D2"]),
            "sram": memory(sram_bits, 1.5, ["I1", "I2", "O"], [reads, writes], ["D1", "D2"]),
            "dram": memory(dram_bits, 100, ["I1", "I2", "O"], [every], ["D1", "D2"]),
        },
        "operational_array": {"unit_energy": 0.04, "unit_area": 1, "dimensions": ["D1", "D2"], "sizes": [4, 4]},
    }


def mapping(**entry: Any) -> list[dict[str, Any]]:
    """One entry for all layers; by default every spatial mapping is generated."""
    return [{"name": "default", "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"}, **entry}]


def layer(number: int, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "operator_type": "Conv",
        "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
        "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
        "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
        "loop_sizes": [1, 8, 4, 4, 4, 1, 3],
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
        "operand_source": {"I": number - 1, "W": number} if number else {"W": number},
        **changes,
    }


def network() -> list[dict[str, Any]]:
    """Three layers; the last is the first under another name."""
    wide = layer(1, "wide", loop_sizes=[1, 16, 8, 2, 2, 1, 1])
    return [layer(0, "stem"), wide, layer(2, "again")]


def written(folder: Path, **contents: Any) -> dict[str, str]:
    """Files of the three inputs, by keyword of ``MainStage``; ``accelerator=...`` and the like replace the usual."""
    inputs = {"workload": network(), "accelerator": accelerator(), "mapping": mapping(), **contents}
    paths = {}
    for kind, data in inputs.items():
        path = folder / f"{kind}.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        paths[kind] = str(path)
    return paths
