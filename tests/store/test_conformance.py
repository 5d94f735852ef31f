"""What a database must do for the store, the same on each kind."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.store.conftest import ALL_BACKENDS
from tests.store.prices import network_of, total_of
from zigzag_lab.store import Lab, RunStart, Store, StoreError, housekeeping
from zigzag_lab.store.codec import rows_of
from zigzag_lab.store.database import flat, rows_from
from zigzag_lab.store.tables import LayerEvaluationTuple, MappingTuple, MemoryEvaluationTuple
from zigzag_lab.vocab import InputError

NETWORK = network_of(1, 2, 3, 5)


def recorded(store: Store, **start: object) -> str:
    with store.start_run(RunStart(**start)) as run:  # type: ignore[arg-type]
        for cme in NETWORK:
            run.save(cme)
        run.finish(total_of(NETWORK))
    return run.run_id


@pytest.mark.parametrize("empty_url", ALL_BACKENDS, indirect=True)
class TestStoreContract:
    """One class for all kinds of database, and for the oldest and the newest Postgres."""

    def n_rows(self, store: Store, table: str) -> int:
        return int(store.database.select(f"SELECT COUNT(*) FROM {table}").rows[0][0])

    def test_rows_come_back_as_they_went_in(self, store: Store) -> None:
        run = store.start_run(RunStart())
        database, cmes = store.database, NETWORK * 3
        rows = [rows_of(cme, run.number, i, "x") for i, cme in enumerate(cmes)]
        mappings = list({r.mapping[0]: r.mapping for r in rows}.values())
        with database.write():
            database.insert(MappingTuple, mappings)
            database.append(LayerEvaluationTuple, flat(r.layer for r in rows))
            database.append(MemoryEvaluationTuple, flat(r.memories for r in rows))
            database.insert(MappingTuple, mappings)
        layers = database.select(
            f"SELECT {', '.join(LayerEvaluationTuple._fields)} FROM zl_layer_evaluation ORDER BY layer_index"
        ).rows
        assert [tuple(row) for row in layers] == [r.layer for r in rows]
        found = database.select(
            f"SELECT {', '.join(MemoryEvaluationTuple._fields)} FROM zl_memory_evaluation "
            "ORDER BY layer_index, operand, level"
        ).rows
        memories = [row for r in rows for row in rows_from(r.memories, len(MemoryEvaluationTuple._fields))]
        assert [tuple(row) for row in found] == sorted(memories, key=lambda row: row[1:4])
        assert self.n_rows(store, "zl_mapping") == len(mappings)
        run.finish(NETWORK[0])

    def test_a_transaction_that_fails_leaves_nothing(self, store: Store) -> None:
        def work() -> None:
            store.database.execute("INSERT INTO zl_input (digest, kind, content) VALUES (?, ?, ?)", ("d", "k", b"c"))
            raise LookupError("half way")

        with pytest.raises(LookupError):
            store.database.transact(work)
        assert self.n_rows(store, "zl_input") == 0
        assert store.database.transact(lambda: 7) == 7

    def test_a_stream_gives_all_rows_in_portions(self, store: Store) -> None:
        recorded(store)
        sql = "SELECT layer_index FROM zl_layer_evaluation WHERE layer_index >= ? ORDER BY layer_index"
        portions = list(store.database.stream(sql, (1,), n_rows=2))
        assert [len(p.rows) for p in portions] == [2, 1]
        assert list(itertools.chain.from_iterable(p.rows for p in portions)) == [(1,), (2,), (3,)]
        assert portions[0].columns == ("layer_index",)
        nothing = list(store.database.stream("SELECT layer_index FROM zl_layer_evaluation WHERE layer_index < 0"))
        assert [(p.columns, p.rows) for p in nothing] == [(("layer_index",), [])]

    @pytest.mark.parametrize(
        "statement", ["SELECT 1; DELETE FROM zl_tag", "COMMIT; DELETE FROM zl_tag", "DELETE FROM zl_tag"]
    )
    def test_a_question_cannot_write(self, store: Store, url: str, statement: str) -> None:
        run_id = recorded(store, tags={"a": "b"})
        with Lab(url) as lab:
            for asked in (lab.sql, lambda text: list(lab.stream(text))):
                with pytest.raises(StoreError):
                    asked(statement)
            assert lab.details(run_id).tags == {"a": "b"}
            assert lab.sql("SELECT 'what?' AS text WHERE 'x%' LIKE ?", ("x%",)).rows == [("what?",)]

    def test_a_note_is_kept_and_taken_off(self, store: Store, url: str) -> None:
        run_id = recorded(store)
        housekeeping.note(store, run_id, "from postgresql://me:s3cret@host/db")
        with Lab(url) as lab:
            assert lab.run(run_id).note == "from postgresql://me:***@host/db"
            housekeeping.note(store, run_id, "")
            assert lab.run(run_id).note is None

    def test_a_run_that_changes_while_mlflow_is_told_of_it_waits_again(self, store: Store) -> None:
        first, second = recorded(store), recorded(store)
        entries = store.publications("pending", first=second)
        assert [entry.run_id for entry in entries] == [second, first]
        time.sleep(0.002)  # SQLite's clock has milliseconds
        store.tag(second, url="postgresql://me:s3cret@host/db")
        for entry in entries:
            store.record_publication(entry.run_id, "0" * 32, as_of=entry.updated_at)
        (waiting,) = store.publications("pending")
        assert (waiting.run_id, waiting.mlflow_run_id) == (second, "0" * 32)
        store.record_publication(second, "0" * 32, as_of=waiting.updated_at)
        assert [entry.state for entry in store.publications()] == ["published", "published"]
        assert store.database.select("SELECT value FROM zl_tag").rows == [("postgresql://me:***@host/db",)]

    def test_a_deleted_run_is_seen_no_more_until_it_is_restored(self, store: Store, url: str) -> None:
        first, second = recorded(store), recorded(store)
        assert housekeeping.delete(store, [first, first]) == [first]
        with Lab(url) as lab:
            assert [run.run_id for run in lab.runs()] == [second]
            for view in ("zl_v_layers", "zl_v_memory"):
                assert lab.sql(f"SELECT DISTINCT run_id FROM {view}").rows == [(second,)]
            with pytest.raises(InputError, match=r"it was deleted.*--restore"):
                lab.run(first)
            assert housekeeping.restore(store, [first, second]) == [first]
            assert len(lab.runs()) == 2

    def test_a_run_that_goes_on_is_not_deleted(self, store: Store) -> None:
        done, run = recorded(store), store.start_run(RunStart())
        with pytest.raises(InputError, match="still going on"):
            housekeeping.delete(store, [done, run.run_id])
        assert housekeeping.restore(store, [done]) == []
        run.finish(NETWORK[0])

    def test_garbage_is_what_nothing_refers_to(self, store: Store) -> None:
        kept, gone = recorded(store, experiment="kept"), recorded(store, experiment="gone")
        housekeeping.delete(store, [gone])
        counted = housekeeping.remove_garbage(store, is_dry_run=True)
        assert (counted["zl_run"], counted["zl_experiment"], counted["zl_mapping"]) == (1, 1, 0)
        assert housekeeping.remove_garbage(store, older_than_seconds=60)["zl_run"] == 0
        assert self.n_rows(store, "zl_run") == 2
        assert housekeeping.remove_garbage(store) == counted
        assert self.n_rows(store, "zl_layer_evaluation") == len(NETWORK)
        housekeeping.delete(store, [kept])
        assert housekeeping.remove_garbage(store)["zl_mapping"] == len({c.layer.id for c in NETWORK})
        for table in ("zl_run", "zl_environment", "zl_experiment", "zl_memory_evaluation", "zl_source"):
            assert self.n_rows(store, table) == 0
        recorded(store)
        housekeeping.give_back_space(store)
        assert self.n_rows(store, "zl_layer_evaluation") == len(NETWORK)
