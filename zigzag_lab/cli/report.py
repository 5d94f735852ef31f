"""``zigzag-lab report``: runs as one HTML file that can be mailed."""

from __future__ import annotations

from pathlib import Path

import click

from zigzag_lab.cli.options import database_option

EXAMPLES = """\b
Examples:
  zigzag-lab report last -o report.html
  zigzag-lab report RUN RUN -o two.html
  zigzag-lab report --experiment first -o first.html
"""


@click.command("report", epilog=EXAMPLES)
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
    from zigzag_lab.api.report import report

    with ask.open_lab(database) as lab:
        path = report(lab, runs, output, experiment=experiment, title=title)
    click.echo(f"{path}  ({path.stat().st_size / 1e6:.2f} MB)")
