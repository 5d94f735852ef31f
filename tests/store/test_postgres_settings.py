"""Postgres as others set it up: schemas side by side, encodings, limits of time, tables in the way."""

from __future__ import annotations

import psycopg
import pytest

from tests.store.conftest import CAN_START, POSTGRES_NAMED, emptied
from zigzag_lab.store import Lab, RunStart, StoreError, migrate, open_store

pytestmark = pytest.mark.skipif(
    not (CAN_START or POSTGRES_NAMED), reason="no Postgres server is named or can be started"
)


@pytest.fixture
def empty_postgres(postgres_database: str) -> str:
    return emptied(postgres_database)


@pytest.fixture
def postgres(empty_postgres: str) -> str:
    migrate.upgrade(empty_postgres)
    return empty_postgres


def test_another_schema_that_holds_the_same_tables_is_left_alone(empty_postgres: str) -> None:
    mark = "&" if "?" in empty_postgres else "?"
    first, second = (f"{empty_postgres}{mark}options=-csearch_path%3D{name}" for name in ("one", "two"))
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS one, two CASCADE")
        connection.execute("CREATE SCHEMA one")
        connection.execute("CREATE SCHEMA two")
    migrate.upgrade(first)
    assert migrate.current(second) is None
    with pytest.raises(StoreError, match="it holds no tables"):
        open_store(second)
    migrate.upgrade(second)
    with open_store(second) as store, store.start_run(RunStart(name="in two")):
        pass
    for url, n_runs in ((first, 0), (second, 1)):
        with Lab(url) as lab:
            assert len(lab.runs()) == n_runs
        assert migrate.check(url) == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_the_encoding_of_the_client_changes_no_text(
    postgres: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", encoding)
    name = "Größe 大きさ"
    with open_store(postgres) as store, store.start_run(RunStart(name=name, tags={"bytes": "\udcff"})) as run:
        pass
    migrate.upgrade(postgres)
    with Lab(postgres) as lab:
        assert lab.run(run.run_id).name == name
        assert lab.details(run.run_id).tags == {"bytes": "%FF"}


def test_time_limits_have_advice_of_their_own(postgres: str) -> None:
    mark = "&" if "?" in postgres else "?"
    limited = f"{postgres}{mark}options=-cstatement_timeout%3D500"
    with Lab(limited) as lab, pytest.raises(StoreError, match="statement_timeout") as caught:
        lab.sql("SELECT pg_sleep(5)")
    assert "Check that the server runs" not in str(caught.value)


def test_an_upgrade_that_breaks_off_says_how_far_it_came(empty_postgres: str) -> None:
    migrate.upgrade(empty_postgres, "0003")
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE zl_certificate (x int)")
    with pytest.raises(StoreError, match=r"Its schema is 0005 now\."):
        migrate.upgrade(empty_postgres)
    with pytest.raises(StoreError, match=r"Nothing of it was kept\."):
        migrate.upgrade(empty_postgres)
