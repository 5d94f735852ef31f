"""``zigzag-lab check``, and the warnings of ``run`` and ``sweep --dry-run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.cli.commands import executed
from tests.cli.test_bad_inputs import BAD, bad_inputs, model
from tests.findings.files import SLIPS, sound, written
from tests.inputs.old_files import old_accelerator
from tests.sweeps.small import sweep_file
from zigzag_lab import Lab
from zigzag_lab.cli import main


def asked(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="zigzag-lab")


def spoilt(slip: str, folder: Path) -> Path:
    files = sound()
    SLIPS[slip][0](files)
    return written(files, folder)


def test_sound_files(tmp_path: Path) -> None:
    done = asked("check", written(sound(), tmp_path))
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("\nNothing was found.\n")


def test_many_errors_at_once(tmp_path: Path) -> None:
    files = sound()
    memories = files["accelerator"]["memories"]
    memories["sram"]["size"] = "12 parsec"
    memories["rf_w"]["ports"][0]["type"] = "sideways"
    del memories["rf_o"]["r_cost"]
    memories["dram"]["colour"] = "red"
    memories["dram"]["prots"] = memories["dram"].pop("ports")
    memories["dram"]["served_dimensions"] = ["north"]
    files["accelerator"]["operational_array"]["sizes"] = [8, "many"]
    files["mapping"][0]["spatial_mapping"]["D1"] = ["8 of K"]
    files["mapping"].append({"name": "Conv", "spatial_mapping_hint": {"D1": ["k"]}})
    files["workload"][0]["operator_type"] = "Cnov"
    folder = written(files, tmp_path)
    done = asked("check", folder, "--json")
    assert done.exit_code == 2
    found = [
        finding["where"].removeprefix(f"{folder}/").split(" (")[0] for finding in json.loads(done.stdout)["findings"]
    ]
    assert sorted(found) == [
        "accelerator.yaml: memories.dram.colour",
        "accelerator.yaml: memories.dram.prots",
        "accelerator.yaml: memories.dram.served_dimensions[0]",
        "accelerator.yaml: memories.rf_o",
        "accelerator.yaml: memories.rf_w.ports[0].type",
        "accelerator.yaml: memories.sram.size",
        "accelerator.yaml: operational_array.sizes[1]",
        "mapping.yaml: [0].spatial_mapping.D1[0]",
        "mapping.yaml: [1].spatial_mapping_hint.D1[0]",
        "workload.yaml: [0].operator_type",
    ]


def test_errors_of_parts_that_no_schema_knows(tmp_path: Path) -> None:
    files = sound()
    for name in ("rf_w", "sram"):
        files["accelerator"]["memories"][name]["ports"][0]["allocation"].pop()
    layers = [{**files["workload"][0], "id": i, "name": f"layer {i}", "loop_dims": ["K"]} for i in range(3)]
    done = asked("check", written({**files, "workload": layers}, tmp_path), "--json")
    assert done.exit_code == 2
    found = [finding["found"] for finding in json.loads(done.stdout)["findings"]]
    assert found == [
        "no port of rf_w serves 'I2, fh' (written from the memory above)",
        "no port of sram serves 'O, th' (read towards the memory above)",
        *["7 sizes for 1 loops"] * 3,
    ]


def test_a_slip_is_listed_once_where_a_sweep_reads_the_file_too(tmp_path: Path) -> None:
    asked("init", tmp_path)
    file = tmp_path / f"{tmp_path.name}.yaml"
    text = file.read_text()
    file.write_text(text.replace("mem_type: dram", "mem_typ: dram").replace("size: 1 GiB", "size: 1 gib"))
    found = json.loads(asked("check", tmp_path, "--json").stdout)["findings"]
    assert sorted(finding["found"].split(";")[0] for finding in found) == [
        "'1 gib' is in 'gib'",
        "unknown key 'mem_typ'",
    ]
    file.write_text(text)
    (note,) = json.loads(asked("check", tmp_path, "--json").stdout)["findings"]
    assert note["where"].startswith(str(file))


def test_files_that_do_not_go_together(tmp_path: Path) -> None:
    files = sound()
    files["mapping"][0]["spatial_mapping"]["D7"] = ["K, 8"]
    files["mapping"][0]["memory_operand_links"] = {"O": "O", "W": "I2", "X": "I1"}
    done = asked("check", written(files, tmp_path))
    assert done.exit_code == 2
    assert "accelerator small has no array dimension D7" in done.stdout
    assert "operand I of layer only is not among 'O', 'W', 'X'" in done.stdout


def test_presets_by_name_and_what_is_missing() -> None:
    done = asked("check", "tpu_like")
    assert done.exit_code == 0, done.output
    assert [line.rpartition(": ")[2] for line in done.stdout.splitlines()[:2]] == ["accelerator", "mapping"]
    assert "Name the workload too" in done.stdout
    assert asked("check", "tpu_lik").stderr.endswith("Did you mean 'tpu_like'?\n")


def test_open_shapes_of_a_model_are_given(tmp_path: Path) -> None:
    file = model(x=("batch", 3, 20, 30))(tmp_path)
    assert "--input-shape" in asked("check", file).stdout
    assert asked("check", file, "--input-shape", "x=1,3,20,30").exit_code == 0


def test_a_system_of_cores_has_its_name_here_too(tmp_path: Path) -> None:
    (tmp_path / "soc.yaml").write_text("name: soc\ncores: {0: ./a.yaml}\n")
    done = asked("check", tmp_path / "soc.yaml")
    assert done.exit_code == 2
    assert "a system of several cores, as Stream reads it" in done.stdout


def test_a_folder_is_asked_for_its_files_alone_and_nothing_is_not_a_folder(tmp_path: Path) -> None:
    written(sound(), tmp_path)
    (tmp_path / "old.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    done = asked("check", tmp_path)
    assert (done.exit_code, done.stdout.count("Error: ")) == (2, 1)
    assert "a link to 'nowhere'" in done.stdout
    done = asked("check", "")
    assert (done.exit_code, done.stderr.count("nothing was given")) == (2, 1)


@pytest.mark.parametrize("order", [1, -1])
def test_a_chip_is_looked_at_with_its_own_mapping_in_any_order(order: int, tmp_path: Path) -> None:
    chips = [tmp_path / "one", tmp_path / "two"]
    for chip, n in zip(chips, (8, 4), strict=True):
        chip.mkdir()
        files = sound()
        files["accelerator"]["operational_array"]["sizes"][0] = n
        files["mapping"][0]["spatial_mapping"]["D1"] = [f"K, {n}"]
        written(files, chip)
    done = asked("check", *[*chips, "tpu_like"][::order], "--json")
    assert (done.exit_code, json.loads(done.stdout)["findings"]) == (0, [])
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump([{"name": "default", "spatial_mapping": {"D1": ["K, 8"]}}]))
    done = asked("check", *[*chips, "tpu_like", tmp_path / "mine.yaml"][::order], "--json")
    found = [(one["code"], one["where"].split(": ")[0]) for one in json.loads(done.stdout)["findings"]]
    assert set(found) == {("clamped-unrolling", str(tmp_path / "mine.yaml"))}


def test_old_files_are_named_once(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(old_accelerator("separate", "3.8.1")))
    done = asked("check", tmp_path / "old.yaml", "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert done.exit_code == 2
    assert "zigzag-lab convert" in finding["hint"]


def run_of(folder: Path, *more: str) -> list[str]:
    files = [
        word for kind in ("workload", "accelerator", "mapping") for word in (f"--{kind}", str(folder / f"{kind}.yaml"))
    ]
    return ["run", *files, "--db", f"sqlite:///{folder}/lab.db", "--mlflow", "off", *more]


def test_runs_warn_once_and_keep_it(tmp_path: Path) -> None:
    done = executed(run_of(spoilt("an idle dimension", tmp_path), "--json"))
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    (warning,) = outcome["warnings"]
    assert (warning["code"], warning["severity"]) == ("idle-dimension", "warning")
    assert done.stderr.count("Warning: mapping entry 'default': spatial_mapping: idle dimensions") == 1
    with Lab(f"sqlite:///{tmp_path}/lab.db") as lab:
        (kept,) = lab.run(outcome["run_id"]).warnings or ()
    assert f"Warning: {kept}" in done.stderr
    page = asked("show", outcome["run_id"], "--db", f"sqlite:///{tmp_path}/lab.db").stdout
    assert kept in " ".join(page.split())


def test_estimates_are_a_note_of_the_run(tmp_path: Path) -> None:
    done = asked(*run_of(spoilt("estimates", tmp_path)))
    assert done.exit_code == 0, done.output
    note = "Note: accelerator small: costs of these are estimates: memories.sram (a guess); so are"
    assert note in done.stdout
    with Lab(f"sqlite:///{tmp_path}/lab.db") as lab:
        ((kept,),) = (run.warnings for run in lab.runs())
    assert kept.startswith(note)


@pytest.mark.parametrize("is_json", [False, True])
def test_dry_runs_warn_of_points(is_json: bool, tmp_path: Path) -> None:
    file = sweep_file(tmp_path, space={"mapping[0].spatial_mapping.D2": [["C, 32"], ["C, 1"], ["C, 64"]]})
    words = ["--json"] if is_json else []
    done = asked("sweep", file, "--dry-run", "--db", f"sqlite:///{tmp_path}/lab.db", *words)
    assert done.exit_code == 0, done.output
    text = done.stdout if is_json else done.stderr
    assert text.count("(in 1 of 3 points looked at, such as for one.yaml)") == 2
    if is_json:
        assert {one["code"] for one in json.loads(text)["warnings"]} == {"idle-dimension", "clamped-unrolling"}
    assert not (tmp_path / "lab.db").exists()


def test_a_search_for_small_areas_needs_them(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, sampling={"optuna": 4, "objectives": ["area", "energy"]})
    done = asked("check", file, "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["code"] == "unknown-area", finding
    assert "sram_2MB" in finding["found"]


SAID_OTHERWISE = {"missing accelerator", "missing mapping", "wrong suffix", "list for a mapping", "no layers"}
"""Bad inputs whose kind is known from the option of a run alone."""

FINE = {"no name", "folder for a file", "folder for a workload"}
"""Inputs that a run cannot use, and a check can: folders."""

REFUSED = [case for case, (spoilt, _) in BAD.items() if "more" not in spoilt and case not in FINE]


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_run_refuses_is_an_error(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inputs, said = bad_inputs(case, tmp_path)
    done = asked("check", *inputs.values())
    assert done.exit_code == 2
    assert said in done.output or case in SAID_OTHERWISE
    assert "Traceback" not in done.output
