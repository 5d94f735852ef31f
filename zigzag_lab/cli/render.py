"""What a run looks like on a terminal, and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from zigzag_lab.api import RunOutcome, RunRequest

N_BUSIEST = 5
_PREFIXES = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"))


def as_json(outcome: RunOutcome) -> str:
    """One JSON object that says it all."""
    total = outcome.total
    return json.dumps(
        {
            "status": "finished",
            "energy_pj": total.energy_total,
            "latency_cycles": total.latency_total2,
            "edp_pj_cycles": total.edp_pj_cycles,
            "n_layers": len(outcome.layers),
            "n_mappings_evaluated": outcome.n_mappings_evaluated,
            "seconds": round(outcome.seconds, 4),
            "layers": [
                {"name": cme.layer.name, "energy_pj": cme.energy_total, "latency_cycles": cme.latency_total2}
                for cme in outcome.layers
            ],
        }
    )


@contextmanager
def layer_progress() -> Iterator[Any]:
    """A progress bar over layers on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _LayerBar(bar)


class _LayerBar:
    def __init__(self, bar: Any) -> None:
        self.bar, self.task = bar, bar.add_task("", total=None)

    def layer_started(self, layer: Any, index: int, n_layers: int) -> None:
        """Name the layer."""
        self.bar.update(self.task, description=layer.name, total=n_layers)

    def layer_done(self, layer: Any, index: int, n_layers: int) -> None:
        """Move on."""
        self.bar.update(self.task, completed=index + 1)


def energy(pj: float) -> str:
    """Energy in a readable unit."""
    scale, unit = next(((s, u) for s, u in _PREFIXES if abs(pj) >= s), (1.0, "pJ"))
    return f"{pj / scale:.4g} {unit}"


def print_outcome(outcome: RunOutcome, request: RunRequest) -> None:
    """Totals, the busiest layers, and what to type next."""
    from rich.console import Console
    from rich.table import Table

    total, console = outcome.total, Console(highlight=False)
    console.print(
        f"[bold]{request.workload}[/bold] on [bold]{request.accelerator}[/bold], best {request.objective.value}"
    )
    console.print(f"  energy   {energy(total.energy_total):>12}   ({total.energy_total:,.3f} pJ)")
    console.print(f"  latency  {total.latency_total2:>12,.0f} cycles   (array busy {total.mac_utilization2:.1%})")
    table = Table(title=f"Busiest of {len(outcome.layers)} layers", title_justify="left", box=None, pad_edge=False)
    for heading, justify in (("layer", "left"), ("cycles", "right"), ("of all", "right"), ("energy", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    busiest = sorted(outcome.layers, key=lambda cme: -cme.latency_total2)[:N_BUSIEST]
    for cme in busiest:
        share = f"{cme.latency_total2 / total.latency_total2:.1%}"
        table.add_row(cme.layer.name, f"{cme.latency_total2:,.0f}", share, energy(cme.energy_total))
    console.print(table)
    n = outcome.n_mappings_evaluated
    console.print(f"{n:,} mappings priced in {outcome.seconds:.2f} s.")
    click.echo("\nNext: the same for energy, or with ZigZag's files to look into:")
    command = (
        f"zigzag-lab run --workload {request.workload} --accelerator {request.accelerator} --mapping {request.mapping}"
    )
    click.echo(f"  {command} --opt energy\n  {command} --dump outputs")
