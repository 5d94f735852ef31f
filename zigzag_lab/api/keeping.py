"""Notes, deleted runs and garbage, as people ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from zigzag_lab.api.ask import find_run, moment
from zigzag_lab.store import housekeeping
from zigzag_lab.store.lab import Lab

_NAMES = {
    "zl_run": "runs",
    "zl_mapping": "mappings",
    "zl_input": "inputs",
    "zl_reading": "readings of files",
    "zl_environment": "environments",
    "zl_source": "files",
    "zl_experiment": "experiments",
}


def note(lab: Lab, run: str, text: str | None) -> tuple[str, str]:
    """Write a note on a run, or only read it; the run's id and its note."""
    found = find_run(lab, run)
    if text is None:
        return found.run_id, found.note or ""
    housekeeping.note(lab.store, found.run_id, text)
    return found.run_id, lab.run(found.run_id).note or ""


def delete(lab: Lab, runs: Sequence[str]) -> list[str]:
    """Delete runs, so that they are seen no more until they are restored; the ids of those that were seen before."""
    return housekeeping.delete(lab.store, [find_run(lab, run).run_id for run in runs])


def restore(lab: Lab, runs: Sequence[str]) -> list[str]:
    """Bring deleted runs back; the ids of those that were deleted."""
    return housekeeping.restore(lab.store, runs)


def remove_garbage(
    lab: Lab, *, older_than: str | None = None, is_dry_run: bool = False, is_compact: bool = False
) -> dict[str, int]:
    """Remove deleted runs and what nothing refers to.

    Args:
        lab: the database.
        older_than: an age such as ``30d``: runs that were deleted later stay.
        is_dry_run: whether only to count.
        is_compact: whether to give the space back to the disk.

    Returns:
        What -> how many.
    """
    now = datetime.now(UTC)
    seconds = (now - moment(older_than, now)).total_seconds() if older_than else 0.0
    counts = housekeeping.remove_garbage(lab.store, older_than_seconds=seconds, is_dry_run=is_dry_run)
    if is_compact and not is_dry_run:
        housekeeping.give_back_space(lab.store)
    return {_NAMES[table]: n for table, n in counts.items()}
