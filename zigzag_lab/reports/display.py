"""How runs, CMEs and mappings look in a notebook: one call, then every cell that ends in one shows a table.

Records are unchanged: a notebook calls its own formatters, and the displays are registered with these.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.plots.bars import energy_beside_memories_pj, energy_by_memory_pj, latency_by_term
from zigzag_lab.plots.loop_nest import loop_nest_text
from zigzag_lab.reports.explain import Explanation
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer
from zigzag_lab.vocab.quantities import cycles, energy, share

Rows = Iterable[Sequence[object]]


def rich_displays(formatter: Any = None) -> None:
    """Show runs, layers, CMEs, mappings and databases as tables in a notebook.

    By default it is the notebook that this runs in, by its HTML ``formatter``; without one, nothing happens.
    """
    if formatter is None:
        shell = getattr(builtins, "get_ipython", lambda: None)()
        formatter = None if shell is None else shell.display_formatter.formatters["text/html"]
    if formatter is not None:
        for kind, show in DISPLAYS.items():
            formatter.for_type(kind, show)


def table_html(headings: Sequence[str], rows: Rows, title: str = "") -> str:
    """A table; whatever stands in it is shown as text."""
    head = "".join(f"<th style='text-align:left'>{_text(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    caption = f"<caption style='text-align:left;font-weight:bold'>{_text(title)}</caption>" if title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: object) -> str:
    return "-" if value is None else escape(str(value))


def run_html(run: RunRecord) -> str:
    """A run: what was asked and what came of it."""
    rows = [
        ("run", run.run_id),
        ("status", run.status if run.reason is None else f"{run.status}: {run.reason}"),
        ("best", run.objective),
        ("mapping", run.mapping),
        *zip(("energy", "latency"), _price(run), strict=True),
        ("layers", run.n_layers),
        *([("results", run.n_results)] if run.has_no_total else []),
        *([("runs within it", run.n_children)] if run.n_children else []),
        *(("warning", warning) for warning in run.warnings or ()),
        ("experiment", run.experiment),
    ]
    return table_html(("", ""), rows, run.label)


def runs_html(runs: Sequence[RunRecord]) -> str:
    """Several runs, one a row."""
    headings = ("run", "status", "workload", "accelerator", "best", "energy", "latency")
    rows = [(run.run_id, run.status, run.workload, run.accelerator, run.objective, *_price(run)) for run in runs]
    return table_html(headings, rows)


def _price(run: RunRecord) -> tuple[str | None, str | None]:
    pj, n_cycles = run.energy_pj, run.latency_cycles
    return None if pj is None else energy(pj), None if n_cycles is None else cycles(n_cycles)


def cme_html(cme: CostModelEvaluation) -> str:
    """The price of a layer: energy by memory, latency by term, and its loops."""
    parts = {**energy_beside_memories_pj(cme), **energy_by_memory_pj(cme)}
    spent = [(name, energy(pj), share(pj, cme.energy_total)) for name, pj in parts.items()]
    terms = [(term, cycles(n), share(n, cme.latency_total2)) for term, n in latency_by_term(cme).items()]
    title = f"{cme.layer.name} on {cme.accelerator.name}: {energy(cme.energy_total)}, {cycles(cme.latency_total2)}"
    return (
        table_html(("energy", "", "of all"), spent, title)
        + table_html(("latency", "", "of all"), terms)
        + f"<pre>{escape(loop_nest_text(cme))}</pre>"
    )


def layer_html(layer: StoredLayer) -> str:
    """A stored layer: its figures, and the loops of every operand in every memory."""
    figures = [
        ("energy", energy(layer.figures["energy_pj"])),
        ("latency", cycles(layer.figures["latency_cycles"])),
        ("spatial mapping", layer.spatial_mapping),
    ]
    levels = [(m.operand, m.memory, m.loops, f"{m.utilisation:.1%}") for m in layer.memories]
    return table_html(("", ""), figures, layer.name) + table_html(("operand", "memory", "loops", "full"), levels)


def mapping_html(mapping: TemporalMapping) -> str:
    """A temporal mapping: the loops of each operand at each level, from the innermost."""
    rows = [
        (operand, level, ", ".join(f"{dim} {size:g}" for dim, size in loops) or None)
        for operand, levels in mapping.levels.items()
        for level, loops in enumerate(levels)
    ]
    return table_html(("operand", "level", "loops, the innermost first"), rows, f"{mapping.kind.value} mapping")


def details_html(details: RunDetails) -> str:
    """The options of a run, and the program that ran it."""
    rows = [*details.options.items(), *((f"tag {key}", value) for key, value in details.tags.items())]
    return table_html(("", ""), [*rows, ("engine", details.engine_digest)])


def lab_html(lab: Lab) -> str:
    """A database: its newest runs."""
    return f"<b>{escape(str(lab.url))}</b>{runs_html(lab.runs(limit=10))}"


def explanation_html(explanation: Explanation) -> str:
    """Why something costs what it costs, a claim a row."""
    rows = [(claim.topic, claim.text) for claim in explanation.claims]
    return table_html(("", ""), rows, explanation.title)


DISPLAYS: dict[type, Callable[[Any], str]] = {
    RunRecord: run_html,
    RunDetails: details_html,
    StoredLayer: layer_html,
    CostModelEvaluation: cme_html,
    TemporalMapping: mapping_html,
    Lab: lab_html,
    Explanation: explanation_html,
}
"""Kind of record -> how a notebook shows it; data frames show themselves."""
