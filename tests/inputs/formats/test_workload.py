"""Workload files: reader, page and schema know the same keys and the same limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tests.cli.test_bad_inputs import BAD
from tests.inputs import samples
from tests.inputs.formats import pages
from tests.inputs.formats.readers import bad_files, keys_that_a_reader_names
from tests.inputs.formats.schemas import complaints, keys_of, validator
from zigzag_lab.inputs import read_workload
from zigzag_lab.inputs.formats.workload import LAYER

GOLDEN = sorted(Path(__file__).parents[2].rglob("golden/*.yaml"))


def test_reader_schema_and_page_have_the_same_keys() -> None:
    read = {("[]", key) for key in keys_that_a_reader_names(read_workload, samples.workload(), (0,))}
    assert len(read) == 12
    assert set(keys_of(validator("workload").schema)) == read
    assert set(pages.keys_of("workload")) == read


def test_the_schema_accepts_the_samples() -> None:
    assert complaints("workload", samples.workload()) == []
    for path in GOLDEN:
        assert complaints("workload", yaml.safe_load(path.read_text("utf-8"))) == []


IN_NO_SCHEMA = {"cyclic workload", "unknown source"}
"""Bad workloads whose layers are sound one by one."""


def test_the_schema_refuses_the_bad_files_that_a_schema_can_refuse() -> None:
    bad = bad_files(BAD, "workload")
    assert len(bad) >= 5
    assert {name for name, data in bad.items() if not complaints("workload", data)} == IN_NO_SCHEMA


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "first"}, {"id": 2**31}, {"id": None}, {"operator_type": "Convolution"}, {"equation": "O[b]W[k]"},
        {"equation": 3}, {"loop_sizes": [1, 8, 3, 16, 16, 3, 0]}, {"loop_sizes": 3}, {"loop_dims": ["B", 2]},
        {"operand_precision": {"W": -8, "I": 8, "O": 16, "O_final": 8}}, {"operand_precision": None},
        {"operand_precision": {"W": "8 pJ", "I": 8, "O": 16, "O_final": 8}}, {"operand_source": {"I": "stem"}},
        {"dimension_relations": ["ix=ox"]}, {"padding": [[1], [1, 0]]}, {"padding": [[1, -1], [1, 0]]},
        {"pr_loop_sizes": [0, 3]}, {"pr_loop_dims": "IX"}, {"layer_dims": ["B"]}, {"name": 3},
    ],
    ids=str,
)  # fmt: skip
def test_schema_and_reader_refuse_the_same(changes: dict[str, Any]) -> None:
    data = [samples.conv_layer(**changes)]
    assert samples.refusal(read_workload, data)
    assert complaints("workload", data)


@given(data=samples.spoilt(samples.workload()))
@settings(max_examples=150, deadline=None)
def test_the_schema_accepts_what_the_reader_accepts(data: Any) -> None:
    if samples.refusal(read_workload, data):
        return
    assert complaints("workload", data) == []


def test_the_examples_of_the_keys_that_are_needed_are_a_file() -> None:
    example = [LAYER.example()]
    assert read_workload(example).layers[0].loop_sizes == {"B": 1, "K": 1000, "C": 512}
    assert complaints("workload", example) == []


@pytest.mark.parametrize("key", LAYER.keys, ids=lambda key: key.name)
def test_the_schema_accepts_the_example_of_a_key(key: Any) -> None:
    assert complaints("workload", [{**LAYER.example(), key.name: key.example}]) == []


def test_the_example_of_the_page_is_a_file() -> None:
    made = read_workload(pages.example_of("workload"))
    assert [layer.name for layer in made.layers] == ["conv1", "fc"]
    assert made.layers[1].precision_bits == {"W": 8, "I": 8, "O": 32, "O_final": 8}
    assert complaints("workload", pages.example_of("workload")) == []


def test_widths_may_have_units() -> None:
    plain = samples.conv_layer()
    with_units = samples.conv_layer(operand_precision={"W": "1 B", "I": "8 bits", "O": "2B", "O_final": 8})
    assert read_workload([with_units]) == read_workload([plain])
