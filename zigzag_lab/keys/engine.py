"""The digest of the code that decides numbers: a stored answer is as good as new while it stays the same."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import zigzag_lab

DECIDING_PACKAGES = ("cost", "exact", "hardware", "mapping", "search", "stages", "vocab", "workload")
"""Packages whose sources decide what a price or a search comes out as. Readers are not among them: what they read is
keyed by its meaning."""


@cache
def engine_digest() -> str:
    """The digest of the sources in :data:`DECIDING_PACKAGES`: 64 hexadecimal digits, worked out once a process."""
    return digest_of_sources(Path(zigzag_lab.__file__).parent, DECIDING_PACKAGES)


def digest_of_sources(root: Path, packages: tuple[str, ...]) -> str:
    """The digest of the Python sources of some packages: their paths below the root, sorted, and what they hold.

    Line ends do not count, so that a checkout on another system agrees; nor do tests and compiled files.
    """
    sources = {p.relative_to(root).as_posix(): p for package in packages for p in (root / package).rglob("*.py")}
    total = sha256(b"zl-engine\0v1\0")
    for name in sorted(sources):
        content = sources[name].read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{name}\0{sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()
