"""Runs that were not made here: their rows are stored as given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from zigzag_lab.store.codec import LayerRows
from zigzag_lab.store.row_batch import RowBatch
from zigzag_lab.store.run_start import RunStart
from zigzag_lab.store.store import Store

IMPORTED = "imported"
"""The tag of a run that was imported: the digest of what it was made from."""


def imported_run(store: Store, digest: str) -> str | None:
    """The id of the run that was made from something; None where none was, or where it was deleted."""
    rows = store.database.select(
        "SELECT r.id FROM zl_tag t JOIN zl_run r ON r.number = t.run_number "
        "WHERE t.key = ? AND t.value = ? AND r.deleted_at IS NULL AND r.status = 'finished' ORDER BY r.number",
        (IMPORTED, digest),
    ).rows
    return str(rows[0][0]) if rows else None


def keep_run(
    store: Store, start: RunStart, digest: str, totals: Mapping[str, float], layers: Sequence[LayerRows]
) -> str:
    """Store a run whose results are there already.

    Args:
        store: the database.
        start: of the run.
        digest: of what it was made from.
        totals: columns of the run.
        layers: rows in which the number of the run is still open.

    Returns:
        The run's id.
    """
    recorder = store.start_run(replace(start, tags={**start.tags, IMPORTED: digest}))
    with recorder:
        database, number = store.database, recorder.number

        def insert() -> None:
            batch = RowBatch.of(layers).numbered(number)
            batch.add_sum(number, len(layers), totals)
            batch.write(database)

        database.transact(insert)
        recorder.finish_with({**totals, "n_layers": len(layers), "n_results": 1})
    return recorder.run_id
