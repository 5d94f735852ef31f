"""The words this process was called with, which every user of the machine can read in the list of processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zigzag_lab.vocab.masking import masked_words

_ARGUMENTS_START = 45  # of the fields of /proc/self/stat, counted from the one after the name


def hide_passwords() -> None:
    """Blank secrets in the list of processes; what this program reads of its words stays as it is.

    Linux shows the memory in which the words lie: the secrets in it are written over. Elsewhere nothing is done.
    """
    pairs = zip(sys.argv, masked_words(sys.argv), strict=True)
    secrets = [_secret(os.fsencode(word), os.fsencode(masked)) for word, masked in pairs if word != masked]
    if sys.platform != "linux" or not secrets:
        return
    try:
        shown = Path("/proc/self/cmdline").read_bytes()
        start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_ARGUMENTS_START])
    except (OSError, ValueError, IndexError):
        return
    if start:
        _write_over(shown, start, secrets)


def _secret(word: bytes, masked: bytes) -> tuple[bytes, slice]:
    """A word, and which part of it is not to be seen."""
    first = _n_equal(word, masked)
    return word, slice(first, len(word) - _n_equal(word[first:][::-1], masked[first:][::-1]))


def _n_equal(one: bytes, other: bytes) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _write_over(shown: bytes, start: int, secrets: list[tuple[bytes, slice]]) -> None:
    import ctypes

    if ctypes.string_at(start, len(shown)) != shown:
        return
    for word, part in secrets:
        place = shown.find(word)
        while place >= 0:
            ctypes.memset(start + place + part.start, ord("*"), part.stop - part.start)
            place = shown.find(word, place + 1)
