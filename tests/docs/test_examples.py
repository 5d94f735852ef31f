"""The Python blocks of docs/extend.md run, in order, those of a section with names of their own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zigzag_lab.inputs.onnx import operators, registry

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "extend.md"
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
WITHOUT_CODE = {"A column"}


def test_every_section_has_code() -> None:
    assert {name for name, text in SECTIONS.items() if not BLOCK.search(text)} == WITHOUT_CODE
    assert len(SECTIONS) >= 5


@pytest.fixture(autouse=True)
def _registry_as_it_was() -> Iterator[None]:
    assert operators.__path__  # importing them fills the registry, which must not happen within a test
    tables = (registry.PRODUCTS, registry.RULES, registry.PRODUCT_RULES)
    before = [dict(table) for table in tables]
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(SECTIONS.keys() - WITHOUT_CODE))
def test_a_section_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    for block in BLOCK.findall(SECTIONS[name]):
        exec(compile(block, f"{DOCUMENT.name}: {name}", "exec"), names)
