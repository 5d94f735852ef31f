from __future__ import annotations

import json
from math import fsum
from pathlib import Path

import pytest

from tests.cli.recorded import ask, two_runs
from tests.stages.small import accelerator, written
from zigzag_lab import api
from zigzag_lab.store import Lab
from zigzag_lab.vocab import InfeasibleError

Two = tuple[str, list[str]]


@pytest.mark.parametrize("word", ["whole", "last", "LAST"])
def test_a_run_is_shown_by_its_id_or_as_the_last(two: Two, word: str) -> None:
    database, ids = two
    answer = ask("show", ids[1] if word == "whole" else word, database=database)
    assert answer.exit_code == 0, answer.stderr
    text = answer.stdout
    assert text.startswith("workload on accelerator: finished")
    assert ids[1] in text
    for part in ("best energy, experiment second", "lpf_limit=3", "tags        for=second", "zigzag_lab 0"):
        assert part in text
    for title in ("Energy by memory and operand", "Latency by term", "Layers (3)"):
        assert title in text
    assert all(name in text for name in ("stem", "wide", "again", "sram", "dram", "(operations)", "100.0%"))


def test_a_note_is_shown(two: Two) -> None:
    database, ids = two
    assert "note  " not in ask("show", ids[0], database=database).stdout
    ask("note", ids[0], "the one in the paper", database=database)
    assert "note        the one in the paper\n" in ask("show", ids[0], database=database).stdout
    ask("note", ids[0], "", database=database)


def test_the_figures_in_json_add_up(two: Two) -> None:
    database, ids = two
    page = json.loads(ask("show", ids[0], "--json", database=database).stdout)
    energy = page["energy_breakdown_pj"]
    parts = [pj for row in energy["memories"].values() for pj in row.values()]
    assert fsum([energy["mac"], *parts]) == pytest.approx(page["energy_pj"], rel=1e-12)
    assert fsum(page["latency_breakdown_cycles"].values()) == pytest.approx(page["latency_cycles"], rel=1e-12)
    assert [layer["name"] for layer in page["layers"]] == ["stem", "wide", "again"]


def test_what_decides_the_price_is_shown_of_a_run_and_of_a_layer(two: Two) -> None:
    database, ids = two
    for words in ((ids[0],), (ids[0], "--layer", "wide")):
        lines = ask("show", *words, database=database).stdout.splitlines()
        assert "batch       1" in lines
        assert "precision   bits an element: I 8, W 8, O 16 (8 when finished)" in lines
        table = lines[lines.index("Accesses to memories") + 2 :][:4]
        assert [line.split() for line in table] == [
            ["rf_w", "16", "2", "B", "8", "0.01", "0.015", "0.00125", "0.00187"],
            ["rf_o", "4", "4", "B", "32", "0.02", "0.03", "0.000625", "0.000937"],
            ["sram", "1", "512", "B", "64", "1.5", "2.25", "0.0234", "0.0352"],
            ["dram", "1", "119.2", "MiB", "32", "100", "150", "3.12", "4.69"],
        ]


def test_json_has_ports_and_precisions(two: Two) -> None:
    database, ids = two
    page = json.loads(ask("show", ids[0], "--json", database=database).stdout)
    assert {layer["batch_size"] for layer in page["layers"]} == {1}
    assert [layer["precision_bits"] for layer in page["layers"]] == [{"W": 8, "I": 8, "O": 16, "O_final": 8}] * 3
    (shown,) = page["accelerators"]
    with Lab(database) as lab:
        rows = lab.sql("SELECT * FROM zl_v_ports WHERE run_id = ? ORDER BY memory_index, port_index", (ids[0],))
    assert [port["memory"] for port in shown["ports"]] == ["rf_w", "rf_w", "rf_o", "rf_o", "sram", "sram", "dram"]
    for port, row in zip(shown["ports"], rows.as_dicts(), strict=True):
        assert port == {name: row[name] for name in port}


def test_a_layer_is_shown_with_its_loops(two: Two) -> None:
    database, ids = two
    by_name, by_index = (ask("show", ids[0], "--layer", word, database=database) for word in ("wide", "1"))
    assert by_name.stdout == by_index.stdout
    lines = by_name.stdout.splitlines()
    assert lines[0] == f"wide  (layer 1 of run {ids[0]})"
    nest = lines[lines.index("Mapping, the outermost loop first") + 1 :]
    assert nest[0].split() == ["loops", "I", "in", "W", "in", "O", "in"]
    loops = [line for line in nest[1:] if line.lstrip().startswith(("for ", "parfor "))]
    assert [len(line) - len(line.lstrip()) for line in loops] == [2 * i for i in range(len(loops))]
    assert "parfor K in 0..4 over D" in by_name.stdout
    with Lab(database) as lab:
        (layer,) = [layer for layer in lab.layers(ids[0]) if layer.name == "wide"]
    product = 1
    for line in loops:
        product *= int(line.split("0..")[1].split()[0])
    assert product == layer.figures["n_macs"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "no run is called so"),
        (("",), "no run is called so"),
        (("last", "--layer", "wild"), "Did you mean 'wide'?"),
        (("last", "--layer", "3"), "an index from 0 to 2"),
        (("last", "--layer", "e"), "layers are called so"),
    ],
)
def test_what_is_not_there_is_said(two: Two, words: tuple[str, ...], said: str) -> None:
    answer = ask("show", *words, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_input_files_come_back_byte_for_byte(tmp_path: Path) -> None:
    database, ids = two_runs(tmp_path)
    folder = tmp_path / "again"
    assert ask("show", ids[0], "--inputs", str(folder), database=database).exit_code == 0
    for kind in ("workload", "accelerator", "mapping"):
        assert (folder / kind / f"{kind}.yaml").read_bytes() == (tmp_path / f"{kind}.yaml").read_bytes()
    assert ask("show", ids[0], "--inputs", str(folder), database=database).exit_code == 0
    (folder / "mapping" / "mapping.yaml").write_text("mine")
    refused = ask("show", ids[0], "--inputs", str(folder), database=database)
    assert refused.exit_code == 2
    assert "another file is there already" in refused.stderr
    assert (folder / "mapping" / "mapping.yaml").read_text() == "mine"


def test_inputs_cannot_be_written_under_a_file(two: Two, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = ask("show", "last", "--inputs", str(tmp_path / "file" / "below"), database=two[0])
    assert answer.exit_code == 2
    assert "cannot be written to" in answer.stderr


def test_a_run_that_does_not_fit_says_why(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'lab.db'}"
    paths = written(tmp_path, accelerator=accelerator(sram_bits=16, dram_bits=16))
    with pytest.raises(InfeasibleError):
        api.run(api.RunRequest(**paths, lpf_limit=3), store=database, mlflow="off")
    text = ask("show", database=database).stdout
    assert "accelerator: infeasible" in text
    assert "reason      layer stem" in text
    assert "Traceback" not in text
    assert "Layers (" not in text


def test_an_empty_database_has_no_last_run(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'lab.db'}"
    assert ask("db", "upgrade", database=database).exit_code == 0
    answer = ask("show", database=database)
    assert answer.exit_code == 2
    assert "it holds no runs yet" in answer.stderr
