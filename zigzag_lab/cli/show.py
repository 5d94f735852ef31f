"""``zigzag-lab show``: one run, or one layer of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.ls import json_option
from zigzag_lab.cli.options import database_option, points_option
from zigzag_lab.cli.page import layer_lines, run_lines
from zigzag_lab.cli.plain import as_json

if TYPE_CHECKING:
    from zigzag_lab.api.export import WrittenInput


EXAMPLES = """\b
Examples:
  zigzag-lab show last --layer 3
  zigzag-lab show last --inputs again
"""


@click.command("show", epilog=EXAMPLES)
@click.argument("run", default="last")
@click.option("--layer", metavar="NAME|INDEX", help="Only this layer, with its mapping as loops.")
@click.option(
    "--inputs",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the run's input files to this folder instead, byte for byte.",
)
@points_option
@json_option
@database_option
def show_command(
    run: str, layer: str | None, folder: Path | None, are_points: bool, is_json: bool, database: str | None
) -> None:
    """Show a run, or one layer of it: where energy and cycles went, and what was chosen of the runs within it.

    RUN is an id, the start of one, or 'last'.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.export import write_inputs
    from zigzag_lab.api.run_page import run_page

    with ask.open_lab(database) as lab:
        found = ask.find_run(lab, run)
        written = write_inputs(lab, found.run_id, folder) if folder is not None else []
        page = run_page(lab, found, layer)
    if folder is not None:
        lines = _written_lines(written, is_json)
    elif is_json:
        lines = iter([as_json(page.as_plain())])
    else:
        lines = run_lines(page, is_whole=are_points) if layer is None else layer_lines(page)
    click.echo("\n".join(lines))


def _written_lines(written: list[WrittenInput], is_json: bool) -> Iterator[str]:
    if is_json:
        yield as_json({w.kind: {"path": str(w.path), "is_original": w.is_original} for w in written})
        return
    for one in written:
        how = "the file as it was" if one.is_original else "what it said; the file itself was not kept"
        yield f"{one.kind:<12} {one.path}  ({how})"
    if not written:
        yield "The run has no inputs on record."
