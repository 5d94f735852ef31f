"""Write what follows from the models and the migrations: ``python -m zigzag_lab.store.generate``.

``schema.sql`` makes a new SQLite file without Alembic; ``tables.py`` holds the columns, for code that must not wait for
SQLAlchemy to be imported. Run it after every change of ``models.py`` or of the migrations; a test notices where it was
not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, DateTime, Double, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from zigzag_lab.store.migrate import alembic_config, upgrade
from zigzag_lab.store.models import Table as Model
from zigzag_lab.store.schema import VERSION_TABLE

_PYTHON_TYPES = {Boolean: "bool", Integer: "int", Double: "float", Text: "str", LargeBinary: "bytes", JSON: "str"}
"""Type of a column -> that of its values as they are written; JSON is text by then. Times are SQL."""

BY_STATEMENTS = {
    *("zl_experiment", "zl_run", "zl_tag", "zl_publication", "zl_cache_entry", "zl_sweep", "zl_sweep_point"),
}
"""Tables whose rows are added and changed by statements of their own, column by column, and never whole."""

_HEAD = '''"""Columns of tables, made by ``python -m zigzag_lab.store.generate``: edit ``models.py``."""

from datetime import datetime
from typing import NamedTuple

REVISIONS = ({revisions})
"""All revisions of the schema this program knows, oldest first."""
'''


def statements_of(path: Path) -> list[str]:
    """The statements that make the schema of a SQLite file, tables before their indexes and views."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        )
        return ["\n".join(line.rstrip() for line in sql.strip().splitlines()) for (sql,) in rows]


def generated() -> dict[str, str]:
    """Name of a file beside this one -> its text, from the models and the migrations of today."""
    scripts = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    revisions = [script.revision for script in scripts][::-1]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "schema.db"
        upgrade(f"sqlite:///{path}")
        version = f"INSERT INTO {VERSION_TABLE} (version_num) VALUES ('{revisions[-1]}')"
        schema = ";\n".join([*statements_of(path), version]) + ";\n"
    return {"schema.sql": schema, "tables.py": "\n".join(_tables(revisions))}


def _tables(revisions: Sequence[str]) -> Iterator[str]:
    yield _HEAD.format(revisions=", ".join(f'"{revision}"' for revision in revisions))
    for table in Model.metadata.tables.values():
        if table.name in BY_STATEMENTS:
            continue
        yield f'\nclass {_class_of(table)}(NamedTuple):\n    """A row of ``{table.name}``."""\n'
        yield from (f"    {line}" for line in _fields(table))
        yield ""


def _class_of(table: Table) -> str:
    """The class of its rows, from whose name :func:`zigzag_lab.store.database.table_of` has the table."""
    return f"{table.name.removeprefix('zl_').title().replace('_', '')}Tuple"


def _fields(table: Table) -> list[str]:
    """Its columns with their types; the last ones that may be empty are, unless they are given."""
    lines, may_be_left_out = [], True
    for column in reversed(table.columns.values()):
        may_be_left_out = may_be_left_out and bool(column.nullable)
        kind = f"{python_type(column.type)} | None" if column.nullable else python_type(column.type)
        lines.append(f"{column.name}: {kind}{' = None' if may_be_left_out else ''}")
    return lines[::-1]


def python_type(kind: TypeEngine[object]) -> str:
    """The name of the type of a column's values, as they are written."""
    if isinstance(kind, DateTime):
        return "datetime"
    return next(name for base, name in _PYTHON_TYPES.items() if isinstance(kind, base))


if __name__ == "__main__":
    for name, text in generated().items():
        Path(__file__).with_name(name).write_text(text, encoding="utf-8")
