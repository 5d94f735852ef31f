"""Why a recorded run, or one of its layers, costs what it costs."""

from __future__ import annotations

from dataclasses import replace

from zigzag_lab.api.run_page import run_page
from zigzag_lab.reports import Explanation, explain
from zigzag_lab.reports.left_out import left_out_claim
from zigzag_lab.reports.what_if import Network
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.priced import priced_run
from zigzag_lab.vocab import InputError


def explain_run(lab: Lab, run: RunRecord, layer: str | None = None) -> Explanation:
    """Explain a run, or one layer of it.

    Args:
        lab: the database.
        run: the run.
        layer: the name, a part of the name, or the index of the only layer to explain.

    Raises:
        InputError: the run has no layers, or no single total, or no layer, or several, are called so.
    """
    if run.has_no_total and layer is None:
        said = f"it has no single total: its {run.n_results or 0:,} results answer several questions"
        inside = f"one of the runs within it ('zigzag-lab show {run.run_id}')" if run.n_children else "a layer of it"
        raise InputError(f"run {run.run_id}", said, inside, "Name a layer with --layer INDEX.")
    priced = priced_run(lab, run.run_id)
    if layer is None:
        found = explain(priced.cmes, f"{priced.label}, {run.aim} (run {run.run_id})")
        left_out = left_out_claim(lab, run.run_id)
        return found if left_out is None else replace(found, claims=(*found.claims, left_out))
    (stored,) = run_page(lab, run, layer).layers
    place = next(i for i, one in enumerate(priced.layers) if one.layer_index == stored.layer_index)
    title = f"{stored.name}  (layer {stored.layer_index} of run {run.run_id})"
    return explain([priced.cmes[place]], title, Network.of(priced.cmes))
