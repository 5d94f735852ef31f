"""What a run yielded: its results in order, the layers that they are made of, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isclose
from operator import mul
from typing import Any, NamedTuple

from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.cost.sums import CostModelEvaluationABC
from zigzag_lab.store.states import ResultKind
from zigzag_lab.vocab import Objective
from zigzag_lab.vocab.options import OBJECTIVE

ENERGIES = ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles")
Figures = tuple[float, float, float, float]
"""A price in that order."""

OBJECTIVE_COLUMNS = {
    Objective.ENERGY.value: "energy_pj",
    Objective.LATENCY.value: "latency_cycles",
    Objective.EDP.value: "edp_pj_cycles",
}
"""What is minimised -> the column of runs that holds it."""


def objective_column(objective: str) -> str:
    """The column for what was minimised; that of the default where nothing single was."""
    return OBJECTIVE_COLUMNS.get(objective, OBJECTIVE_COLUMNS[OBJECTIVE.default])


AGREES = 1e-9
"""Totals that differ by less in relation come from another order of additions."""


class Part(NamedTuple):
    """A layer evaluation within a result.

    Attributes:
        owner, row: the number of the run that holds its row, and the row's index there.
        times: how often it counts.
        layer_id, n_macs: of its layer.
        energy_pj, latency_cycles: of the evaluation, once.
    """

    owner: int
    row: int
    times: float
    layer_id: int
    n_macs: int
    energy_pj: float
    latency_cycles: float


@dataclass(frozen=True, slots=True)
class YieldedResult:
    """A result that a run yielded.

    Attributes:
        path: where it stood in what was yielded: ``2`` for the third yield, ``0[3]`` within a list, ``0.best`` in a
            dictionary.
        kind: a layer, a sum, or something else.
        figures: in the order of :data:`ENERGIES`; None where the result is no CME.
        parts: the evaluations that it is made of, as far as they are known.
    """

    path: str
    kind: ResultKind
    figures: Figures | None
    parts: tuple[Part, ...] = ()


Place = Callable[[CostModelEvaluation], tuple[int, int]]
"""Where the row of a CME is: the number of the run that holds it, and its index; made where there is none yet."""


def stored_results(value: Any, path: str, place: Place) -> Iterator[YieldedResult]:
    """What one yield of a pipeline holds: a CME, or those in a list or a dictionary of them.

    Args:
        value: what was yielded, ``(cme, extra_info)``.
        path: where it stood.
        place: see :data:`Place`.
    """
    cme, extra_info = value if isinstance(value, tuple) and len(value) == 2 else (value, None)
    if isinstance(cme, CostModelEvaluationABC):
        yield _stored(cme, extra_info, path, place)
    elif isinstance(cme, dict):
        for key, item in cme.items():
            yield from stored_results(item, f"{path}.{key}", place)
    elif isinstance(cme, (list, tuple)):
        for index, item in enumerate(cme):
            yield from stored_results(item, f"{path}[{index}]", place)
    else:
        yield YieldedResult(path, ResultKind.OTHER, None)


def _stored(cme: CostModelEvaluationABC, extra_info: Any, path: str, place: Place) -> YieldedResult:
    kind = ResultKind.LAYER if isinstance(cme, CostModelEvaluation) else ResultKind.SUM
    parts = tuple(_parts(cme, extra_info, place))
    return YieldedResult(path, kind, figures_of(cme), parts)


def figures_of(cme: CostModelEvaluationABC) -> Figures:
    """A price in the order of :data:`ENERGIES`."""
    return float(cme.energy_total), float(cme.mac_energy), float(cme.mem_energy), float(cme.latency_total2)


def _parts(cme: CostModelEvaluationABC, extra_info: Any, place: Place) -> Iterator[Part]:
    if isinstance(cme, CostModelEvaluation):
        made_of: Iterable[tuple[CostModelEvaluationABC, float]] = [(cme, 1.0)]
    else:
        known = list(cme.components()) if hasattr(cme, "components") else []
        made_of = known or [(one, 1.0) for one in _listed(extra_info)]
    for one, times in made_of:
        if isinstance(one, CostModelEvaluation):
            figures = float(one.energy_total), float(one.latency_total2)
            yield Part(*place(one), float(times), one.layer.id, one.layer.n_macs, *figures)


def _listed(extra_info: Any) -> Iterator[CostModelEvaluationABC]:
    """The results that a sum from elsewhere lists beside itself."""
    items = extra_info if isinstance(extra_info, list) else ()
    if all(isinstance(i, tuple) and len(i) == 2 and isinstance(i[0], CostModelEvaluationABC) for i in items):
        yield from (cme for cme, _ in items)


# -- totals ------------------------------------------------------------------------------------------------------------


@dataclass
class Summary:
    """What a run comes to.

    Attributes:
        figures: columns of ``zl_run``; energies and cycles are None where there is no single total.
        chosen: the evaluations that the total is made of; of a run without one, all that it yielded.
        warnings: for readers of the record.
    """

    figures: dict[str, float | int | None]
    chosen: Sequence[Part]
    warnings: list[str] = field(default_factory=list)


def summary_of(results: Sequence[YieldedResult], answer: YieldedResult | None = None) -> Summary:
    """The total of a run: that of its only result, the sum of results of different layers, or none.

    Args:
        results: in order.
        answer: the one that stands for all of several, where the run said which it is: the least product of a front.
    """
    answer = None if len(results) == 1 else answer
    one = answer or (results[0] if len(results) == 1 else None)
    parts = one.parts if one else [part for result in results for part in result.parts]
    total = answer.figures if answer else (one.figures if one else None) or sum_of_layers(results)
    warnings: list[str] = []
    others = sum(result.kind is ResultKind.OTHER for result in results)
    if others:
        warnings.append(f"{others:,} of {len(results):,} results are no cost-model evaluations, and have no figures")
    if total is not None:
        warnings += _disagreement(total, parts)
    _, _, times, layer_ids, macs, _, _ = zip(*parts, strict=True) if parts else [()] * 7
    figures: dict[str, float | int | None] = {
        **dict(zip(ENERGIES, total or (None,) * len(ENERGIES), strict=True)),
        "edp_pj_cycles": None if total is None else total[0] * total[3],
        "n_macs": None if total is None else _whole(sum(map(mul, macs, times))),
        "n_layers": len(set(layer_ids)),
        "n_results": len(results),
    }
    return Summary(figures, parts, warnings)


def sum_of_layers(results: Sequence[YieldedResult]) -> Figures | None:
    """The sum of results that are each another layer; None where a layer has several, or they are no layers."""
    ids = [result.parts[0].layer_id for result in results if result.kind is ResultKind.LAYER]
    if not results or len(ids) < len(results) or len(set(ids)) < len(ids):
        return None
    sums = [0.0, 0.0, 0.0, 0.0]
    for result in results:
        sums = [so_far + one for so_far, one in zip(sums, result.figures or (), strict=True)]
    return sums[0], sums[1], sums[2], sums[3]


def _disagreement(total: Figures, parts: Sequence[Part]) -> Iterator[str]:
    if not parts:
        yield "which layers the total is made of is not known"
        return
    owners, rows, times, _, _, energies, latencies = zip(*parts, strict=True)
    energy, latency = sum(map(mul, energies, times)), sum(map(mul, latencies, times))
    if not (isclose(energy, total[0], rel_tol=AGREES) and isclose(latency, total[3], rel_tol=AGREES)):
        yield (
            f"a stage changed the total: its layers add up to {energy:.10g} pJ and {latency:.10g} cycles, "
            f"the total says {total[0]:.10g} pJ and {total[3]:.10g} cycles"
        )
    if times.count(1.0) == len(set(rows)) == len(parts):
        return  # as is the rule: each counts once
    counts = dict.fromkeys(zip(owners, rows, strict=True), 0.0)
    for owner, row, once, *_ in parts:
        counts[owner, row] += once
    several = sorted({*counts.values()} - {1.0})
    if several:
        n = sum(count != 1 for count in counts.values())
        words = ", ".join(f"{count:g}" for count in several[:3])
        yield f"{n} of {len(counts)} layer evaluations count {words} times in the total"


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


LISTED = (
    "zl_run_layer p JOIN zl_layer_evaluation l ON l.run_number = p.owner_number "
    "AND l.layer_index BETWEEN p.first_index AND p.last_index"
)
"""SQL: lists of layers, and the rows of the layers in them."""

PLACE = "p.position + l.layer_index - p.first_index AS place"
"""SQL: the place of a layer in its list."""

WITHIN = (
    "WITH RECURSIVE within (number) AS (SELECT number FROM zl_run WHERE parent_number = ? UNION "
    "SELECT r.number FROM zl_run r JOIN within w ON r.parent_number = w.number) SELECT number FROM within"
)
"""SQL: the numbers of all runs within the run of a number."""

WITHIN_RUN = WITHIN.replace("= ?", "= (SELECT number FROM zl_run WHERE id = ?)")
"""SQL: the same of the run of an id."""
