"""Why a run costs what it costs, and what to change: about a dozen claims, each with the figures behind it.

Advice is tried before it is given: the same mappings are priced again with the parameter changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import fsum

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import costs_by_width
from zigzag_lab.keys.records import record_from
from zigzag_lab.plots.bars import energy_parts, latency_by_term
from zigzag_lab.reports.advice import Statement, array_claim, fill_claim
from zigzag_lab.reports.places import Places
from zigzag_lab.reports.ports import loading_claim, stall_claims
from zigzag_lab.reports.what_if import Network, accelerators, with_access_cost
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.priced import PricedRun
from zigzag_lab.store.run_records import input_records
from zigzag_lab.vocab import Objective
from zigzag_lab.vocab.quantities import cycles, energy, share, sums, tally
from zigzag_lab.workload import Workload, operations_left_out

N_LAYERS = 3
N_MEMORIES = 4
"""Memories whose costs are listed at most, the one that most energy goes to first."""

NOWHERE = Places()


@dataclass(frozen=True)
class Explanation:
    """Why a run, or one layer of it, costs what it costs: one claim a line."""

    title: str
    claims: tuple[Statement, ...] = ()


def explain(
    cmes: Sequence[CostModelEvaluation], title: str = "", whole: Network | None = None, places: Places = NOWHERE
) -> Explanation:
    """Explain the price of a network, or of one layer, which is part of a ``whole``.

    Args:
        cmes: the price of each layer.
        title: what it is of.
        whole: the network that the layer is part of.
        places: the files that the design was read from, for the lines to change.
    """
    network = Network.of(cmes)
    claims = [
        _total_claim(cmes, network, whole),
        *_energy_claims(network, places),
        _latency_claim(network),
        *stall_claims(network, places),
        loading_claim(network, places),
        array_claim(network, places),
        fill_claim(network, places),
    ]
    if len(cmes) > 1:
        claims.append(_layers_claim(cmes))
    return Explanation(title, tuple(claim for claim in claims if claim is not None))


def _total_claim(cmes: Sequence[CostModelEvaluation], network: Network, whole: Network | None) -> Statement:
    n_macs = sum(cme.layer.n_macs for cme in cmes)
    pj, n = network.energy_pj, network.latency_cycles
    text = (
        f"{energy(pj)} and {cycles(n)} for {n_macs:,} operations: {pj / n_macs:.3g} pJ each, {n_macs / n:.3g} a cycle"
    )
    precision = tally(cme.layer.precision_text for cme in cmes)
    text += f"; at batch {tally(str(cme.layer.batch_size) for cme in cmes)} and bits an element: {precision}"
    figures: dict[str, object] = {"energy_pj": pj, "latency_cycles": n, "n_macs": n_macs}
    figures["precision_bits"] = {cme.layer.name: dict(cme.layer.precision_bits) for cme in cmes}
    figures["batch_size"] = {cme.layer.name: cme.layer.batch_size for cme in cmes}
    if whole is not None:
        text += f"; {share(pj, whole.energy_pj)} of the run's energy, {share(n, whole.latency_cycles)} of its cycles"
        figures |= {"share_of_energy": pj / whole.energy_pj, "share_of_latency": n / whole.latency_cycles}
    return Statement("total", f"{text}.", figures)


def _energy_claims(network: Network, places: Places) -> list[Statement]:
    """Where energy goes; which memory's accesses are worth making cheaper."""
    whole = network.energy_pj
    spent = [
        (memory, operand, count * pj.total)
        for cme, count in zip(network.layers, network.counts, strict=True)
        for memory, operand, pj in energy_parts(cme)
    ]
    by_memory = _ranked(sums((memory, pj) for memory, _, pj in spent))
    operations = network.total(lambda cme: cme.mac_energy)
    parts = []
    for name, pj in by_memory[:3]:
        operands = _ranked(sums((operand, part) for memory, operand, part in spent if memory == name))
        shares = ", ".join(f"{op} {share(part, whole)}" for op, part in operands if part)
        parts.append(f"{name} {share(pj, whole)} ({shares})")
    rest = fsum(pj for _, pj in by_memory[3:])
    tail = f", other memories {share(rest, whole)}" if rest else ""
    static = network.total(lambda cme: cme.static_energy_pj)
    leaks = f", leakage {share(static, whole)}" if static else ""
    text = f"{', '.join(parts)}{tail}, operations {share(operations, whole)}{leaks}."
    figures = {"by_memory_pj": dict(by_memory), "operations_pj": operations}
    figures |= {"static_pj": static} if static else {}
    claims = [Statement("energy", text, figures)]
    costly = [name for name, pj in by_memory if pj > 0]
    return [*claims, _cost_claim(network, costly), _cheaper_claim(network, costly[0], places)] if costly else claims


def _cost_claim(network: Network, memories: Sequence[str]) -> Statement:
    """What an access to each of some memories costs, and what that is for a bit, by the width of its ports."""
    designs = {m.name: m for a in reversed(accelerators(network)) for m in a.memories}
    texts = []
    figures: dict[str, object] = {}
    for name in memories:
        costs = costs_by_width(designs[name])
        figures[name] = [asdict(cost) for cost in costs]
        texts.append(f"{name} {', '.join(cost.words for cost in costs)}")
    return Statement("access costs", f"{'; '.join(texts[:N_MEMORIES])}.", figures)


def _cheaper_claim(network: Network, name: str, places: Places) -> Statement:
    """What it saves to halve the cost of the accesses that most energy goes to."""
    whole = network.energy_pj
    cheaper = network.changed(lambda a: with_access_cost(a, name, 0.5)).energy_pj
    saved = share(whole - cheaper, whole)
    design = next(a for a in accelerators(network) if any(m.name == name for m in a.memories))
    changes = places.costs(design, name, 0.5, 0.5)
    how = f" ({' and '.join(one.words for one in changes)})" if changes else ", which are priced by a tool,"
    text = f"halving the energy of an access to {name}{how} saves {saved}: {energy(cheaper)} remain."
    figures = {"memory": name, "factor": 0.5, "energy_pj": cheaper, "changes": [one.as_dict() for one in changes]}
    return Statement("cheaper access", text, figures)


def _ranked(parts: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(parts.items(), key=lambda item: -item[1])


def _latency_claim(network: Network) -> Statement:
    rows = [latency_by_term(cme) for cme in network.layers]
    terms = {
        term: fsum(n * row[term] for row, n in zip(rows, network.counts, strict=True)) for term in next(iter(rows))
    }
    whole = network.latency_cycles
    largest = max((t for t in terms if t != "ideal"), key=lambda t: terms[t])
    listed = ", ".join(f"{term} {share(n, whole)}" for term, n in terms.items() if n)
    lost = whole - terms["ideal"]
    reason = f"; of the {cycles(lost)} above the ideal, {share(terms[largest], lost)} are {largest}" if lost > 0 else ""
    return Statement("latency", f"{listed}{reason}.", {"terms_cycles": terms})


def _layers_claim(cmes: Sequence[CostModelEvaluation]) -> Statement:
    """The layers that most of the cycles and of the energy go to."""
    figures: dict[str, object] = {}
    texts = []
    for what, word in (("latency_total2", "cycles"), ("energy_total", "energy")):
        whole = fsum(getattr(cme, what) for cme in cmes)
        ranked = sorted(cmes, key=lambda cme: -float(getattr(cme, what)))[:N_LAYERS]
        top = fsum(getattr(cme, what) for cme in ranked)
        listed = ", ".join(f"{cme.layer.name} {share(getattr(cme, what), whole)}" for cme in ranked)
        texts.append(f"{len(ranked)} of {len(cmes)} take {share(top, whole)} of the {word} ({listed})")
        figures[word] = {"layers": [cme.layer.name for cme in ranked], "share": top / whole}
    return Statement("layers", f"{'; '.join(texts)}.", figures)


def left_out_claim(lab: Lab, run_id: str) -> Statement | None:
    """What the network of a run leaves out; none where that is nothing, or the record does not hold the network.

    Raises:
        InputError: the record of the network is damaged.
    """
    given = lab.inputs(run_id).get("workload")
    if given is None:
        return None
    coverage = operations_left_out(record_from(Workload, given[1]))
    return Statement("left out", f"{coverage.sentence()}.", coverage.as_dict()) if coverage.left_out else None


def explain_recorded(lab: Lab, run: PricedRun, layer: int | None = None, title: str = "") -> Explanation:
    """Explain a recorded run, or the layer at a place of it, with what it leaves out and how to try the advice."""
    places = places_of(lab, run)
    trial = trial_claim(run.run, places)
    if layer is not None:
        found = explain([run.cmes[layer]], title, Network.of(run.cmes), places)
        return replace(found, claims=(*found.claims, trial))
    found, left_out = explain(run.cmes, title, places=places), left_out_claim(lab, run.run.run_id)
    return replace(found, claims=(*found.claims, *([] if left_out is None else [left_out]), trial))


def places_of(lab: Lab, run: PricedRun) -> Places:
    """The files that the design and the mapping of a run were read from, as they were; none of several designs."""
    files: dict[str, tuple[str, bytes]] = {}
    first = run.layers[0]
    kinds = {first.figures["accelerator_kind"] or "accelerator": "accelerator", "mapping": "mapping"}
    names = {one.kind: one.file_name for one in input_records(lab.store.database, first.owner)}
    if len(run.accelerators) == 1:
        for kind, (name, _, source) in lab.inputs_of(first.owner).items():
            if kind in kinds and source is not None:
                files[kinds[kind]] = names.get(kind) or name, source
    return Places.of(files.get("accelerator"), files.get("mapping"))


def trial_claim(run: RunRecord, places: Places) -> Statement:
    """How to try what an explanation advises, and what to expect of that."""
    where = f"lines are those of {places.name}, which 'zigzag-lab show {run.run_id} --inputs DIR' writes to change it"
    if places.accelerator is None:
        where = "its accelerator was not read from a file: sweep files name these paths with 'accelerator.' before them"
    kept = "gains are those of this run's mappings"
    if run.objective == Objective.LATENCY:
        kept += "; a new search that meets these again, as with wider ports, is as fast or faster, at another energy"
    else:
        kept += "; a new search may choose others"
    return Statement("to try it", f"{where}; {kept}.", {"file": places.name or None})
