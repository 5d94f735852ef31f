from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.keys import canonical_json, digest
from zigzag_lab.keys.canonical import canonical_json_of_record
from zigzag_lab.vocab import InputError

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
ascii_keys = st.text("abcxyz_", max_size=6)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_keys, inner, max_size=4), max_leaves=15
)


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


def as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(as_floats(item) for item in value)
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    return value


@given(documents)
def test_the_order_of_keys_does_not_matter(doc: Any) -> None:
    assert canonical_json(reordered(doc)) == canonical_json(doc)


@given(documents)
def test_whole_floats_and_tuples_agree_with_integers_and_lists(doc: Any) -> None:
    assert canonical_json(as_floats(doc)) == canonical_json(doc)


@given(documents)
def test_copies_pickles_and_yaml_agree(doc: Any) -> None:
    expected = canonical_json(doc)
    assert canonical_json(copy.deepcopy(doc)) == expected
    assert canonical_json(pickle.loads(pickle.dumps(doc))) == expected
    assert canonical_json(yaml.safe_load(yaml.safe_dump(doc, allow_unicode=True))) == expected


@given(documents)
def test_canonical_json_is_a_fixed_point(doc: Any) -> None:
    import json

    spelt = canonical_json(doc)
    assert canonical_json(json.loads(spelt)) == spelt


def test_the_spelling() -> None:
    doc = {"b": [1, 2.0, 0.5, -0.0, True, None], "a": {"é": "x"}, "c": 1e22}
    assert canonical_json(doc) == '{"a":{"é":"x"},"b":[1,2,0.5,0,true,null],"c":10000000000000000000000}'.encode()


def test_golden_keys() -> None:
    doc = {"loops": [["C", 8], ["OX", 7]], "pj": 0.1, "name": "é", "on": True, "none": None}
    assert digest(doc, "test") == "c9d564792d33ff9bb0e68b3608aed174cf637847ca3e2b43e9f5dcd227c94656"
    assert digest({}, "layer") == "6c8bd8ed9d826d2eb86f368546922a46c9d06627d395eb22e01d2bfed71b4ce8"


def test_domains_keep_equal_documents_apart() -> None:
    assert digest([1], "layer") != digest([1], "mapping")


def test_booleans_differ_from_numbers_and_texts_from_both() -> None:
    assert len({digest([value], "test") for value in (True, 1, "1", "true")}) == 4


def test_both_spellings_of_an_accent_agree() -> None:
    assert canonical_json({"e\u0301": "\u00e9"}) == canonical_json({"\u00e9": "e\u0301"})


def test_numpy_scalars_and_enums_count_as_what_they_hold() -> None:
    class Word(StrEnum):
        ENERGY = "energy"

    class Number(IntEnum):
        TWO = 2

    unusual = [np.float64(0.1), np.int64(3), np.bool_(True), Word.ENERGY, Number.TWO, np.float32(0.5)]
    assert canonical_json(unusual) == canonical_json([0.1, 3, True, "energy", 2, 0.5])


@pytest.mark.parametrize(
    ("doc", "where", "words"),
    [
        ({"memories": [{}, {"r_cost": float("nan")}]}, "memories[1].r_cost", "finite"),
        ({"a": [float("inf")]}, "a[0]", "finite"),
        ({"a": {1, 2}}, "a", "Sort it into a list"),
        ([np.zeros(2)], "[0]", "ndarray"),
        ({"a": {"b": object()}}, "a.b", "object has no canonical spelling"),
        ({"a": {3: "x"}}, "a", "keys of text"),
        (b"bytes", "document", "bytes"),
        ({"\u00e9": 1, "e\u0301": 2}, "document", "normalised"),
        ([np.array(1.0)], "[0]", "ndarray"),
    ],
)
def test_what_has_no_spelling_is_refused_with_its_path(doc: Any, where: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        canonical_json(doc)
    assert caught.value.where == where
    assert words in str(caught.value)


def test_another_hash_seed_gives_the_same_digest() -> None:
    code = "from zigzag_lab.keys import digest; print(digest({k: [k] for k in {'a', 'b', 'c', 'd', 'e'}}, 'test'))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert answers == {digest({k: [k] for k in "abcde"}, "test")}


@given(documents)
def test_a_records_document_is_spelt_the_same_on_the_quick_way(doc: Any) -> None:
    assert canonical_json_of_record(doc) == canonical_json(doc)


@pytest.mark.parametrize(
    "doc", [{"a": 1e16}, {"a": 2.0}, {"a": -0.0}, ["e\u0301"], {"b": [1.5e-7], "a": True}, (np.int64(3),)]
)
def test_what_the_quick_way_cannot_spell_takes_the_long_one(doc: Any) -> None:
    assert canonical_json_of_record(doc) == canonical_json(doc)
