"""What is proven, in figures and in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zigzag_lab.cost import Certificate, ProofSummary
from zigzag_lab.cost.certificate import ALL_ORDERS, ALL_UNEVEN
from zigzag_lab.vocab import Objective

PROVEN = Certificate(Objective.ENERGY, 100.0, 100.0 * (1 + 1e-12), "these mappings", 1e6, 10, 0.5)
OPEN = replace(PROVEN, lower_bound=90.0, best=100.0)


def test_the_gap_is_what_could_be_saved_at_most() -> None:
    assert PROVEN.is_proven
    assert PROVEN.gap == 0
    assert not OPEN.is_proven
    assert OPEN.gap == pytest.approx(0.1)
    assert PROVEN.sentence() == "proven best energy of these mappings"
    assert OPEN.sentence() == "at most 10.000% of its energy could be saved by another of these mappings"


def test_over_several_spaces_the_least_bound_counts() -> None:
    proven = replace(PROVEN, space=ALL_UNEVEN)
    over = proven.over([proven, OPEN])
    assert (over.lower_bound, over.n_mappings, over.n_priced, over.seconds) == (90.0, 2e6, 20, 1.0)
    assert over.space == "all uneven mappings under each of 2 spatial mappings"
    assert "2 choices of spatial mapping and skipped" in proven.over([proven, OPEN], n_designs=2).space
    loma = replace(PROVEN, space=ALL_ORDERS).over([PROVEN, OPEN])
    assert loma.space == ALL_ORDERS.replace("one spatial mapping", "each of 2 spatial mappings")


@pytest.mark.parametrize(
    ("certificates", "said"),
    [
        ([PROVEN, PROVEN], "2 of 2 layers are proven best"),
        ([PROVEN, OPEN], "1 of 2 layers are proven best; the largest gap of the others is 10.00%"),
        ([PROVEN, replace(PROVEN, space=ALL_ORDERS)], "2 of 2 layers are proven best of what LOMA finds in any order"),
        ([PROVEN, None], "1 of 2 layers are proven best; 1 was not searched exactly"),
    ],
)
def test_a_network_is_summed_up(certificates: list[Certificate | None], said: str) -> None:
    proof = ProofSummary.of(certificates)
    assert proof is not None
    assert proof.sentence() == said
    assert proof.as_dict()["n_layers"] == 2


def test_without_an_exact_search_nothing_is_claimed() -> None:
    assert ProofSummary.of([None, None]) is None
