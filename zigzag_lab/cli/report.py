"""``zigzag-lab explain``, ``plot`` and ``report``: runs explained, as pictures, and as one HTML file."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from pathlib import Path

import click

from zigzag_lab.cli.options import database_option, json_option, objective_option
from zigzag_lab.cli.plain import as_json
from zigzag_lab.cli.table import shown, terminal_width
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.terminal import bold

LABEL = 16
TRACES = "search"
"""The kind of picture that shows no recorded runs."""

_EXPLAIN_EXAMPLES = """\b
Examples:
  zigzag-lab explain last
  zigzag-lab explain last --layer conv1
"""

_PLOT_EXAMPLES = """\b
Examples:
  zigzag-lab plot energy last -o energy.pdf
  zigzag-lab plot nest last --layer 3 -o nest.svg
  zigzag-lab plot compare RUN RUN -o two.png
  zigzag-lab plot pareto --experiment first -o front.png
"""

_REPORT_EXAMPLES = """\b
Examples:
  zigzag-lab report last -o report.html
  zigzag-lab report RUN RUN -o two.html
  zigzag-lab report --experiment first -o first.html
"""


@click.command("explain", epilog=_EXPLAIN_EXAMPLES)
@click.argument("run", default="last")
@click.option("--layer", metavar="NAME|INDEX", help="Only this layer.")
@json_option
@database_option
def explain_command(run: str, layer: str | None, is_json: bool, database: str | None) -> None:
    """Explain a run, or one layer of it: what costs most, and what to change.

    RUN is an id, the start of one, or 'last'. Advice is tried before it is given: the same mappings are priced again
    with the parameter changed. A new search may do better still.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.plot import explain_run

    with ask.open_lab(database) as lab:
        explanation = explain_run(lab, ask.find_run(lab, run), layer)
    if is_json:
        click.echo(as_json(asdict(explanation)))
        return
    click.echo(bold(shown(explanation.title)))
    width = max(40, (terminal_width() or 120) - LABEL)
    for claim in explanation.claims:
        for number, line in enumerate(textwrap.wrap(shown(claim.text), width, break_on_hyphens=False)):
            click.echo(f"{claim.topic if number == 0 else '':<{LABEL}}{line}")


class _PlotCommand(click.Command):
    """Lists the kinds of pictures where its help is asked for."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from zigzag_lab.api.plot import PLOT_KINDS

        super().format_help_text(ctx, formatter)
        kinds = [(kind.name, kind.help) for kind in PLOT_KINDS.values()]
        with formatter.section("Kinds"):
            formatter.write_dl([*kinds, (TRACES, "quality of searches against time, from --data")])


class _Kind(click.ParamType[str]):
    """A kind of picture."""

    name = "KIND"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name."""
        from zigzag_lab.api.plot import PLOT_KINDS

        return click.Choice([*PLOT_KINDS, TRACES]).convert(value, param, ctx)


@click.command("plot", cls=_PlotCommand, epilog=_PLOT_EXAMPLES)
@click.argument("kind", type=_Kind(), metavar="KIND")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to write it."
)
@click.option("--layer", metavar="NAME|INDEX", help="Only this layer; 'nest' needs it.")
@click.option("--experiment", metavar="NAME", help="All finished runs of this experiment.")
@objective_option("What makes a layer hot in 'workload'.")
@click.option("--data", type=click.Path(path_type=Path), metavar="CSV", help="For 'search': search, seconds, best.")
@database_option
def plot_command(
    kind: str,
    runs: tuple[str, ...],
    output: Path | None,
    layer: str | None,
    experiment: str | None,
    objective: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Draw runs, as a PNG, an SVG or a PDF by the name of the file.

    RUN is an id, the start of one, the name of a sweep for all its runs, or 'last', which is meant where none is
    given. For 'pareto', a run that has runs within it stands for these.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.plot import chosen_runs, plot_runs, plot_traces

    path = output or Path(f"{kind}.png")
    if kind == TRACES:
        if data is None:
            raise InputError("plot search", "no data", "--data with a CSV file of the columns search, seconds, best")
        click.echo(plot_traces(data, path))
        return
    with ask.open_lab(database) as lab:
        chosen = chosen_runs(lab, runs, experiment, only_finished=True)
        click.echo(plot_runs(lab, kind, chosen, path, layer=layer, objective=objective))


@click.command("report", epilog=_REPORT_EXAMPLES)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="Where to write it.",
)
@click.option("--experiment", metavar="NAME", help="All runs of this experiment.")
@click.option("--title", default="", help="The title of the page.")
@database_option
def report_command(
    runs: tuple[str, ...], output: Path, experiment: str | None, title: str, database: str | None
) -> None:
    """Write runs to one HTML file that opens without network.

    It has a summary, tables that sort and filter, charts, the best mappings, where the numbers come from, and how to
    reproduce them. RUN is an id, the start of one, the name of a sweep for all its runs, or 'last', which is meant
    where none is given.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.plot import report

    with ask.open_lab(database) as lab:
        path = report(lab, runs, output, experiment=experiment, title=title)
    click.echo(f"{path}  ({path.stat().st_size / 1e6:.2f} MB)")
