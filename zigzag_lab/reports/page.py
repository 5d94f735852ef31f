"""A report as one HTML file that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from importlib.resources import files
from pathlib import Path, PureWindowsPath

from zigzag_lab.plots.bars import energy_beside_memories_pj, energy_by_memory_pj, latency_by_term
from zigzag_lab.plots.loop_nest import loop_nest_text
from zigzag_lab.plots.style import LEAKAGE, LEAKAGE_COLOUR, OPERAND_STYLE, OPERATIONS, OPERATIONS_COLOUR, TERM_STYLE
from zigzag_lab.reports.explain import explain_recorded
from zigzag_lab.store.families import ResultOf, cycles_by_term, family_of, memory_energies, results_of
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.priced import PricedRun, priced_run
from zigzag_lab.store.results import OBJECTIVE_COLUMNS
from zigzag_lab.store.run_records import input_records
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.plain import as_plain
from zigzag_lab.vocab.quantities import sums

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""Content security policy: the page loads nothing from elsewhere."""

MOST_DETAILED = 4
"""Of more runs than this, only the best of each objective are shown layer by layer."""

MOST_RESULTS = 1000
"""Results that are listed of a run without a single total."""

SHOWN_OF_ENVIRONMENT = ("python", "implementation", "platform", "machine", "git", "versions")
"""Fields of the environment in reports: not the user, the host or the folder."""

_FIGURES = ("energy_pj", "latency_cycles", "edp_pj_cycles", "area_total_mm2", "clock_ns", "n_layers", "n_macs")
_WORK = ("n_mappings_evaluated", "seconds", "cache_hits", "cache_misses")


def write_report(lab: Lab, runs: Sequence[RunRecord], path: str | Path, title: str = "") -> Path:
    """Write a report of runs: summary, provenance, tables that sort and filter, charts, mappings, how to reproduce.

    Of many runs, only the best are shown layer by layer. The file ends in ``.html``; its title is by default made from
    the runs.

    Raises:
        InputError: there are no runs, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError("report", f"'{path}'", "a name that ends in .html")
    if not path.parent.is_dir():
        raise InputError("report", f"the folder '{path.parent}' does not exist", "a folder that exists")
    page = report_html(report_content(lab, runs, title))
    try:
        path.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError("report", f"'{path}' cannot be written: {error.strerror}") from error
    return path


def report_html(content: dict[str, object]) -> str:
    """The page of some content (:func:`report_content`).

    Names reach the page as data only: the script writes them as text, never as markup.
    """
    title, assets = str(content["title"]), files("zigzag_lab.reports") / "assets"
    style, script = ((assets / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><h1>{escape(title)}</h1></header>\n<main id="main">\n'
        "<noscript>The tables and charts of this report need JavaScript.</noscript>\n</main>\n"
        f'<script type="application/json" id="content">{as_script_data(content)}</script>\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def as_script_data(value: object) -> str:
    """JSON that can stand inside a script element, whatever names are in it."""
    text = json.dumps(as_plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


# -- what it shows -----------------------------------------------------------------------------------------------------


def report_content(lab: Lab, runs: Sequence[RunRecord], title: str = "") -> dict[str, object]:
    """All that a report of some runs shows.

    Raises:
        InputError: there are no runs.
    """
    if not runs:
        raise InputError("report", "no runs", "at least one")
    chosen = detailed(runs)
    return {
        "title": title or _title(runs),
        "runs": [{**_run(run), **_sums(lab, run)} for run in runs],
        "colours": {
            "terms": {term: colour for term, (colour, _) in TERM_STYLE.items()},
            "operands": {
                OPERATIONS: OPERATIONS_COLOUR,
                LEAKAGE: LEAKAGE_COLOUR,
                **{op: colour for op, (colour, _) in OPERAND_STYLE.items()},
            },
        },
        "details": [_detail(lab, run, why) for run, why in chosen],
        "database": str(lab.url) if "@" not in str(lab.url) else str(lab.url).split("@")[-1],
    }


def detailed(runs: Sequence[RunRecord]) -> list[tuple[RunRecord, str]]:
    """The runs to show layer by layer, and why: all of a few, else the best of each objective."""
    if len(runs) <= MOST_DETAILED:
        return [(run, "") for run in runs]
    reasons: dict[str, list[str]] = {}
    for objective, column in OBJECTIVE_COLUMNS.items():
        done = [run for run in runs if run.status == "finished" and getattr(run, column) is not None]
        if done:
            best = min(done, key=lambda run: float(getattr(run, column)))
            reasons.setdefault(best.run_id, []).append(objective)
    by_id = {run.run_id: run for run in runs}
    return [(by_id[run_id], f"least {' and '.join(words)} of all runs") for run_id, words in reasons.items()]


def _title(runs: Sequence[RunRecord]) -> str:
    if len(runs) == 1:
        return runs[0].label
    workloads, accelerators = {str(r.workload) for r in runs}, {str(r.accelerator) for r in runs}
    what = [next(iter(names)) if len(names) == 1 else f"{len(names)} {word}" for names, word in
            ((workloads, "workloads"), (accelerators, "accelerators"))]  # fmt: skip
    return f"{len(runs)} runs: {what[0]} on {what[1]}"


def _run(run: RunRecord) -> dict[str, object]:
    words = ("run_id", "name", "experiment", "workload", "accelerator", "mapping", "objective", "status", "reason")
    return {
        **{name: getattr(run, name) for name in (*words, *_FIGURES, *_WORK)},
        **run.physical.derived(),
        "label": run.label,
        "warnings": run.warnings or [],
        "started_at": run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    }


def _sums(lab: Lab, run: RunRecord) -> dict[str, object]:
    """Energy by memory and by operand, and latency by term, of the layers that make up its total."""
    if run.has_no_total:
        return {"energy_by_memory": {}, "energy_by_operand": {}, "latency_by_term": {}}
    operations = OPERATIONS, OPERATIONS, run.mac_energy_pj or 0.0
    static = run.physical.static_energy_pj
    leakage = [(LEAKAGE, LEAKAGE, static)] if static else []
    spent = [operations, *leakage, *memory_energies(lab, run.run_number)]
    return {
        "energy_by_memory": sums((memory, pj) for memory, _, pj in spent),
        "energy_by_operand": sums((operand, pj) for _, operand, pj in spent),
        "latency_by_term": cycles_by_term(lab, run.run_number),
    }


def _detail(lab: Lab, run: RunRecord, why: str) -> dict[str, object]:
    """A run layer by layer; of one that cannot be priced again, a note and its provenance only."""
    found: dict[str, object] = {"run_id": run.run_id, "why": why, "claims": [], "layers": [], "note": ""}
    found |= {"children": _children(lab, run), "results": [], "n_results": run.n_results or 0}
    if run.has_no_total:
        found["results"] = [_result(one) for one in results_of(lab, run)[:MOST_RESULTS]]
        found["note"] = f"It has no single total: it yielded {run.n_results or 0:,} results."
        return {**found, **_provenance(lab, run)}
    try:
        priced = priced_run(lab, run.run_id)
        found["claims"] = [asdict(claim) for claim in explain_recorded(lab, priced).claims]
        found["layers"] = _layers(priced)
    except InputError as error:
        found["note"] = str(error)
    return {**found, **_provenance(lab, run)}


def _children(lab: Lab, run: RunRecord) -> list[dict[str, object]]:
    """The runs within a run, those within them after them."""
    return [
        {
            **{name: getattr(child.run, name) for name in ("run_id", "status", *_FIGURES)},
            "label": child.run.label,
            "varied": "\u2003" * child.depth + (child.run.varied or child.run.name),
            "chosen": "all" if child.n_chosen == child.n_layers else str(child.n_chosen) if child.n_chosen else "-",
        }
        for child in family_of(lab, run)
    ]


def _result(one: ResultOf) -> dict[str, object]:
    energy, latency = one.result.energy_pj, one.result.latency_cycles
    edp = None if energy is None or latency is None else energy * latency
    known = {"path": one.result.path, "of": one.layers, "child": one.child}
    return {**known, "energy_pj": energy, "latency_cycles": latency, "edp_pj_cycles": edp}


def _layers(priced: PricedRun) -> list[dict[str, object]]:
    return [
        {
            "index": stored.layer_index,
            "name": stored.name,
            "operator": cme.layer.operator_type,
            "n_macs": cme.layer.n_macs,
            "energy_pj": cme.energy_total,
            "latency_cycles": cme.latency_total2,
            "utilisation": cme.mac_utilization2,
            "spatial": stored.spatial_mapping,
            "gap": None if stored.certificate is None else stored.certificate.gap,
            "proof": "" if stored.certificate is None else stored.certificate.sentence(),
            "energy_by_memory": {**energy_beside_memories_pj(cme), **energy_by_memory_pj(cme)},
            "latency_by_term": latency_by_term(cme),
            "nest": "\n".join(line for line in loop_nest_text(cme).splitlines()[1:] if line.strip("-=")),  # no rules
        }
        for stored, cme in zip(priced.layers, priced.cmes, strict=True)
    ]


def _provenance(lab: Lab, run: RunRecord) -> dict[str, object]:
    details = lab.details(run.run_id)
    inputs = [
        {"kind": kind, "name": name, "digest": digest, "file": PureWindowsPath(str(file_name or "")).name}
        for kind, name, digest, file_name, _ in input_records(lab.store.database, run.run_number)
    ]
    environment = {k: details.environment[k] for k in SHOWN_OF_ENVIRONMENT if details.environment.get(k)}
    return {
        "inputs": inputs,
        "options": details.options,
        "tags": details.tags,
        "environment": environment,
        "engine": details.engine_digest,
    }
