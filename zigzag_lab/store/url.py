"""Database URLs: what they name, and how to show them without their password."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from zigzag_lab.store.errors import StoreError
from zigzag_lab.vocab import nearest
from zigzag_lab.vocab.masking import Masker, masked, passwords_in

if TYPE_CHECKING:
    from sqlalchemy import URL

SQLITE = "sqlite"
POSTGRES = "postgresql"
_KINDS = {"sqlite": SQLITE, "postgresql": POSTGRES, "postgresql+psycopg": POSTGRES, "postgres": POSTGRES}
_SCHEME = re.compile(rf"\s*([a-z][a-z0-9+.-]*://|({'|'.join(map(re.escape, _KINDS))})(:|\s*$))", re.IGNORECASE)
"""How a text begins that is a URL, or meant for one: every other names a file."""

_SHORTEST = 3  # of shorter pieces of a password, every second word would be blanked


@dataclass(frozen=True)
class DatabaseUrl:
    """Where a database is.

    Attributes:
        kind: ``sqlite`` or ``postgresql``.
        path: the file of a SQLite database; None where it lives in memory or on a server.
        secret: the URL as given, password included; never shown.
    """

    kind: str
    path: Path | None
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str | Path | DatabaseUrl) -> DatabaseUrl:
        """Read ``sqlite:///file.db`` (relative), ``sqlite:////folder/file.db``, ``postgresql+psycopg://...`` or a path.

        In a URL ``%3F`` stands for a question mark in a file's name, and ``%25`` for a percent sign; a path is taken
        as it is.

        Raises:
            StoreError: it is none of them.
        """
        if isinstance(text, DatabaseUrl):
            return text
        if isinstance(text, Path) or (text.strip() and _SCHEME.match(text) is None):
            return cls.of_file(Path(text))
        scheme, separator, rest = text.partition("://")
        kind = _KINDS.get(scheme)
        if not separator or kind is None:
            hint = nearest(scheme, _KINDS) or "Write zigzag_lab.db for a file in the working folder."
            expected = "FILE, sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
            raise StoreError("database URL", f"'{masked(text)}' names no database", expected, hint)
        return cls(kind, None, text) if kind == POSTGRES else cls._of_sqlite(text, rest)

    @classmethod
    def _of_sqlite(cls, text: str, rest: str) -> DatabaseUrl:
        place, mark, _ = rest.partition("?")
        if mark:
            hint = "There are no options for SQLite; write %3F for a question mark in the name of a file or folder."
            raise StoreError("database URL", f"'{masked(text)}' goes on after a '?'", "sqlite:///FILE", hint)
        place = unquote(place, errors="surrogateescape")
        if place in ("", "/", "/:memory:"):
            return cls(SQLITE, None, text)
        if not place.startswith("/"):
            found = f"'{masked(text)}' has two slashes before the file"
            raise StoreError("database URL", found, "three of them", masked(f"Write sqlite:///{place}."))
        return cls(SQLITE, Path(place[1:]), text)

    @classmethod
    def of_file(cls, path: Path) -> DatabaseUrl:
        """A SQLite file, whatever it and its folders are called; ``:memory:`` is none."""
        if str(path) == ":memory:":
            return cls(SQLITE, None, "sqlite://")
        name = str(path).replace("%", "%25").replace("?", "%3F")
        if not name.isprintable():  # bytes that are no text in any encoding, which a URL holds as numbers
            name = quote(os.fsencode(path))
        return cls(SQLITE, path, f"sqlite:///{name}")

    @property
    def is_in_memory(self) -> bool:
        """Whether it is a SQLite database that ends with its connection."""
        return self.kind == SQLITE and self.path is None

    def absolute(self) -> DatabaseUrl:
        """The same place from whatever folder."""
        return self if self.path is None else DatabaseUrl.of_file(self.path.absolute())

    def for_sqlalchemy(self) -> str | URL:
        """The URL as SQLAlchemy takes it, with the driver we use. It carries the password."""
        if self.kind == POSTGRES:
            return "postgresql+psycopg://" + self.secret.partition("://")[2]
        from sqlalchemy import URL

        return URL.create("sqlite", database=None if self.path is None else str(self.path))

    def for_driver(self) -> str:
        """The connection string of Postgres' own client library. It carries the password."""
        return "postgresql://" + self.secret.partition("://")[2]

    def scrubbed(self, text: str) -> str:
        """A text, such as an error of a driver, without this URL's password and those of any other.

        Drivers that cannot make sense of a URL complain of a piece of it: the pieces between its signs count as well.
        """
        secrets = passwords_in(self.secret)
        pieces = {piece for secret in secrets for piece in re.split(r"[@:/?#\s]", secret) if len(piece) >= _SHORTEST}
        return Masker(tuple(sorted({*secrets, *pieces}, key=len, reverse=True)))(text)

    def for_workers(self, *, elsewhere: bool) -> str | None:
        """The URL as worker processes open it, in any working folder; None for a database that lives in memory.

        Args:
            elsewhere: whether it travels over a network: then without its password, which workers have of their own.
        """
        if self.kind == SQLITE:
            return None if self.path is None else self.absolute().secret
        return _without_passwords(self.secret) if elsewhere else self.secret

    def __str__(self) -> str:
        return masked(self.secret)


def _without_passwords(url: str) -> str:
    scheme, _, rest = url.partition("://")
    before, _, after = rest.rpartition("@")
    rest = f"{before.partition(':')[0]}@{after}" if before else after
    return f"{scheme}://" + re.sub(r"(?i)(?<=[?&])(?:ssl)?password=[^&#]*&?", "", rest)
