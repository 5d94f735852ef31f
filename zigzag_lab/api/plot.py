"""Recorded runs as pictures, one for each kind of question; as pages; and what bounds them, explained."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

from zigzag_lab import plots
from zigzag_lab.api.ask import LAST, find_run
from zigzag_lab.api.run_page import layer_called, run_page
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.plots.style import check_path
from zigzag_lab.reports import Explanation, write_report
from zigzag_lab.reports.explain import explain_recorded
from zigzag_lab.store.families import innermost
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.priced import PricedRun, priced_run
from zigzag_lab.store.sweep_questions import run_ids
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import OBJECTIVE
from zigzag_lab.vocab.registry import Registry

MOST_DRAWN = 500
"""Results of a run without a single total that are drawn side by side."""

TRACE_COLUMNS = ("search", "seconds", "best")


@dataclass(frozen=True)
class Drawing:
    """What a picture of recorded runs is of, and the file to draw it to.

    Attributes:
        kind: a name of :data:`PLOT_KINDS`.
        layer: the name, a part of the name, or the index of the only layer to draw; ``nest`` needs one.
        objective: what makes a layer hot in the graph of a workload.
    """

    lab: Lab
    runs: Sequence[RunRecord]
    path: Path
    kind: str
    layer: str | None = None
    objective: str = OBJECTIVE.default

    @cached_property
    def priced(self) -> PricedRun:
        """The only run, with the layers to draw priced again.

        Raises:
            InputError: there are several runs, or too many results.
        """
        if len(self.runs) != 1:
            several = " or ".join(kind.name for kind in PLOT_KINDS.values() if kind.takes_several)
            raise InputError(f"plot {self.kind}", f"{len(self.runs)} runs", "one run", f"For several: {several}.")
        (run,) = self.runs
        only = None if self.layer is None else [one.layer_index for one in run_page(self.lab, run, self.layer).layers]
        if only is None and run.has_no_total and (run.n_results or 0) > MOST_DRAWN:
            found = f"it has {run.n_results:,} results and no single total"
            raise InputError(f"run {run.run_id}", found, f"at most {MOST_DRAWN:,}", "Name a layer with --layer INDEX.")
        return priced_run(self.lab, run.run_id, only)

    @property
    def title(self) -> str:
        """The title of a picture of one run or of one of its layers."""
        priced = self.priced
        name = priced.cmes[0].layer.name
        return f"{priced.label}, {self.runs[0].aim}" if self.layer is None else f"{name} of {priced.label}"


@dataclass(frozen=True)
class PlotKind:
    """A kind of picture of recorded runs: the word that users write, what it shows, and what draws and saves it."""

    name: str
    help: str
    draw: Callable[[Drawing], Path]
    takes_several: bool = False


def plot_runs(
    lab: Lab,
    kind: str,
    runs: Sequence[RunRecord],
    path: str | Path,
    *,
    layer: str | None = None,
    objective: str = OBJECTIVE.default,
) -> Path:
    """Draw a picture of recorded runs, and save it as PNG, SVG or PDF; see :class:`Drawing` for the arguments.

    Raises:
        InputError: there is no such kind, the runs do not suit it, or the path is not usable.
    """
    found = PLOT_KINDS.named(kind, "kind of picture")
    return found.draw(Drawing(lab, runs, check_path(path), found.name, layer, objective))


def _of_layers(draw: Callable[[Sequence[CostModelEvaluation], Path, str], Path]) -> Callable[[Drawing], Path]:
    return lambda drawing: draw(drawing.priced.cmes, drawing.path, drawing.title)


def _nest(drawing: Drawing) -> Path:
    priced = drawing.priced
    if len(priced.cmes) > 1:
        names = f"{len(priced.cmes)} layers, 0 to {priced.layers[-1].layer_index}"
        raise InputError("plot nest", names, "one layer", "Name it with --layer.")
    return plots.plot_loop_nest(priced.cmes[0], drawing.path, drawing.title)


def _workload(drawing: Drawing) -> Path:
    priced = drawing.priced
    return plots.plot_workload(priced.workload, priced.cmes, drawing.path, drawing.title, drawing.objective)


def _compare(drawing: Drawing) -> Path:
    """Draw runs under their labels; those that repeat have what was minimised in them, else the run's id."""
    runs = [priced_run(drawing.lab, run.run_id) for run in drawing.runs]
    labels = [run.label for run in runs]
    if len(set(labels)) < len(labels):
        labels = [f"{run.label}, {run.run.objective}" for run in runs]
    if len(set(labels)) < len(labels):
        labels = [f"{run.run.run_id} {run.label}" for run in runs]
    return plots.plot_comparison(dict(zip(labels, [run.cmes for run in runs], strict=True)), drawing.path)


def _pareto(drawing: Drawing) -> Path:
    """Draw latency and energy of finished runs."""
    runs = innermost(drawing.lab, drawing.runs)
    priced = [r for r in runs if r.latency_cycles is not None and r.energy_pj is not None]
    if not priced:
        raise InputError("plot pareto", "no run with a price", "finished runs")
    points = [
        plots.DesignMark(label, r.latency_cycles or 0.0, r.energy_pj or 0.0)
        for label, r in zip(_point_labels(priced), priced, strict=True)
    ]
    return plots.plot_pareto(points, drawing.path, f"{len(points)} runs")


def _point_labels(runs: Sequence[RunRecord]) -> list[str]:
    """What distinguishes runs: what children vary, else workload and accelerator where these differ, and ids."""
    workloads, accelerators = {r.workload for r in runs}, {r.accelerator for r in runs}
    labels = []
    for run in runs:
        parts = [run.workload] if len(workloads) > 1 else []
        parts += [run.varied] if run.settings else [run.accelerator] if len(accelerators) > 1 else []
        labels.append(", ".join(str(part) for part in parts) or run.run_id)
    return labels if len(set(labels)) == len(labels) else [f"{x} {r.run_id}" for x, r in zip(labels, runs, strict=True)]


def plot_traces(data: str | Path, path: str | Path) -> Path:
    """Draw the quality of searches against time, and save the picture as PNG, SVG or PDF.

    The data are CSV with the columns ``search``, ``seconds`` and ``best`` (the objective found by then).

    Raises:
        InputError: the file lacks these columns or has no numbers in them, or a path is not usable.
    """
    traces: dict[str, list[tuple[float, float]]] = {}
    try:
        with StringIO(read_bytes(data, "a CSV file").decode(), newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in TRACE_COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise InputError(str(data), f"no column {', '.join(missing)}", ", ".join(TRACE_COLUMNS))
            for row in reader:
                traces.setdefault(row["search"], []).append((float(row["seconds"]), float(row["best"])))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(data), f"it cannot be read: {error}", "a CSV file") from error
    except (TypeError, ValueError) as error:
        raise InputError(str(data), str(error), "numbers under seconds and best") from error
    if not traces:
        raise InputError(str(data), "no rows", "a row for each better mapping found")
    return plots.plot_search_quality({name: sorted(trace) for name, trace in traces.items()}, path)


PLOT_KINDS: Registry[PlotKind] = Registry(
    "zigzag_lab.plot_kinds",
    PlotKind,
    (
        PlotKind("energy", "of each layer, by memory and by operand", _of_layers(plots.plot_energy)),
        PlotKind("latency", "of each layer, by what it is spent on", _of_layers(plots.plot_latency)),
        PlotKind("roofline", "layers under what array and memory allow", _of_layers(plots.plot_roofline)),
        PlotKind("memories", "how full each memory is in each layer", _of_layers(plots.plot_memory_utilisation)),
        PlotKind("nest", "the loops of a layer's mapping", _nest),
        PlotKind(
            "hierarchy",
            "the memories of the accelerator",
            lambda drawing: plots.plot_memory_hierarchy(drawing.priced.accelerator, drawing.path, drawing.priced.cmes),
        ),
        PlotKind("workload", "the graph of the network, hot layers dark", _workload),
        PlotKind("compare", "several runs side by side", _compare, takes_several=True),
        PlotKind("pareto", "several runs, and the front of the best", _pareto, takes_several=True),
    ),
)
"""Name -> kind of picture. Entry points of the group ``zigzag_lab.plot_kinds`` add to it."""


# -- pages and explanations --------------------------------------------------------------------------------------------


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
        return explain_recorded(lab, priced, title=f"{priced.label}, {run.aim} (run {run.run_id})")
    stored = layer_called(layer, priced.layers, run.run_id)
    title = f"{stored.name}  (layer {stored.layer_index} of run {run.run_id})"
    return explain_recorded(lab, priced, priced.layers.index(stored), title)
