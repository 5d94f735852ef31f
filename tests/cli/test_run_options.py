"""Each option of ``zigzag-lab run`` that decides what is searched, or what the run is recorded as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.commands import invoked
from tests.inputs.onnx_samples import conv_model
from tests.stages.small import accelerator, layer, written
from zigzag_lab.api import Lab

FAST = ("--lpf-limit", "3")


def said(inputs: dict[str, Any], *more: str) -> dict[str, Any]:
    """The JSON object of a run that ends well."""
    answer = invoked(inputs, *more, "--json")
    assert answer.exit_code == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_inputs_can_be_given_in_any_order(tmp_path: Path) -> None:
    files = written(tmp_path)
    given = ("--mapping", files["mapping"], "--workload", files["workload"], "--accelerator", files["accelerator"])
    assert said({}, *given, *FAST)["energy_pj"] == said(files, *FAST)["energy_pj"]


def test_searches_find_no_worse_than_a_short_loma(tmp_path: Path) -> None:
    files = written(tmp_path, workload=[layer(0, "only")])
    loma, salsa, exact = (
        said(files, "--lpf-limit", "6", "--spatial-mappings", "1", "--search", search)["latency_cycles"]
        for search in ("loma", "salsa", "exact")
    )
    assert exact <= salsa <= loma


def test_equal_seeds_give_equal_runs(tmp_path: Path) -> None:
    """With one spatial mapping and the cache off, what differs is the seed alone."""
    files = written(tmp_path, workload=[layer(0, "only", loop_sizes=[1, 12, 6, 6, 3, 1, 3])])
    runs = [
        said(files, "--search", "salsa", "--spatial-mappings", "1", "--no-cache", "--seed", seed)
        for seed in ("3", "3", "4")
    ]
    first, again, other = ((run["energy_pj"], run["n_mappings_evaluated"]) for run in runs)
    assert first == again
    assert first[1] != other[1]


def test_a_time_limit_ends_an_exact_search(tmp_path: Path) -> None:
    files = written(tmp_path, workload=[layer(0, "only", loop_sizes=[1, 24, 12, 12, 4, 3, 3])])
    exact = ("--search", "exact", "--opt", "edp", "--spatial-mappings", "1")
    brief = said(files, *exact, "--time-limit", "0.000001")
    assert brief["n_mappings_evaluated"] < said(files, *exact, "--no-cache")["n_mappings_evaluated"]
    refused = invoked(files, *exact, "--time-limit", "0")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--time-limit" in refused.stderr


def test_locality_and_mixed_mappings_save_energy(tmp_path: Path) -> None:
    files = written(tmp_path, accelerator=accelerator(sram_bits=10**6))
    usual, local, mixed = (
        said(files, *FAST, "--opt", "energy", *more)["energy_pj"]
        for more in ((), ("--exploit-locality",), ("--mix-spatial",))
    )
    assert local < usual
    assert mixed <= local


def test_dynamic_inputs_get_their_shapes(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(conv_model(x=("n", 3, 20, 30)).SerializeToString())
    files = {**written(tmp_path), "workload": str(tmp_path / "net.onnx")}
    one, two = (
        said(files, *FAST, "--opt", "energy", "--input-shape", f"x={batch},3,20,30")["energy_pj"] for batch in (1, 2)
    )
    assert one < two


def test_experiment_and_tags_are_recorded_where_asked(tmp_path: Path) -> None:
    files, url = written(tmp_path), f"sqlite:///{tmp_path / 'mine.db'}"
    tags = ("--tag", "chip=A", "--tag", "try=2")
    run_id = said(files, *FAST, "--db", url, "--mlflow", "off", "--experiment", "buffers", *tags)["run_id"]
    with Lab(url) as lab:
        assert [run.run_id for run in lab.runs(experiment="buffers", tags={"chip": "A", "try": "2"})] == [run_id]
        assert lab.runs(experiment="default") == []
    assert not (tmp_path / "mlflow.db").exists()
