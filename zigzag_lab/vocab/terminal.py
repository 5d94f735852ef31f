"""The one gate between texts and a terminal: no text controls it, and messages of errors hold no secret.

Names, notes, tags and messages of servers may hold control characters, with which they could colour, overwrite or hide
what stands on a terminal. A :class:`Gate` stands for the standard streams and shows such characters as signs. Our own
styles pass: they carry a number that is drawn anew in each process.
"""

from __future__ import annotations

import re
import secrets
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from zigzag_lab.vocab.masking import masked

SIGN = "\N{REPLACEMENT CHARACTER}"

_OURS = secrets.randbelow(10**9)
_STYLES = {f"\x1b[{n};{_OURS}m": f"\x1b[{n}m" for n in (0, 1)} | {f"\x1b[2;{_OURS}K": "\r\x1b[2K"}
_PLAIN, _BOLD, REWRITTEN = _STYLES
"""``REWRITTEN`` stands before what takes the place of the line that the cursor is in."""

_STYLE = re.compile("(" + "|".join(map(re.escape, _STYLES)) + ")")
_SPACES = frozenset(("Zs", "Zl", "Zp"))


def bold(text: str) -> str:
    """A text that stands out on a terminal."""
    return f"{_BOLD}{text}{_PLAIN}"


def printable(text: str) -> str:
    """A text of which no character steers a terminal; lines and tabulators stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _sign(c) for c in text.replace("\r\n", "\n"))


def _sign(character: str) -> str:
    return " " if unicodedata.category(character) in _SPACES else SIGN


class Gate:
    """A stream of text through which only printable text passes, and our own styles where it is a terminal.

    It ``masks`` secrets as well where it is for what is said of errors.
    """

    def __init__(self, stream: TextIO, *, masks: bool = False) -> None:
        self.behind, self._masks = stream, masks

    def write(self, text: str) -> int:
        """Write what may be shown."""
        if not isinstance(text, str):
            raise TypeError("a gate takes text only")
        shown = "".join(self._shown(part) for part in _STYLE.split(masked(text) if self._masks else text))
        try:
            self.behind.write(shown)
        except UnicodeEncodeError:  # the stream has fewer characters
            self.behind.write(shown.encode(self.behind.encoding, "replace").decode(self.behind.encoding))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write some texts."""
        for line in lines:
            self.write(line)

    def _shown(self, part: str) -> str:
        style = _STYLES.get(part)
        if style is None:
            return printable(part)
        return style if self.behind.isatty() else ""

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # which would lead around the gate
            raise AttributeError(name)
        return getattr(self.behind, name)


@contextmanager
def gated() -> Iterator[None]:
    """Gate the standard streams within the block."""
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stdout and Gate(sys.stdout)
    sys.stderr = sys.stderr and Gate(sys.stderr, masks=True)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def data_stream() -> TextIO:
    """Standard output for what other programs read: as it is, unless a terminal reads it."""
    stream = sys.stdout
    return stream.behind if isinstance(stream, Gate) and not stream.isatty() else stream
