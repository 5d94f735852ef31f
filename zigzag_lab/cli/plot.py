"""``zigzag-lab plot``: pictures of runs."""

from __future__ import annotations

from pathlib import Path

import click

from zigzag_lab.cli.options import database_option
from zigzag_lab.vocab import InputError

KINDS = (
    "energy",
    "latency",
    "roofline",
    "memories",
    "nest",
    "hierarchy",
    "workload",
    "compare",
    "pareto",
    "search",
)

EXAMPLES = """\b
Examples:
  zigzag-lab plot energy last -o energy.pdf
  zigzag-lab plot nest last --layer 3 -o nest.svg
  zigzag-lab plot compare RUN RUN -o two.png
  zigzag-lab plot pareto --experiment first -o front.png
"""


@click.command("plot", epilog=EXAMPLES)
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to write it."
)
@click.option("--layer", metavar="NAME|INDEX", help="Only this layer; 'nest' needs it.")
@click.option("--experiment", metavar="NAME", help="All finished runs of this experiment.")
@click.option(
    "--opt",
    type=click.Choice(["latency", "energy", "edp"], case_sensitive=False),
    default="latency",
    show_default=True,
    help="What makes a layer hot in 'workload'.",
)
@click.option("--data", type=click.Path(path_type=Path), metavar="CSV", help="For 'search': search, seconds, best.")
@database_option
def plot_command(
    kind: str,
    runs: tuple[str, ...],
    output: Path | None,
    layer: str | None,
    experiment: str | None,
    opt: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Draw runs, as a PNG, an SVG or a PDF by the name of the file.

    \b
    energy     of each layer, by memory and by operand
    latency    of each layer, by what it is spent on
    roofline   layers under what array and memory allow
    memories   how full each memory is in each layer
    nest       the loops of a layer's mapping
    hierarchy  the memories of the accelerator
    workload   the graph of the network, hot layers dark
    compare    several runs side by side
    pareto     several runs, and the front of the best
    search     quality of searches against time, from --data

    RUN is an id, the start of one, the name of a sweep for all its runs, or 'last', which is meant where none is
    given. For 'pareto', a run that has runs within it stands for these.
    """  # noqa: D301
    from zigzag_lab.api import ask
    from zigzag_lab.api.plot import plot_runs, plot_traces
    from zigzag_lab.api.report import chosen_runs

    path = output or Path(f"{kind}.png")
    if kind == "search":
        if data is None:
            raise InputError("plot search", "no data", "--data with a CSV file of the columns search, seconds, best")
        click.echo(plot_traces(data, path))
        return
    with ask.open_lab(database) as lab:
        chosen = chosen_runs(lab, runs, experiment, only_finished=True)
        click.echo(plot_runs(lab, kind, chosen, path, layer=layer, objective=opt))
