"""What is said of files of older versions, and of Stream, is enough to convert them."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.inputs import samples
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping
from zigzag_lab.vocab import InputError


def old_memory(operands: list[str], ports: list[dict[str, str]], **counts: int) -> dict[str, Any]:
    costs = {"r_cost": 1, "w_cost": 1, "area": 0, "latency": 1}
    given = {"r_port": 0, "w_port": 0, "rw_port": 0, **counts}
    return {"size": 10**7, "r_bw": 64, "w_bw": 32, **costs, **given, "operands": operands, "ports": ports,
            "served_dimensions": ["D1"]}  # fmt: skip


BOTH = {"fh": "w_port_1", "tl": "r_port_1"}
ALL = {**BOTH, "fl": "w_port_1", "th": "r_port_2"}
MEMORIES = {
    "rf": old_memory(["I2"], [BOTH], r_port=1, w_port=1),
    "sram": {**old_memory(["I1", "O"], [BOTH, ALL], r_port=2, w_port=1), "min_r_granularity": 16},
    "top": {**old_memory(["I1", "I2", "O"], [dict.fromkeys(ALL, "rw_port_1")] * 3, rw_port=1), "w_bw": 64},
}
ARRAY = {"dimensions": ["D1"], "sizes": [8]}
OLD = {"multiplier_energy": 0.1, "multiplier_area": 1, "input_precision": [8, 8]}
FORMATS = {
    "3.0": {"name": "old", "memories": MEMORIES, "multipliers": {**OLD, **ARRAY}},
    "3.8.0": {
        "name": "old",
        "memories": MEMORIES,
        "operational_array": {"unit_energy": 0.1, "unit_area": 1, **ARRAY},
    },
    "a core of Stream": {"name": "old", "memories": MEMORIES, "operational_array": {**OLD, **ARRAY}, "utilization": 30},
}


def converted(document: dict[str, Any], message: str) -> Accelerator:
    """The accelerator, once all is done that a message says."""
    found = deepcopy(document)
    if "Call multipliers operational_array." in message:
        found["operational_array"] = found.pop("multipliers")
    for old, new in re.findall(r"(multiplier_\w+) is (\w+)", message):
        found["operational_array"][new] = found["operational_array"].pop(old)
    for key in re.findall(r"Remove (\w+)", message):
        (found["operational_array"] if key == "input_precision" else found).pop(key)
    for name, keys, ports in re.findall(
        r"In memory (\w+), write in place of (.*?) and ports: ports: (\[.*?\}\])", message
    ):
        for key in keys.split(", "):
            del found["memories"][name][key]
        found["memories"][name]["ports"] = yaml.safe_load(ports)
    return read_accelerator(found)


@pytest.mark.parametrize("name", FORMATS)
def test_what_the_message_says_makes_it_an_accelerator_of_today(name: str) -> None:
    with pytest.raises(InputError, match=r"this is the format of ZigZag .*; expected that of ZigZag 3\.9") as caught:
        read_accelerator(FORMATS[name])
    accelerator = converted(FORMATS[name], str(caught.value))
    assert accelerator.array.unit_energy_pj == 0.1
    rf, sram, top = accelerator.memories
    assert [(p.bandwidth_min_bits, p.bandwidth_max_bits, len(p.serves)) for p in rf.ports] == [(64, 64, 1), (32, 32, 1)]
    assert [(p.bandwidth_min_bits, len(p.serves)) for p in sram.ports] == [(16, 2), (16, 1), (32, 3)]
    assert [len(port.serves) for port in top.ports] == [12]


def test_a_system_of_cores_names_its_cores(tmp_path: Path) -> None:
    cores = {0: "./a.yaml", 1: "./b.yaml", 2: "./a.yaml"}
    for more in ({"cores": cores, "core_connectivity": ["0, 1"]}, {"cores": list(cores.values()), "bandwidth": 64}):
        path = samples.written(tmp_path, {"name": "soc", **more})
        with pytest.raises(
            InputError, match=r"as Stream reads it.* --accelerator \./a\.yaml, --accelerator \./b\.yaml\."
        ):
            read_accelerator(path)


@pytest.mark.parametrize(
    ("entry", "tool"),
    [
        ({"core_allocation": 1}, "ZigZag up to 3.7"),
        ({"core_allocation": [1], "spatial_mapping": {"D1": ["K, 8"]}}, "ZigZag up to 3.7"),
        ({"core_allocation": [0, 1]}, "Stream"),
        ({"core_allocation": [2], "intra_core_tiling": ["C, 4"], "kernel": {"name": "mm"}}, "Stream"),
        ({"inter_core_tiling": ["K, 3"]}, "Stream"),
    ],
)
def test_mappings_say_what_becomes_of_each_key(entry: dict[str, Any], tool: str) -> None:
    with pytest.raises(InputError, match=f"this is an entry of {tool}") as caught:
        read_mapping([{"name": "default", **entry}])
    for key in entry.keys() - {"spatial_mapping"}:
        assert f"{key} goes: " in str(caught.value)
    kept = {key: value for key, value in entry.items() if key == "spatial_mapping"}
    assert read_mapping([{"name": "default", **kept}])


def test_python_files_are_those_of_zigzag_2(tmp_path: Path) -> None:
    path = tmp_path / "tpu_like.py"
    path.write_text("def memory_hierarchy_dut(): ...\n")
    for read in (read_accelerator, read_mapping):
        with pytest.raises(InputError, match=r"tpu_like\.py: this is a Python file, as ZigZag 2 reads them"):
            read(path)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"cores": None}, {"cores": {"a": 3}}, {"memories": {"rf": {"r_bw": [1], "rw_port": 10**9, "ports": 3}}},
        {"memories": {"rf": {"r_port": -1, "operands": [[]], "ports": [{"fh": {}}]}}, "multipliers": 7},
    ],
)  # fmt: skip
def test_what_makes_no_sense_in_them_is_refused_all_the_same(spoilt: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"Convert|Stream"):
        read_accelerator({"name": "old", **spoilt})
