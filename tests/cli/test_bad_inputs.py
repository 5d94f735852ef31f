"""Bad inputs: exit status 2, one clear message, no traceback, nothing half written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from tests.cli.commands import arguments, executed, invoked
from tests.inputs.onnx_samples import conv_model
from tests.stages.small import accelerator, layer, mapping, network, written

Spoilt = dict[str, Any]
"""Contents or paths that replace the usual inputs, and options in ``more``."""


def text(name: str, content: str | bytes) -> Callable[[Path], Path]:
    """A file with this content."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def model(**shapes: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "model.onnx"
        onnx.save(conv_model(**shapes), path)
        return path

    return write


def changed(data: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of some data after a change in place."""
    spoilt = copy.deepcopy(data)
    change(spoilt)
    return spoilt


def in_sram(change: Callable[[Any], Any]) -> Any:
    return changed(accelerator(), lambda data: change(data["memories"]["sram"]))


DUPLICATE = "name: a\nmemories: {}\nname: b\noperational_array: {}\n"
CYCLE = [layer(0, "head", operand_source={"I": 1, "W": 0}), layer(1, "tail")]
NESTED = "[" * 5000

BAD: dict[str, tuple[Spoilt, str]] = {
    "missing workload": ({"workload": Path("nowhere.onnx")}, "'nowhere.onnx' is neither a file nor a preset"),
    "missing accelerator": ({"accelerator": Path("nowhere.yaml")}, "accelerator: 'nowhere.yaml' is neither a file"),
    "missing mapping": ({"mapping": Path("nowhere.yaml")}, "mapping: 'nowhere.yaml' is neither a file"),
    "no name": ({"accelerator": lambda _: ""}, "accelerator: nothing was given"),
    "misspelt preset": ({"accelerator": Path("tpu_lik")}, "Did you mean 'tpu_like'?"),
    "misspelt network": ({"workload": Path("resnet_18")}, "Did you mean 'resnet18'?"),
    "folder for a file": ({"accelerator": lambda folder: folder}, "this is a folder"),
    "folder for a workload": ({"workload": lambda folder: folder}, "this is a folder"),
    "empty file": ({"accelerator": text("a.yaml", "")}, "a.yaml: the file is empty"),
    "empty model": ({"workload": text("a.onnx", "")}, "a.onnx: the file is empty"),
    "broken YAML": ({"mapping": text("m.yaml", "- name: default\n  spatial_mapping: {D1: [K, 4\n")}, "m.yaml, line"),
    "not text": ({"mapping": text("m.yaml", b"\xff\xfe\x00")}, "is not UTF-8 text"),
    "too deep": ({"mapping": text("m.yaml", NESTED)}, "m.yaml"),
    "duplicate keys": ({"accelerator": text("a.yaml", DUPLICATE)}, "'name'"),
    "wrong suffix": ({"workload": text("net.txt", "x")}, "the file ends in '.txt'"),
    "list for a mapping": ({"accelerator": [1, 2]}, "expected a mapping of keys to values"),
    "unknown key": ({"accelerator": in_sram(lambda m: m.update(siz=3))}, "unknown key 'siz'"),
    "unknown operand": ({"accelerator": in_sram(lambda m: m.update(operands=["I1", "I3"]))}, "the text 'I3'"),
    "port without bandwidth": ({"accelerator": in_sram(lambda m: m["ports"][0].pop("bandwidth_max"))},
                               "memories.sram.ports[0]"),
    "bandwidth of zero": ({"accelerator": in_sram(lambda m: m["ports"][0].update(bandwidth_min=0, bandwidth_max=0))},
                          "memories.sram.ports[0].bandwidth"),
    "negative size": ({"accelerator": in_sram(lambda m: m.update(size=-1))}, "memories.sram.size"),
    "served dimension": ({"accelerator": in_sram(lambda m: m.update(served_dimensions=["D7"]))}, "D7"),
    "dimension not in the array": ({"mapping": mapping(spatial_mapping={"D3": ["K, 4"]})}, "no array dimension D3"),
    "link to an unknown operand": ({"mapping": mapping(memory_operand_links={"O": "O", "W": "I9", "I": "I1"})}, "I9"),
    "link of an unknown operand": ({"mapping": mapping(memory_operand_links={"O": "O", "X": "I2", "I": "I1"})}, "'X'"),
    "mapping without default": ({"mapping": [{"name": "Conv"}]}, "no entry is called 'default'"),
    "no layers": ({"workload": []}, "there are no layers"),
    "cyclic workload": ({"workload": CYCLE}, "its layers form a cycle: head -> tail"),
    "size of zero": ({"workload": [layer(0, "a", loop_sizes=[1, 0, 4, 4, 4, 1, 3])]}, "loop_sizes[1]"),
    "unknown source": ({"workload": [layer(0, "a", operand_source={"I": 9, "W": 0})]}, "9"),
    "equation": ({"workload": [layer(0, "a", equation="O[b]W[k]")]}, "equation"),
    "ONNX garbage": ({"workload": text("net.onnx", b"\x00garbage\xff" * 9)}, "this is not an ONNX model"),
    "YAML called ONNX": ({"workload": text("net.onnx", "- id: 0\n")}, "this is not an ONNX model"),
    "ONNX with dynamic shapes": ({"workload": model(x=("batch", 3, 20, 30))}, "--input-shape"),
    "wrong input shape": ({"workload": model(), "more": ["--input-shape", "nothing=1,3,20,30"]}, "nothing"),
    "input shape for layers": ({"more": ["--input-shape", "x=1,3"]}, "--input-shape"),
    "shape without numbers": ({"more": ["--input-shape", "x=1,a"]}, "'1,a' is not a list of numbers"),
    "shape without a name": ({"more": ["--input-shape", "1,3"]}, "is not of the form NAME=1,3,224,224"),
    "objective": ({"more": ["--opt", "speed"]}, "'speed' is not one of 'latency', 'energy', 'edp'"),
    "lpf limit of zero": ({"more": ["--lpf-limit", "0"]}, "at least 1, or none for no limit"),
    "lpf limit in words": ({"more": ["--lpf-limit", "six"]}, "at least 1, or none for no limit"),
    "spatial mappings": ({"more": ["--spatial-mappings", "-3"]}, "at least 1, or all for no limit"),
    "search": ({"more": ["--search", "magic"]}, "'magic' is not"),
    "unknown option": ({"more": ["--lpf-limits", "3"]}, "--lpf-limit"),
    "dump under a file": ({"more": ["--dump", "/dev/null/x"]}, "/dev/null is not a folder"),
    "dump to a file": ({"more": ["--dump", "accelerator.yaml"]}, "accelerator.yaml is not a folder"),
    "dump to no file system": ({"more": ["--dump", "/proc/x/y"]}, "/proc/x/y: cannot be written"),
    "dump with too long a name": ({"more": ["--dump", "x" * 300]}, "cannot be written (File name too long)"),
}  # fmt: skip


def bad_inputs(case: str, folder: Path) -> tuple[dict[str, Any], str]:
    """The inputs of a case, in a folder, and what is said of them."""
    spoilt, said = BAD[case]
    contents = {k: v for k, v in spoilt.items() if k != "more" and not callable(v) and not isinstance(v, Path)}
    inputs: dict[str, Any] = written(folder, **contents)
    for kind, value in spoilt.items():
        if kind in inputs and (callable(value) or isinstance(value, Path)):
            inputs[kind] = value(folder) if callable(value) else value
    return inputs, said


@pytest.mark.parametrize("case", BAD)
def test_a_bad_input_is_one_clear_message(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inputs, said = bad_inputs(case, tmp_path)
    more = BAD[case][0].get("more", [])
    before = _inputs(tmp_path)
    dump = [] if "--dump" in more else ["--dump", "dump/inner"]
    answer = invoked(inputs, "--lpf-limit", "2", *dump, *more)
    assert (answer.exit_code, answer.stdout) == (2, ""), answer.stderr
    assert said in answer.stderr
    assert answer.stderr.count("Error: ") == 1
    assert "Traceback" not in answer.stderr
    assert isinstance(answer.exception, SystemExit)
    assert _inputs(tmp_path) == before


def _inputs(folder: Path) -> list[str]:
    """All files and folders, but for the database of runs, which records what failed too."""
    return sorted(str(p) for p in folder.rglob("*") if "zigzag_lab.db" not in p.name)


def test_nothing_is_left_where_a_dump_folder_would_have_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is tried before the search, and is not there when the search finds that nothing fits."""
    monkeypatch.chdir(tmp_path)
    inputs = written(tmp_path, accelerator=accelerator(sram_bits=8))
    assert invoked(inputs, "--lpf-limit", "2", "--dump", "a/b").exit_code == 1
    assert not (tmp_path / "a").exists()


def test_a_file_that_cannot_be_written_is_refused_before_the_search(tmp_path: Path) -> None:
    (tmp_path / "dump" / "list_of_cmes.pickle").mkdir(parents=True)
    answer = invoked(written(tmp_path), "--lpf-limit", "2", "--dump", str(tmp_path / "dump"))
    assert answer.exit_code == 2
    assert "list_of_cmes.pickle: is a folder" in answer.stderr
    assert [path.name for path in (tmp_path / "dump").iterdir()] == ["list_of_cmes.pickle"]


def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    inputs = written(tmp_path, mapping=mapping(spatial_mapping={"D3": ["K, 4"]}))
    answer = executed(arguments(inputs, "--json", "--dump", str(tmp_path / "dump")))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("Error: mapping entry 'default': spatial_mapping.D3")
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "dump").exists()


@pytest.mark.parametrize("left_out", ["workload", "accelerator", "mapping"])
def test_every_input_is_asked_for(left_out: str, tmp_path: Path) -> None:
    inputs = {kind: path for kind, path in written(tmp_path).items() if kind != left_out}
    answer = invoked(inputs)
    assert answer.exit_code == 2
    assert f"--{left_out}" in answer.stderr


def test_the_usual_inputs_are_sound(tmp_path: Path) -> None:
    """Or the cases above would prove nothing."""
    assert invoked(written(tmp_path), "--lpf-limit", "2").exit_code == 0
    assert network()
