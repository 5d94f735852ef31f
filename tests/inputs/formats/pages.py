"""What the pages of docs/formats say of keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "formats"
_SECTION = re.compile(r"^### (?:`(.*?)`: )?.*?\n(.*?)(?=^###? |^<!-- end|\Z)", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| ", re.MULTILINE)


def text_of(kind: str) -> str:
    return (FOLDER / f"{kind}.md").read_text("utf-8")


def keys_of(kind: str) -> Iterator[tuple[str, str]]:
    """Path of a mapping with known keys, and each key, as the tables of a page have them."""
    for paths, body in _SECTION.findall(text_of(kind)):
        for key in _ROW.findall(body):
            yield from ((path, key) for path in paths.split("`, `"))


def example_of(kind: str) -> Any:
    """The file that a page starts with."""
    [text] = re.findall(r"^```yaml\n(.*?)^```", text_of(kind), re.DOTALL | re.MULTILINE)[:1]
    return yaml.safe_load(text)
