"""What a run looks like on a terminal, and as JSON; one that an error ended, too."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.table import Column, shown, table
from zigzag_lab.vocab import InfeasibleError, ZigzagLabError
from zigzag_lab.vocab.quantities import energy, physical_lines, share
from zigzag_lab.vocab.terminal import bold, printable

if TYPE_CHECKING:
    from rich.progress import Progress

    from zigzag_lab.api import RunOutcome, RunRequest
    from zigzag_lab.cost import CostModelEvaluation
    from zigzag_lab.tracking import PublishReport
    from zigzag_lab.workload import Layer

N_BUSIEST, LABEL = 5, 12
NOT_KNOWN = ("energy_pj", "latency_cycles", "edp_pj_cycles", "n_layers", "n_mappings_evaluated", "cache")
"""Figures of a run that an error ended."""


def as_json(outcome: RunOutcome) -> str:
    """The outcome as one JSON object."""
    total, covered, cache = outcome.total, outcome.coverage, outcome.cache
    return json.dumps(
        {
            "run_id": outcome.run_id,
            "status": "finished",
            "energy_pj": total.energy_total,
            "latency_cycles": total.latency_total2,
            "edp_pj_cycles": total.edp_pj_cycles,
            **({} if total.area_mm2 is None else {"area_mm2": total.area_mm2}),
            "area_total_mm2": None,
            **outcome.physical.as_dict(),
            "n_layers": len(outcome.layers),
            **({} if covered is None else {"n_macs": covered.n_operations, "left_out": covered.as_dict()}),
            "n_mappings_evaluated": outcome.n_mappings_evaluated,
            **({} if (proof := outcome.proof) is None else {"proof": proof.as_dict()}),
            "cache": {"hits": cache.hits if cache else 0, "misses": cache.misses if cache else 0},
            "seconds": round(outcome.seconds, 4),
            "warnings": [finding.as_dict() for finding in outcome.findings],
            "layers": [_layer(cme, outcome) for cme in outcome.layers],
        }
    )


def _layer(cme: CostModelEvaluation, outcome: RunOutcome) -> dict[str, object]:
    figures: dict[str, object] = {
        "name": cme.layer.name,
        "n_macs": cme.layer.n_macs,
        "energy_pj": cme.energy_total,
        "latency_cycles": cme.latency_total2,
        **outcome.physical_of(cme).known(),
    }
    return figures if cme.certificate is None else {**figures, "certificate": cme.certificate.as_dict()}


def _cache_sentence(outcome: RunOutcome) -> str:
    """What the cache did, where that is worth a line."""
    found = outcome.cache
    if found is None or not (found.hits or found.not_kept):
        return ""
    parts = []
    if found.hits:
        n_all = found.hits + found.misses
        parts.append(f"{found.hits} of {n_all} distinct layers came from the cache ({found.seconds_saved:.2f} s saved)")
    if found.shared:
        parts.append(f"{found.shared} of them another process computed meanwhile")
    if found.not_kept:
        parts.append(f"not cached: {'; '.join(found.not_kept)}")
    return "; ".join(parts) + "."


@contextmanager
def layer_progress() -> Iterator[_LayerBar | None]:
    """A progress bar over layers on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=getattr(sys.stderr, "behind", sys.stderr)), transient=True) as bar:
        yield _LayerBar(bar)


class _LayerBar:
    def __init__(self, bar: Progress) -> None:
        self.bar, self.task = bar, bar.add_task("", total=None)

    def layer_started(self, layer: Layer, index: int, n_layers: int) -> None:
        """Name the layer."""
        from rich.markup import escape

        self.bar.update(self.task, description=escape(printable(layer.name)), total=n_layers)

    def layer_done(self, layer: Layer, index: int, n_layers: int) -> None:
        """Move on."""
        self.bar.update(self.task, completed=index + 1)


def print_outcome(outcome: RunOutcome, request: RunRequest) -> None:
    """Totals, the busiest layers, and what to type next."""
    total = outcome.total
    names = [bold(shown(str(name))) for name in (request.workload, request.accelerator)]
    click.echo(f"{' on '.join(names)}, best {request.objective.value}")
    click.echo(f"  energy   {energy(total.energy_total):>12}   ({total.energy_total:,.3f} pJ)")
    click.echo(f"  latency  {total.latency_total2:>12,.0f} cycles   (array busy {total.mac_utilization2:.1%})")
    for label, text in physical_lines(outcome.physical):
        click.echo(f"  {label:<{LABEL}}{shown(text)}")
    click.echo(f"Busiest of {len(outcome.layers)} layers")
    rows = []
    for cme in sorted(outcome.layers, key=lambda cme: -cme.latency_total2)[:N_BUSIEST]:
        of_all = share(cme.latency_total2, total.latency_total2)
        rows.append([cme.layer.name, f"{cme.latency_total2:,.0f}", of_all, energy(cme.energy_total)])
    click.echo(table([Column("layer"), *(Column(name, True) for name in ("cycles", "of all", "energy"))], rows))
    if outcome.inferences is not None and (warning := outcome.inferences.warning()):
        click.echo(f"Note: {warning}.")
    if outcome.coverage is not None and outcome.coverage.left_out:
        click.echo(f"{outcome.coverage.sentence()}.")
    if (proof := outcome.proof) is not None:
        click.echo(f"{proof.sentence()}.")
    for note in outcome.findings:
        if note.severity == "note":  # warnings are printed as soon as they are known
            click.echo(f"{note.line}")
    n = outcome.n_mappings_evaluated
    click.echo(f"{n:,} mappings priced in {outcome.seconds:.2f} s.")
    if sentence := _cache_sentence(outcome):
        click.echo(sentence)


def program() -> str:
    """How the user can call this program again: by its name where the shell finds it, else as it was called."""
    called = sys.argv[0]
    found = which("zigzag-lab")
    is_ours = Path(called).name == "zigzag-lab"
    return called if is_ours and (found is None or not Path(found).samefile(called)) else "zigzag-lab"


def database_words(database: str) -> str:
    """The option that names a database in a command to type next; nothing for the default one."""
    from zigzag_lab.api import default_database, masked

    return "" if database == default_database() else f" --db '{masked(database)}'"


def print_record(outcome: RunOutcome, database: str, mlflow_uri: str | None) -> None:
    """Where the run is recorded, and what to type next."""
    from zigzag_lab.api import masked, mlflow_uri_for

    run_id, asked = outcome.run_id, database_words(database)
    click.echo(f"Recorded as run {run_id}")
    click.echo(f"  database  {masked(database)}")
    click.echo(f"  MLflow    {masked(mlflow_uri) if mlflow_uri else 'off'}")
    click.echo("\nNext:")
    me = program()
    click.echo(f"  {me} show {run_id}{asked}")
    click.echo(f"  {me} explain {run_id}{asked}")
    query = f"SELECT layer, energy_pj, latency_cycles FROM zl_v_layers WHERE run_id = '{run_id}'"
    click.echo(f'  {me} sql "{query}"{asked}')
    if mlflow_uri:
        asked += "" if mlflow_uri == mlflow_uri_for(database) else f" --mlflow '{masked(mlflow_uri)}'"
        click.echo(f"  {me} ui{asked}")


def warn_of_unpublished(report: PublishReport | None) -> None:
    """Print one line where runs could not be published."""
    if report is not None and not report.is_complete:
        click.echo(f"Note: {report.sentence}", err=True)


@contextmanager
def ended_runs(database: str, mlflow: str | None, *, as_json: bool = False) -> Iterator[None]:
    """Where an error ends a run that is on record, say so, tell MLflow, and exit with the error's status."""
    try:
        yield
    except ZigzagLabError as error:
        if error.run_id is None:
            raise
        from zigzag_lab import api

        click.echo(f"Error: {error}", err=True)
        if as_json:
            click.echo(_json(error))
        words = f"{program()} show {error.run_id}{database_words(database)}"
        click.echo(f"Recorded as run {error.run_id}: {words}", err=True)
        sys.stdout.flush()
        warn_of_unpublished(api.publish(database, mlflow, error.run_id))
        sys.exit(error.exit_status)


def _json(error: ZigzagLabError) -> str:
    """The run as one JSON object: the keys of one that finished, as far as it got; whether it is proven infeasible."""
    known: dict[str, object] = {"run_id": error.run_id, "status": "failed", "reason": str(error)}
    if isinstance(error, InfeasibleError):
        known |= {"status": "infeasible", "is_proven": error.is_proven}
    return json.dumps({**known, **dict.fromkeys(NOT_KNOWN), "layers": []})
