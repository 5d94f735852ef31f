"""Pages of runs, and explanations of what bounds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from zigzag_lab.api.ask import LAST, find_run
from zigzag_lab.api.run_page import layer_called
from zigzag_lab.reports import Explanation, explain, write_report
from zigzag_lab.reports.explain import left_out_claim
from zigzag_lab.reports.what_if import Network
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.priced import priced_run
from zigzag_lab.store.sweep_questions import run_ids
from zigzag_lab.vocab import InputError


def chosen_runs(
    lab: Lab, words: Sequence[str], experiment: str | None = None, *, only_finished: bool = False
) -> list[RunRecord]:
    """The runs that are named and those of an experiment, each once; the newest where nothing is named.

    Names are ids, starts of ids, ``last``, or names of sweeps, which stand for the runs of their points. The runs of
    the experiment follow, the oldest first; those that did not finish may be left out.

    Raises:
        InputError: no run, or several, are called so; the experiment has none.
    """
    found: list[RunRecord] = []
    for word in words:
        found += [lab.run(run_id) for run_id in run_ids(lab.store.database, word)] or [find_run(lab, word)]
    if experiment is not None:
        of_experiment = lab.runs(experiment=experiment, status="finished" if only_finished else None, limit=None)
        if not of_experiment:
            kind = "finished runs" if only_finished else "runs"
            raise InputError(f"experiment '{experiment}'", f"no {kind}", "the name of an experiment with some")
        found += reversed(of_experiment)
    found = found or [find_run(lab, LAST)]
    return list({run.run_id: run for run in found}.values())


def report(lab: Lab, words: Sequence[str], path: str | Path, *, experiment: str | None = None, title: str = "") -> Path:
    """Write a report of runs as one HTML file; see :func:`zigzag_lab.reports.write_report`."""
    return write_report(lab, chosen_runs(lab, words, experiment), path, title)


def explain_run(lab: Lab, run: RunRecord, layer: str | None = None) -> Explanation:
    """Explain a run, or the one layer of it that has a name, a part of a name, or an index.

    Raises:
        InputError: the run has no layers, or no single total, or no layer, or several, are called so.
    """
    if run.has_no_total and layer is None:
        several = f"it has no single total: its {run.n_results or 0:,} results answer several questions"
        inside = f"one of the runs within it ('zigzag-lab show {run.run_id}')" if run.n_children else "a layer of it"
        raise InputError(f"run {run.run_id}", several, inside, "Name a layer with --layer INDEX.")
    priced = priced_run(lab, run.run_id)
    if layer is None:
        found = explain(priced.cmes, f"{priced.label}, {run.aim} (run {run.run_id})")
        left_out = left_out_claim(lab, run.run_id)
        return found if left_out is None else replace(found, claims=(*found.claims, left_out))
    stored = layer_called(layer, priced.layers, run.run_id)
    place = priced.layers.index(stored)
    title = f"{stored.name}  (layer {stored.layer_index} of run {run.run_id})"
    return explain([priced.cmes[place]], title, Network.of(priced.cmes))
