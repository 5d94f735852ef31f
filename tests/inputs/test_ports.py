from __future__ import annotations

from typing import Any

import pytest

from tests.inputs import samples
from tests.inputs.samples import port
from zigzag_lab.hardware import Memory
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.vocab import InputError


def sram_with(*ports: dict[str, Any]) -> Memory:
    data = samples.accelerator()
    data["memories"]["sram"]["ports"] = list(ports)
    return read_accelerator(data).memory_named("sram")


def served(memory: Memory) -> dict[str, list[str]]:
    return {p.name: [f"{op} {direction.short}" for op, direction in p.serves] for p in memory.ports}


def test_transfers_by_operand_then_by_order_in_the_file() -> None:
    memory = samples.accelerator()["memories"]["sram"]
    assert memory["operands"] == ["I1", "O", "I2"]
    assert served(sram_with(*memory["ports"])) == {
        "r_port_1": ["I1 tl", "O tl", "O th", "I2 tl"],
        "w_port_1": ["I1 fh", "O fh", "O fl", "I2 fh"],
    }


def test_last_port_wins_and_empty_ports_vanish() -> None:
    every = ["I1, tl", "I1, fh", "I2, fh", "I2, tl", "O, fl", "O, tl", "O, fh", "O, th"]
    memory = sram_with(
        port("rw_port_1", "read_write", 8, 64, *every),
        port("r_port_1", "read", 8, 16, "I1, tl"),
        port("r_port_2", "read", 8, 32, "O, th", "I1, tl"),
        port("w_port_1", "write", 8, 32),
    )
    assert served(memory) == {
        "rw_port_1": ["I1 fh", "O fl", "O tl", "O fh", "I2 fh", "I2 tl"],
        "r_port_2": ["I1 tl", "O th"],
    }


def test_a_direction_keeps_its_first_place_when_another_port_takes_it() -> None:
    memory = sram_with(
        port("rw_port_1", "read_write", 8, 64, "O, th", "O, tl", "I1, fh", "I1, tl", "I2, tl", "I2, fh"),
        port("rw_port_2", "read_write", 8, 64, "O, fl", "O, fh", "O, tl", "O, th"),
    )
    assert served(memory)["rw_port_2"] == ["O th", "O tl", "O fl", "O fh"]


@pytest.mark.parametrize(
    ("change", "place", "remedy"),
    [
        ({"name": "port_one"}, "ports[0].name: found the text 'port_one'", "then _port_ and a number"),
        ({"type": "rw"}, "ports[0].type: found the text 'rw'", "one of read, write, read_write"),
        (
            {"bandwidth_max": None},
            "ports[0].bandwidth_max: found nothing",
            "a whole number: widest access",
        ),
        ({"bandwidth_min": 0}, "ports[0].bandwidth_min: found the number 0", "1 or more"),
        ({"bandwidth_min": 600}, "bandwidth_min 600 is larger than bandwidth_max 512", "Swap or correct"),
        ({"width": 3}, "ports[0].width: unknown key 'width'", "one of name, type, bandwidth_min"),
        ({"allocation": "I1, tl"}, "ports[0].allocation: found the text", "Write a list"),
        ({"allocation": ["I1 tl"]}, "allocation[0]: found 'I1 tl'", "such as 'I1, tl'"),
        ({"allocation": ["I1, up"]}, "allocation[0]: found 'I1, up'", "directions are tl, fl (below)"),
        ({"allocation": ["X, tl"]}, "allocation[0]: found 'X, tl'", "Operands are I1, I2, O"),
        ({"allocation": ["I1, fh"]}, "'I1, fh' is a write through a read port", "make this one read_write"),
        ({"name": "w_port_1"}, "ports[1].name: two ports are called w_port_1", "a name of its own each"),
    ],
)
def test_bad_ports(change: dict[str, Any], place: str, remedy: str) -> None:
    first, second = samples.accelerator()["memories"]["sram"]["ports"]
    with pytest.raises(InputError) as caught:
        sram_with({**first, **change}, second)
    message = str(caught.value)
    assert message.startswith("accelerator: memories.sram.ports[")
    assert place in message
    assert remedy in message


def test_missing_bandwidth() -> None:
    first, second = samples.accelerator()["memories"]["sram"]["ports"]
    del first["bandwidth_max"]
    with pytest.raises(InputError, match=r"sram\.ports\[0\]: key 'bandwidth_max' is missing.*Add a line"):
        sram_with(first, second)


def test_operand_that_the_memory_does_not_hold() -> None:
    data = samples.accelerator()
    data["memories"]["rf_o"]["ports"][0]["allocation"].append("I1, tl")
    with pytest.raises(InputError, match=r"allocation\[2\]: operand I1 is not held.*Add I1 to 'operands'"):
        read_accelerator(data)


@pytest.mark.parametrize(
    ("memory", "line"),
    [
        ("rf_w", "I2, tl"), ("rf_w", "I2, fh"), ("rf_o", "O, tl"), ("rf_o", "O, th"), ("rf_o", "O, fl"),
        ("rf_o", "O, fh"), ("dram", "I1, tl"), ("dram", "I2, tl"), ("dram", "O, fl"), ("dram", "O, tl"),
    ],
)  # fmt: skip
def test_every_needed_direction_has_a_port(memory: str, line: str) -> None:
    data = samples.accelerator()
    for p in data["memories"][memory]["ports"]:
        p["allocation"] = [a for a in p["allocation"] if a != line]
    with pytest.raises(InputError) as caught:
        read_accelerator(data)
    assert f"memories.{memory}: no port of {memory} serves '{line}'" in str(caught.value)
    assert f"Add the line '- {line}' to the allocation of a" in str(caught.value)
