"""``zigzag-lab tag``: tags of runs."""

from __future__ import annotations

import click

from zigzag_lab.cli.options import TagType, database_option

EXAMPLE = """\b
Example:
  zigzag-lab tag last paper=yes --remove draft
"""


@click.command("tag", epilog=EXAMPLE)
@click.argument("run")
@click.argument("tags", type=TagType(), nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--remove", "removed", metavar="KEY", multiple=True, help="Remove this tag.")
@database_option
def tag_command(run: str, tags: tuple[tuple[str, str], ...], removed: tuple[str, ...], database: str | None) -> None:
    """Add tags to a run, or list them.

    RUN is an id, the start of one, or 'last'. 'zigzag-lab ls --tag KEY=VALUE' lists the runs that carry a tag, and
    'zigzag-lab mlflow sync' tells MLflow of it.
    """
    from zigzag_lab.api import ask

    with ask.open_lab(database) as lab:
        run_id = ask.find_run(lab, run).run_id
        now = ask.tag(lab, run_id, tags, removed)
    carried = ", ".join(f"{key}={value}" for key, value in now.items()) or "no tags"
    click.echo(f"{run_id}: {carried}")
