"""The schema: models, migrations and the recorded statements say the same; data lives through all of it."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.store.conftest import emptied
from tests.store.prices import network_of, total_of
from zigzag_lab.store import RunStart, StoreError, migrate, open_store, tables
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import table_of
from zigzag_lab.store.generate import BY_STATEMENTS, generated, python_type, statements_of
from zigzag_lab.store.locks import UPGRADE
from zigzag_lab.store.migrate import back_up, check, current, downgrade, make_engine, migrations_folder, upgrade
from zigzag_lab.store.models import Table
from zigzag_lab.store.schema import HEAD, REVISIONS, create_if_empty
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.store.views import COMPUTED, VIEWS, type_of_column


def rows_of(url: str) -> dict[str, list[Any]]:
    """All that our tables hold."""
    database = connect(DatabaseUrl.parse(url))
    with closing(database):
        return {
            table.name: sorted(database.select(f"SELECT * FROM {table.name}").rows, key=str)
            for table in Table.metadata.sorted_tables
        }


def filled(url: str) -> dict[str, list[Any]]:
    network = network_of(1, 2)
    with open_store(url) as store, store.start_run(RunStart(tags={"a": "b"})) as run:
        for cme in network:
            run.save(cme)
        run.finish(total_of(network))
    return rows_of(url)


def test_models_equal_migrations(empty_url: str) -> None:
    upgrade(empty_url)
    assert check(empty_url) == []


def test_a_missing_column_would_be_noticed(file_url: str) -> None:
    upgrade(file_url)
    with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("ALTER TABLE zl_run_input DROP COLUMN file_name")
    assert any("file_name" in difference for difference in check(file_url))


def test_generated_files_are_those_of_the_models_and_migrations() -> None:
    """Where this fails: ``python -m zigzag_lab.store.generate``."""
    folder = Path(migrate.__file__).parent
    for name, text in generated().items():
        assert (folder / name).read_text(encoding="utf-8") == text


def test_the_recorded_schema_is_what_migrations_make(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'slow.db'}")
    database = connect(DatabaseUrl.parse(f"sqlite:///{tmp_path / 'fast.db'}"))
    create_if_empty(database)
    create_if_empty(database)
    database.close()
    assert statements_of(tmp_path / "fast.db") == statements_of(tmp_path / "slow.db")
    assert current(f"sqlite:///{tmp_path / 'fast.db'}") == current(f"sqlite:///{tmp_path / 'slow.db'}") == HEAD


def schema_of(path: Path) -> dict[str, str]:
    """Name of a table, an index or a view -> the statement that makes it; blanks at the ends of lines do not count."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: "\n".join(line.rstrip() for line in sql.splitlines()) for name, sql in found}


def test_each_revision_makes_the_schema_that_was_released(tmp_path: Path) -> None:
    path, expected = tmp_path / "lab.db", dict[str, str]()
    after = [{}]
    released = json.loads(Path(__file__).with_name("schemas.json").read_text())
    for revision, changes in released.items():
        upgrade(f"sqlite:///{path}", revision)
        expected = {name: sql for name, sql in {**expected, **changes}.items() if sql is not None}
        after.append({name: "\n".join(map(str.rstrip, sql.splitlines())) for name, sql in expected.items()})
        assert schema_of(path) == after[-1], revision
    assert tuple(released) == REVISIONS[: len(released)]
    for revision, schema in reversed([*zip(released, after[1:], strict=True)][:-1]):
        downgrade(f"sqlite:///{path}", revision)
        assert without_views(schema_of(path)) == without_views(schema), revision


def without_views(schema: dict[str, str]) -> dict[str, str]:
    """Views by name only, as 0009 goes back to views that read the same columns in other words."""
    return {name: "" if name.startswith("zl_v_") else sql for name, sql in schema.items()}


def test_no_migration_reads_another() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in migrations_folder().glob("versions/*.py")}
    assert len(texts) == len(REVISIONS)
    assert not [name for name, text in texts.items() if "get_revision" in text or ".replace(" in text]


def test_the_known_revisions_are_the_scripts_and_have_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS
    assert scripts.get_heads() == [HEAD]


def test_up_down_and_up_again_with_data(url: str) -> None:
    before = filled(url)
    assert upgrade(url) == HEAD
    assert rows_of(url) == before
    downgrade(url, "base")
    assert current(url) is None
    database = connect(DatabaseUrl.parse(url))
    names = "sqlite_master" if url.startswith("sqlite") else "pg_class"
    column = "name" if url.startswith("sqlite") else "relname"
    left = database.select(f"SELECT {column} FROM {names} WHERE {column} LIKE 'zl_%'").rows
    database.close()
    assert {row[0] for row in left} <= {"zl_alembic_version", "zl_alembic_version_pkc"}
    assert upgrade(url) is None
    again = filled(url)
    assert len(again["zl_layer_evaluation"]) == len(before["zl_layer_evaluation"]) == 2
    assert check(url) == []


def test_tables_of_others_are_left_alone(empty_url: str) -> None:
    database = connect(DatabaseUrl.parse(empty_url))
    with database.write():
        database.execute("CREATE TABLE runs (x INTEGER)")
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('of-mlflow')")
    upgrade(empty_url)
    assert check(empty_url) == []
    downgrade(empty_url, "base")
    assert database.select("SELECT version_num FROM alembic_version").rows == [("of-mlflow",)]
    assert database.select("SELECT COUNT(*) FROM runs").rows == [(0,)]
    database.close()


def test_a_file_with_runs_is_copied_before_its_schema_changes(file_url: str) -> None:
    before = filled(file_url)
    path = Path(file_url.removeprefix("sqlite:///"))
    downgrade(file_url, "base")
    copy = path.with_name(f"lab.db.backup-{HEAD}")
    assert rows_of(f"sqlite:///{copy}") == before
    assert back_up(DatabaseUrl.parse(file_url.replace("lab.db", copy.name)), HEAD) is not None
    upgrade(file_url)
    assert back_up(DatabaseUrl.parse(file_url), HEAD) is None


def test_an_upgrade_refuses_a_newer_database(url: str) -> None:
    with open_store(url) as store:
        store.database.execute("UPDATE zl_alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer than this program"):
        upgrade(url)


def test_a_reference_to_nothing_is_found_after_a_migration(file_url: str) -> None:
    open_store(file_url).close()
    with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("CREATE TABLE other (x INTEGER REFERENCES runs (x))")
        connection.execute("CREATE TABLE runs (x INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO other VALUES (1)")
        connection.commit()
    with pytest.raises(StoreError, match="1 rows refer to nothing, first in table other"):
        downgrade(file_url, "base")


def test_several_processes_upgrade_at_once(empty_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    upgraders = [context.Process(target=upgrade, args=(empty_url,)) for _ in range(2)]
    for upgrader in upgraders:
        upgrader.start()
    for upgrader in upgraders:
        upgrader.join(60)
    assert [u.exitcode for u in upgraders] == [0, 0]
    assert current(empty_url) == HEAD


def test_the_rows_have_the_columns_of_the_models() -> None:
    columns = {name: tuple(table.columns.keys()) for name, table in Table.metadata.tables.items()}
    kinds = [kind for kind in vars(tables).values() if isinstance(kind, type) and issubclass(kind, tuple)]
    rows = {table_of(kind): kind._fields for kind in kinds}  # type: ignore[arg-type, attr-defined]
    assert rows == {name: fields for name, fields in columns.items() if name not in BY_STATEMENTS}


def test_columns_of_views_have_the_types_of_the_models() -> None:
    with closing(connect(DatabaseUrl.parse("sqlite://"))) as database:
        create_if_empty(database)
        shown = {name for view in VIEWS for name in database.select(f"SELECT * FROM {view} LIMIT 0").columns}
    columns = {c.name: python_type(c.type) for table in Table.metadata.tables.values() for c in table.columns}
    expected = {name: kind for name, kind in columns.items() if name in shown - COMPUTED.keys()}
    assert len(expected) > 50
    assert {name: type_of_column(name).__name__ for name in expected} == expected


def test_types_of_columns_of_views_are_those_that_a_server_gives(url: str) -> None:
    if url.startswith("sqlite"):
        return
    upgrade(url)
    with closing(connect(DatabaseUrl.parse(url))) as database:
        rows = database.select(
            "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_type t ON t.oid = a.atttypid WHERE c.relkind = 'v' AND c.relname LIKE 'zl%'"
        ).rows
    assert set(COMPUTED) <= {name for name, _ in rows}
    assert {(type_of_column(name).__name__, kind) for name, kind in rows} == {
        *(("str", "text"), ("str", "jsonb"), ("int", "int4"), ("int", "int8"), ("float", "float8")),
        *(("float", "numeric"), ("bool", "bool"), ("datetime", "timestamptz")),
    }


def test_the_models_read_what_the_recorder_wrote(url: str) -> None:
    from sqlmodel import Session, select

    from zigzag_lab.store.models import Environment, LayerEvaluation, MappingRow, Run

    filled(url)
    engine = make_engine(url)
    with Session(engine) as session:
        run = session.exec(select(Run)).one()
        assert (run.status, run.n_layers, run.options) == ("finished", 2, {})
        assert (run.ended_at or run.started_at) >= run.started_at
        layers = session.exec(select(LayerEvaluation)).all()
        assert [layer.layer_id for layer in layers] == [0, 10]
        mapping = session.get(MappingRow, layers[0].mapping_digest)
        assert mapping is not None
        assert set(mapping.content) == {"kind", "spatial", "temporal"}
        assert session.exec(select(Environment)).one().content["python"]
    engine.dispose()


HOLD = """
import sys, time
from pathlib import Path
from zigzag_lab.store.locks import locked
with locked(Path(sys.argv[1]), 1):
    print("held", flush=True)
    time.sleep(600)
"""


def test_an_upgrade_behind_a_stopped_one_says_who_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PATIENCE_SECONDS", 0.3)
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lab.db.upgrade-lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"is being changed by process {holder.pid} on "):
            upgrade(url)
        holder.kill()
    assert upgrade(url) is None
    assert current(url) == HEAD


def test_an_upgrade_of_a_server_behind_another_says_who_is_in_the_way(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    psycopg = pytest.importorskip("psycopg")

    monkeypatch.setattr(migrate, "PATIENCE_SECONDS", 0.3)
    url = emptied(postgres_database)
    with psycopg.connect(url, autocommit=True, application_name="zl-other-7") as other:
        other.execute("SELECT pg_advisory_lock(%s)", (UPGRADE.number,))
        with pytest.raises(StoreError, match=r"is being changed by the connection of zl-other-7, process \d+ of the"):
            upgrade(url)
    upgrade(url)
    assert current(url) == HEAD
