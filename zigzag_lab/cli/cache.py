"""``zigzag-lab cache``: stored answers, why a look-up missed, and whether they are right."""

from __future__ import annotations

import sys

import click

from zigzag_lab.cli.options import database_option

MOST_SHOWN = 12


@click.group("cache")
def cache_group() -> None:
    """Look into and clean up the cache of answers."""


@cache_group.command("stats")
@database_option
def stats_command(database: str | None) -> None:
    """Show what the cache holds, and its hits over all runs."""
    from zigzag_lab.api.ask import open_lab
    from zigzag_lab.api.cache_questions import cache_statistics

    with open_lab(database) as lab:
        found = cache_statistics(lab.store)
    answers = ", ".join(f"{n:,} of kind {kind}" for kind, n in sorted(found.n_answers.items())) or "none"
    click.echo(f"answers    {answers}; {found.n_bytes / 1e6:.2f} MB, {found.seconds_held:.1f} s of search")
    click.echo(f"files      {found.n_readings:,} that need not be read again")
    click.echo(f"in work    {found.n_running:,}")
    asked = ", ".join(f"{found.n_asked.get(outcome, 0):,} {outcome}" for outcome in ("hit", "shared", "miss"))
    click.echo(f"questions  {asked}")
    click.echo(f"saved      {found.seconds_saved:.1f} s")


@cache_group.command("why-miss")
@click.argument("run")
@click.argument("other", required=False)
@database_option
def why_miss_command(run: str, other: str | None, database: str | None) -> None:
    """Show how the look-ups of RUN that missed differ from those of an earlier run.

    RUN is an id, the start of one, or 'last'. Without OTHER, the newest earlier run of the same network is taken.
    """
    from zigzag_lab.api.ask import find_run, open_lab
    from zigzag_lab.api.cache_questions import why_miss

    with open_lab(database) as lab:
        found = why_miss(lab.store, find_run(lab, run).run_id, find_run(lab, other).run_id if other else None)
    if not found.n_missed:
        click.echo(f"Run {found.run_id} missed nothing: all of its {found.n_asked} questions were answered.")
        return
    click.echo(f"Run {found.run_id}: {found.n_missed} of {found.n_asked} questions were not answered.")
    if found.compared_with is None:
        click.echo("No earlier run asked the cache anything.")
        return
    click.echo(f"Compared with run {found.compared_with}:")
    for reason in found.reasons:
        shown = ", ".join(reason.labels[:3]) + (f" and {len(reason.labels) - 3} more" if len(reason.labels) > 3 else "")
        click.echo(f"{shown}:")
        for one in reason.differences[:MOST_SHOWN]:
            click.echo(f"  {one.path}: {one.first} became {one.second}")
        if len(reason.differences) > MOST_SHOWN:
            click.echo(f"  and {len(reason.differences) - MOST_SHOWN} more differences")
        if not reason.differences:
            click.echo("  the same was asked, but its answer was not there any more, or not there yet")


@cache_group.command("gc")
@click.option(
    "--unused-days", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Since its last use."
)
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@database_option
def gc_cache_command(unused_days: float, dry_run: bool, database: str | None) -> None:
    """Remove answers and parsed files that were not used for long."""
    from zigzag_lab.api.ask import open_lab
    from zigzag_lab.api.cache_questions import remove_unused_answers

    with open_lab(database) as lab:
        found = remove_unused_answers(lab.store, unused_days, is_dry_run=dry_run)
    verb = "Would remove" if dry_run else "Removed"
    click.echo(
        f"{verb} {found.n_answers:,} answers ({found.n_bytes / 1e6:.2f} MB), {found.n_claims:,} claims given up, "
        f"{found.n_parts:,} documents and {found.n_readings:,} files that were read."
    )


@cache_group.command("verify")
@click.argument("n", type=click.IntRange(min=1))
@database_option
def verify_command(n: int, database: str | None) -> None:
    """Compute N answers again, chosen at random, and compare; exit status 1 where one differs."""
    from zigzag_lab.api.ask import open_lab
    from zigzag_lab.api.cache_questions import verify

    with open_lab(database) as lab:
        found = verify(lab.store, n)
    click.echo(f"{found.n_equal} answers came out the same, to the last bit.")
    for reason, count in sorted(found.skipped.items()):
        click.echo(f"{count} skipped: {reason}")
    if found.n_of_others:
        click.echo(f"{found.n_of_others:,} of other versions of the program were left out: this one never uses them.")
    for key in found.wrong:
        click.echo(f"differs: {key}")
    if found.wrong:
        sys.exit(1)
