"""Accelerators: the hierarchy of memories as the reference builds it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tests.oracle.convert import to_zigzag_accelerator
from tests.strategies.problems import random_problem
from tests.strategies.random_accelerators import random_accelerator
from zigzag_lab.hardware import Accelerator, AccessCost, Memory, OperationalArray, Port, costs_by_width
from zigzag_lab.vocab import Direction, InputError


@pytest.mark.parametrize("seed", range(40))
def test_levels_and_innermost_memories_equal_the_references(seed: int) -> None:
    ours = random_accelerator(Random(seed), random_problem(seed).layer)
    theirs = to_zigzag_accelerator(ours)
    names = [memory.name for memory in ours.memories]
    for op, levels in theirs.mem_hierarchy_dict.items():
        assert [ours.memories[i].name for i in ours.levels[str(op)]] == [level.name for level in levels]
    inner = [level.name for level in theirs.memory_hierarchy.get_inner_memories()]
    assert [names[i] for i in ours.innermost] == inner
    for op, chain in ours.levels.items():
        assert ours.top_memory(op) == chain[-1]
        assert [ours.level_of(op, memory) for memory in chain] == list(range(len(chain)))


def a_memory(name: str, *ports: Port) -> Memory:
    return Memory(name, 64, 1.0, 1.0, 0.0, 1, ("I1", "I2", "O"), ports, ("D1",))


def test_two_memories_of_one_name_are_refused() -> None:
    array = OperationalArray({"D1": 4}, 1.0, 1.0)
    with pytest.raises(InputError, match="two memories are called a"):
        Accelerator("twice", (a_memory("a"), a_memory("a")), array)


def test_the_last_port_that_claims_a_transfer_has_it() -> None:
    first = Port("r_port_1", "read", 8, 8, (("I1", Direction.TO_LOW),))
    second = Port("r_port_2", "read", 16, 16, (("I1", Direction.TO_LOW), ("I2", Direction.TO_LOW)))
    memory = a_memory("a", first, second)
    assert memory.port_of("I1", Direction.TO_LOW) == second
    assert memory.port_of("O", Direction.TO_LOW) is None
    assert (first.is_shared_by_inputs, second.is_shared_by_inputs) == (False, True)


def test_what_an_accelerator_says_of_itself() -> None:
    accelerator = Accelerator("x", (a_memory("a"), a_memory("b")), OperationalArray({"D1": 4, "D2": 3}, 1.0, 1.0))
    assert accelerator.array.n_units == 12
    assert accelerator.memory_named("b").name == "b"
    assert replace(accelerator, name="y").meaning() == accelerator.meaning()
    bigger = replace(accelerator.memories[0], size_bits=65)
    assert replace(accelerator, memories=(bigger, accelerator.memories[1])).meaning() != accelerator.meaning()


def test_costs_of_accesses_are_listed_by_width() -> None:
    narrow = Port("r_port_1", "read", 8, 16, ())
    ports = (replace(narrow, name="w_port_1", kind="write", bandwidth_max_bits=64), narrow)
    memory = Memory("m", 1024, 2.0, 4.0, 0.0, 1, ("O",), ports, ())
    reads, writes = costs_by_width(memory)
    assert (reads, writes) == (AccessCost(16, 2.0, None), AccessCost(64, None, 4.0))
    assert reads.words == "2 pJ a read of 16 bits (0.125 pJ a bit)"
    (both,) = costs_by_width(replace(memory, ports=(replace(narrow, kind="read_write"),)))
    assert both.words == "2 pJ a read and 4 pJ a write of 16 bits (0.125 and 0.25 pJ a bit)"
    assert AccessCost(8, 3.0, 3.0).words == "3 pJ an access of 8 bits (0.375 pJ a bit)"
