"""Which memories the tensors between layers need, by hand; ``tests/cost/test_differential.py`` asks zigzag-dse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as cases
from hypothesis import strategies as st

from tests.oracle.locality import reference_locality
from tests.stages import small
from tests.strategies.random_networks import random_network
from zigzag_lab.inputs import read_accelerator, read_workload
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.search.locality import (
    activation_operand,
    search_locality,
    weight_operand,
    without_unused_memories,
)
from zigzag_lab.workload import Layer

SEEDS = st.integers(0, 2**32 - 1)
N_BITS = 10**9


def test_a_layer_without_weights_does_not_sink_those_of_the_others() -> None:
    stem, _, again = small.network()
    wide = small.layer(1, "wide", loop_sizes=[1, 128, 64, 2, 2, 1, 1])
    product = {**again, "operand_source": {"I": 0, "W": 1}}
    workload = read_workload([stem, wide, product])
    accelerator = read_accelerator(small.accelerator(sram_bits=9000))
    weight_bits = sum(layer.tensor_elems("W") * layer.precision_bits["W"] for layer in workload.layers[:2])
    theirs = reference_locality(workload, accelerator)
    found = search_locality(workload, accelerator)
    assert theirs is not None
    assert weight_bits > accelerator.memories[theirs[1]].size_bits
    assert found.weight_level == 3
    assert found.levels == theirs[0]


def test_zigzag_has_an_answer_to_about_half_of_these_networks() -> None:
    answers = [reference_locality(*random_network(seed)) for seed in range(60)]
    assert 20 <= sum(answer is not None for answer in answers) < 60


@given(SEEDS)
@cases(max_examples=60)
def test_what_goes_through_the_top_at_the_ends_of_the_network_goes_there_only(seed: int) -> None:
    workload, accelerator = random_network(seed)
    usual = search_locality(workload, accelerator)
    at_top = search_locality(workload, accelerator, ends_at_the_top=True)
    consumed = {source for layer in workload.layers for source in layer.sources.values()}
    for layer in workload.layers:
        if not layer.sources:
            operand = MappingConstraints().operand_links[activation_operand(layer)]
            assert at_top.levels[layer.id][operand] == accelerator.top_memory(operand)
        elif layer.id in consumed and len(workload.layers) == len(workload.nodes):
            assert at_top.levels[layer.id] == usual.levels[layer.id]


def network(*sizes: int) -> list[Layer]:
    """A chain of layers of some channels, one pixel."""
    layers = read_workload(small.network()).layers[: len(sizes)]
    return [replace(layer, loop_sizes={**layer.loop_sizes, "K": k}) for layer, k in zip(layers, sizes, strict=True)]


def test_a_chain_that_fits_the_sram_stays_there() -> None:
    workload = read_workload(small.network())
    roomy = read_accelerator(small.accelerator(sram_bits=10**6))
    found = search_locality(workload, roomy)
    assert found.weight_level == 2
    assert found.levels[1] == {"I1": 2, "O": 2}
    smaller = without_unused_memories(roomy, workload.layers[1], MappingConstraints(), found)
    assert [memory.name for memory in smaller.memories] == ["rf_w", "rf_o", "sram"]
    assert smaller.name.startswith(roomy.name)


def test_a_chain_that_does_not_fit_goes_through_the_top() -> None:
    workload = read_workload(small.network())
    tight = read_accelerator(small.accelerator(sram_bits=64))
    found = search_locality(workload, tight)
    assert set(found.levels[1].values()) == {3}
    smaller = without_unused_memories(tight, workload.layers[1], MappingConstraints(), found)
    assert len(smaller.memories) == 4


def test_several_inputs_and_outputs_have_an_answer() -> None:
    stem, wide, again = small.network()
    apart = [stem, {**wide, "operand_source": {"W": 1}}, {**again, "operand_source": {"W": 2, "I": 0}}]
    workload = read_workload(apart)
    roomy = read_accelerator(small.accelerator(sram_bits=10**6))
    assert reference_locality(workload, roomy) is None
    found = search_locality(workload, roomy)
    assert {level for levels in found.levels.values() for level in levels.values()} == {2}


def test_equal_questions_get_the_same_object() -> None:
    workload = read_workload(small.network())
    roomy = read_accelerator(small.accelerator(sram_bits=10**6))
    found = search_locality(workload, roomy)
    first, _, last = (without_unused_memories(roomy, layer, MappingConstraints(), found) for layer in workload.layers)
    assert first is last


@pytest.mark.parametrize(
    ("constants", "activation", "weight"),
    [(("W",), "I", "W"), (("W", "I"), "I", "W"), (("I",), "W", "I"), ((), "I", "W")],
)
def test_activations_and_weights(constants: tuple[str, ...], activation: str, weight: str) -> None:
    layer = replace(network(4)[0], constant_operands=constants)
    assert (activation_operand(layer), weight_operand(layer)) == (activation, weight)
