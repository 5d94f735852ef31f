"""``zigzag-lab check``: what is wrong or suspicious in files, without running anything."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.options import ShapeType
from zigzag_lab.cli.table import shown
from zigzag_lab.vocab.options import INPUT_SHAPES

if TYPE_CHECKING:
    from zigzag_lab.api.check import CheckOutcome

EXAMPLES = """\b
Examples:
  zigzag-lab check my_chip/                       # the files of a folder, together
  zigzag-lab check my_chip.yaml my_mapping.yaml resnet18
"""


@click.command("check", epilog=EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--input-shape", "shapes", type=ShapeType(), multiple=True, help=INPUT_SHAPES.help)
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object, and nothing else.")
def check_command(files: tuple[str, ...], shapes: tuple[tuple[str, tuple[int, ...]], ...], is_json: bool) -> None:
    """Say all that is wrong or suspicious in FILEs: accelerators, mappings, networks, sweeps, folders, presets.

    Nothing is run. Accelerators, mappings and networks are also looked at together. The exit status is 2 if something
    cannot be used.
    """
    from zigzag_lab.api.check import check_files

    outcome = check_files(files, dict(shapes))
    if is_json:
        click.echo(json.dumps(outcome.as_dict()))
    else:
        _print(outcome)
    if outcome.n_errors:
        sys.exit(2)


def _print(outcome: CheckOutcome) -> None:
    for file in outcome.files:
        click.echo(f"{shown(str(file.path))}: {file.kind or 'of no known kind'}")
    for finding in outcome.findings:
        click.echo(f"\n{shown(finding.line)}")
    if outcome.without and not outcome.n_errors:
        kinds = " and ".join(outcome.without)
        click.echo(f"\nName the {kinds} too for the checks that need them.")
    counts = [f"{n} {word}{'' if n == 1 else 's'}" for word, n in outcome.counts.items() if n]
    click.echo(f"\n{', '.join(counts) if counts else 'Nothing was found'}.")
