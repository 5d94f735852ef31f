from __future__ import annotations

from typing import Any

import pytest

from tests.sweeps.small import entry
from zigzag_lab.sweeps.axes import read_axis, read_zipped
from zigzag_lab.vocab import InputError

SIZE = "accelerator.memories.m.size"
KIB = 8192


def values(name: str, given: Any) -> list[Any]:
    return [value for (value,) in read_axis(entry(given), name, {}).values]


@pytest.mark.parametrize(
    ("name", "given", "found"),
    [
        (SIZE, ["1 KiB", "2 KiB"], [KIB, 2 * KIB]),
        (SIZE, {"values": ["1 KiB"]}, [KIB]),
        (SIZE, {"range": ["1 KiB", "4 KiB"], "step": "1 KiB"}, [KIB, 2 * KIB, 3 * KIB, 4 * KIB]),
        ("x", {"range": [0, 1], "count": 5}, [0, 0.25, 0.5, 0.75, 1]),
        ("x", {"range": [1, 10], "step": 4}, [1, 5, 9]),
        (SIZE, {"log_range": ["1 KiB", "8 KiB"]}, [KIB, 2 * KIB, 4 * KIB, 8 * KIB]),
        ("x", {"log_range": [1, 1000], "factor": 10}, [1, 10, 100, 1000]),
        ("x", {"log_range": [1, 100], "count": 3}, [1, 10, 100]),
    ],
)
def test_forms(name: str, given: Any, found: list[Any]) -> None:
    assert values(name, given) == pytest.approx(found)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ([], "empty"),
        (3, "list of values"),
        ({}, "nothing"),
        ({"rnge": [1, 2]}, "Did you mean 'range'"),
        ({"range": [1, 2]}, "step or count"),
        ({"range": [2, 1], "step": 1}, "not below"),
        ({"range": [1, 2], "step": 0}, "above 0"),
        ({"range": [1, 1e12], "step": 1}, "at most"),
        ({"log_range": [0, 4]}, "above 0"),
        ({"log_range": [1, 4], "factor": 1}, "above 1"),
        ({"log_range": [1, 4], "step": 1}, "step"),
        ({"range": [1, 2], "count": 1}, "2 or more"),
        ([1, 2, 1], "twice"),
        (["1 KiB", 16, "2 pJ"], "counts pJ, and one before it bits"),
        ({"log_range": ["1 KiB", "2 cm2"]}, "counts mm2"),
    ],
)
def test_broken_axes(given: Any, word: str) -> None:
    with pytest.raises(InputError, match=word):
        read_axis(entry(given), "x", {})


def test_zipped_values_go_together() -> None:
    axis = read_zipped(entry({"x": [1, 2], SIZE: ["1 KiB", "2 KiB"]}), {})
    assert axis.names == ("x", SIZE)
    assert axis.values == ((1, KIB), (2, 2 * KIB))
    with pytest.raises(InputError, match="2 values of x, 1 values of y"):
        read_zipped(entry({"x": [1, 2], "y": [1]}), {})
    with pytest.raises(InputError, match="two or more"):
        read_zipped(entry({"x": [1, 2]}), {})


@pytest.mark.parametrize(
    "given",
    [
        {"range": [0, 1e308], "step": 1e-308}, {"range": [-1e308, 1e308], "count": 3},
        {"range": [0, 10**400], "count": 3},
        {"range": [1e308, 1.7e308], "count": 5}, {"log_range": [5e-324, 1], "factor": 2},
        {"log_range": [1, 10**400], "factor": 10}, {"log_range": [1e-320, 1e308], "count": 5}, ["9" * 400 + " KiB"],
    ],
)  # fmt: skip
def test_ranges_at_the_limits_are_refused(given: Any) -> None:
    with pytest.raises(InputError):
        read_axis(entry(given), "x", {})
