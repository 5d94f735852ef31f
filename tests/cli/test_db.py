from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.recorded import ask
from zigzag_lab.store.schema import HEAD


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'lab.db'}"


def change(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / "lab.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_new_database_is_made_current_and_sound(database: str, tmp_path: Path) -> None:
    assert ask("db", "current", database=database).exit_code == 2
    made = ask("db", "upgrade", database=database)
    assert (made.exit_code, made.stdout) == (0, f"{database} has its tables now (schema {HEAD}).\n")
    assert ask("db", "upgrade", database=database).stdout == f"{database} is up to date (schema {HEAD}).\n"
    current, check = ask("db", "current", database=database), ask("db", "check", database=database)
    assert (current.exit_code, current.stdout) == (0, f"{database} has schema {HEAD}, the newest.\n")
    assert (check.exit_code, check.stdout) == (0, f"{database} is what this program expects (schema {HEAD}).\n")
    change(tmp_path, "DROP INDEX ix_zl_tag_key_value")
    check = ask("db", "check", database=database)
    assert check.exit_code == 1
    assert "ix_zl_tag_key_value" in check.stdout
    change(tmp_path, "DROP VIEW zl_v_memory")
    change(tmp_path, "DROP VIEW zl_v_runs")
    change(tmp_path, "CREATE VIEW zl_v_runs AS SELECT id AS run_id FROM zl_run")
    said = ask("db", "check", database=database).stdout
    assert "differs: view zl_v_memory: SQLite says: " in said
    assert "differs: view zl_v_runs: its columns are run_id\n" in said


def test_an_empty_file_wants_an_upgrade(database: str, tmp_path: Path) -> None:
    (tmp_path / "lab.db").touch()
    for command in ("current", "check"):
        answer = ask("db", command, database=database)
        assert answer.exit_code == 1
        assert "Run 'zigzag-lab db upgrade'." in answer.stdout


def test_a_newer_schema_is_refused(database: str, tmp_path: Path) -> None:
    ask("db", "upgrade", database=database)
    change(tmp_path, "UPDATE zl_alembic_version SET version_num = '9999'")
    for command in ("current", "check", "upgrade"):
        answer = ask("db", command, database=database)
        assert answer.exit_code == 2
        assert "newer than this program" in answer.stderr
