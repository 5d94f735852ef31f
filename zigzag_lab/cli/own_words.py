"""The words this process was called with, which every user of the machine can read in the list of processes."""

from __future__ import annotations

import sys
from pathlib import Path

_ARGUMENTS_START = 45  # of the fields of /proc/self/stat, counted from the one after the name


def hide_passwords() -> None:
    """Blank the passwords of URLs in the list of processes; what this program reads of its words stays as it is.

    Linux shows the memory in which the words lie: the passwords in it are written over. Elsewhere nothing is done.
    """
    if sys.platform != "linux" or not any("://" in word and "@" in word for word in sys.argv):
        return
    from zigzag_lab.api import passwords_in

    secrets = {secret for word in sys.argv if "://" in word for secret in passwords_in(word)}
    try:
        shown = Path("/proc/self/cmdline").read_bytes()
        start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_ARGUMENTS_START])
    except (OSError, ValueError, IndexError):
        return
    if start:
        _write_over(shown, start, [secret.encode() for secret in secrets])


def _write_over(shown: bytes, start: int, secrets: list[bytes]) -> None:
    import ctypes

    if ctypes.string_at(start, len(shown)) != shown:
        return
    for secret in secrets:
        place = shown.find(secret)
        while place >= 0:
            ctypes.memset(start + place, ord("*"), len(secret))
            place = shown.find(secret, place + 1)
