from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stages.small import accelerator
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.keys.values import KeptFile, comes_back, unknown_in, value_document, value_from
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.vocab import InputError, Objective

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)
VALUES = st.recursive(
    SCALARS | st.builds(Path, st.sampled_from(["a", "b/c.yaml"])) | st.builds(range, st.integers(0, 9)),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.sets(SCALARS)
        | st.frozensets(SCALARS)
    ),
    max_leaves=12,
)


def again(value: Any) -> Any:
    return value_from(json.loads(json.dumps(value_document(value))))


@given(VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    """Equal, and of the same kinds throughout, as 1, 1.0 and True are equal."""
    assert again(value) == value
    assert json.dumps(value_document(again(value))) == json.dumps(value_document(value))


@given(VALUES)
def test_what_is_said_to_come_back_by_itself_does(value: Any) -> None:
    if comes_back(value):
        assert repr(json.loads(json.dumps(value))) == repr(value)
    else:
        assert value_document(value) != value


def test_records_arrays_and_words_come_back() -> None:
    design = read_accelerator(accelerator())
    assert again({"accelerator": [design, KeptFile("a.yaml", "0", "x")]})["accelerator"][0] == design
    assert again(SpatialMapping({"D1": {"K": 4}})) == SpatialMapping({"D1": {"K": 4}})
    array = again(np.array([[1, 2], [3, 4]], dtype=np.int16))
    assert (array.dtype, array.tolist()) == (np.dtype(np.int16), [[1, 2], [3, 4]])
    assert again(np.float32(0.5)) == 0.5
    assert again(Objective.EDP) == "edp"
    assert again(float("inf")) == float("inf")


@pytest.mark.parametrize("value", [object(), {"a": [1, {(1, 2): memoryview(b"x")}]}, np.zeros(20_000), lambda: 1])
def test_what_no_database_holds_is_named(value: Any) -> None:
    document = json.loads(json.dumps(value_document(value)))
    assert unknown_in(document)
    with pytest.raises(InputError, match="which no database holds"):
        value_from(document)


@pytest.mark.parametrize(
    "document", [[], ["nothing"], ["record", "layer"], ["dict", 1], ["array", "none", 3], ["range", "x"]]
)
def test_a_spoilt_document_is_refused(document: Any) -> None:
    with pytest.raises(InputError):
        value_from(document)
