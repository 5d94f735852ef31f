"""The schema of a database: what it is, what it should be, and bringing the one to the other."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from zigzag_lab.api.defaults import default_database
from zigzag_lab.store.connect import connect
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.schema import HEAD, revision_of
from zigzag_lab.store.url import DatabaseUrl


@dataclass(frozen=True)
class SchemaState:
    """Where a database stands.

    Attributes:
        database: its URL, without a password.
        revision: its schema; None where it holds none of our tables.
        newest: the newest schema that this program knows.
        differences: how its tables differ from what this program expects.
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
    """Where a database stands.

    Args:
        database: its URL.
        thoroughly: whether its tables are compared with what this program expects, one by one.

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
