"""What a call with a dump folder leaves: ZigZag's files, with ZigZag's keys, and its numbers under them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zigzag
from zigzag.api import get_hardware_performance_zigzag as reference
from zigzag.api import get_hardware_performance_zigzag_imc as imc_reference

from tests.stages.small import written
from zigzag_lab.api import get_hardware_performance_zigzag, get_hardware_performance_zigzag_imc

INPUTS = Path(zigzag.__file__).parent / "inputs"
TYPING_ERRORS = ("operational_unit: ImcArray, dimensions", "total_area_breakdown:")
"""Keys of ZigZag's that were meant to be others."""


def keys(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all keys; entries of a list share theirs."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield (*path, key)
            yield from keys(value, (*path, key))
    elif isinstance(document, list):
        for value in document:
            yield from keys(value, (*path, "[]"))


def numbers(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from numbers(value, (*path, key))
    elif isinstance(document, list):
        for n, value in enumerate(document):
            yield from numbers(value, (*path, str(n)))
    elif isinstance(document, (int, float)):
        yield path, document


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "mixed": {"enable_mix_spatial_mapping": True, "opt": "energy"},
    "locality": {"exploit_data_locality": True, "opt": "EDP"},
    "in memory": {"in_memory_compute": True},
}
FILES = {"in memory": ("dimc.yaml", "default_imc.yaml"), "mixed": ("tpu_like.yaml", "tpu_like_mixed.yaml")}


def both(folder: Path, name: str) -> list[Path]:
    """The folders that ZigZag and we leave for the same call."""
    inputs = written(folder)
    if name in FILES:
        accelerator, mapping = FILES[name]
        inputs["accelerator"] = str(INPUTS / "hardware" / accelerator)
        inputs["mapping"] = str(INPUTS / "mapping" / mapping)
    for who, call in (("theirs", reference), ("ours", get_hardware_performance_zigzag)):
        pickle = str(folder / who / "cmes.pickle")
        more = {"dump_folder": str(folder / who), "pickle_filename": pickle, "loma_show_progress_bar": False}
        call(inputs["workload"], inputs["accelerator"], inputs["mapping"], lpf_limit=2, **more, **OPTIONS[name])
    return [folder / "theirs", folder / "ours"]


@pytest.mark.parametrize("name", OPTIONS)
def test_the_same_files_have_the_same_keys_and_numbers(name: str, tmp_path: Path) -> None:
    logging.disable(logging.INFO)
    try:
        theirs, ours = both(tmp_path, name)
    finally:
        logging.disable(logging.NOTSET)
    names = {path.name for path in theirs.iterdir()}
    assert {path.name for path in ours.iterdir()} == names
    assert {
        "overall_simple.json",
        "stem_complete.json",
        "cmes.pickle",
        "loop_ordering.txt",
        "mem_hierarchy.png",
    } <= names
    for file in sorted(name for name in names if name.endswith(".json")):
        their, our = (json.loads((folder / file).read_text()) for folder in (theirs, ours))
        missing = {path for path in keys(their) if not set(path) & set(TYPING_ERRORS)} - set(keys(our))
        assert missing == set(), file
        values = dict(numbers(our.get("outputs", our)))
        for path, number in numbers(their.get("outputs", their)):
            if not set(path) & set(TYPING_ERRORS):
                assert values[path] == pytest.approx(number, rel=1e-9, abs=1e-9), (file, path)


def test_the_variant_for_in_memory_arrays_takes_every_option(tmp_path: Path) -> None:
    arguments = (written(tmp_path)["workload"], "dimc", "dimc")
    options = {"opt": "energy", "lpf_limit": 2, "temporal_mapping_type": "even", "nb_spatial_mappings_generated": 1}
    answer = get_hardware_performance_zigzag_imc(*arguments, dump_folder=str(tmp_path / "out"), **options)
    same = get_hardware_performance_zigzag(*arguments, in_memory_compute=True, **options)
    assert len(answer) == 5
    assert answer[:4] == same[:4]
    assert (tmp_path / "out" / "list_of_cmes.pickle").exists()
    with pytest.raises(TypeError):
        imc_reference(*arguments, **options)
