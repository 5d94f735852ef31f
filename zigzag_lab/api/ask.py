"""Questions to a database, as people type them (runs by id, start of an id or ``last``; ages; SQL), and its upkeep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from textwrap import TextWrapper

from zigzag_lab.api.databases import default_database
from zigzag_lab.store import housekeeping
from zigzag_lab.store.database import Answer
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.url import SQLITE
from zigzag_lab.store.views import columns_of_views
from zigzag_lab.vocab import NO_OBJECTIVE, InputError, Objective, nearest

LAST = "last"
_AGE = re.compile(r"(\d+(?:\.\d+)?) ?([smhdw])")
_UNKNOWN = re.compile(r"""(?:no such (?:column|table): |(?:column|relation) )"?([\w.]+)""")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WRONG_QUESTION = ("SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_RANGE")
_WRITE_REFUSED = ("SQLITE_READONLY", "SQLITE_AUTH", "25006")


def open_lab(database: str | None = None) -> Lab:
    """Open the database of a URL; by default the one that runs are recorded in. It must exist."""
    return Lab(database or default_database())


def find_run(lab: Lab, word: str) -> RunRecord:
    """Find a run by its id, by the start of it, or the newest one by the word ``last``.

    Raises:
        InputError: no run, or several, are called so.
    """
    if word.lower() != LAST:
        return lab.run(word)
    runs = lab.runs(limit=1)
    if not runs:
        raise InputError(str(lab.url), "it holds no runs yet", hint="'zigzag-lab run' makes one.")
    return runs[0]


def moment(text: str, now: datetime | None = None) -> datetime:
    """Return the time that people write as an age (``90s``, ``30m``, ``2h``, ``3d``, ``1w``) or as a date.

    A date or time without a zone is of this machine's zone.

    Raises:
        InputError: it is neither.
    """
    text = text.strip()
    try:
        if age := _AGE.fullmatch(text.lower()):
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[age[2]]: float(age[1])})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        expected = "an age such as 90s, 30m, 2h, 3d or 1w, or a date such as 2026-11-22 or 2026-11-22T09:30"
        raise InputError("--since", f"'{text}'", expected) from None


# -- SQL ---------------------------------------------------------------------------------------------------------------


_NO_CURSOR = ("42", "0A")
"""Classes of SQLSTATE that a cursor's declaration fails with: syntax, and what has none; not, say, a time-out."""


def query(lab: Lab, text: str) -> Iterator[Answer]:
    """Query in SQL: portions of the answer, one at least, however many rows there are.

    A question that the database does not understand, or that would write, is answered with advice.

    Raises:
        InputError: the question is at fault.
        StoreError: the database is.
    """
    text = text.strip().rstrip(";")
    if not text:
        raise InputError("SQL", "no question", "one statement", views_in_words(lab))
    try:
        portions = lab.stream(text)
        try:
            first = next(portions)
        except StoreError as error:
            if not _code_of(error).startswith(_NO_CURSOR):
                raise
            first = lab.sql(text)  # what Postgres has no cursor for, such as EXPLAIN; errors without the cursor's words
        if not first.columns:
            raise InputError("SQL", "the statement asks for nothing", "a SELECT", views_in_words(lab))
        yield first
        yield from portions
    except StoreError as error:
        raise _explained(lab, error) from error.__cause__


def _code_of(error: StoreError) -> str:
    """SQLite's name of an error, or Postgres's SQLSTATE; empty where there is neither."""
    cause = error.__cause__ or error.__context__
    return str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")


def _explained(lab: Lab, error: StoreError) -> InputError:
    """An error of the question as the user's, with what there is to ask; another as it is."""
    cause, code = error.__cause__ or error.__context__, _code_of(error)
    if code.startswith(_WRITE_REFUSED):
        hint = "'zigzag-lab sql' only reads; 'zigzag-lab tag' adds tags to runs."
        return InputError("SQL", "the statement would write", "a SELECT", hint)
    is_question = code.startswith(("42", "22")) or code in _WRONG_QUESTION
    if is_question or (not code and lab.url.kind == SQLITE):
        message = error.found.partition("says: ")[2] or str(cause)
        if "multiple commands" in message:  # in terms of the protocol, which users need not know
            message = "there is more than one statement"
        return InputError("SQL", message, hint=_advice(lab, message))
    return error


def _advice(lab: Lab, message: str) -> str:
    """What to write instead: a name that is close, and all there are."""
    if "one statement" in message:  # in SQLite's words, too
        return ""
    if "bindings" in message:
        return "Write the values themselves in place of question marks."
    names = [name for view, columns in columns_of_views(lab).items() for name in (view, *columns)]
    wrong = _UNKNOWN.search(message)
    close = nearest(wrong[1].rpartition(".")[2], names) if wrong else ""
    return f"{close} {views_in_words(lab)}".strip()


def views_in_words(lab: Lab) -> str:
    """The views and their columns, a paragraph for each."""
    try:
        listed = [f"{view}: {', '.join(columns)}" for view, columns in columns_of_views(lab).items()]
    except StoreError:
        return ""
    wrapper = TextWrapper(100, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
    return "\n".join(["There are these views:", *map(wrapper.fill, listed)])


# -- tags --------------------------------------------------------------------------------------------------------------


def tag(lab: Lab, run_id: str, tags: Iterable[tuple[str, str]], removed: Sequence[str] = ()) -> dict[str, str]:
    """Add tags to a run, and remove others; return all of its tags after that.

    Raises:
        InputError: a tag to be removed is not there.
    """
    there, new = lab.details(run_id).tags, dict(tags)
    for key in removed:
        if key not in there:
            raise InputError(f"run {run_id}", f"no tag '{key}'", " or ".join(there) if there else "a tag it carries")
    lab.store.untag(run_id, *removed)
    lab.store.tag(run_id, **new)
    return lab.details(run_id).tags


def objective_named(text: str) -> str:
    """The objective that records have under a name, in any case; ``none`` where a run's own stages chose.

    Raises:
        InputError: there is none.
    """
    known, name = [*Objective, NO_OBJECTIVE], text.lower()
    if name not in known:
        raise InputError("objective", f"'{text}'", " or ".join(known), nearest(name, known))
    return name


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
    """Soft-delete runs, and return the ids of those that were not deleted before."""
    return housekeeping.delete(lab.store, [find_run(lab, run).run_id for run in runs])


def restore(lab: Lab, runs: Sequence[str]) -> list[str]:
    """Restore deleted runs, and return the ids of those that were deleted."""
    return housekeeping.restore(lab.store, runs)


def remove_garbage(
    lab: Lab, *, older_than: str | None = None, is_dry_run: bool = False, is_compact: bool = False
) -> dict[str, int]:
    """Remove deleted runs and orphaned rows, or only count them, and return their space to the system on request.

    Runs that were deleted later than an age ago, such as ``30d``, stay.

    Returns:
        What -> how many.
    """
    now = datetime.now(UTC)
    seconds = (now - moment(older_than, now)).total_seconds() if older_than else 0.0
    counts = housekeeping.remove_garbage(lab.store, older_than_seconds=seconds, is_dry_run=is_dry_run)
    if is_compact and not is_dry_run:
        housekeeping.give_back_space(lab.store)
    return {_NAMES[table]: n for table, n in counts.items()}
