"""The smallest tiles against brute force: where they do not fit nothing does, and their mapping fits where it can."""

from __future__ import annotations

from collections import Counter

from tests.exact.tight import all_mappings, tight_case
from zigzag_lab.exact.smallest import check_smallest_tiles, smallest_mapping
from zigzag_lab.mapping.footprint import fits
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType


def can_hold_smallest_tiles(problem: Problem) -> bool:
    try:
        check_smallest_tiles(problem)
    except InfeasibleError:
        return False
    return True


def test_what_fits_is_what_has_room_for_the_smallest_tiles() -> None:
    counts: Counter[str] = Counter()
    for seed in range(300, 340):
        case = tight_case(seed)
        problem, wished = case.problem, bool(case.problem.constraints.temporal_ordering)
        doubled = any(memory.force_double_buffering for memory in problem.accelerator.memories)
        for kind in TemporalMappingType:
            fits_somehow = next(all_mappings(problem, kind), None) is not None
            has_room, smallest = can_hold_smallest_tiles(problem), smallest_mapping(problem, kind)
            assert has_room or not fits_somehow, f"seed {seed}"
            if smallest is not None and fits(smallest).all():
                assert fits_somehow, f"seed {seed}"
                counts["the smallest one fits"] += 1
            if kind is TemporalMappingType.UNEVEN and not (wished or doubled):
                assert has_room == fits_somehow, f"seed {seed}"
                counts["has room" if has_room else "has none"] += 1
    assert counts["the smallest one fits"] > 20
    assert counts["has room"] > 8
    assert counts["has none"] > 2
