from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.recorded import ask
from zigzag_lab import api
from zigzag_lab.store import Lab

Two = tuple[str, list[str]]
ACCELERATORS = ("ascend_like", "edge_tpu_like", "meta_prototype", "tesla_npu_like", "tpu_like")
MEMORIES = (
    "SELECT l.run_id, l.layer, l.energy_pj AS whole, l.mac_energy_pj + SUM(m.energy_pj) AS parts "
    "FROM zl_v_layers l JOIN zl_v_memory m ON m.run_id = l.run_id AND m.layer_index = l.layer_index "
    "GROUP BY l.run_id, l.layer_index, l.layer, l.energy_pj, l.mac_energy_pj"
)
LAYERS = (
    "SELECT r.accelerator, r.energy_pj AS whole, SUM(l.energy_pj) AS parts, r.latency_cycles AS cycles, "
    "SUM(l.latency_cycles) AS cycles_of_layers FROM zl_v_runs r JOIN zl_v_layers l ON l.run_id = r.run_id "
    "GROUP BY r.run_id, r.accelerator, r.energy_pj, r.latency_cycles"
)


def rows(database: str, query: str) -> list[dict[str, float]]:
    answer = ask("sql", query, "--format", "json", database=database)
    assert answer.exit_code == 0, answer.stderr
    found: list[dict[str, float]] = json.loads(answer.stdout)
    return found


def test_memories_sum_to_layers_and_layers_to_runs_on_all_accelerators(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'lab.db'}"
    for name in ACCELERATORS:
        api.run(api.RunRequest("resnet18", name, name), store=database, mlflow="off")
    of_layers, of_runs = rows(database, MEMORIES), rows(database, LAYERS)
    assert len(of_layers) == 21 * len(ACCELERATORS)
    assert {row["accelerator"] for row in of_runs} == set(ACCELERATORS)
    for row in (*of_layers, *of_runs):
        assert row["parts"] == pytest.approx(row["whole"], rel=1e-9)
    for row in of_runs:
        assert row["cycles_of_layers"] == pytest.approx(row["cycles"], rel=1e-9)


def test_csv_and_json_have_all_digits_and_tables_are_for_the_eye(two: Two) -> None:
    database, ids = two
    query = f"SELECT layer, energy_pj, 1e-3 AS small, NULL AS void FROM zl_v_layers WHERE run_id = '{ids[0]}'"
    with Lab(database) as lab:
        layers = lab.layers(ids[0])
    in_csv = list(csv.DictReader(io.StringIO(ask("sql", query, "--format", "csv", database=database).stdout)))
    in_json = rows(database, query)
    for layer, text, plain in zip(layers, in_csv, in_json, strict=True):
        assert float(text["energy_pj"]) == plain["energy_pj"] == layer.figures["energy_pj"]
        assert (text["void"], plain["void"]) == ("", None)
    table = ask("sql", query, database=database).stdout.splitlines()
    assert table[0].split() == ["layer", "energy_pj", "small", "void"]
    assert table[1].split()[0] == "stem"
    assert table[1].split()[2:] == ["0.001", "NULL"]


def test_infinity_is_written_as_a_word_in_json(two: Two) -> None:
    assert rows(two[0], "SELECT 9e999 AS x, x'00ff' AS y") == [{"x": "inf", "y": "00ff"}]


def test_columns_of_one_name_are_all_there_in_json(two: Two) -> None:
    assert rows(two[0], "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a") == [{"a": 1, "a_3": 2, "a_2": 3, "a_4": 4}]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM zl_run",
        "CREATE TABLE t (a)",
        "UPDATE zl_tag SET value = 1;",
        "ATTACH 'made.db' AS m",
        "VACUUM INTO 'made.db'",
        "PRAGMA journal_mode=DELETE",
    ],
)
def test_writing_is_refused(two: Two, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("sql", query, database=two[0])
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Error: SQL: the statement would write; expected a SELECT.")
    assert rows(two[0], "SELECT COUNT(*) AS n FROM zl_run") == [{"n": 2}]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT energy_pjs FROM zl_v_runs", "Did you mean 'energy_pj'?"),
        ("SELECT * FROM zl_v_layer", "Did you mean 'zl_v_layers'?"),
        ("SELEC 1", "There are these views:\n  zl_v_runs: run_id,"),
        (" ; ", "no question"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT ?", "in place of question marks"),
        ("/* nothing */", "expected a SELECT"),
    ],
)
def test_a_question_at_fault_is_explained(two: Two, query: str, said: str) -> None:
    answer = ask("sql", query, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_files_are_of_the_kind_their_name_says(two: Two, tmp_path: Path) -> None:
    query = "SELECT run_id, energy_pj FROM zl_v_runs ORDER BY run_number"
    for name in ("a.csv", "a.json", "a.txt", "a.data"):
        assert ask("sql", query, "-o", str(tmp_path / name), database=two[0]).exit_code == 0
    as_csv = (tmp_path / "a.csv").read_text()
    assert as_csv == (tmp_path / "a.data").read_text()
    assert as_csv.splitlines()[0] == "run_id,energy_pj"
    assert [run["run_id"] for run in json.loads((tmp_path / "a.json").read_text())] == two[1]
    assert (tmp_path / "a.txt").read_text().split()[:2] == ["run_id", "energy_pj"]
    refused = ask("sql", query, "-o", str(tmp_path / "no" / "a.csv"), database=two[0])
    assert refused.exit_code == 2
    assert "cannot be written" in refused.stderr


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"


def process(database: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "zigzag_lab", "sql", *words, "--db", database]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ctrl_c_ends_a_long_question(two: Two) -> None:
    with process(two[0], ENDLESS.format("COUNT(*)")) as asking:
        with pytest.raises(subprocess.TimeoutExpired):
            asking.wait(5)  # it is at it
        asking.send_signal(signal.SIGINT)
        try:
            _, said = asking.communicate(timeout=60)
        finally:
            asking.kill()
    assert asking.returncode == 1
    assert "Traceback" not in said
    assert "Aborted" in said


def test_an_endless_answer_comes_as_it_is_found(two: Two) -> None:
    with process(two[0], ENDLESS.format("x"), "--format", "csv") as asking:
        assert asking.stdout is not None
        lines = [asking.stdout.readline() for _ in range(25_000)]  # more than a portion
        asking.kill()
    assert lines == ["x\n", *(f"{i}\n" for i in range(1, 25_000))]


def test_tables_show_so_many_rows_and_say_that_there_are_more(two: Two, tmp_path: Path) -> None:
    answer = ask("sql", ENDLESS.format("x"), database=two[0])
    assert answer.exit_code == 0, answer.output
    assert len(answer.stdout.splitlines()) == 1001
    assert "The first 1,000 rows; '--limit all' or '--format csv' has the rest." in answer.stderr
    some = ENDLESS.format("x") + " LIMIT 12000"
    assert len(ask("sql", some, "--limit", "all", database=two[0]).stdout.splitlines()) == 12_001
    exact = ask("sql", ENDLESS.format("x") + " LIMIT 5", "--limit", "5", database=two[0])
    assert (len(exact.stdout.splitlines()), exact.stderr) == (6, "")
    assert [row["x"] for row in rows(two[0], some)] == list(range(1, 12_001))
    assert ask("sql", "SELECT 1 AS x WHERE 0", "--format", "json", database=two[0]).stdout == "[]\n"
    ask("sql", some, "-o", str(tmp_path / "x.csv"), database=two[0])
    assert (tmp_path / "x.csv").read_text().splitlines() == ["x", *map(str, range(1, 12_001))]
