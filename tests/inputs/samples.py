"""Sound inputs that the tests of the readers start from, and ways to spoil them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from zigzag_lab.vocab import InputError


def port(name: str, kind: str, low: int, high: int, *allocation: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "bandwidth_min": low, "bandwidth_max": high, "allocation": list(allocation)}


def memory(
    size: int, operands: list[str], ports: list[dict[str, Any]], served: list[str], **more: Any
) -> dict[str, Any]:
    costs = {"r_cost": 0.5, "w_cost": 1, "area": 0, "latency": 1}
    return {"size": size, **costs, "operands": operands, "ports": ports, "served_dimensions": served, **more}


def accelerator() -> dict[str, Any]:
    """Weights and outputs have registers, everything passes an SRAM and a DRAM."""
    sram_ports = [
        port("r_port_1", "read", 64, 512, "I1, tl", "O, tl", "I2, tl", "O, th"),
        port("w_port_1", "write", 64, 512, "O, fh", "I1, fh", "O, fl", "I2, fh"),
    ]
    rf_o = [port("r_port_1", "read", 16, 16, "O, tl", "O, th"), port("w_port_1", "write", 16, 16, "O, fh", "O, fl")]
    rf_w = [port("rw_port_1", "read_write", 8, 8, "I2, tl", "I2, fh")]
    every = [port("rw_port_1", "read_write", 64, 64, "I1, tl", "I2, tl", "O, fl", "O, tl")]
    return {
        "name": "small",
        "memories": {
            "rf_w": memory(64, ["I2"], rf_w, []),
            "rf_o": memory(32, ["O"], rf_o, ["D1"]),
            "sram": memory(65536, ["I1", "O", "I2"], sram_ports, ["D1", "D2"], force_double_buffering=True),
            "dram": memory(10**10, ["I1", "I2", "O"], every, ["D1", "D2"]),
        },
        "operational_array": {
            "unit_energy": 0.04,
            "unit_area": 1,
            "dimensions": ["D1", "D2"],
            "sizes": [8, 4],
            "systolic_dimensions": ["D1"],
        },
        "dataflows": {"D1": ["K, 8"]},
    }


def mapping() -> list[dict[str, Any]]:
    return [
        {
            "name": "default",
            "spatial_mapping": {"D1": ["K, 8"], "D2": ["C, 2", "FX, 3"]},
            "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"},
        },
        {
            "name": "Gemm",
            "spatial_mapping_hint": {"D1": ["K"]},
            "memory_operand_links": {"O": "O", "W": "I1", "I": "I2"},
            "temporal_ordering": [["C", 4], ["*", "*"], ["K", "*"]],
        },
    ]


def conv_layer(**changes: Any) -> dict[str, Any]:
    layer = {
        "id": 0,
        "name": "stem",
        "operator_type": "Conv",
        "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
        "dimension_relations": ["ix=2*ox+1*fx", "iy=2*oy+1*fy"],
        "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
        "loop_sizes": [1, 8, 3, 16, 16, 3, 3],
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
        "operand_source": {"I": 0, "W": 0},
        "pr_loop_dims": ["IX", "IY"],
        "padding": [[1, 0], [1, 0]],
    }
    return {**layer, **changes}


def workload() -> list[dict[str, Any]]:
    pool = conv_layer(
        id=1,
        name=None,
        operator_type="Pooling",
        equation="O[b][g][oy][ox]+=W[fx][fy]*I[b][g][iy][ix]",
        loop_dims=["B", "G", "OY", "OX", "FX", "FY"],
        loop_sizes=[1, 8, 8, 8, 2, 2],
        operand_precision={"I": 8, "W": 0, "O": 16, "O_final": 8},
        operand_source={"I": 0, "W": 1},
        padding=None,
        pr_loop_sizes=[16, 16],
    )
    add = {
        "id": 2,
        "operator_type": "Add",
        "equation": "O[b][g][oy][ox] = I[b][g][oy][ox] + W[b][g][oy][ox]",
        "dimension_relations": [],
        "loop_dims": ["B", "G", "OY", "OX"],
        "loop_sizes": [1, 8, 8, 8],
        "operand_precision": {"I": 8, "W": 8, "O": 8, "O_final": 8},
        "operand_source": {"I": 1, "W": 1},
    }
    scale = {
        "id": 3,
        "operator_type": "Max",
        "equation": "O[b][g]+=I[b][g]*W[]",
        "dimension_relations": [],
        "loop_dims": ["B", "G"],
        "loop_sizes": [1, 8],
        "operand_precision": {"I": 8, "W": 8, "O": 8, "O_final": 8},
        "operand_source": {"I": 2},
    }
    return [conv_layer(), pool, add, scale]


def written(folder: Path, data: Any, name: str = "input.yaml") -> Path:
    """The file of some data, or of a text as it stands."""
    path = folder / name
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def refusal(read: Callable[[Any], Any], source: Any) -> str:
    """The message with which a reader refuses a source; nothing where it reads it. Any other exception passes."""
    try:
        read(source)
    except InputError as error:
        return str(error)
    return ""


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield (*path, key)
            yield from _places(value, (*path, key))


def _parent(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        data = data[key]
    return data


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**40, 1.5, float("nan"), float("inf"), "", "O", "I1, tl", "D1", "K, 4", "*", "D9"]),
    st.text(max_size=6),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), st.integers(), max_size=2),
)


@st.composite
def spoilt(draw: st.DrawFn, sound: Any) -> Any:
    """Sound data with one to three values replaced, removed, renamed or doubled."""
    data = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(data))
        if not places:
            return draw(JUNK)
        path = draw(st.sampled_from(places))
        parent, key = _parent(data, path), path[-1]
        action = draw(st.sampled_from(["replace", "remove", "rename", "double"]))
        if action == "replace":
            parent[key] = draw(JUNK)
        elif action == "remove":
            del parent[key]
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            parent[draw(st.one_of(st.text(max_size=4), st.integers()))] = parent.pop(key)
    return data


@st.composite
def spoilt_text(draw: st.DrawFn, sound: str) -> str:
    """A text with a part cut out, repeated, or replaced by characters that mean something in YAML."""
    start = draw(st.integers(0, len(sound)))
    end = min(len(sound), start + draw(st.integers(0, 60)))
    filler = draw(st.one_of(st.just(sound[start:end] * 2), st.text("&*!|>{}[]:-,#?'\"\t\n <%@`~ab1", max_size=8)))
    return sound[:start] + filler + sound[end:]
