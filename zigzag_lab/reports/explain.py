"""Why a run costs what it costs, and what to change: about ten claims, each with the figures it was worked out from.

Advice is tried before it is given: the same mappings are priced again with the parameter changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.keys.records import record_from
from zigzag_lab.plots.bars import energy_parts, latency_by_term
from zigzag_lab.reports.advice import Statement, array_claim, fill_claim, loading_claim, stall_claims
from zigzag_lab.reports.what_if import Network, with_access_cost
from zigzag_lab.store.lab import Lab
from zigzag_lab.vocab.quantities import cycles, energy, share, sums
from zigzag_lab.workload import Workload, operations_left_out

N_LAYERS = 3


@dataclass(frozen=True)
class Explanation:
    """Why a run, or one layer of it, costs what it costs: one claim a line."""

    title: str
    claims: tuple[Statement, ...] = ()


def explain(cmes: Sequence[CostModelEvaluation], title: str = "", whole: Network | None = None) -> Explanation:
    """Explain the price of a network, or of one layer, which is part of a ``whole``."""
    network = Network.of(cmes)
    claims = [
        _total_claim(cmes, network, whole),
        *_energy_claims(network),
        _latency_claim(network),
        *stall_claims(network),
        loading_claim(network),
        array_claim(network),
        fill_claim(network),
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
    figures = {"energy_pj": pj, "latency_cycles": n, "n_macs": n_macs}
    if whole is not None:
        text += f"; {share(pj, whole.energy_pj)} of the run's energy, {share(n, whole.latency_cycles)} of its cycles"
        figures |= {"share_of_energy": pj / whole.energy_pj, "share_of_latency": n / whole.latency_cycles}
    return Statement("total", f"{text}.", figures)


def _energy_claims(network: Network) -> list[Statement]:
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
    if by_memory and by_memory[0][1] > 0:
        name = by_memory[0][0]
        cheaper = network.changed(lambda a: with_access_cost(a, name, 0.5)).energy_pj
        saved = share(whole - cheaper, whole)
        text = f"halving the energy of an access to {name} saves {saved}: {energy(cheaper)} remain."
        figures = {"memory": name, "factor": 0.5, "energy_pj": cheaper}
        claims.append(Statement("cheaper access", text, figures))
    return claims


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
