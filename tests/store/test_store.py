from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.store.prices import network_of, price_of, total_of
from tests.strategies.problems import random_problem
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.store import Lab, RunInput, RunStart, Store, StoreError, StoreWriteError, open_store
from zigzag_lab.store.connect import connect
from zigzag_lab.store.run_start import new_run_id
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import is_secret, masked
from zigzag_lab.workload import Workload


def inputs() -> list[RunInput]:
    problem = random_problem(4)
    return [
        RunInput.of(Workload("net", (problem.layer,)), file_name="net.yaml", source=b"# a network"),
        RunInput.of(problem.accelerator),
        RunInput.of(MappingRules({"default": MappingConstraints()})),
    ]


def test_inputs_are_stored_once_by_their_meaning(store: Store, url: str) -> None:
    for _ in range(3):
        with store.start_run(RunStart(inputs=inputs())) as run:
            pass
    tables = {t: store.database.select(f"SELECT COUNT(*) FROM {t}").rows[0][0] for t in ("zl_input", "zl_run_input")}
    assert tables == {"zl_input": 3, "zl_run_input": 9}
    for table in ("zl_source", "zl_environment", "zl_experiment"):
        assert store.database.select(f"SELECT COUNT(*) FROM {table}").rows[0][0] == 1
    with Lab(url) as lab:
        given = lab.inputs(run.run_id)
        assert lab.run(run.run_id).name == f"net on {random_problem(4).accelerator.name}"
    assert given["workload"][0] == "net"
    assert given["workload"][2] == b"# a network"
    assert given["workload"][1]["nodes"][0]["name"] == random_problem(4).layer.name
    assert given["accelerator"][2] is None


def test_two_inputs_of_a_kind_are_refused() -> None:
    with pytest.raises(InputError, match="one input of each kind"):
        RunStart(inputs=[*inputs(), *inputs()])


def test_ids_of_runs_are_short_and_sort_by_time() -> None:
    first = new_run_id()
    time.sleep(0.002)
    assert first < new_run_id()
    assert re.fullmatch("[0-9a-z]{12}", first)


def test_no_id_of_a_run_reads_as_the_name_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: (1_735_689_600_000 + 60_402_921_890) / 1000)  # the id was 1r84pwd2....
    run_id = new_run_id()
    assert run_id.startswith("1r84p")
    assert not is_secret(run_id)
    assert masked(f"run {run_id}: its record") == f"run {run_id}: its record"


def test_a_run_is_found_by_the_start_of_its_id(store: Store) -> None:
    run = store.start_run(RunStart())
    assert store.run_number(run.run_id[:10]) == run.number
    run.finish()
    with pytest.raises(InputError, match="no run is called so"):
        store.run_number("nothing")


def test_tags_are_hung_on_runs_and_replaced(store: Store, url: str) -> None:
    with store.start_run(RunStart(tags={"who": "me"})) as run:
        pass
    store.tag(run.run_id, who="you", why="curious")
    with Lab(url) as lab:
        assert lab.details(run.run_id).tags == {"who": "you", "why": "curious"}
        assert [r.run_id for r in lab.runs(tags={"who": "you"})] == [run.run_id]
        assert lab.runs(tags={"who": "me"}) == []


def test_options_are_kept_as_plain_data_without_passwords(store: Store, url: str) -> None:
    options = {"db": "postgresql://me:s3cret@host/db", "mail": "me@host", "seeds": (1, 2), "limit": float("inf")}
    with store.start_run(RunStart(options={**options, "path": Path("x.yaml"), "nested": {"on": True}})) as run:
        pass
    with Lab(url) as lab:
        assert lab.details(run.run_id).options == {
            "db": "postgresql://me:***@host/db",
            "mail": "me@host",
            "seeds": [1, 2],
            "limit": "inf",
            "path": "x.yaml",
            "nested": {"on": True},
        }


def test_a_silent_run_is_marked_lost_and_awakes(url: str) -> None:
    with open_store(url) as store:
        run = store.start_run(RunStart())
        assert store.mark_lost(60) == 0
        database = store.database
        database.execute(f"UPDATE zl_run SET heartbeat_at = {database.seconds_ago(90)} WHERE number = ?", (run.number,))
        with open_store(url) as other:
            row = other.database.select("SELECT status, ended_at = heartbeat_at FROM zl_run").rows[0]
            assert (row[0], bool(row[1])) == ("lost", True)
            assert [p.run_id for p in other.publications("pending")] == [run.run_id]
        run.finish()
        assert database.select("SELECT status, reason FROM zl_run").rows == [("finished", None)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("oracle://x", "names no database"),
        ("sqllite:///x.db", "Did you mean 'sqlite'"),
        ("", "names no database"),
        (" ", "names no database"),
        ("sqlite", "names no database"),
        ("postgres:lab", "names no database"),
        ("postgresql:/me@host/lab", "names no database"),
        ("sqlite:///lab.db?mode=ro", "write %3F for a question mark"),
        ("sqlite://x.db", "Write sqlite:///x.db"),
    ],
)
def test_a_bad_url_says_what_to_write(text: str, words: str) -> None:
    with pytest.raises(StoreError, match=re.escape(words)):
        open_store(text)


def test_passwords_are_shown_nowhere(file_url: str) -> None:
    secret = "postgresql+psycopg://me:p@ss/w:rd@localhost:1/lab?password=other"
    parsed = DatabaseUrl.parse(secret)
    for text in (str(parsed), repr(parsed), str(SimpleNamespace(url=parsed))):
        assert "ss/w" not in text
        assert "other" not in text
    assert str(parsed) == "postgresql+psycopg://me:***@localhost:1/lab?password=***"
    assert parsed.for_sqlalchemy() == secret
    with pytest.raises(StoreError) as caught:
        open_store("mysql://me:s3cret@host/db")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(StoreError) as unreachable:
        open_store("postgresql://me:s3cret@localhost:1/lab")
    assert "s3cret" not in str(unreachable.value) + repr(unreachable.value)
    with open_store(file_url) as store:
        assert repr(store) == f"Store('{file_url}')"


def test_a_newer_database_is_refused_with_words(url: str) -> None:
    with open_store(url) as store:
        store.database.execute("UPDATE zl_alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"schema is 9999, newer than this program.*Upgrade zigzag-lab"):
        open_store(url)


def test_a_file_that_is_no_database_is_refused_with_words(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database, and quite long ones at that\n" * 50)
    with pytest.raises(StoreError, match="not a SQLite database"):
        open_store(path)


def test_a_missing_folder_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check that its folder exists"):
        open_store(tmp_path / "nowhere" / "lab.db")


def test_a_write_that_fails_undoes_its_transaction_and_says_so(file_url: str) -> None:
    prices = [price_of(i % 10, layer_id=i) for i in range(60)]
    with open_store(file_url) as store:
        run = store.start_run(RunStart())
        n_pages = store.database.select("PRAGMA page_count").rows[0][0]
        store.database.execute(f"PRAGMA max_page_count={n_pages}")
        for cme in prices:
            run.save(cme)
        with pytest.raises(StoreWriteError, match="the disk is full") as caught:
            run.flush()
        assert caught.value.exit_status == 1
        assert store.database.select("SELECT COUNT(*) FROM zl_layer_evaluation").rows == [(0,)]
        store.database.execute("PRAGMA max_page_count=1000000")
        run.finish(price_of(1))
        assert store.database.select("SELECT COUNT(*) FROM zl_layer_evaluation").rows == [(60,)]


KILLED = """
import sys, time
from tests.store.prices import network_of
from zigzag_lab.store import RunStart, open_store
store = open_store(sys.argv[1])
run = store.start_run(RunStart(name="killed"))
for cme in network_of(1, 2, 3):
    run.save(cme)
run.flush()
print("flushed", flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_flushed_is_there_and_its_run_is_lost(url: str) -> None:
    command = [sys.executable, "-c", KILLED, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "flushed\n"
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.05)
    with open_store(url, lost_after_seconds=0.02) as store:
        assert store.database.select("SELECT name, status FROM zl_run").rows == [("killed", "lost")]
        assert store.database.select("SELECT COUNT(*) FROM zl_layer_evaluation").rows == [(3,)]
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def _write_runs(url: str, n_runs: int) -> None:
    network = network_of(1, 2, 3)
    total = total_of(network)
    with open_store(url) as store:
        for _ in range(n_runs):
            with store.start_run(RunStart(experiment="together")) as run:
                for cme in network:
                    run.save(cme)
                run.finish(total)


def test_two_processes_open_an_empty_database_and_write_at_once(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_runs, args=(url, 25)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [w.exitcode for w in writers] == [0, 0]
    database = connect(DatabaseUrl.parse(url))
    assert database.select("SELECT status, COUNT(*) FROM zl_run GROUP BY status").rows == [("finished", 50)]
    assert database.select("SELECT COUNT(*) FROM zl_layer_evaluation").rows == [(150,)]
    assert database.select("SELECT COUNT(*) FROM zl_experiment").rows == [(1,)]
    database.close()


def test_opening_a_store_loads_neither_sqlalchemy_nor_alembic(file_url: str) -> None:
    code = (
        "import sys\nfrom zigzag_lab.store import open_store, RunStart\n"
        "with open_store(sys.argv[1]) as store, store.start_run(RunStart()): pass\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'alembic', 'pydantic', 'mlflow', 'pandas', 'onnx', 'networkx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code, file_url], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
