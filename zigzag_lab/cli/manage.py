"""``zigzag-lab tag``, ``note``, ``delete`` and ``gc``: what changes recorded runs."""

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


@click.command("delete")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--restore", is_flag=True, help="Restore them instead.")
@database_option
def delete_command(runs: tuple[str, ...], restore: bool, database: str | None) -> None:
    """Soft-delete runs: hide them until they are restored, or removed by 'zigzag-lab gc'."""
    from zigzag_lab.api import ask

    with ask.open_lab(database) as lab:
        done = ask.restore(lab, runs) if restore else ask.delete(lab, runs)
    if not done:
        click.echo("None of them was deleted." if restore else "All of them were deleted before.")
    elif restore:
        click.echo(f"Restored: {', '.join(done)}.")
    else:
        click.echo(f"Deleted: {', '.join(done)}. 'zigzag-lab delete --restore' brings them back, until the next gc.")


@click.command("gc")
@click.option("--older-than", metavar="AGE", help="Keep runs that were deleted later, such as 30d.")
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@click.option("--compact", is_flag=True, help="Give the space back to the disk, for which SQLite copies the file.")
@database_option
def gc_command(older_than: str | None, dry_run: bool, compact: bool, database: str | None) -> None:
    """Remove deleted runs for good, and orphaned rows."""
    from zigzag_lab.api import ask

    with ask.open_lab(database) as lab:
        counts = ask.remove_garbage(lab, older_than=older_than, is_dry_run=dry_run, is_compact=compact)
    found = ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing"
    click.echo(f"Would remove {found}." if dry_run else f"Removed {found}.")


@click.command("note")
@click.argument("run")
@click.argument("text", required=False)
@database_option
def note_command(run: str, text: str | None, database: str | None) -> None:
    """Write a note on a run, or show it; an empty TEXT removes it."""
    from zigzag_lab.api import ask

    with ask.open_lab(database) as lab:
        run_id, kept = ask.note(lab, run, text)
    click.echo(f"{run_id}: {kept}" if kept else f"{run_id} has no note.")
