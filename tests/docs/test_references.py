"""Names that documents and docstrings mention are there: modules, what they hold, files, commands of ours."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
DOTTED = re.compile(r"\bzigzag_lab(?:\.\w+)+")
SPHINX = re.compile(r":(?:mod|func|class|data|meth|attr):`~?(zigzag_lab[\w.]+)`")
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
CODE = re.compile(r"`((?:zigzag_lab|tests|docs|migrations|experiments)/[\w./*-]+)`")
RUN = re.compile(r"python -m ((?:tests|zigzag_lab)[\w.]*)")
COMMAND = re.compile(r"zigzag-lab ([a-z][\w-]*)")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PLACEHOLDER = re.compile(r"/[A-Z]+/")
NO_NAME = (".db", ".yaml", ".svg", ".search_methods", ".stages", ".plot_kinds", ".array_models")
"""Ends of what looks like a name and is a file or an entry-point group."""


def resolved(name: str) -> Any:
    """What a dotted name stands for; AttributeError or ModuleNotFoundError where it stands for nothing."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            annotated = getattr(found, "__annotations__", {})
            found = annotated[part] if part in annotated and not hasattr(found, part) else getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def missing(names: set[str]) -> list[str]:
    found = []
    for name in sorted(names):
        try:
            resolved(name)
        except (AttributeError, ModuleNotFoundError):
            found.append(name)
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_names_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = {name.rstrip(".") for name in DOTTED.findall(text)}
    assert missing({name for name in names if not name.endswith(NO_NAME)}) == []
    assert [link for link in LINK.findall(FENCED.sub("", text)) if not (path.parent / link).exists()] == []
    paths = [one for one in CODE.findall(text) if not PLACEHOLDER.search(one)]
    assert [one for one in paths if not list(ROOT.glob(one.rstrip("/")))] == []
    assert [module for module in RUN.findall(text) if find_spec(module) is None] == []


def test_commands_in_documents_are_commands() -> None:
    from click import Context

    from zigzag_lab.cli.main import main

    words = {word for path in DOCUMENTS for word in COMMAND.findall(path.read_text(encoding="utf-8"))}
    assert len(words) > 15
    assert words <= set(main.list_commands(Context(main)))


def test_references_in_docstrings_resolve() -> None:
    sources = (ROOT / "zigzag_lab").rglob("*.py")
    names = {name for path in sources for name in SPHINX.findall(path.read_text(encoding="utf-8"))}
    assert len(names) > 30
    assert missing(names) == []
