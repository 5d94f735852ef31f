"""Generated parts of the documents are those that the code gives."""

import re

import pytest

from tests.docs.columns import MEANINGS, SCHEMA, VIEWS, views_of_columns
from tests.docs.generated import CORE, ROOT, core_classes, documents
from tests.house import House

DOCUMENTS = {path.relative_to(ROOT).as_posix(): (path, text) for path, text in documents().items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_parts_are_up_to_date(name: str) -> None:
    path, text = DOCUMENTS[name]
    assert path.read_text(encoding="utf-8") == text, "run python -m tests.docs"


def test_every_public_class_of_the_core_is_in_the_glossary() -> None:
    house, text = House(ROOT), (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = {name for package in CORE for name, _, _ in core_classes(house, package)}
    assert len(names) > 100
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_table_is_in_the_diagram() -> None:
    from zigzag_lab.store.models import Table

    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert len(Table.metadata.tables) > 10
    assert [name for name in Table.metadata.tables if f"    {name} {{" not in text] == []


def test_every_column_of_every_view_is_in_the_table_of_records() -> None:
    found = views_of_columns()
    assert set(MEANINGS) == set(found)
    schema = SCHEMA.read_text(encoding="utf-8")
    assert {f"zl_v_{view}" for view in VIEWS} == set(re.findall(r"CREATE VIEW (\w+)", schema))
