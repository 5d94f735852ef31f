"""Take passwords out of texts before anybody else reads them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote

from zigzag_lab.store.url import masked

_SECRET_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "PGPASSWORD")
_LOGIN = re.compile(r"://([^/?#]*)@")
_NAMED = re.compile(r"(?i)[?&](?:password|sslpassword|token)=([^&#]+)")
_SHORTEST = 4  # of shorter ones, every second word would be blanked


@dataclass(frozen=True)
class Scrubber:
    """Blanks known secrets, and the passwords of any URL.

    Attributes:
        secrets: texts that must not be seen, longest first.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, *uris: str) -> Scrubber:
        """One that knows the passwords of some URIs, and those that the environment hands to MLflow and Postgres."""
        found = {os.environ.get(name, "") for name in _SECRET_VARIABLES}
        for uri in uris:
            login = _LOGIN.search(uri)
            if login:
                user, separator, password = login[1].partition(":")
                found.add(password if separator else user)  # a lone user name may be a token
            found.update(_NAMED.findall(uri))
        found |= {unquote(secret) for secret in found}
        return cls(tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return "\n".join(masked(line) for line in text.split("\n")) if "://" in text else text

    def in_a_line(self, error: BaseException, most: int = 300) -> str:
        """An error as one short line."""
        text = self(str(error).strip() or type(error).__name__)
        line = " ".join(text.split("(Background on this error")[0].split())
        return line if len(line) <= most else line[: most - 4] + " ..."
