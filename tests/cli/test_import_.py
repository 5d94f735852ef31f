from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.recorded import ask
from tests.stages.small import written
from zigzag_lab import api
from zigzag_lab.store import Lab


@pytest.fixture(scope="module")
def dumped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, api.RunOutcome]:
    folder = tmp_path_factory.mktemp("dumped")
    request = api.RunRequest(**written(folder), lpf_limit=3, dump_folder=folder / "dump")
    return folder / "dump", api.run(request, store=None)


def test_a_dump_comes_back_as_the_run_it_was(dumped: tuple[Path, api.RunOutcome], tmp_path: Path) -> None:
    folder, outcome = dumped
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    answer = ask("import", str(folder), "--experiment", "old", database=url)
    assert answer.exit_code == 0, answer.output
    with Lab(url) as lab:
        (run,) = lab.runs(experiment="old")
        assert (run.status, run.n_layers, run.name) == ("finished", 3, "dump")
        assert (run.energy_pj, run.latency_cycles) == (outcome.total.energy_total, outcome.total.latency_total2)
        by_name = {layer.name: layer for layer in lab.layers(run.run_id)}
        for cme in outcome.layers:
            layer = by_name[cme.layer.name]
            terms = cme.breakdown
            assert layer.figures["energy_pj"] == cme.energy_total
            assert layer.figures["latency_cycles"] == cme.latency_total2
            assert layer.figures["ideal_cycles"] == terms.ideal_cycles
            assert layer.figures["temporal_cycles"] == terms.temporal_cycles
            assert layer.figures["stall_cycles"] == terms.stall_cycles
            for level in layer.memories:
                memory = cme.accelerator.memories[cme.problem.memories[level.operand][level.level]]
                assert level.memory == memory.name
                assert level.accesses == terms.accesses[level.operand][level.level]
                assert level.energy_pj == terms.access_energy_pj[level.operand][level.level]


def test_importing_again_changes_nothing(dumped: tuple[Path, api.RunOutcome], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    for _ in range(2):
        answer = ask("import", str(dumped[0].parent), database=url)
    assert "was imported before" in answer.stdout
    with Lab(url) as lab:
        assert len(lab.runs()) == 1


def test_pickles_are_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "cmes.pickle").write_bytes(pickle.dumps([]))
    for path in (tmp_path, tmp_path / "cmes.pickle"):
        answer = ask("import", str(path), database=f"sqlite:///{tmp_path / 'lab.db'}")
        assert answer.exit_code == 2
        assert "may run any code" in answer.stderr
        assert "json.dump" in answer.stderr


def test_what_is_no_dump_is_refused(dumped: tuple[Path, api.RunOutcome], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    assert "holds" not in ask("import", str(tmp_path / "nothing"), database=url).stdout
    assert "no folder" in ask("import", str(tmp_path / "nothing"), database=url).stderr
    (tmp_path / "other").mkdir()
    assert "no dumps of ZigZag" in ask("import", str(tmp_path / "other"), database=url).stderr
    source = next(path for path in dumped[0].glob("*_complete.json") if not path.name.startswith("overall"))
    document = json.loads(source.read_text())
    del document["outputs"]["latency"]
    (tmp_path / "other" / source.name).write_text(json.dumps(document))
    answer = ask("import", str(tmp_path / "other"), database=url)
    assert answer.exit_code == 2
    assert "'latency' is missing" in answer.stderr


def _spoilt(dumped: Path, folder: Path, change: Any) -> Path:
    """A copy of a dump, one layer of it changed: by a function of its document, or of its text."""
    copy = Path(shutil.copytree(dumped, folder / "spoilt"))
    file = next(copy.rglob("*_complete.json"))
    text = change if isinstance(change, str) else json.dumps(change(json.loads(file.read_text())))
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    return copy


def _with(value: Any, *path: str) -> Any:
    def change(document: Any) -> Any:
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        return document

    return change


ENERGY = ("outputs", "energy", "energy_total")
SPOILT = [
    "[" * 100_000, '{"inputs": ' * 5000, "NaN", "", "\0",
    '{"inputs": {"layer": {}}}', '{"inputs": {"layer": {}, "x": 1' + "0" * 5000 + "}}",
    *(_with(value, *ENERGY) for value in (float("inf"), float("nan"), -1, 10**400, "x", None, [], {})),
    *(_with(value, "outputs", "latency", "computation") for value in (-1, 1e999)),
    *(_with(value, "outputs", "memory", "word_accesses") for value in ({"O": 3}, [], None, {"O": [{}]})),
    *(_with(value, "inputs", "temporal_mapping") for value in ({"O": [["(K, 9e99999999)"]]}, {"O": 7}, "x", [[]])),
    *(_with(value, "inputs", "layer", "loop_dimensions") for value in ({"K": 2**70}, {"K": -2}, {"K": "many"}, 3)),
    _with(3, "inputs", "accelerator"), _with([3], "outputs"), _with("\ud800", "inputs", "layer"),
]  # fmt: skip


@pytest.mark.parametrize("change", SPOILT, ids=range(len(SPOILT)))
def test_a_spoilt_dump_is_refused_and_nothing_is_kept(
    dumped: tuple[Path, api.RunOutcome], tmp_path: Path, change: Any
) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    answer = ask("import", str(_spoilt(dumped[0], tmp_path, change)), database=url)
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Error: ")
    assert "No such runs" in ask("ls", database=url).stderr


def test_links_in_a_circle_are_no_dumps(dumped: tuple[Path, api.RunOutcome], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(dumped[0], tmp_path / "linked"))
    (copy / "round_complete.json").symlink_to(copy / "round_complete.json")
    (copy / "again").symlink_to(copy, target_is_directory=True)
    (copy / "folder_complete.json").mkdir()
    answer = ask("import", str(copy), database=f"sqlite:///{tmp_path / 'lab.db'}")
    assert answer.exit_code == 0, answer.output
    assert "(3 layers)" in answer.stdout
