from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from zigzag.parser.mapping_factory import MappingFactory

from tests.inputs import oracle, samples
from zigzag_lab.inputs import check_against, read_accelerator, read_mapping
from zigzag_lab.vocab import DEFAULT_LINKS, InputError


def test_every_field_arrives(tmp_path: Path) -> None:
    rules = read_mapping(samples.written(tmp_path, samples.mapping()))
    assert rules == read_mapping(samples.mapping())
    default, gemm = rules.entries["default"], rules.entries["Gemm"]
    assert default.spatial_mapping == {"D1": {"K": 8}, "D2": {"C": 2, "FX": 3}}
    assert (default.spatial_hints, default.temporal_ordering) == ({}, ())
    assert gemm.spatial_mapping == {}
    assert gemm.spatial_hints == {"D1": ("K",)}
    assert list(gemm.operand_links.items()) == [("O", "O"), ("W", "I1"), ("I", "I2")]
    assert gemm.temporal_ordering == (("C", 4), ("*", None), ("K", None))


def test_everything_but_the_name_may_be_left_out() -> None:
    entry = read_mapping([{"name": "default", "spatial_mapping": None}]).entries["default"]
    assert (entry.spatial_mapping, entry.spatial_hints, entry.temporal_ordering) == ({}, {}, ())
    assert list(entry.operand_links.items()) == list(DEFAULT_LINKS.items())


@pytest.mark.parametrize("path", oracle.shipped("mapping"), ids=lambda p: p.stem)
def test_shipped_mappings_are_read_as_the_reference_reads_them(path: Path) -> None:
    rules, data = read_mapping(path), oracle.mapping_data(path)
    assert list(rules.entries) == [entry["name"] for entry in data]
    for name, ours in rules.entries.items():
        theirs = MappingFactory(name, "none", data)
        unrolled = {str(d): {str(k): n for k, n in m.items()} for d, m in theirs.create_spatial_mapping().items()}
        assert ours.spatial_mapping == unrolled
        hints = {str(d): set(oracle.names(v)) for d, v in theirs.create_spatial_mapping_hint().data.items()}
        assert {d: set(v) for d, v in ours.spatial_hints.items()} == hints
        links = [(str(op), str(m)) for op, m in theirs.create_memory_operand_links().layer_and_mem_ops()]
        assert list(ours.operand_links.items()) == links
        ordering = [(str(dim), size) for dim, size in theirs.create_temporal_ordering().data]
        assert list(ours.temporal_ordering) == ordering


def default(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "default", **fields}]


@pytest.mark.parametrize(
    ("data", "place", "remedy"),
    [
        ([], "mapping: there are no entries", "Add '- name: default'"),
        ([{"name": "Conv"}], "mapping: no entry is called 'default', only Conv", "Add '- name: default'"),
        ([{}], "mapping: [0]: key 'name' is missing", "Add a line 'name: ...'"),
        (default() + default(), "[1].name: two entries are called 'default'", "Merge or rename"),
        (default(core_allocation=[0]), "[0]: this is an entry of ZigZag up to 3.7", "core_allocation goes"),
        (default(spatial_maping={}), "[0].spatial_maping: unknown key", "Did you mean 'spatial_mapping'?"),
        (default(spatial_mapping={"d1": []}), "spatial_mapping.d1: found the text 'd1'", "called D1, D2"),
        (default(spatial_mapping={"D1": "K, 4"}), "spatial_mapping.D1: found the text 'K, 4'", "Write a list"),
        (default(spatial_mapping={"D1": ["K 4"]}), "D1[0]: found the text 'K 4'", "such as 'K, 32'"),
        (default(spatial_mapping={"D1": ["K, 0"]}), "D1[0]: found the number 0", "1 or more"),
        (default(spatial_mapping={"D1": ["K, 2", "K, 4"]}), "D1[1]: loop K stands twice", "Multiply the two"),
        (default(spatial_mapping_hint={"D1": ["K, 4"]}), "hint.D1[0]: found the text 'K, 4'", "without a size"),
        (default(memory_operand_links={"W": "I2", "I": "I1"}), "links: no operand is linked to O", "Add 'O: O'"),
        (default(memory_operand_links={"O": "O", "I": "I1", "W": "I1"}), "W and I are both linked", "The usual links"),
        (default(memory_operand_links={"O": "O", "I": "I1", "W": "I3"}), "links.W: found the text 'I3'", "I1, I2, O"),
        (default(temporal_ordering=[["K"]]), "temporal_ordering[0]: found 1 values", "[K, 4]"),
        (default(temporal_ordering=[["K", 0]]), "temporal_ordering[0][1]: found the number 0", "1 or more"),
        (default(temporal_ordering=[["K", "x"]]), "temporal_ordering[0][1]: found the text 'x'", "for any number"),
        (default(temporal_ordering=[["*", 4]]), "temporal_ordering[0]: a gap has a size", "Name the loop"),
        (default(bypass={"I": "sram"}), "bypass.I: found the text 'sram'", "a list of names of memories"),
        (default(temporal_ordering=[["*", "*"], ["*", "*"]]), "[1]: there are two gaps", "Remove one"),
    ],
)
def test_bad_input(data: Any, place: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        read_mapping(data)
    assert str(caught.value).startswith("mapping: ")
    assert place in str(caught.value)
    assert remedy in str(caught.value)


def test_dimension_that_the_array_lacks() -> None:
    accelerator = read_accelerator(samples.accelerator())
    check_against(read_mapping(samples.mapping()), accelerator)
    rules = read_mapping(default(spatial_mapping={"D3": ["K, 2"]}))
    with pytest.raises(
        InputError,
        match=r"'default': spatial_mapping\.D3: accelerator small has no array dimension D3; expected one of D1, D2\.",
    ):
        check_against(rules, accelerator)


def test_hints_for_a_dimension_that_the_array_lacks_are_no_error() -> None:
    check_against(read_mapping(default(spatial_mapping_hint={"D4": ["K"]})), read_accelerator(samples.accelerator()))


def test_memories_that_operands_may_skip() -> None:
    accelerator = read_accelerator(samples.accelerator())
    rules = read_mapping(default(bypass={"I": ["sram"], "W": ["rf_w", "sram"]}))
    check_against(rules, accelerator)
    assert rules.entries["default"].bypass == {"I": ("sram",), "W": ("rf_w", "sram")}
    for bypass, said in (
        ({"I": ["dram"]}, r"'default': bypass\.I: 'dram' is no memory that I could skip; expected one of sram\."),
        ({"O": ["rf_w"]}, "'rf_w' is no memory that O could skip; expected one of rf_o, sram"),
        ({"X": ["sram"]}, "'sram' is no memory that X could skip; expected no entry"),
    ):
        with pytest.raises(InputError, match=said):
            check_against(read_mapping(default(bypass=bypass)), accelerator)


@given(data=samples.spoilt(samples.mapping()))
@settings(max_examples=80, deadline=None)
def test_spoilt_data_is_read_or_refused(data: Any) -> None:
    message = samples.refusal(read_mapping, data)
    assert not message or message.startswith("mapping: ")
