"""The digest of the code that decides numbers: a stored answer is as good as new while it stays the same.

A release is identified by a label, :data:`COMPATIBILITY`, so that those that compute the same share their answers. It
is so only while it is as it was built: the build writes down the digest of its sources, and where they have been
changed since, or there is no such note (in a checkout, where people work on them), the digest is that of the sources.
"""

from __future__ import annotations

import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

COMPATIBILITY = "4"
"""Raised whenever any price or any search comes out otherwise; ``tests/keys/engine_numbers.json`` holds its numbers."""

DECIDING_PACKAGES = ("cost", "exact", "hardware", "mapping", "search", "stages", "vocab", "workload")
"""Packages whose sources decide what a price or a search comes out as. Readers are not among them: what they read is
keyed by its meaning."""

RELEASE_NOTE = "keys/engine_release.txt"
"""Where, in a built package, the digest of its sources as they were built is."""


@cache
def engine_digest() -> str:
    """The digest of the label or of the sources: 64 hexadecimal digits, worked out once a process."""
    return digest_of_engine(Path(__file__).parents[1])


def digest_of_engine(root: Path) -> str:
    """Return the engine digest of the package at a folder: of its label while it is as built, else of its sources."""
    sources, note = digest_of_sources(root, DECIDING_PACKAGES), root / RELEASE_NOTE
    if note.is_file() and note.read_text(encoding="ascii").strip() == sources:
        return sha256(f"zl-engine-label\0{COMPATIBILITY}".encode()).hexdigest()
    return sources


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


@cache
def digest_of_package(module: str) -> str:
    """Return the digest of the sources of the installed package, or the single file, that a module belongs to."""
    file = getattr(sys.modules[module.partition(".")[0]], "__file__", None)
    if file is None:
        return ""
    if Path(file).name == "__init__.py":
        return digest_of_sources(Path(file).parent, (".",))
    return sha256(Path(file).read_bytes().replace(b"\r\n", b"\n")).hexdigest()
