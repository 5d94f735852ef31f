"""What a bystander saw of a run, held against its record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any

from tests.pipelines.bystander import Event, Place, flattened, made_of
from tests.pipelines.stored import StoredRun
from zigzag_lab.cost import Certificate, CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.keys import meaning_digest
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.vocab import InfeasibleError


@dataclass
class Rows:
    """Which row stands for which evaluation: one for each, whatever list it is in.

    Attributes:
        pairs: where an evaluation was first met -> the run that holds its row, and the row's index there.
    """

    pairs: dict[Place, tuple[StoredRun, int]] = field(default_factory=dict)
    _runs: dict[int, StoredRun] = field(default_factory=dict)
    _taken: set[tuple[int, int]] = field(default_factory=set)

    def number(self, seen: Event, stored: StoredRun) -> None:
        """Note which record is that of which event."""
        self._runs[id(seen)] = stored
        for child, record in zip(seen.children, stored.children, strict=False):
            self.number(child, record)

    def row_of(self, place: Place, found: Sequence[tuple[int, int, float]]) -> tuple[int, int]:
        """The row of an evaluation; one that has none yet gets the row that was found, if it is its run's and free."""
        if place not in self.pairs:
            run = self._runs.get(id(place[0]))
            if run is None or not found or found[0][0] != run.number or found[0][:2] in self._taken:
                return -1 if run is None else run.number, place[1]
            self._taken.add(found[0][:2])
            self.pairs[place] = run, found[0][1]
        run, index = self.pairs[place]
        return run.number, index


@dataclass
class Comparison:
    """Holds runs against their records.

    Attributes:
        has_caches: whether the list has caches: searches below one do not learn what was found above it, so that more
            is searched than in the list without them, and proofs count more mappings.
        counts: how much of what was compared.
        faults: what differs.
    """

    has_caches: bool = False

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    top: Any = None
    _rows: Any = None
    _is_ordered: bool = True

    def same(self, what: str, expected: Any, found: Any) -> None:
        """Note a difference."""
        self.counts[what.split(":")[-1].strip()] += 1
        if expected != found:
            self.faults.append(f"{what}: expected {_short(expected)}, found {_short(found)}")

    # -- a run and its record ----------------------------------------------------------------------------------------

    def run(self, seen: Event, stored: StoredRun, *, in_order: bool) -> None:
        """Compare a run, and all within it, with its record.

        Args:
            seen: what happened.
            stored: its record.
            in_order: whether rows are; else what came first is a matter of time, and only lists are in order.
        """
        self.top, self._rows, self._is_ordered = stored, Rows(), in_order
        self._rows.number(seen, stored)
        self._run(seen, stored, "run")
        for (event, index), (owner, place) in self._rows.pairs.items():
            self._layer(event.own[index], event.proofs[index], owner, place)

    def handed_out(self, seen: Event, stored: StoredRun) -> None:
        """The same of a run in processes that did not come to its end: what was handed out depends on time."""
        self.same("run: status", _status(seen), stored.row["status"])
        self.same("run: none goes on", [], [run.number for run in _everyone(stored) if run.row["status"] == "running"])

    def _run(self, seen: Event, stored: StoredRun, where: str) -> None:
        if not self._is_ordered and seen.error is not None:
            self.handed_out(seen, stored)
            return
        self.same(f"{where}: status", _status(seen), stored.row["status"])
        self.counts[_status(seen)] += 1
        has_error = stored.row["error"] is not None
        self.same(f"{where}: error", stored.row["status"] in ("failed", "infeasible"), has_error)
        self.same(f"{where}: settings", _plain(seen.settings), _json(stored.row["settings"]) or None)
        self.same(f"{where}: number of rows", len(seen.own), len(stored.layers))
        if self._is_ordered:
            self._listed(f"{where}: rows", [((seen, i), 1.0) for i in range(len(seen.own))], _own(stored))
        self._listed(f"{where}: saved", [(place, 1.0) for place in seen.saved], stored.lists.get(("saved", 0), []))
        self.counts["saved rows"] += len(seen.saved)
        self._results(seen, stored, where)
        self.same(f"{where}: children", len(seen.children), len(stored.children))
        for number, (child, record) in enumerate(zip(seen.children, stored.children, strict=False)):
            self._run(child, record, f"{where}.{number}")

    def _listed(
        self, what: str, expected: Sequence[tuple[Place, float]], found: Sequence[tuple[int, int, float]]
    ) -> None:
        """Compare a list of evaluations: each stands for the same one wherever it is listed."""
        as_found = [(*self._rows.row_of(place, found[i : i + 1]), times) for i, (place, times) in enumerate(expected)]
        self.same(what, as_found, [*found])

    def _layer(self, cme: CostModelEvaluation, proven: Any, owner: StoredRun, place: int) -> None:
        if place >= len(owner.layers):
            return  # which is said already
        figures, mapping, memories, proof, design = owner.layers[place]
        at = f"run {owner.number} layer {place}"
        self.same(f"{at}: terms", figures_of(cme), figures)
        self.same(f"{at}: mapping", mapping_of(cme), mapping)
        self.same(f"{at}: memories", sorted(memories_of(cme)), memories)
        n = 4 if self.has_caches else 6
        if not self._is_ordered and proven is None and proof is not None:
            proven = cme.certificate  # workers hand on what they saved at their end, by when more is proven of it
        self.same(f"{at}: proof", *(one and one[:n] for one in (_proof(proven), proof)))
        self.same(f"{at}: design", _design(cme), _stored_design(cme, owner, design))

    def _results(self, seen: Event, stored: StoredRun, where: str) -> None:
        results = [one for number, value in enumerate(seen.yielded) for one in flattened(value, str(number))]
        rows = stored.results
        self.same(f"{where}: results", [_result(*one) for one in results], [_stored_result(row) for row in rows])
        for index, parts in enumerate(seen.parts):
            self._listed(f"{where} result {index}: parts", parts, stored.lists.get(("result", index), []))
        self.same(f"{where}: number of results", len(results), stored.row["n_results"])
        total, chosen = _total(seen, [cme for _, cme, _ in results])
        found = tuple(stored.row[n] for n in ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles"))
        if seen.ended_early:
            self.same(f"{where}: chosen", _own(stored), stored.lists.get(("chosen", 0), []))
            self.same(f"{where}: no total", (None,) * 4, found)
            return
        everything = [part for parts in seen.parts for part in parts]
        answer = everything if chosen is None else [(seen.top.places[id(cme.identity)], 1.0) for cme in chosen]
        self._listed(f"{where}: chosen", answer, stored.lists.get(("chosen", 0), []))
        self.same(f"{where}: total", total, found)
        if total is None or total[0] is None:
            return
        self.counts["edp"] += 1
        edp = stored.row["edp_pj_cycles"]
        if edp != total[0] * total[3]:
            self.faults.append(f"{where}: edp {edp}")
        self._sums(stored, where, stored.lists.get(("chosen", 0), []), total)

    def _sums(self, stored: StoredRun, where: str, answer: Sequence[Any], total: Sequence[float]) -> None:
        """Layers add up to the total, or the record says why not."""
        self.counts["sums"] += 1
        agrees = bool(answer) or total[0] == 0
        everyone = {run.number: run for run in _everyone(self.top)}
        if any(owner not in everyone or i >= len(everyone[owner].layers) for owner, i, _ in answer):
            return  # which is said already
        for column, place in ((0, 5), (3, 8)):
            added = sum(everyone[owner].layers[i][0][place] * times for owner, i, times in answer)
            agrees = agrees and isclose(added, total[column], rel_tol=1e-9)
        if not agrees and not stored.row["warnings"]:
            self.faults.append(f"{where}: layers do not add up to {total}, and nothing is said of it")


def _everyone(run: StoredRun) -> Iterator[StoredRun]:
    yield run
    for child in run.children:
        yield from _everyone(child)


def _own(run: StoredRun) -> list[tuple[int, int, float]]:
    return [(run.number, index, 1.0) for index in range(len(run.layers))]


# -- what is expected --------------------------------------------------------------------------------------------------


def _status(seen: Event) -> str:
    if seen.error is None:  # of layers that come one by one it is not known whether all were there
        return "failed" if seen.goes_on and seen.parent.ended_early else "finished"
    return "infeasible" if isinstance(seen.error, InfeasibleError) else "failed"


def _plain(settings: Any) -> Any:
    return None if settings is None else json.loads(json.dumps(settings, default=lambda record: record.name))


def prices(cme: CostModelEvaluationABC) -> tuple[float, ...]:
    return cme.energy_total, cme.mac_energy, cme.mem_energy, cme.latency_total2


def _result(path: str, cme: Any, _: Any) -> tuple[Any, ...]:
    if not isinstance(cme, CostModelEvaluationABC):
        return path, "other", 0, None, None, None, None
    kind = "layer" if isinstance(cme, CostModelEvaluation) else "sum"
    return path, kind, len(made_of(cme)), *prices(cme)


def _stored_result(row: dict[str, Any]) -> tuple[Any, ...]:
    figures = (row[n] for n in ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles"))
    return row["path"], row["kind"], row["n_layers"], *figures


def _total(seen: Event, results: Sequence[Any]) -> tuple[Any, Any]:
    """The total by the rule, and what it is made of where that is not all that was yielded."""
    none = (None,) * 4
    if not results:
        return none, None
    if len(results) == 1:
        return (prices(results[0]) if isinstance(results[0], CostModelEvaluationABC) else none), None
    chosen = [points[index] for points, index in seen.fronts]
    layers = chosen or results
    are_layers = all(isinstance(cme, CostModelEvaluation) for cme in layers)
    if not are_layers or len({cme.layer.id for cme in layers}) < len(layers):
        return none, chosen or None
    sums = [0.0, 0.0, 0.0, 0.0]
    for cme in layers:
        sums = [a + b for a, b in zip(sums, prices(cme), strict=True)]
    return tuple(sums), chosen or None


def figures_of(cme: CostModelEvaluation) -> tuple[Any, ...]:
    return (
        cme.layer.id,
        cme.layer.name,
        cme.layer.operator_type,
        cme.layer.n_macs,
        cme.keep_at_output_pins,
        *prices(cme),
        cme.ideal_cycle,
        cme.ideal_temporal_cycle,
        cme.stall_slack_comb,
        cme.data_onloading_cycle,
        cme.data_offloading_cycle,
        cme.systolic_drain_cycle,
    )


def mapping_of(cme: CostModelEvaluation) -> dict[str, Any]:
    spatial, temporal = cme.problem.spatial_mapping, cme.temporal_mapping
    said = {
        "kind": temporal.kind.value,
        "spatial": [[dim, [list(pair) for pair in loops.items()]] for dim, loops in spatial.unrollings.items()],
        "temporal": temporal.levels,
    }
    return json.loads(json.dumps(said))  # type: ignore[no-any-return]


def memories_of(cme: CostModelEvaluation) -> Iterator[tuple[Any, ...]]:
    for operand, levels in cme.temporal_mapping.levels.items():
        visited = [memory.name for memory in cme.accelerator.memories if operand_of(cme, operand) in memory.operands]
        for level, loops in enumerate(levels):
            accesses, energy = (
                terms[operand][level] for terms in (cme.memory_word_access, cme.mem_energy_breakdown_further)
            )
            yield (
                operand,
                level,
                visited[level],
                ", ".join(f"{dim} {int(size) if size == int(size) else f'{size:g}'}" for dim, size in loops),
                cme.mem_utili_individual[operand][level],
                cme.mem_utili_shared[operand][level],
                *(accesses.to_low, accesses.from_low, accesses.to_high, accesses.from_high),
                *(energy.to_low, energy.from_low, energy.to_high, energy.from_high),
            )


def operand_of(cme: CostModelEvaluation, operand: str) -> str:
    return str(cme.problem.constraints.operand_links.get(operand, operand))


def _proof(proof: Any) -> Any:
    if not isinstance(proof, Certificate):
        return None
    return proof.objective.value, proof.lower_bound, proof.best, proof.gap, proof.n_mappings, proof.n_priced


def _design(cme: CostModelEvaluation) -> tuple[str, str, Any]:
    visited = sorted((m.name, op, m.size_bits) for m in cme.accelerator.memories for op in m.operands)
    return meaning_digest(cme.problem.constraints), meaning_digest(cme.accelerator), visited


def _stored_design(cme: CostModelEvaluation, stored: StoredRun, design: tuple[Any, ...]) -> tuple[str, str, Any]:
    accelerator_kind, constraints_kind, left_out = design
    if (accelerator_kind or "accelerator") not in stored.inputs:
        return f"no input '{accelerator_kind}' among {list(stored.inputs)}", "", None
    digest, accelerator = stored.inputs[accelerator_kind or "accelerator"]
    left = {(name, op) for op, names in (json.loads(left_out) if left_out else {}).items() for name in names}
    visited = sorted(
        (m.name, op, m.size_bits) for m in accelerator.memories for op in m.operands if (m.name, op) not in left
    )
    if constraints_kind is not None:
        said: Any = stored.inputs[constraints_kind][1]
    else:
        rules = stored.inputs["mapping"][1] if "mapping" in stored.inputs else None
        said = rules.for_layer(cme.layer) if isinstance(rules, MappingRules) else MappingConstraints()
    return meaning_digest(said), meaning_digest(cme.accelerator) if left_out else digest, visited


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 600 else f"{text[:300]} ... {text[-300:]}"
