"""Databases of released schemas, one file each, open in this version with all that they hold."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean

from tests.stages.small import written
from tests.store.conftest import BACKENDS, emptied
from zigzag_lab import MainStage
from zigzag_lab.api.cache_questions import cache_statistics
from zigzag_lab.api.rerun import Rerun, rerun
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    GeneralParameterIteratorStage,
    LomaStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.store import Lab, RunStart
from zigzag_lab.store.connect import connect
from zigzag_lab.store.migrate import check, current, downgrade, upgrade
from zigzag_lab.store.models import Table
from zigzag_lab.store.schema import HEAD
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab import InputError

_OF_LATENCY = {"latency_cycles", "edp_pj_cycles"}
RELEASED = sorted((Path(__file__).parent / "released").glob("*.db"))

NOT_AGAIN = {"dumped": "it was imported", "failed": r"its stage RaisingStage( of module \S+)? is not one of ours"}
"""Name or status of a run that cannot be done again -> why not."""


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(request.param, tmp_path / "lab.db"))


def rows_of(path: Path) -> dict[str, int]:
    """What a database holds, asked without our code: table -> its rows; runs within runs are left out."""
    with closing(sqlite3.connect(path)) as connection:
        asked = {table: f"SELECT count(*) FROM {table}" for table in ("zl_run", "zl_layer_evaluation")}
        if any(column == "parent_number" for _, column, *_ in connection.execute("PRAGMA table_info(zl_run)")):
            asked["zl_run"] += " WHERE parent_number IS NULL"
        return {table: connection.execute(sql).fetchone()[0] for table, sql in asked.items()}


def test_there_is_a_sample_of_every_schema_that_programs_wrote() -> None:
    """Those before the last one that were never released have none; ``tests/store/released_sample.py`` makes them."""
    assert [path.stem for path in RELEASED] == ["0001", "0004", "0008", "0010"]
    for path in RELEASED:
        assert current(f"sqlite:///{path}") == path.stem


def test_it_upgrades_itself_on_first_use_after_a_copy(old: Path) -> None:
    before, held = current(f"sqlite:///{old}"), rows_of(old)
    with Lab(old) as lab:
        runs = lab.runs(experiment="released")
        assert [(run.objective, run.energy_pj) for run in runs] == [("energy", 26967.64), ("latency", 27049.08)]
        assert [layer.name for layer in lab.layers(runs[0].run_id)] == ["stem", "wide", "again"]
        assert set(lab.inputs(runs[0].run_id)) == {"workload", "accelerator", "mapping"}
        with lab.store.start_run(RunStart()):
            pass
        assert len(lab.runs()) == held["zl_run"] + 1
    assert current(f"sqlite:///{old}") == HEAD
    assert check(f"sqlite:///{old}") == []
    copy = old.with_name(f"lab.db.backup-{before}")
    assert copy.exists() is (before != HEAD)
    assert before == HEAD or current(f"sqlite:///{copy}") == before


VIEWS = ("zl_v_runs", "zl_v_layers", "zl_v_memory")


def answers(url: str, columns: dict[str, str] | None = None) -> dict[str, tuple[str, list[Any]]]:
    """View -> its columns, and its rows in some order; of other columns where they are given."""
    with closing(connect(DatabaseUrl.parse(url), read_only=True)) as database:
        found = {view: database.select(f"SELECT {(columns or {}).get(view, '*')} FROM {view}") for view in VIEWS}
    return {view: (", ".join(answer.columns), sorted(answer.rows, key=str)) for view, answer in found.items()}


@pytest.fixture(params=[f"{kind} {path.stem}" for kind in BACKENDS for path in RELEASED])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of a released schema, on each kind of database, as it was then."""
    kind, revision = request.param.split()
    file = Path(shutil.copy(next(path for path in RELEASED if path.stem == revision), tmp_path / "old.db"))
    if kind == "sqlite":
        return f"sqlite:///{file}"
    url = emptied(request.getfixturevalue("postgres_database"))
    upgrade(url, revision)
    copy_rows(file, url)
    return url


def copy_rows(file: Path, url: str) -> None:
    """Put the rows of a SQLite file into the tables of another database."""
    with closing(sqlite3.connect(file)) as source, closing(connect(DatabaseUrl.parse(url))) as target:
        tables = [t.name for t in Table.metadata.sorted_tables]
        there = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in (name for name in tables if name in there):
            rows = source.execute(f"SELECT * FROM {table}")
            columns = [column for column, *_ in rows.description]
            booleans = {c for c in columns if isinstance(Table.metadata.tables[table].c[c].type, Boolean)}
            for row in rows:
                values = [bool(v) if c in booleans else v for c, v in zip(columns, row, strict=True)]
                marks = ", ".join("?" * len(columns))
                target.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)
        for table in ("zl_run", "zl_experiment"):
            sequence = f"pg_get_serial_sequence('{table}', 'number')"
            target.execute(f"SELECT setval({sequence}, (SELECT MAX(number) FROM {table}))")


def test_views_answer_as_before(old_url: str) -> None:
    """Row by row and in every column that there was; a second time after a downgrade."""
    before = answers(old_url)
    assert min(len(rows) for _, rows in before.values()) > 1
    revision = str(current(old_url))
    for _ in range(2):
        upgrade(old_url)
        assert answers(old_url, {view: columns for view, (columns, _) in before.items()}) == before
        assert check(old_url) == []
        downgrade(old_url, revision)
        assert answers(old_url) == before


def test_children_are_runs_of_their_own_after_a_downgrade(url: str, tmp_path: Path) -> None:
    """And all of them are there after the next upgrade, with the layers that they own."""
    stages = [WorkloadParserStage, AcceleratorParserStage, SumStage, GeneralParameterIteratorStage, WorkloadStage]
    stages += [CompleteSaveStage, MinimalLatencyStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage]
    tried = {"general_parameter_iterations": {("loma_lpf_limit", "nb_mappings_generated"): [(2, 1), (3, 2)]}}
    MainStage(stages, store=url, mlflow="off", cache=False, **written(tmp_path), **tried).run()
    with Lab(url) as lab:
        (parent,) = lab.runs()
        held = [(run.run_id, len(lab.layers(run.run_id))) for run in lab.children(parent.run_id)]
        memories = lab.sql("SELECT COUNT(*) FROM zl_memory_evaluation").rows
    for _ in range(2):
        downgrade(url, "0008")
        rows = dict(answers_of(url, "SELECT run_id, COUNT(*) FROM zl_v_layers GROUP BY run_id"))
        assert all(rows[run_id] == n for run_id, n in held)
        upgrade(url)
        assert check(url) == []
    with Lab(url) as lab:
        assert {run.run_id for run in lab.runs()} == {parent.run_id, *(run_id for run_id, _ in held)}
        assert [(run_id, len(lab.layers(run_id))) for run_id, _ in held] == held
        assert lab.sql("SELECT COUNT(*) FROM zl_memory_evaluation").rows == memories


def answers_of(url: str, sql: str) -> list[Any]:
    with closing(connect(DatabaseUrl.parse(url), read_only=True)) as database:
        return database.select(sql).rows


@pytest.mark.parametrize(("revision", "n_answers"), [("0008", 15), ("0010", 12)])
def test_certificates_and_answers_are_still_there(revision: str, n_answers: int, tmp_path: Path) -> None:
    path = Path(shutil.copy(RELEASED[0].with_name(f"{revision}.db"), tmp_path / "lab.db"))
    with Lab(path) as lab:
        (run,) = lab.runs(experiment="released-exact")
        proofs = [layer.certificate for layer in lab.layers(run.run_id)]
        assert [proof.gap if proof else None for proof in proofs] == [0, 0, 0]
        assert sum(cache_statistics(lab.store).n_answers.values()) == n_answers


def test_it_goes_up_down_and_up_again_with_its_rows(old: Path) -> None:
    url = f"sqlite:///{old}"
    before, held = current(url), rows_of(old)
    upgrade(url)
    downgrade(url, str(before))
    assert current(url) == before
    upgrade(url)
    with Lab(old) as lab:
        assert len(lab.runs()) == held["zl_run"]
    assert rows_of(old) == held
    assert check(url) == []


def test_a_run_of_a_released_schema_is_done_again(old: Path) -> None:
    with Lab(old) as lab:
        for run in lab.runs():
            words = next((words for name, words in NOT_AGAIN.items() if run.name == name or run.status == name), None)
            if words is not None:
                with pytest.raises(InputError, match=words):
                    rerun(lab, run.run_id)
                continue
            again = rerun(lab, run.run_id)
            is_as_it_was = again.agrees or is_now_faster_at_equal_energy(again)
            assert is_as_it_was or is_recorded_as_it_is_now(again), again.disagreements


def is_now_faster_at_equal_energy(again: Rerun) -> bool:
    """What engine label 2 changed: exact search takes the fastest of all mappings of least energy."""
    totals = [one for one in again.disagreements if one.where in ("", "result 0")]
    is_better = all(one.now < one.before for one in totals)
    return is_better and {one.figure for one in totals} <= _OF_LATENCY and not again.is_same_engine


def is_recorded_as_it_is_now(again: Rerun) -> bool:
    """Runs whose stages yield several results, or try combinations, had one result each, and no children."""
    return {one.figure for one in again.disagreements if one.where == ""} <= {
        "n_macs",
        "n_results",
        "n_chosen",
        "n_result",
    }
