"""``zigzag-lab explain``: why a run costs what it costs, and what to change."""

from __future__ import annotations

import textwrap

import click

from zigzag_lab.cli.ls import json_option
from zigzag_lab.cli.options import database_option
from zigzag_lab.cli.plain import as_json
from zigzag_lab.cli.table import shown, terminal_width
from zigzag_lab.vocab.terminal import bold

LABEL = 16

EXAMPLES = """\b
Examples:
  zigzag-lab explain last
  zigzag-lab explain last --layer conv1
"""


@click.command("explain", epilog=EXAMPLES)
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
    from zigzag_lab.api.report import explain_run

    with ask.open_lab(database) as lab:
        explanation = explain_run(lab, ask.find_run(lab, run), layer)
    if is_json:
        click.echo(as_json(explanation.as_plain()))
        return
    click.echo(bold(shown(explanation.title)))
    width = max(40, (terminal_width() or 120) - LABEL)
    for claim in explanation.claims:
        for number, line in enumerate(textwrap.wrap(shown(claim.text), width, break_on_hyphens=False)):
            click.echo(f"{claim.topic if number == 0 else '':<{LABEL}}{line}")
