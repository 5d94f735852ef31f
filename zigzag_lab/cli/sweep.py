"""``zigzag-lab sweep``, and ``status``: progress of sweeps."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.options import database_option, mlflow_option, publish_option
from zigzag_lab.cli.plain import as_json, print_csv, raw_option
from zigzag_lab.cli.render import warn_of_unpublished
from zigzag_lab.cli.table import Column, table
from zigzag_lab.vocab.terminal import REWRITTEN

if TYPE_CHECKING:
    from zigzag_lab.api.sweep import SweepOutcome, SweepPlan
    from zigzag_lab.store.sweep_questions import SweepSummary
    from zigzag_lab.sweeps.running import Progress

SECONDS_BETWEEN_LINES = 10.0


@click.command("sweep")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(min=1), help="Processes; by default one for each CPU.")
@click.option("--executor", default="local", show_default=True, metavar="local|dask", help="Where the work is done.")
@click.option("--scheduler", metavar="ADDRESS", help="Of a running Dask scheduler, such as tcp://head:8786.")
@click.option("--dry-run", is_flag=True, help="Count points, and those without an answer; run nothing.")
@click.option("--retry-failed", is_flag=True, help="Price points again that failed before.")
@publish_option
@database_option
@mlflow_option
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object, and nothing else.")
def sweep_command(
    file: Path,
    workers: int | None,
    executor: str,
    scheduler: str | None,
    dry_run: bool,
    retry_failed: bool,
    policy: str | None,
    database: str | None,
    mlflow: str | None,
    is_json: bool,
) -> None:
    r"""Price the points of a sweep file that have no answer yet.

    What is done is skipped, so the same command goes on where the last one stopped. Ctrl-C lets the chunks under way
    end; twice ends at once.

    \b
    Example:
      zigzag-lab sweep experiments/buffer-and-array
    """
    from zigzag_lab.api import default_database, mlflow_view, sweep

    url = database or default_database()
    mlflow_view.check_publishing(url, mlflow, policy)
    if dry_run:
        plan = sweep.plan_sweep(file, store=url, retry_failed=retry_failed)
        click.echo(as_json(_plan_as_dict(plan)) if is_json else _planned(plan, workers))
        for finding in () if is_json else plan.findings:
            click.echo(finding.line, err=True)
        return
    line = ProgressLine(is_quiet=is_json)
    with line.listening():
        outcome = sweep.run_sweep(
            file,
            store=url,
            n_workers=workers,
            executor=executor,
            scheduler=scheduler,
            retry_failed=retry_failed,
            listener=line,
        )
    line.end()
    click.echo(as_json(_as_dict(outcome)) if is_json else _ended(outcome, file))
    if not outcome.is_complete:
        sys.exit(1)
    sys.stdout.flush()
    warn_of_unpublished(mlflow_view.sync(url, mlflow, policy=policy, sweeps=[outcome.name], may_be_off=True))


class ProgressLine:
    """A line on standard error: rewritten on a terminal, a new one now and then elsewhere."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self.is_quiet, self._stopped = is_quiet, False
        self._is_terminal = sys.stderr.isatty()
        self._shown = time.monotonic()

    def progressed(self, progress: Progress) -> None:
        """Show the progress."""
        wait = 0.2 if self._is_terminal else SECONDS_BETWEEN_LINES
        if self.is_quiet or (time.monotonic() - self._shown < wait and progress.n_done < progress.n_wanted):
            return
        self._shown = time.monotonic()
        if self._is_terminal:
            click.echo(REWRITTEN + in_words(progress), nl=False, err=True)
        else:
            click.echo(in_words(progress), err=True)

    def is_stopped(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._stopped

    def end(self) -> None:
        """End the line."""
        if self._is_terminal and not self.is_quiet:
            click.echo(err=True)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Ctrl-C stops the handing out of points meanwhile; pressed again, it interrupts."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupted(self, *_: object) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._stopped = True
        click.echo("\nStopping once the chunks under way are stored; Ctrl-C again stops at once.", err=True)


def in_words(progress: Progress) -> str:
    """One line: how many are done, the rate, the time left, hits, failures, the best so far."""
    parts = [f"{progress.n_done:,} of {progress.n_wanted:,} points", f"{progress.rate:.1f}/s"]
    if progress.seconds_left is not None and progress.n_done < progress.n_wanted:
        parts.append(f"{duration(progress.seconds_left)} left")
    if n_lookups := progress.n_hits + progress.n_misses:
        parts.append(f"{progress.n_hits / n_lookups:.0%} of layers known")
    for n, word in ((progress.n_infeasible, "infeasible"), (progress.n_failed, "failed")):
        if n:
            parts.append(f"{n:,} {word}")
    if progress.best is not None:
        parts.append(f"best {figures.power(progress.best)}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time span in its largest units."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _plan_as_dict(plan: SweepPlan) -> dict[str, object]:
    plain = asdict(plan)
    return {**{key: value for key, value in plain.items() if key != "findings"}, "warnings": plain["findings"]}


def _planned(plan: SweepPlan, workers: int | None) -> str:
    lines = [f"sweep {plan.name}: {plan.n_points:,} points, {plan.n_done:,} answered, {plan.n_missing:,} missing"]
    if plan.n_failed:
        lines.append(f"{plan.n_failed:,} of those answered have failed; '--retry-failed' prices them again")
    lines += _others(plan.n_others)
    if plan.n_missing and plan.seconds_a_point is not None:
        from zigzag_lab.executors.worker import n_cpus

        n_workers = workers or n_cpus()
        left = duration(plan.n_missing * plan.seconds_a_point / n_workers)
        lines.append(f"the rest takes about {left} with {n_workers} workers, at {plan.seconds_a_point:.3g} s a point")
    elif plan.n_missing:
        lines.append("how long it takes is known once some points are priced")
    return "\n".join(lines)


def _ended(outcome: SweepOutcome, file: Path) -> str:
    progress = outcome.progress
    lines = [
        f"sweep {outcome.name}: {outcome.n_points:,} points, {outcome.n_known:,} known before, "
        f"{progress.n_done:,} priced in {duration(outcome.seconds)}"
    ]
    if progress.n_done:
        lines.append(in_words(progress))
    lines += _others(outcome.n_others)
    if not outcome.is_complete:
        lines.append(f"Not complete: 'zigzag-lab sweep {file}' goes on.")
    elif progress.n_failed:
        lines.append(f"'zigzag-lab status {outcome.name} --failed' says why some failed.")
    else:
        lines.append(f"'zigzag-lab pareto {outcome.name}' lists the points that none beats.")
    return "\n".join(lines)


def _others(n: int) -> list[str]:
    """Lines on points of earlier forms of the file."""
    if not n:
        return []
    said = "1 more point is" if n == 1 else f"{n:,} more points are"
    return [f"{said} there of earlier forms of the file, in tables too; another 'name' in the file keeps forms apart"]


def _as_dict(outcome: SweepOutcome) -> dict[str, object]:
    progress = outcome.progress
    return {
        "sweep": outcome.name,
        "n_points": outcome.n_points,
        "n_known": outcome.n_known,
        "n_priced": progress.n_done,
        "n_infeasible": progress.n_infeasible,
        "n_failed": progress.n_failed,
        "n_elsewhere": progress.n_elsewhere,
        "n_others": outcome.n_others,
        "cache": {"hits": progress.n_hits, "misses": progress.n_misses},
        "is_complete": outcome.is_complete,
        "seconds": outcome.seconds,
    }


COUNTS = ("points", "finished", "infeasible", "failed", "under way", "layers known")
COLUMNS = (Column("sweep"), *(Column(count, True) for count in COUNTS))


@click.command("status")
@click.argument("sweep", required=False)
@click.option("--failed", is_flag=True, help="List the points of SWEEP that failed or do not fit, with the reason.")
@click.option("--csv", "is_csv", is_flag=True, help="Print CSV.")
@raw_option
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@database_option
def status_command(sweep: str | None, failed: bool, is_csv: bool, is_json: bool, database: str | None) -> None:
    """Show the progress of all sweeps, or of SWEEP."""
    from zigzag_lab.api import sweep_answers as sweeps

    if failed:
        if sweep is None:
            raise click.UsageError("--failed wants the name of a sweep.")
        _print_failed(sweep, database, is_csv=is_csv, is_json=is_json)
        return
    found = sweeps.sweep_status(database, sweep)
    if is_json:
        click.echo(as_json([asdict(one) for one in found]))
    elif is_csv:
        rows = [asdict(one) for one in found]
        print_csv(list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    elif not found:
        click.echo("No sweeps yet; 'zigzag-lab sweep FILE' makes one.", err=True)
    else:
        click.echo(table(COLUMNS, [_status_row(one) for one in found]))


def _status_row(one: SweepSummary) -> list[str]:
    counts = one.n_points, one.n_finished, one.n_infeasible, one.n_failed, one.n_taken
    known = figures.share(one.n_layer_hits, one.n_layer_hits + one.n_layer_misses)
    return [one.name, *map(figures.count, counts), known]


def _print_failed(sweep: str, database: str | None, *, is_csv: bool, is_json: bool) -> None:
    from zigzag_lab.api import sweep_answers as sweeps
    from zigzag_lab.cli.pareto import settings_in_words

    found = sweeps.sweep_points(sweep, database, statuses=("infeasible", "failed"))
    if is_json:
        click.echo(as_json([point.as_dict() for point in found]))
        return
    rows = [[p.run_id, p.status, p.workload, settings_in_words(p.settings), p.reason or ""] for p in found]
    headings = ("run", "status", "workload", "settings", "reason")
    if is_csv:
        print_csv(headings, rows)
    elif rows:
        click.echo(table([Column(heading) for heading in headings], rows))
    else:
        click.echo("None.", err=True)
