"""Feasible exactly where some mapping fits, at ZigZag's price; more designs by hand (``tests/feasible_by_hand.py``)."""

from __future__ import annotations

from collections import Counter

from tests.exact.tight import differences

SEEDS = range(58, 98)
KINDS = (
    "even, by ExactStage",
    "even, by SalsaStage",
    "even, by TemporalMappingGeneratorStage",
    "even, by TemporalOrderingConversionStage",
    "infeasible, proven",
    "sliding outputs",
    "sliding outputs, searched on",
    "uneven, by ExactStage",
    "uneven, by SalsaStage",
    "uneven, by TemporalMappingGeneratorStage",
    "uneven, by TemporalOrderingConversionStage",
)


def test_layers_are_feasible_exactly_where_some_mapping_fits() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        assert not differences(seed, counts), f"seed {seed}"
    assert all(counts[kind] for kind in KINDS), counts
    assert counts["found by searching on"] > 4
    assert counts["priced by ZigZag"] > 15
    assert counts["proven best"] > 4
