"""``zigzag-lab run`` and ``front``: price a network, and its trade-offs of energy and latency."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zigzag_lab.cli import figures, render
from zigzag_lab.cli.options import RunCommand, database_option, input_options, mlflow_option, record_options
from zigzag_lab.cli.plain import as_json, print_csv, raw_option
from zigzag_lab.cli.render import ended_runs
from zigzag_lab.cli.table import Column, shown, table
from zigzag_lab.vocab.options import FRONT_OPTIONS, Option
from zigzag_lab.vocab.terminal import bold

if TYPE_CHECKING:
    from zigzag_lab.api.front import LayerFront, NetworkFront

EXAMPLE = "Example: zigzag-lab run --workload resnet18 --accelerator tpu_like --mapping tpu_like"


def _options() -> Sequence[Option]:
    from zigzag_lab import api

    return api.run_options()


@click.command("run", cls=RunCommand, options_of=_options, epilog=EXAMPLE)
@input_options(are_required=True)
@click.option("--dump", type=click.Path(path_type=Path), metavar="DIR", help="Write ZigZag's files to this folder.")
@record_options
@database_option
@mlflow_option
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object, and nothing else.")
def run_command(
    workload: str,
    accelerator: str,
    mapping: str,
    dump: Path | None,
    experiment: str,
    tags: tuple[tuple[str, str], ...],
    database: str | None,
    mlflow: str | None,
    no_cache: bool,
    is_json: bool,
    **options: Any,
) -> None:
    """Price a network on an accelerator, and record the run."""
    from zigzag_lab import api

    request = api.RunRequest.of_options(workload, accelerator, mapping, {**options, "dump_folder": dump})
    url = database or api.default_database()
    uri = api.mlflow_uri_for(url, mlflow)
    progress_bar = nullcontext() if is_json else render.layer_progress()
    with ended_runs(url, mlflow, as_json=is_json), progress_bar as progress:
        outcome = api.run(
            request,
            store=url,
            experiment=experiment,
            tags=dict(tags),
            mlflow="off",
            progress=progress,
            cache=not no_cache,
        )
    if is_json:
        click.echo(render.as_json(outcome))
    else:
        render.print_outcome(outcome, request)
        render.print_record(outcome, url, uri)
    sys.stdout.flush()
    if outcome.record_error is not None:
        click.get_current_context().exit(1)
    render.warn_of_unpublished(api.publish(url, mlflow, outcome.run_id))


# -- trade-offs --------------------------------------------------------------------------------------------------------


MOST_ROWS = 12

_FRONT_EXAMPLES = """\b
Examples:
  zigzag-lab front --workload resnet18 --accelerator tpu_like --mapping tpu_like
  zigzag-lab front last --layer 3
  zigzag-lab front last -o front.svg
"""


@click.command("front", cls=RunCommand, options_of=lambda: FRONT_OPTIONS, epilog=_FRONT_EXAMPLES)
@click.argument("run", required=False)
@input_options(are_required=False, note="Search anew: ")
@record_options
@click.option("--layer", metavar="NAME|INDEX", help="Only the front of this layer, with its mappings.")
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV: all points, every figure with all its digits.")
@raw_option
@click.option("--json", "is_json", is_flag=True, help="Print JSON: all points, every figure with all its digits.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Draw it: PNG, SVG or PDF.")
@database_option
@mlflow_option
def front_command(
    run: str | None,
    workload: str | None,
    accelerator: str | None,
    mapping: str | None,
    layer: str | None,
    is_csv: bool,
    is_json: bool,
    output: Path | None,
    database: str | None,
    mlflow: str | None,
    **search: Any,
) -> None:
    """Find the mappings that no other beats in both energy and latency: of each layer, and of the network.

    With a workload, an accelerator and a mapping file it searches, and records a run; with RUN (an id, the start of
    one, or 'last') it shows what a run found. A network's points choose one mapping for each layer.
    """
    from zigzag_lab.api import ask, default_database, publish
    from zigzag_lab.api.front import plot_front, recorded_front
    from zigzag_lab.api.run_page import layer_called

    given = {"workload": workload, "accelerator": accelerator, "mapping": mapping}
    url = database or default_database()
    is_new = any(value is not None for value in given.values())
    if is_new:
        run = _searched(run, given, url, mlflow, **search)
    with ask.open_lab(url) as lab:
        found = ask.find_run(lab, run or "last")
        front = recorded_front(lab, found)
        only = None
        if layer is not None:
            index = layer_called(layer, lab.layers(found.run_id), found.run_id).layer_index
            only = next(one for one in front.layers if one.index == index)
    if output is not None:
        click.echo(f"Drawn: {plot_front(front, output, only)}", err=is_csv or is_json)
    if is_json:
        click.echo(as_json(front.as_plain()))
    elif is_csv:
        _print_csv(front, only)
    elif output is None:
        click.echo("\n".join(_lines(front) if only is None else _layer_lines(front, only)))
    if is_new:
        sys.stdout.flush()
        render.warn_of_unpublished(publish(url, mlflow, run))


def _searched(
    run: str | None,
    given: dict[str, str | None],
    url: str,
    mlflow: str | None,
    *,
    experiment: str,
    tags: tuple[tuple[str, str], ...],
    no_cache: bool,
    **options: Any,
) -> str:
    """Search, and return the id of the new run."""
    from zigzag_lab import api
    from zigzag_lab.api.front import search_front

    missing = [name for name, value in given.items() if value is None]
    if missing or run is not None:
        found = "RUN goes without them" if run is not None else f"--{missing[0]} is missing"
        raise click.UsageError(f"--workload, --accelerator and --mapping go together; {found}.")
    request = api.RunRequest.of_options(given["workload"], given["accelerator"], given["mapping"], options)
    api.mlflow_uri_for(url, mlflow)
    with ended_runs(url, mlflow), render.layer_progress() as progress:
        return search_front(
            request, store=url, experiment=experiment, tags=dict(tags), progress=progress, cache=not no_cache
        )


def _print_csv(front: NetworkFront, only: LayerFront | None) -> None:
    if only is not None:
        rows = [(p.energy_pj, p.latency_cycles, p.energy_pj * p.latency_cycles, p.is_proven) for p in only.points]
        print_csv(["energy_pj", "latency_cycles", "edp_pj_cycles", "is_proven"], rows)
        return
    headings = ["energy_pj", "latency_cycles", "edp_pj_cycles", *(layer.name for layer in front.layers)]
    print_csv(headings, [(e, t, e * t, *chosen) for e, t, chosen in front.points])


def _lines(front: NetworkFront) -> Iterator[str]:
    """The front of the network, and the ends of those of its layers."""
    run, points = front.run, front.points
    yield bold(f"{shown(str(run.workload))} on {shown(str(run.accelerator))}: {_proof(front)}")
    yield f"{len(points):,} trade-offs of the network" + (f", {MOST_ROWS} of them:" if len(points) > MOST_ROWS else ":")
    last, n = len(points) - 1, min(len(points), MOST_ROWS)  # some points, evenly spread, the ends included
    shown_points = [points[round(i * last / max(n - 1, 1))] for i in range(n)]
    yield table(figures.PRICES, [figures.prices(energy, latency) for energy, latency, _ in shown_points])
    yield ""
    columns = [Column("index", True), Column("layer"), Column("points", True), Column("least energy", True)]
    columns += [Column("at cycles", True), Column("least cycles", True), Column("at energy", True), Column("proven")]
    yield table(columns, [_layer_row(layer) for layer in front.layers])
    yield ""
    yield f"Recorded as run {run.run_id}. One layer: {render.program()} front {run.run_id} --layer INDEX"


def _proof(front: NetworkFront) -> str:
    if front.is_proven:
        return "proven front"
    n = sum(layer.is_proven for layer in front.layers)
    return f"best front found ({n} of {len(front.layers)} layers proven)"


def _layer_row(layer: LayerFront) -> list[str]:
    first, last = layer.points[0], layer.points[-1]
    ends = figures.energy(first.energy_pj), figures.count(first.latency_cycles)
    other = figures.count(last.latency_cycles), figures.energy(last.energy_pj)
    return [str(layer.index), layer.name, str(len(layer.points)), *ends, *other, "yes" if layer.is_proven else "no"]


def _layer_lines(front: NetworkFront, layer: LayerFront) -> Iterator[str]:
    proven = "proven" if layer.is_proven else "the best found in the time given"
    yield bold(f"{shown(layer.name)}  (layer {layer.index} of run {front.run.run_id}), {proven}")
    columns = [Column("energy", True), Column("cycles", True), Column("spatial mapping"), Column("temporal mapping")]
    rows = []
    for point in layer.points:
        nests = (f"{op}: {_nest(levels, point.memories[op])}" for op, levels in point.mapping["temporal"].items())
        price = [figures.energy(point.energy_pj), figures.count(point.latency_cycles)]
        rows.append([*price, point.spatial_mapping, "; ".join(nests)])
    yield table(columns, rows)


def _nest(levels: Sequence[Sequence[tuple[str, float]]], memories: list[str]) -> str:
    """The loops of an operand, innermost first, each memory behind its loops."""
    parts = (
        " ".join([*(f"{dim}{size:g}" for dim, size in loops), f"[{memory}]"])
        for loops, memory in zip(levels, memories, strict=True)
    )
    return " ".join(parts)
