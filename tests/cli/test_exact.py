"""Exact search on the command line: what it proved, now and when the answer comes from the cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import invoked
from tests.cli.recorded import ask
from tests.stages import small


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'lab.db'}"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return small.written(tmp_path, workload=[small.layer(0, "tiny", loop_sizes=[1, 8, 4, 2, 2, 1, 1])])


def exact(files: dict[str, str], database: str, *more: str) -> dict[str, Any]:
    words = ("--search", "exact", "--opt", "energy", "--mlflow", "off", "--db", database, "--json", *more)
    answer = invoked(files, *words)
    assert answer.exit_code == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_what_was_proven_is_said_recorded_and_comes_back_from_the_cache(files: dict[str, str], database: str) -> None:
    first, second = exact(files, database), exact(files, database)
    assert first["proof"] == {"n_layers": 1, "n_certified": 1, "n_proven": 1, "worst_gap": 0.0, "is_of_loma": False}
    assert second["cache"] == {"hits": 1, "misses": 0}
    (layer,) = first["layers"]
    assert layer["certificate"]["is_proven"]
    assert layer["certificate"]["best"] == layer["energy_pj"]
    assert second["layers"] == first["layers"]
    for run in (first, second):
        page = json.loads(ask("show", run["run_id"], "--json", database=database).stdout)
        assert page["proof"] == first["proof"]
        assert page["layers"][0]["certificate"] == layer["certificate"]
    text = ask("show", "last", database=database).stdout
    assert "1 of 1 layers are proven best" in text
    assert " gap " in text
    assert "proven best energy of all uneven" in ask("show", "last", "--layer", "0", database=database).stdout


def test_a_layer_that_greedy_search_cannot_place_is_found_shown_and_comes_back(tmp_path: Path, database: str) -> None:
    accelerator = small.accelerator(sram_bits=192)
    accelerator["memories"]["rf_w"]["size"] = 64
    layers = [small.layer(0, "tight", loop_sizes=[1, 16, 16, 4, 4, 1, 1])]
    files = small.written(tmp_path, workload=layers, accelerator=accelerator)
    words = ("--mlflow", "off", "--db", database, "--json")
    first, second = (json.loads(invoked(files, *words).stdout) for _ in range(2))
    assert first["layers"] == second["layers"]
    assert second["cache"] == {"hits": 1, "misses": 0}
    assert first["layers"][0]["certificate"]["is_proven"]
    assert first["latency_cycles"] == exact(files, database, "--opt", "latency")["latency_cycles"]
    for run in (first, second):
        for more in ((), ("--layer", "0")):
            text = " ".join(ask("show", run["run_id"], *more, database=database).stdout.split())
            assert "warning layer tight: no greedy allocation fits, as ZigZag searches (memory sram is" in text
            assert "found by exact search" in text


def test_an_answer_under_one_limit_is_not_one_under_another(files: dict[str, str], database: str) -> None:
    short = exact(files, database, "--time-limit", "5")
    for limit in ("9", "none"):
        assert exact(files, database, "--time-limit", limit)["cache"] == {"hits": 0, "misses": 1}
    again = exact(files, database, "--time-limit", "5")
    assert again["cache"] == {"hits": 1, "misses": 0}
    assert again["layers"] == short["layers"]


def test_all_spatial_mappings_are_searched(files: dict[str, str], database: str) -> None:
    few, every = (exact(files, database, "--spatial-mappings", n) for n in ("1", "all"))
    spaces = [run["layers"][0]["certificate"]["space"] for run in (few, every)]
    assert "under one spatial mapping" in spaces[0]
    assert "under each of" in spaces[1]
    assert every["energy_pj"] <= few["energy_pj"]


@pytest.mark.parametrize("limit", ["0", "-1", "soon", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(files: dict[str, str], limit: str) -> None:
    answer = invoked(files, "--search", "exact", "--time-limit", limit)
    assert answer.exit_code == 2
    assert "seconds above 0, or none for no limit" in answer.stderr


def test_a_memory_that_is_skipped_is_shown(tmp_path: Path, database: str) -> None:
    design = small.accelerator()
    design["memories"]["sram"]["r_cost"] = design["memories"]["sram"]["w_cost"] = 500.0
    layer = small.layer(0, "tiny", loop_sizes=[1, 8, 4, 2, 2, 1, 1])
    whole = exact(small.written(tmp_path, workload=[layer], accelerator=design), database)
    may = small.mapping(bypass={"W": ["sram"]})
    skipping = exact(small.written(tmp_path, workload=[layer], accelerator=design, mapping=may), database)
    assert skipping["energy_pj"] < whole["energy_pj"]
    assert "skipped memories" in skipping["layers"][0]["certificate"]["space"]
    page = json.loads(ask("show", "last", "--json", database=database).stdout)
    assert page["layers"][0]["skips"] == [{"operand": "W", "memory": "sram"}]
    assert "W skips sram" in ask("show", "last", "--layer", "0", database=database).stdout
    explained = ask("explain", "last", database=database)
    assert explained.exit_code == 0, explained.stderr
    again = ask("rerun", "last", database=database)
    assert again.exit_code == 0, again.stderr
    loma = by_loma(tmp_path, database)
    assert loma["energy_pj"] >= skipping["energy_pj"]


def by_loma(folder: Path, database: str) -> dict[str, Any]:
    """LOMA over the same choices."""
    files = {kind: str(folder / f"{kind}.yaml") for kind in ("workload", "accelerator", "mapping")}
    answer = invoked(files, "--opt", "energy", "--mlflow", "off", "--db", database, "--json")
    found: dict[str, Any] = json.loads(answer.stdout)
    return found
