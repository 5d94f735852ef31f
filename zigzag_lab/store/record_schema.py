"""Write ``schema.sql``, the outcome of all migrations on SQLite: ``python -m zigzag_lab.store.record_schema``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from zigzag_lab.store.migrate import upgrade
from zigzag_lab.store.schema import HEAD, VERSION_TABLE


def statements_of(path: Path) -> list[str]:
    """The statements that make the schema of a SQLite file, tables before their indexes and views."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        )
        return ["\n".join(line.rstrip() for line in sql.strip().splitlines()) for (sql,) in rows]


def recorded() -> str:
    """The text of ``schema.sql`` as the migrations have it today."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "schema.db"
        upgrade(f"sqlite:///{path}")
        statements = statements_of(path)
    return ";\n".join([*statements, f"INSERT INTO {VERSION_TABLE} (version_num) VALUES ('{HEAD}')"]) + ";\n"


if __name__ == "__main__":
    Path(__file__).with_name("schema.sql").write_text(recorded(), encoding="utf-8")
