"""What is particular about a case, so that one sees that every kind occurs."""

from __future__ import annotations

from collections.abc import Iterator

from tests.exact.cases import Case
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import MEMORY_OPERANDS

INEXACT = "unrollings inexact in binary"


def features_of(case: Case) -> list[str]:
    """Names of what applies to a case."""
    found = [*_of_hierarchy(case.given), *_of_layer(case.given), *_of_unrolling(case)]
    if not case.given.skip_repeated_reads:
        found.append("inputs read afresh each cycle")
    if case.given.constraints.temporal_ordering:
        found.append("wishes for the order")
    if case.with_bypass:
        found.append("bypass")
    if case.all_spatial:
        found.append("all spatial mappings, mixed" if case.mixed else "all spatial mappings")
    return found


def _of_hierarchy(problem: Problem) -> Iterator[str]:
    memories, n_sharers = problem.accelerator.memories, [len(sharers) for sharers in problem.sharers]
    forced = {memory.force_double_buffering for memory in memories}
    for count, name in enumerate(("memories without an operand", "private memories", "shared by two", "by three")):
        if count in n_sharers:
            yield name
    yield {(True,): "double buffering forced", (False,): "not forced"}.get(tuple(forced), "forced for some memories")
    n_levels = [len(levels) for levels in problem.memories.values()]
    if 1 in n_levels:
        yield "operands of one level"
    yield f"{max(n_levels)} levels at most"
    if {op: problem.memory_operand(op) for op in problem.operands} != dict(zip("WIO", ("I2", "I1", "O"), strict=True)):
        yield "inputs exchanged or left out"
    if len({problem.accelerator.top_memory(op) for op in MEMORY_OPERANDS}) > 1:
        yield "several outermost memories"
    if problem.accelerator.array.imc:
        yield "in-memory arrays"


def _of_layer(problem: Problem) -> Iterator[str]:
    layer = problem.layer
    if len(layer.input_operands) == 1:
        yield "layers of one input"
    if problem.final_precision > problem.precision(layer.output_operand):
        yield "results wider than partial sums"
    if 0 in layer.precision_bits.values():
        yield "operands of no bits"
    sliding = {dim for relations in layer.relevancy.partial.values() for r in relations for dim in r.loop_dims}
    if sliding & set(problem.temporal_sizes):
        yield "partially relevant loops in time"
    if any(problem.spatial_mapping.total_of(dim) > 1 for dim in sliding):
        yield "partially relevant loops unrolled"
    if sliding and any(r.coef_a > 1 or r.coef_b > 1 for r in layer.relations):
        yield "strides or dilations"


def _of_unrolling(case: Case) -> Iterator[str]:
    if any(p.integer is not p.fractional for p in case.problems):
        yield "fractional unrollings"
    if any(u.rounding_dims(u.dims) for p in case.problems for u in p.fractional.operands.values()):
        yield INEXACT
    if any(not p.temporal_sizes for p in case.problems):
        yield "no loop in time"
