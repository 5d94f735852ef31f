"""Database URLs: what they name, and how to show them without their password."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from zigzag_lab.store.errors import StoreError
from zigzag_lab.vocab import nearest

SQLITE = "sqlite"
POSTGRES = "postgresql"
_KINDS = {"sqlite": SQLITE, "postgresql": POSTGRES, "postgresql+psycopg": POSTGRES, "postgres": POSTGRES}
_PASSWORD = re.compile(r"(?<=://)(?P<user>[^/@:\s]*):\S*@")
_TOKEN = re.compile(r"(?i)(?<=http://|ttps://)[^/@:\s]+@")
_NAMED = re.compile(r"""(?i)\b((?:ssl)?password|token)(=)('[^']*'|[^\s&;,'")\]}]+)""")
_SHORTEST = 3  # of shorter secrets, every second word would be blanked


def masked(text: str) -> str:
    """A text with ``***`` in place of the passwords of URLs in it, and of tokens that stand before an ``@``."""
    if "://" in text:
        text = _TOKEN.sub("***@", _PASSWORD.sub(r"\g<user>:***@", text))
    return _NAMED.sub(r"\1\2***", text) if "=" in text else text


def passwords_in(url: str) -> tuple[str, ...]:
    """The passwords of a URL, as they are written and as they are meant, longest first.

    Drivers that cannot make sense of a URL complain of a piece of it: the pieces between its signs count as well.
    """
    rest = url.partition("://")[2]
    login = rest.rpartition("@")[0].partition(":")[2]
    query = re.findall(r"(?i)[?&](?:ssl)?password=([^&#]*)", rest)
    whole = [secret for secret in (login, *query) if secret]
    pieces = [piece for secret in whole for piece in re.split(r"[@:/?#\s]", secret)]
    found = {*whole, *pieces, *(unquote(secret) for secret in whole)}
    return tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True))


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
    def parse(cls, text: str) -> DatabaseUrl:
        """Read ``sqlite:///file.db`` (relative), ``sqlite:////folder/file.db`` or ``postgresql+psycopg://...``.

        Raises:
            StoreError: it is neither.
        """
        scheme, separator, rest = text.partition("://")
        kind = _KINDS.get(scheme)
        if not separator or kind is None:
            hint = nearest(scheme, _KINDS) or "Write sqlite:///zigzag_lab.db for a file in the working folder."
            expected = "sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE"
            raise StoreError("database URL", f"'{masked(text)}' names no database", expected, hint)
        if kind == POSTGRES:
            return cls(kind, None, text)
        place = unquote(rest.partition("?")[0], errors="surrogateescape")
        if place in ("", "/", "/:memory:"):
            return cls(kind, None, text)
        if not place.startswith("/"):
            found = f"'{text}' has two slashes before the file"
            raise StoreError("database URL", found, "three of them", f"Write sqlite:///{place}.")
        return cls(kind, Path(place[1:]), text)

    @property
    def is_in_memory(self) -> bool:
        """Whether it is a SQLite database that ends with its connection."""
        return self.kind == SQLITE and self.path is None

    def absolute(self) -> DatabaseUrl:
        """The same place from whatever folder."""
        return self if self.path is None else DatabaseUrl.parse(f"sqlite:///{quote(os.fsencode(self.path.absolute()))}")

    def for_sqlalchemy(self) -> str:
        """The URL as SQLAlchemy reads it, with the driver we use. It carries the password."""
        if self.kind == POSTGRES:
            return "postgresql+psycopg://" + self.secret.partition("://")[2]
        return self.secret

    def for_driver(self) -> str:
        """The connection string of Postgres' own client library. It carries the password."""
        return "postgresql://" + self.secret.partition("://")[2]

    def scrubbed(self, text: str) -> str:
        """A text, such as an error of a driver, without this URL's password and those of any other."""
        for secret in passwords_in(self.secret) if self.kind == POSTGRES else ():
            text = text.replace(secret, "***")
        return masked(text)

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
