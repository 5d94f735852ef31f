"""A workload as a graph."""

from __future__ import annotations

import pytest

from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload
from zigzag_lab.workload.graph import FreeNode, predecessors


def layer(number: int, **sources: int) -> Layer:
    """A small matrix product that reads what others make."""
    operands = {"O": ("D", "K"), "W": ("C", "K"), "I": ("D", "C")}
    bits = {"O": 8, "O_final": 8, "W": 8, "I": 8}
    sizes = {"C": 2, "D": 2, "K": 2}
    return Layer(number, f"layer{number}", "Gemm", operands, sizes, precision_bits=bits, sources=sources)


def test_producers_come_before_consumers() -> None:
    workload = Workload("net", (layer(2, I=1), FreeNode(1, "relu", "Relu", (0,)), layer(0)))
    assert [node.id for node in workload.topological()] == [0, 1, 2]
    assert [node.id for node in workload] == [0, 2]
    assert workload.by_id[1].name == "relu"
    assert predecessors(workload.by_id[1]) == (0,)


def test_cycles_are_named() -> None:
    workload = Workload("net", (layer(0, I=1), layer(1, I=0)))
    with pytest.raises(InputError, match="cycle: layer"):
        workload.topological()


def test_ids_are_checked() -> None:
    with pytest.raises(InputError, match="two layers have id 0"):
        Workload("net", (layer(0), layer(0)))
    with pytest.raises(InputError, match="source 7 does not exist"):
        Workload("net", (layer(0, I=7),))
