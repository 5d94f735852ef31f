from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.api.run_kinds import recorded
from tests.cli.recorded import ask
from zigzag_lab.cli.export import TABLES
from zigzag_lab.store import Lab

Two = tuple[str, list[str]]
ORDERS = {
    "runs": "run_number",
    "results": "run_number, result_index",
    "evaluations": "run_number, role, result_index, place",
    "ports": "run_number, input_kind, memory_index, port_index",
    "operands": "run_number, layer_index, operand",
}
FIGURE = {"ports": "read_cost_pj", "operands": "precision_bits"}


def rows_of(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text())))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    import pyarrow.parquet as parquet

    return list(parquet.read_table(path).to_pylist())


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("what", TABLES)
def test_all_digits_come_through(two: Two, tmp_path: Path, suffix: str, what: str) -> None:
    url, _ = two
    path = tmp_path / f"out.{suffix}"
    answer = ask("export", what, "--out", str(path), database=url)
    assert answer.exit_code == 0, answer.output
    with Lab(url) as lab:
        known = lab.sql(f"SELECT * FROM zl_v_{what} ORDER BY {ORDERS.get(what, 'run_number, layer_index')}")
    found = rows_of(path)
    figure = FIGURE.get(what, "energy_pj")
    assert [float(str(row[figure])) for row in found] == [row[figure] for row in known.as_dicts()] != []
    assert list(found[0]) == list(known.columns)
    assert answer.stdout == f"{path}: {len(known.rows)} rows.\n"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_runs_are_chosen_and_written_to_standard_output(two: Two) -> None:
    url, ids = two
    text = ask("export", "runs", "--run", ids[0], database=url).stdout
    assert [row["run_id"] for row in csv.DictReader(io.StringIO(text))] == [ids[0]]
    lines = ask("export", "layers", "--experiment", "second", "--format", "jsonl", database=url).stdout.splitlines()
    assert {json.loads(line)["run_id"] for line in lines} == {ids[1]}
    empty = ask("export", "runs", "--experiment", "nothing", database=url).stdout
    assert empty.startswith("run_id,")


def test_runs_within_runs_are_written_where_asked_for(tmp_path: Path) -> None:
    url, ids = recorded(tmp_path, "standard", "nested")

    def written(*words: str) -> list[dict[str, object]]:
        path = tmp_path / "out.parquet"
        assert ask("export", *words, "--out", str(path), database=url).exit_code == 0
        return rows_of(path)

    assert [row["run_id"] for row in written("runs")] == list(ids.values())
    runs = written("runs", "--points")
    assert [row["parent_run_id"] for row in runs].count(ids["nested"]) == 2
    assert [json.loads(str(row["settings"])) for row in runs[3:5]] == [{"sram_bits": 2048}, {"sram_bits": 8192}]
    whole = written("evaluations", "--points")
    assert {row["run_id"] for row in whole} == {row["run_id"] for row in runs}
    of_parent = [row for row in whole if row["run_id"] == ids["nested"] and row["role"] == "chosen"]
    assert [row["place"] for row in of_parent] == list(range(12))
    assert ids["nested"] not in {row["owner_run_id"] for row in of_parent}
    assert len(written("layers")) == 3 + 12
    assert [row["n_layers"] for row in written("results", "--run", ids["nested"])] == [3] * 4
    child = str(runs[2]["run_id"])
    assert [row["child_index"] for row in written("runs", "--run", child)] == [0]


def test_figures_of_proofs_are_numbers_in_parquet(tmp_path: Path) -> None:
    from tests.stages.small import written
    from zigzag_lab import api

    url, path = f"sqlite:///{tmp_path / 'lab.db'}", tmp_path / "layers.parquet"
    api.run(api.RunRequest(**written(tmp_path), search="exact"), store=url, mlflow="off")
    assert ask("export", "layers", "--out", str(path), database=url).exit_code == 0
    assert {type(row["gap"]) for row in rows_of(path)} == {type(row["lower_bound"]) for row in rows_of(path)} == {float}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "x.txt"], "names no format"),
        (["--format", "parquet"], "Name one with --out"),
        (["--out", "nowhere/x.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_one_message(two: Two, words: list[str], said: str) -> None:
    answer = ask("export", *words, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_a_file_with_more_rows_than_a_portion_is_whole(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    url, _ = two
    whole = ask("export", "memory", database=url).stdout
    with Lab(url) as lab:
        stream = type(lab._reader).stream
    monkeypatch.setattr(type(lab._reader), "stream", lambda self, sql, values=(): stream(self, sql, values, 3))
    assert ask("export", "memory", database=url).stdout == whole
