"""``zigzag-lab export`` and ``import``."""

from __future__ import annotations

from pathlib import Path

import click

from zigzag_lab.cli.options import database_option, points_option
from zigzag_lab.cli.plain import is_raw, raw_option
from zigzag_lab.vocab.options import IMPORTED_EXPERIMENT
from zigzag_lab.vocab.terminal import data_stream

TABLES = ("runs", "layers", "memory", "results", "evaluations", "ports", "operands")


@click.command("export")
@click.argument("what", type=click.Choice(TABLES), default="runs")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="By default standard output.")
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl", "parquet"]), help="By default FILE's suffix.")
@click.option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@click.option("--run", "runs", multiple=True, metavar="RUN", help="Only this run; may be repeated.")
@points_option
@raw_option
@database_option
def export_command(
    what: str,
    out: Path | None,
    kind: str | None,
    experiment: str | None,
    runs: tuple[str, ...],
    are_points: bool,
    database: str | None,
) -> None:
    """Write a table as CSV, JSON lines or Parquet, with all digits.

    \b
    runs         what was asked, and totals
    layers       layers that runs chose
    memory       the same by operand and memory level
    results      what runs yielded, in order
    evaluations  layers that runs chose, yielded and saved
    ports        widths of ports and costs of accesses as runs were given them
    operands     batch, and precision of each operand, of layers that runs chose
    """  # noqa: D301
    from zigzag_lab.api import ask
    from zigzag_lab.api.export import export

    with ask.open_lab(database) as lab:
        ids = [ask.find_run(lab, run).run_id for run in runs]
        n_rows = export(
            lab,
            what,
            out or data_stream(),
            kind=kind,
            experiment=experiment,
            runs=ids,
            children=are_points,
            raw=is_raw(),
        )
    if out is not None:
        click.echo(f"{out}: {n_rows} rows.")


@click.command("import")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@click.option(
    "--experiment", default=IMPORTED_EXPERIMENT, show_default=True, help="The question that the runs belong to."
)
@database_option
def import_command(folders: tuple[Path, ...], experiment: str, database: str | None) -> None:
    """Import folders of JSON files that ZigZag dumped, each as a run; one that is there already is left alone."""
    from zigzag_lab.api.importing import import_dumps

    for one in import_dumps(folders, database=database, experiment=experiment):
        done = "was imported before, as" if one.was_there else "is now"
        click.echo(f"{one.folder} {done} run {one.run_id} ({one.n_layers} layers).")
