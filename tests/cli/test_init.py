"""``zigzag-lab init``: what it writes can be checked, run and swept as it is."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from zigzag_lab.api.check import check_files
from zigzag_lab.api.init import init_chip
from zigzag_lab.cli import init, main
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping
from zigzag_lab.inputs.cacti import VARIABLE
from zigzag_lab.inputs.chip import ChipSpec, array_sizes, dram, memory_spec
from zigzag_lab.inputs.presets import preset_names, preset_path
from zigzag_lab.sweeps import points, read_sweep
from zigzag_lab.vocab import InputError


@pytest.fixture(autouse=True)
def without_cacti(monkeypatch: pytest.MonkeyPatch) -> None:
    """CACTI, which takes seconds, is tested with the estimates."""
    monkeypatch.setenv(VARIABLE, "/nowhere")


def asked(*words: str | Path, answers: str = "") -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=answers, prog_name="zigzag-lab")


def accelerator_in(folder: Path) -> Accelerator:
    return read_accelerator(folder / f"{folder.name}.yaml")


def test_a_new_chip_can_be_checked_run_and_swept(tmp_path: Path) -> None:
    folder, database = tmp_path / "my chip", f"sqlite:///{tmp_path}/lab.db"
    made = asked("init", folder)
    assert made.exit_code == 0, made.output
    assert sorted(path.name for path in folder.iterdir()) == ["experiment.yaml", "mapping.yaml", "my chip.yaml"]
    commands = [shlex.split(line) for line in made.stdout.partition("Next:")[2].splitlines() if line]
    assert [words[-1] for words in commands] == ["resnet18", str(folder / "mapping.yaml"), str(folder)]
    checked = asked("check", folder, "resnet18", "--json")
    assert checked.exit_code == 0
    assert {one["code"] for one in json.loads(checked.stdout)["findings"]} == {"estimated-costs"}
    files = ("--accelerator", folder / "my chip.yaml", "--mapping", folder / "mapping.yaml")
    ran = asked(
        "run", "--workload", "resnet18", *files, "--lpf-limit", "4", "--json", "--db", database, "--mlflow", "off"
    )
    assert ran.exit_code == 0, ran.output
    outcome = json.loads(ran.stdout)
    assert outcome["energy_pj"] > 1e8
    assert [one["severity"] for one in outcome["warnings"]] == ["note"]
    sweep = read_sweep(folder)
    assert sweep.name == "my chip"
    sizes = [point.values["accelerator.memories.scratchpad.size"] for point in points(sweep)]
    assert sizes == [2**20, 2**21, 2**22]
    dry = asked("sweep", folder, "--dry-run", "--db", database)
    assert (dry.exit_code, dry.stderr.count("Warning"), dry.stderr.count("Note")) == (0, 0, 1)


@pytest.mark.parametrize("preset", preset_names("accelerator"))
def test_a_preset_is_copied_whole(preset: str, tmp_path: Path) -> None:
    made = asked("init", tmp_path / "copy", "--from", preset)
    assert made.exit_code == 0, made.output
    copy = accelerator_in(tmp_path / "copy")
    original = read_accelerator(preset_path("accelerator", preset))
    assert copy == original
    assert read_mapping(tmp_path / "copy" / "mapping.yaml") == read_mapping(preset_path("mapping", preset))
    found = check_files([tmp_path / "copy"]).findings
    assert not found or preset == "tesla_npu_like"  # which leaves most of its array idle
    sweep = read_sweep(tmp_path / "copy")
    ((name, of_file),) = [
        (path, point.values[path])
        for point in list(points(sweep))[1:2]
        for path in point.values
        if path.endswith("size")
    ]
    assert copy.memory_named(name.split(".")[2]).size_bits == of_file  # the middle one of three is that of the file
    for path in (tmp_path / "copy").iterdir():
        schema = Path(path.read_text().splitlines()[0].partition("$schema=")[2])
        assert schema.is_absolute()
        assert schema.is_file()


def test_a_design_without_dram_brings_a_small_workload(tmp_path: Path) -> None:
    asked("init", tmp_path, "--from", "gemm_l1")
    words = [
        word
        for kind, stem in (("workload", "workload"), ("accelerator", tmp_path.name), ("mapping", "mapping"))
        for word in (f"--{kind}", tmp_path / f"{stem}.yaml")
    ]
    ran = asked("run", *words, "--json", "--db", f"sqlite:///{tmp_path}/lab.db", "--mlflow", "off")
    outcome = json.loads(ran.stdout)
    assert (outcome["status"], outcome["warnings"]) == ("finished", [])
    assert outcome["layers"][0]["n_macs"] == 64**3


def test_no_file_is_replaced_and_none_half_written(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text("mine")
    made = asked("init", tmp_path)
    assert made.exit_code == 2
    assert (
        made.stderr
        == f"Error: {tmp_path / 'mapping.yaml'}: a file is there already; expected a new file. Name a new folder.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mapping.yaml"]
    assert (tmp_path / "mapping.yaml").read_text() == "mine"


def test_memories_are_as_described(tmp_path: Path) -> None:
    shared = ["weights=4 B,W,unit", "rows=1 KiB,I,D1,8 B", "pad=96 KiB,IO", "buffer=2 MiB,I+W+O,all,1024"]
    words = [word for memory in shared for word in ("--memory", memory)]
    made = asked("init", tmp_path, "--array", "8x4", *words, "--name", "own: chip")
    assert made.exit_code == 0, made.output
    chip = accelerator_in(tmp_path)
    assert (chip.name, chip.array.sizes) == ("own: chip", {"D1": 8, "D2": 4})
    found = {m.name: (m.size_bits, set(m.operands), m.served_dimensions, m.kind) for m in chip.memories}
    every = {"I1", "I2", "O"}
    assert found == {
        "weights": (32, {"I2"}, (), "rf"),
        "rows": (2**13, {"I1"}, ("D1",), "sram"),
        "pad": (96 * 2**13, {"I1", "O"}, ("D1", "D2"), "sram"),
        "buffer": (2**24, every, ("D1", "D2"), "sram"),
        "dram": (2**33, every, ("D1", "D2"), "dram"),
    }
    widths = {m.name: {p.bandwidth_max_bits for p in m.ports} for m in chip.memories}
    assert widths == {"weights": {8}, "rows": {64}, "pad": {128}, "buffer": {1024}, "dram": {64}}
    assert all(m.estimated for m in chip.memories)
    assert not [one for one in check_files([tmp_path, "resnet18"]).findings if one.severity != "note"]


BAD = {
    "array": (["--array", "16by16"], "array: '16by16'; expected units along each dimension"),
    "no size": (["--memory", "pad"], "NAME=SIZE,OPERANDS[,SHARED][,WIDTH]"),
    "unit": (["--memory", "pad=1 parsec,IWO"], "memory 'pad': size: '1 parsec' is in 'parsec'"),
    "operand": (["--memory", "pad=1 KiB,IXO"], "it holds 'IXO'; expected some of I (inputs), W (weights)"),
    "dimension": (["--memory", "pad=1 KiB,IWO,D7"], "the array has no dimension D7; expected some of D1, D2"),
    "twice": (["--memory", "a=1 KiB,I", "--memory", "a=1 KiB,W"], "two are called a"),
    "no place": (["--memory", "a=1 KiB,IO", "--no-dram"], "none holds W"),
    "network": (["--workload", "resnet81"], "Did you mean 'resnet18'?"),
    "preset": (["--from", "tpu"], "there is no preset called 'tpu'"),
    "both": (["--from", "tpu_like", "--array", "4x4"], "--from goes with --workload alone"),
    "clock": (["--clock", "1 GB"], "clock: "),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_one_error(case: str, tmp_path: Path) -> None:
    words, said = BAD[case]
    made = asked("init", tmp_path / "new", *words)
    assert made.exit_code == 2
    assert said in made.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["mapping", "Experiment", "workload"])
def test_no_chip_takes_the_name_of_another_file(name: str, tmp_path: Path) -> None:
    assert asked("init", tmp_path / name).exit_code == 0
    assert {path.name for path in (tmp_path / name).iterdir()} >= {"accelerator.yaml", "mapping.yaml"}
    assert check_files([tmp_path / name]).n_errors == 0


def test_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "is_asked", lambda: True)
    made = asked("init", tmp_path / "one", answers="4x4\npad=64 KiB,IWO\n\ny\n2 ns\n")
    assert made.exit_code == 0, made.output
    chip = accelerator_in(tmp_path / "one")
    assert ([m.name for m in chip.memories], chip.clock_ns) == (["pad", "dram"], 2)
    made = asked("init", tmp_path / "usual", answers="\n\n\n\n")
    assert made.exit_code == 0, made.output
    assert [m.name for m in accelerator_in(tmp_path / "usual").memories] == ["weights", "sums", "scratchpad", "dram"]


OPERANDS = st.sampled_from(("I", "W", "O", "IO", "IWO"))
SHARED = st.sampled_from(("unit", "all", "D1"))
SIZES = st.sampled_from(("2 B", "7 B", "512 B", "4 KiB", "96 KiB", "3 MiB"))


@settings(max_examples=30)
@given(
    array=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    memories=st.lists(st.tuples(SIZES, OPERANDS, SHARED), max_size=4),
)
def test_any_chip_that_is_written_has_no_errors(
    array: list[int], memories: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("chip")
    texts = [f"m{i}={','.join(parts)}" for i, parts in enumerate(memories)]
    made = init_chip(folder, array="x".join(map(str, array)), memories=texts)
    outcome = check_files([made.folder])
    assert outcome.n_errors == 0, outcome.findings
    chip = accelerator_in(folder)
    assert len(chip.memories) == len(memories) + 1
    assert all(memory.read_cost_pj > 0 for memory in chip.memories)


def test_a_chip_needs_a_place_for_every_operand() -> None:
    sizes = array_sizes("2x2")
    assert ChipSpec("x", sizes, (dram(sizes),)).memories[0].operands == ("I1", "I2", "O")
    with pytest.raises(InputError, match="none holds I, O"):
        ChipSpec("x", sizes, (memory_spec("a=1 KiB,W", sizes),))
