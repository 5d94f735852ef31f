"""``zigzag-lab convert``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("convert")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Write there, under the same names. By default beside each, as NAME.converted.yaml.",
)  # fmt: skip
def convert_command(files: tuple[Path, ...], folder: Path | None) -> None:
    """Rewrite files of older ZigZag versions and of Stream in today's notation.

    What was assumed or left out stands in the first lines of each new file. Nothing is written where one of the files
    needs a guess, and no file is overwritten.
    """
    from zigzag_lab.api.convert import convert_files

    for one in convert_files(files, folder):
        found = one.conversion
        if one.path is None:
            click.echo(f"{found.source}: this {found.kind} needs no conversion.")
            continue
        click.echo(f"{one.path}: {found.kind}, from the format of {found.found_format}.")
        for heading, notes in (("Assumed", found.assumed), ("Left out", found.left_out)):
            for note in notes:
                click.echo(f"  {heading}: {note}.")
