"""The state of an installation and of its database: versions, schema, damaged rows."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from zigzag_lab.api.databases import default_database
from zigzag_lab.store import housekeeping
from zigzag_lab.store.choice import publication_counts
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import Database
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.schema import HEAD, revision_of
from zigzag_lab.store.sqlite import NETWORK_FILE_SYSTEMS, file_system_of
from zigzag_lab.store.url import SQLITE, DatabaseUrl
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked

LEAST_FREE_BYTES = 1 << 30
MOST_CLOCK_SECONDS = 5.0
PACKAGES = ("zigzag_lab", "numpy", "onnx", "alembic", "sqlmodel", "psycopg", "mlflow")


class Health(StrEnum):
    """How a part is."""

    WELL = "ok"
    ODD = "warning"
    ILL = "error"


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one part, such as the disk, in words; the advice is empty where nothing is to be done."""

    part: str
    health: Health
    found: str
    advice: str = ""


def examine(database: str | None = None, mlflow: str | None = None, *, deep: bool = False) -> list[Diagnosis]:
    """Examine the versions, the database (if `deep`, at every row), its disk and clock, and MLflow.

    Nothing is changed. MLflow is named by its tracking URI, or is ``off``.
    """
    url = DatabaseUrl.parse(database or default_database())
    findings = [_versions(), *_database(url, deep=deep)]
    if url.path is not None:
        findings += [_disk(url.path), _file_system(url.path)]
    return [*findings, *_mlflow(url, mlflow)]


def _versions() -> Diagnosis:
    from importlib.metadata import PackageNotFoundError, version

    import zigzag_lab

    found = [f"Python {platform.python_version()}", f"SQLite {housekeeping.SQLITE_VERSION}"]
    for package in PACKAGES:
        try:
            known = zigzag_lab.__version__ if package == "zigzag_lab" else version(package)
            found.append(f"{package} {known}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    if housekeeping.SQLITE_VERSION_INFO < (3, 35):
        return Diagnosis(
            "versions", Health.ILL, ", ".join(found), "SQLite 3.35 or newer is needed: use a newer Python."
        )
    return Diagnosis("versions", Health.WELL, ", ".join(found))


# -- the database ------------------------------------------------------------------------------------------------------


def _database(url: DatabaseUrl, *, deep: bool) -> Iterator[Diagnosis]:
    if url.path is not None and not url.path.exists():
        yield Diagnosis("database", Health.ODD, f"{url} does not exist yet", "'zigzag-lab run' makes it.")
        return
    try:
        database = connect(url, read_only=True)
    except StoreError as error:
        yield Diagnosis("database", Health.ILL, f"{url}: {error.found}", error.hint)
        return
    with closing(database):
        yield Diagnosis("database", Health.WELL, f"{url} answers")
        looks: list[Callable[[Database], Diagnosis]] = [_schema, _clock]
        looks += [_integrity, _journal] if url.kind == SQLITE else [_server]
        for look in [*looks, _outbox]:
            try:
                yield look(database)
            except StoreError as error:
                yield Diagnosis(look.__name__.strip("_"), Health.ILL, error.found, error.hint)
        if deep:
            yield from _rows(database)


def _rows(database: Database) -> Iterator[Diagnosis]:
    """The rows that cannot be read."""
    from zigzag_lab.store.soundness import damages

    if revision_of(database) != HEAD:
        yield Diagnosis("rows", Health.ODD, "not looked at, as the schema is not the newest")
        return
    n = 0
    try:
        for damage in damages(database):
            n += 1
            runs = f"; it belongs to run {', '.join(damage.runs)}" if damage.runs else ""
            advice = "It is made anew when it is wanted." if damage.mends_itself else _take_out(damage.runs)
            how = Health.ODD if damage.mends_itself else Health.ILL
            yield Diagnosis("rows", how, f"{damage.found}{runs}", advice)
    except StoreError as error:
        yield Diagnosis("rows", Health.ILL, error.found, error.hint)
        return
    if n == 0:
        yield Diagnosis("rows", Health.WELL, "every row can be read")


def _take_out(runs: tuple[str, ...]) -> str:
    words = f" or 'zigzag-lab delete {' '.join(runs)}' and 'zigzag-lab gc' take it out." if runs else "."
    return f"Restore a copy of the database (.backup-*){',' if runs else ''}{words}"


def _schema(database: Database) -> Diagnosis:
    revision = revision_of(database)
    if revision == HEAD:
        return Diagnosis("schema", Health.WELL, f"{revision}, the newest")
    found = "no tables of zigzag-lab" if revision is None else f"{revision}; the newest is {HEAD}"
    advice = "The next run brings it up to date." if database.url.kind == SQLITE else "Run 'zigzag-lab db upgrade'."
    return Diagnosis("schema", Health.ODD, found, advice)


def _clock(database: Database) -> Diagnosis:
    """How far the database's clock, which leases and heartbeats go by, is from this machine's."""
    off = housekeeping.seconds_since_epoch(database) - time.time()
    if abs(off) <= MOST_CLOCK_SECONDS:
        return Diagnosis("clock", Health.WELL, "this machine and the database agree on the time")
    found = f"the database's clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}"
    return Diagnosis("clock", Health.ODD, found, "Set both by NTP: ages of runs are shown wrong, leases are not.")


def _integrity(database: Database) -> Diagnosis:
    defect = housekeeping.first_defect(database)
    if defect is None:
        return Diagnosis("integrity", Health.WELL, "the file is sound")
    advice = "Restore a copy (.backup-*), or rescue what is left with 'sqlite3 FILE .recover'."
    return Diagnosis("integrity", Health.ILL, f"the file is damaged: {defect}", advice)


def _journal(database: Database) -> Diagnosis:
    mode = housekeeping.journal_mode(database)
    if mode == "wal":
        return Diagnosis("journal", Health.WELL, "write-ahead log")
    advice = "The next run sets it to 'wal', unless the file lies on a network."
    return Diagnosis("journal", Health.ODD, f"'{mode}': writers and readers wait for each other", advice)


def _server(database: Database) -> Diagnosis:
    version, most, now = housekeeping.server_load(database)
    found = f"Postgres {version}, {now} of {most} connections in use"
    if int(version.split(".")[0]) < 14:
        return Diagnosis("server", Health.ODD, found, "Tested with 16 and 18: use a newer one.")
    crowded = now > 0.8 * most
    return Diagnosis(
        "server", Health.ODD if crowded else Health.WELL, found, "Raise max_connections." if crowded else ""
    )


def _outbox(database: Database) -> Diagnosis:
    if revision_of(database) is None:
        return Diagnosis("outbox", Health.WELL, "nothing to publish")
    waiting = {state: n for state, n in publication_counts(database).items() if state != "published"}
    found = ", ".join(f"{n} {state}" for state, n in waiting.items()) or "MLflow knows of every run"
    if "failed" in waiting:
        return Diagnosis("outbox", Health.ODD, found, "'zigzag-lab mlflow sync' tries again.")
    return Diagnosis("outbox", Health.WELL, found)


# -- its disk ----------------------------------------------------------------------------------------------------------


def _disk(path: Path) -> Diagnosis:
    folder = next(place for place in (path.absolute().parent, *path.absolute().parents) if place.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free >= LEAST_FREE_BYTES:
        return Diagnosis("disk", Health.WELL, found)
    return Diagnosis("disk", Health.ODD, found, "Free some space, or name another --db: a full disk ends a run.")


def _file_system(path: Path) -> Diagnosis:
    kind = file_system_of(path)
    if kind in NETWORK_FILE_SYSTEMS:
        advice = "SQLite locks badly over a network: use Postgres, or a local disk."
        return Diagnosis("file system", Health.ODD, f"{kind}, on a network", advice)
    return Diagnosis("file system", Health.WELL, f"{kind or 'unknown'}, local")


# -- MLflow ------------------------------------------------------------------------------------------------------------


def _mlflow(url: DatabaseUrl, wanted: str | None) -> Iterator[Diagnosis]:
    from zigzag_lab.tracking import mlflow_uri_for
    from zigzag_lab.tracking.reach import check_reachable

    uri = mlflow_uri_for(url, wanted)
    if uri is None:
        yield Diagnosis("mlflow", Health.WELL, "off")
        return
    try:
        check_reachable(uri)
    except InputError as error:
        yield Diagnosis("mlflow", Health.ILL, f"{masked(uri)}: {error.found}", error.hint)
        return
    yield Diagnosis("mlflow", Health.WELL, f"{masked(uri)} can be reached")
    if uri.partition(":")[0].partition("+")[0] in ("sqlite", "postgresql"):
        yield _mlflow_schema(uri)


def _mlflow_schema(uri: str) -> Diagnosis:
    from alembic.script import ScriptDirectory

    from zigzag_lab.tracking.places import sqlite_path
    from zigzag_lab.tracking.reach import UPGRADE, is_known, migrations_of_mlflow

    part = "mlflow schema"
    path = sqlite_path(uri)
    where = DatabaseUrl.parse(path or uri)
    if where.path is not None and not where.path.exists():
        return Diagnosis(part, Health.WELL, "its database is made when the first run is published")
    try:
        with closing(connect(where, read_only=True)) as database:
            has = housekeeping.mlflow_revision(database)
    except (StoreError, IndexError):
        return Diagnosis(part, Health.WELL, "it has no tables yet")
    folder = migrations_of_mlflow()
    newest = None if folder is None else ScriptDirectory(str(folder)).get_current_head()
    if newest in (None, has):
        return Diagnosis(part, Health.WELL, has)
    older = f"'mlflow db upgrade {masked(uri)}' brings it up to date, after a copy."
    advice = older if is_known(has) else UPGRADE
    return Diagnosis(part, Health.ODD, f"{has}; the installed MLflow has {newest}", advice)


@dataclass(frozen=True)
class SchemaState:
    """Where a database stands, named by its URL without a password.

    Its revision is None where it holds none of our tables; ``differences`` are those to what this program expects.
    """

    database: str
    revision: str | None
    newest: str = HEAD
    differences: tuple[str, ...] = ()

    @property
    def is_up_to_date(self) -> bool:
        """Whether nothing is to be done."""
        return self.revision == self.newest and not self.differences


def schema_state(database: str | None = None, *, thoroughly: bool = False) -> SchemaState:
    """Where a database stands; thoroughly, its tables are compared with what this program expects, one by one.

    Raises:
        StoreError: it is not there, or its schema is newer than this program.
    """
    url = DatabaseUrl.parse(database or default_database())
    if url.path is not None and not url.path.exists():
        hint = "'zigzag-lab db upgrade' makes it, or name another."
        raise StoreError(str(url), "the file does not exist", hint=hint)
    with closing(connect(url, read_only=True)) as connection:
        revision = revision_of(connection)
    differences: list[str] = []
    if thoroughly and revision == HEAD:
        from zigzag_lab.store.migrate import check

        differences = check(url)
    return SchemaState(str(url), revision, differences=tuple(differences))


def upgrade_schema(database: str | None = None) -> tuple[str | None, SchemaState]:
    """Bring a database to the newest schema; the revision it had, and where it stands now.

    Raises:
        StoreError: its schema is newer than this program.
    """
    from zigzag_lab.store.migrate import upgrade

    url = database or default_database()
    before = upgrade(url)
    return before, schema_state(url)
