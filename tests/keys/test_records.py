"""Records come back from their descriptions, types and all."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping
from zigzag_lab.inputs.presets import preset_names, preset_path
from zigzag_lab.keys import described
from zigzag_lab.keys.records import (
    KINDS,
    RecordDigests,
    described_record,
    description,
    description_digest,
    exact_description,
    record_from,
)
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.mapping.spatial import SpatialMapping, UnrolledLoops
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import FreeNode, Layer, Workload


def same(record: Any) -> bool:
    back = record_from(type(record), json.loads(json.dumps(described(record))))
    return bool(back == record) and repr(back) == repr(record)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_random_records(seed: int) -> None:
    problem = problem_of(random_problem(seed))
    for record in (problem.layer, problem.accelerator, problem.constraints, problem.fractional.loops):
        assert same(record)
    workload = Workload("net", (problem.layer, FreeNode(99, "relu", "Relu", (problem.layer.id,))))
    back, content = described_record("workload", exact_description(workload))
    assert back == workload
    assert json.loads(content) == described(workload)


@pytest.mark.parametrize("name", preset_names("accelerator"))
def test_presets(name: str) -> None:
    assert same(read_accelerator(preset_path("accelerator", name)))
    assert same(read_mapping(preset_path("mapping", name)))


def test_another_description_is_refused() -> None:
    with pytest.raises(InputError, match="description of a Layer"):
        record_from(Layer, {"colour": "red"})


def test_kinds() -> None:
    assert set(KINDS.values()) == {Layer, Accelerator, MappingConstraints, Workload, MappingRules}


def test_digests_are_worked_out_once_and_may_be_told() -> None:
    digests = RecordDigests()
    one, same_again = MappingConstraints("a"), MappingConstraints("b")
    assert digests.of_meaning(one) == digests.of_meaning(same_again)
    assert digests.of_description(one) != digests.of_description(same_again)
    taught = RecordDigests()
    taught.learn(one, b"told")
    assert taught.of_description(one) == description_digest(b"told")
    assert digests.of_description(one) == description_digest(description(one))


def test_digests_are_forgotten_with_their_records_and_stay_in_their_process() -> None:
    digests = RecordDigests()
    for name in "abc":  # each of which may lie where the one before lay
        record = MappingConstraints(name)
        assert digests.of_description(record) == description_digest(description(record))
    assert len(digests._descriptions) == 1
    del record
    assert not digests._descriptions
    elsewhere = pickle.loads(pickle.dumps(digests))
    assert elsewhere.of_meaning(MappingConstraints("d")) == digests.of_meaning(MappingConstraints("e"))


def test_the_order_of_unrollings_is_kept() -> None:
    mapping = SpatialMapping({"D2": {"K": 2, "C": 3}, "D1": {}})
    back = record_from(UnrolledLoops, json.loads(json.dumps(described(UnrolledLoops({"O": ()}, mapping)))))
    assert list(back.mapping.unrollings) == ["D2", "D1"]
    assert list(back.mapping.unrollings["D2"]) == ["K", "C"]
