"""``zigzag-lab front``: searched, recorded, shown and drawn."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.recorded import ask
from tests.inputs import onnx_samples
from tests.stages import small
from zigzag_lab.store import Lab


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], list[str]]:
    """A database with a front, what was printed of it, and the words that asked for it."""
    folder = tmp_path_factory.mktemp("front")
    files = small.written(folder, workload=small.network()[:2])
    words = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    database = f"sqlite:///{folder / 'lab.db'}"
    answer = ask("front", *words, "--spatial-mappings", "1", "--json", database=database)
    assert answer.exit_code == 0, answer.stderr
    return database, json.loads(answer.stdout), words


def test_a_front_is_found_and_recorded(found: tuple[str, dict[str, Any], list[str]]) -> None:
    database, front, _ = found
    assert front["is_proven"]
    assert [layer["name"] for layer in front["layers"]] == ["stem", "wide"]
    points = [(p["energy_pj"], p["latency_cycles"]) for p in front["network"]]
    assert points == sorted(points)
    assert [t for _, t in points] == sorted((t for _, t in points), reverse=True)
    for point in front["network"]:
        parts = [layer["front"][i] for layer, i in zip(front["layers"], point["points"], strict=True)]
        assert point["energy_pj"] == pytest.approx(sum(p["energy_pj"] for p in parts))
        assert point["latency_cycles"] == sum(p["latency_cycles"] for p in parts)
    with Lab(database) as lab:
        run = lab.run(front["run_id"])
        assert run.edp_pj_cycles == pytest.approx(min(e * t for e, t in points))
        assert run.energy_pj == pytest.approx(sum(layer.figures["energy_pj"] for layer in lab.layers(run.run_id)))
        assert {i: len(p) for i, p in lab.fronts(run.run_id).items()} == {
            layer["layer_index"]: len(layer["front"]) for layer in front["layers"]
        }


def test_a_recorded_front_is_shown_as_text_as_csv_and_by_layer(found: tuple[str, dict[str, Any], list[str]]) -> None:
    database, front, _ = found
    text = ask("front", front["run_id"], database=database).stdout
    assert text.startswith("workload on accelerator: proven front\n")
    assert f"{len(front['network'])} trade-offs of the network" in text
    rows = list(csv.DictReader(ask("front", "last", "--csv", database=database).stdout.splitlines()))
    assert [float(row["energy_pj"]) for row in rows] == [p["energy_pj"] for p in front["network"]]
    assert set(rows[0]) >= {"latency_cycles", "edp_pj_cycles", "stem", "wide"}
    of_layer = list(csv.DictReader(ask("front", "--layer", "wide", "--csv", database=database).stdout.splitlines()))
    assert len(of_layer) == len(front["layers"][1]["front"])
    lines = ask("front", "--layer", "wide", database=database).stdout
    assert "wide  (layer 1 of run" in lines
    assert "[sram]" in lines


@pytest.mark.parametrize("more", [(), ("--layer", "stem")])
def test_it_is_drawn(found: tuple[str, dict[str, Any], list[str]], more: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "front.svg"
    answer = ask("front", *more, "-o", str(path), database=found[0])
    assert answer.stdout == f"Drawn: {path}\n"
    assert "trade-off" in path.read_text(encoding="utf-8")


def test_the_same_question_is_answered_from_the_cache_and_a_run_can_be_repeated(
    found: tuple[str, dict[str, Any], list[str]],
) -> None:
    database, front, words = found
    again = json.loads(ask("front", *words, "--spatial-mappings", "1", "--json", database=database).stdout)
    assert again["run_id"] != front["run_id"]
    assert (again["network"], again["layers"]) == (front["network"], front["layers"])
    with Lab(database) as lab:
        assert lab.run(again["run_id"]).cache_hits == 2
    repeated = ask("rerun", front["run_id"], database=database)
    assert repeated.exit_code == 0, repeated.stderr
    assert ask("delete", again["run_id"], database=database).exit_code == 0
    assert ask("gc", database=database).exit_code == 0
    shown = json.loads(ask("front", front["run_id"], "--json", database=database).stdout)
    assert shown == front


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--workload", "resnet18"), "--accelerator is missing"),
        (("last", "--workload", "a", "--accelerator", "b", "--mapping", "c"), "RUN goes without them"),
        (("--layer", "wild"), "Did you mean 'wide'?"),
        (("-o", "front.doc"), "front.doc"),
    ],
)
def test_bad_usage_is_said(
    found: tuple[str, dict[str, Any], list[str]], words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    answer = ask("front", *words, database=found[0])
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_a_run_without_fronts_is_refused(tmp_path: Path) -> None:
    files = small.written(tmp_path, workload=small.network()[:1])
    database = f"sqlite:///{tmp_path / 'lab.db'}"
    words = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    assert ask("run", *words, "--lpf-limit", "2", "--mlflow", "off", database=database).exit_code == 0
    answer = ask("front", database=database)
    assert answer.exit_code == 2
    assert "it has no fronts on record" in answer.stderr


def least_energy(files: dict[str, str], *more: str) -> tuple[float, list[str]]:
    """The least energy of a front, and its layers."""
    words = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    answer = ask("front", *words, "--spatial-mappings", "1", "--json", "--mlflow", "off", *more)
    assert answer.exit_code == 0, answer.stderr
    front = json.loads(answer.stdout)
    return front["network"][0]["energy_pj"], [layer["name"] for layer in front["layers"]]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ZIGZAG_LAB_DB", url := f"sqlite:///{tmp_path / 'lab.db'}")
    return url


def test_a_front_is_found_with_data_kept_on_chip_and_with_mixed_mappings(tmp_path: Path, database: str) -> None:
    files = small.written(tmp_path, workload=small.network()[:2], accelerator=small.accelerator(sram_bits=10**6))
    usual, local, mixed = (least_energy(files, *more)[0] for more in ((), ("--exploit-locality",), ("--mix-spatial",)))
    assert local < usual
    assert mixed < usual
    with Lab(database) as lab:
        newest, *_ = lab.runs()
        assert "ExploitInterLayerDataLocalityStage" in lab.details(newest.run_id).options["stages"]
    repeated = ask("rerun", "last")
    assert repeated.exit_code == 0, repeated.stdout


def test_a_front_of_an_onnx_model_takes_its_shapes_and_all_its_operators(tmp_path: Path, database: str) -> None:
    nodes = [onnx_samples.node("Conv", "x w", "c", "stem"), onnx_samples.node("Relu", "c", "r", "act")]
    model = onnx_samples.model(nodes, {"x": ["n", 4, 4, 4]}, {"w": [8, 4, 1, 1]}, [])
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    files = {**small.written(tmp_path), "workload": str(tmp_path / "net.onnx")}
    one, names = least_energy(files, "--input-shape", "x=1,4,4,4", "--tag", "chip=A", "--tag", "try=2")
    assert names == ["stem"]
    two, names = least_energy(files, "--input-shape", "x=2,4,4,4", "--price-all")
    assert (names, two > one) == (["stem", "act"], True)
    with Lab(database) as lab:
        assert len(lab.runs(tags={"chip": "A", "try": "2"})) == 1


def test_a_front_of_an_array_that_computes_in_memory_prices_no_layers_without_weights(database: str) -> None:
    answer = ask("front", "--workload", "resnet18", "--accelerator", "dimc", "--mapping", "dimc", "--price-all")
    assert answer.exit_code == 2
    assert "price_all: the array of dimc computes in memory" in answer.stderr
