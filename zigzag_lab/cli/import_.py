"""``zigzag-lab import``."""

from __future__ import annotations

from pathlib import Path

import click

from zigzag_lab.cli.options import database_option


@click.command("import")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@click.option("--experiment", default="imported", show_default=True, help="The question that the runs belong to.")
@database_option
def import_command(folders: tuple[Path, ...], experiment: str, database: str | None) -> None:
    """Import folders of JSON files that ZigZag dumped, each as a run; one that is there already is left alone."""
    from zigzag_lab.api.importing import import_dumps

    for one in import_dumps(folders, database=database, experiment=experiment):
        done = "was imported before, as" if one.was_there else "is now"
        click.echo(f"{one.folder} {done} run {one.run_id} ({one.n_layers} layers).")
