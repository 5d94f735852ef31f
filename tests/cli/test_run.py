"""``zigzag-lab run``: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
import os
import pty
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import arguments, executed, invoked
from tests.oracle.golden import load_golden
from tests.stages.small import accelerator, layer, mapping, written
from zigzag_lab import __version__
from zigzag_lab.cli.render import layer_progress

FAST = ("--lpf-limit", "3")
SPATIAL = {"spatial_mapping": {"D1": ["K, 4"], "D2": ["C, 4"]}}
PRESETS = {"workload": "resnet18", "accelerator": "tpu_like", "mapping": "tpu_like"}


def one_object(text: str) -> dict[str, Any]:
    """The one JSON object that makes up a text."""
    found, end = json.JSONDecoder().raw_decode(text)
    assert text[end:].strip() == ""
    assert isinstance(found, dict)
    return found


def files_but_pictures(folder: Path) -> set[str]:
    """What the save stages wrote; the visualization stage may add pictures."""
    return {path.name for path in folder.iterdir()} - {"mem_hierarchy.png", "loop_ordering.txt"}


def test_json_is_one_object_with_the_promised_keys() -> None:
    answer = invoked(PRESETS, "--json")
    assert answer.exit_code == 0, answer.stderr
    said, golden = one_object(answer.stdout), load_golden("latency-tpu_like-resnet18.onnx")
    assert said["status"] == "finished"
    assert said["energy_pj"] == pytest.approx(golden["energy_pj"], rel=1e-9)
    assert said["latency_cycles"] == golden["latency_cycles"]
    assert said["edp_pj_cycles"] == said["energy_pj"] * said["latency_cycles"]
    assert said["n_layers"] == len(said["layers"]) == len(golden["layers"])
    assert said["n_mappings_evaluated"] > 1000
    for ours, theirs in zip(said["layers"], golden["layers"], strict=True):
        assert ours["name"]
        assert ours["latency_cycles"] == theirs["latency_cycles"]
        assert ours["energy_pj"] == pytest.approx(theirs["energy_pj"], rel=1e-9)


def test_a_process_of_its_own_prints_json_and_nothing_else(tmp_path: Path) -> None:
    answer = executed(arguments(written(tmp_path), *FAST, "--json", "--dump", str(tmp_path / "dump")))
    assert (answer.returncode, answer.stderr) == (0, "")
    said = one_object(answer.stdout)
    assert [entry["name"] for entry in said["layers"]] == ["stem", "wide", "again"]
    simple = json.loads((tmp_path / "dump" / "overall_simple.json").read_text())
    assert simple == {"energy": said["energy_pj"], "latency": said["latency_cycles"]}
    names = {f"{name}_complete.json" for name in ("stem", "wide", "again")}
    assert files_but_pictures(tmp_path / "dump") == names | {"overall_simple.json", "list_of_cmes.pickle"}


def test_the_table_names_totals_and_the_busiest_layers(tmp_path: Path) -> None:
    answer = invoked(written(tmp_path), *FAST)
    assert answer.exit_code == 0, answer.stderr
    assert re.search(r"energy +\d", answer.stdout)
    assert re.search(r"latency +\d+ cycles", answer.stdout)
    for words in ("Busiest of 3 layers", "stem", "wide", "again", "mappings priced", "Next:"):
        assert words in answer.stdout


def test_names_with_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "[bold] [x]"
    folder.mkdir()
    answer = invoked(written(folder, workload=[layer(0, "conv[/1] [red]")]), *FAST)
    assert answer.exit_code == 0, answer.stderr
    assert "conv[/1] [red]" in answer.stdout
    assert "[bold] [x]" in answer.stdout.replace("\n", "")


def test_progress_goes_to_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with layer_progress() as nobody:
        assert nobody is None
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with layer_progress() as bar:
            [first] = [type("Named", (), {"name": "[/odd] name"})]
            bar.layer_started(first, 0, 1)
            bar.layer_done(first, 0, 1)
    shown = ""
    with os.fdopen(reading, errors="replace") as screen, suppress(OSError):  # which Linux raises at the end
        for line in screen:
            shown += line
    assert "[/odd] name" in shown


@pytest.mark.parametrize("objective", ["latency", "energy", "edp", "EDP"])
def test_objectives_minimise_what_they_say(objective: str, tmp_path: Path) -> None:
    inputs = written(tmp_path, workload=[layer(0, "only")])
    key = {"latency": "latency_cycles", "energy": "energy_pj", "edp": "edp_pj_cycles"}[objective.lower()]
    best = one_object(invoked(inputs, *FAST, "--json", "--opt", objective).stdout)[key]
    for other in ("latency", "energy", "edp"):
        assert best <= one_object(invoked(inputs, *FAST, "--json", "--opt", other).stdout)[key]


def test_numbers_may_be_lifted(tmp_path: Path) -> None:
    inputs = written(tmp_path, workload=[layer(0, "only", loop_sizes=[1, 4, 2, 2, 1, 1, 3])])
    few, many = (
        one_object(invoked(inputs, "--json", "--spatial-mappings", n, "--lpf-limit", limit).stdout)
        for n, limit in (("1", "1"), ("all", "none"))
    )
    assert few["n_mappings_evaluated"] < many["n_mappings_evaluated"]
    assert few["latency_cycles"] >= many["latency_cycles"]
    assert "proof" not in few
    assert many["proof"]["n_proven"] == many["proof"]["n_layers"] == 1
    assert many["proof"]["is_of_loma"]
    (proven,) = (layer["certificate"] for layer in many["layers"])
    assert proven["best"] == proven["lower_bound"] == many["latency_cycles"]
    assert proven["space"].startswith("all allowed orders of all loop prime factors, as LOMA allocates them")


def test_even_mappings_are_never_better(tmp_path: Path) -> None:
    inputs = written(tmp_path)
    uneven, even = (
        one_object(invoked(inputs, *FAST, "--json", "--temporal", kind).stdout) for kind in ("uneven", "even")
    )
    assert even["latency_cycles"] >= uneven["latency_cycles"]


def test_a_memory_too_small_says_which_and_by_how_much(tmp_path: Path) -> None:
    """The mapping is fixed: the SRAM must hold 4 inputs and 16 weights of 8 bits, and 4 outputs of 8."""
    needed = (4 + 16 + 4) * 8
    small = {"workload": [layer(0, "only")], "mapping": mapping(**SPATIAL)}
    for missing in (150, 8, 1):
        inputs = written(tmp_path, accelerator=accelerator(sram_bits=needed - missing), **small)
        answer = invoked(inputs, *FAST, "--json")
        assert (answer.exit_code, json.loads(answer.stdout)["status"]) == (1, "infeasible")
        assert (
            f"layer only: memory sram is {missing} bits too small for the smallest tiles of I and W and O"
            in answer.stderr
        )
        assert "under the spatial mapping D1: K 4; D2: C 4" in answer.stderr
        assert "Traceback" not in answer.stderr
    fitting = invoked(written(tmp_path, accelerator=accelerator(sram_bits=needed), **small), *FAST, "--json")
    assert fitting.exit_code == 0, fitting.stderr


def test_the_outermost_memory_can_be_too_small_too(tmp_path: Path) -> None:
    """The DRAM must hold whole tensors: inputs 4 x 4 x 6, weights 8 x 4 x 3, outputs 8 x 4 x 4, of 8 bits."""
    needed = (4 * 4 * 6 + 8 * 4 * 3 + 8 * 4 * 4) * 8
    small = {"workload": [layer(0, "only")], "mapping": mapping(**SPATIAL)}
    for missing in (1000, 1):
        inputs = written(tmp_path, accelerator=accelerator(sram_bits=1000, dram_bits=needed - missing), **small)
        answer = invoked(inputs, *FAST)
        assert answer.exit_code == 1
        assert f"layer only: memory dram is {missing:,} bits too small" in answer.stderr
    inputs = written(tmp_path, accelerator=accelerator(sram_bits=1000, dram_bits=needed), **small)
    assert invoked(inputs, *FAST).exit_code == 0


def test_what_does_not_fit_leaves_no_totals(tmp_path: Path) -> None:
    """The second layer needs more than the first: what is written of the first is whole."""
    layers = [layer(0, "fits"), layer(1, "does_not", operand_precision={"W": 64, "I": 64, "O": 32, "O_final": 32})]
    inputs = written(tmp_path, workload=layers, accelerator=accelerator(sram_bits=200), mapping=mapping(**SPATIAL))
    answer = executed(arguments(inputs, *FAST, "--dump", str(tmp_path / "dump")))
    assert (answer.returncode, answer.stdout) == (1, "")
    error, record = answer.stderr.splitlines()
    assert error.startswith("Error: layer does_not: memory ")
    assert record.startswith("Recorded as run ")
    assert files_but_pictures(tmp_path / "dump") == {"fits_complete.json"}
    json.loads((tmp_path / "dump" / "fits_complete.json").read_text())


def test_a_dump_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert invoked(written(tmp_path), *FAST, "--dump", str(folder)).exit_code == 0
    assert (folder / "overall_simple.json").exists()


def test_help_and_version() -> None:
    assert "--accelerator" in invoked({}, "--help").stdout
    assert executed(["--version"]).stdout.split()[-1] == __version__
