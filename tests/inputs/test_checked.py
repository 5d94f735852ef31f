from __future__ import annotations

from typing import Any

import pytest

from zigzag_lab.inputs.checked import Entry, open_source, shown
from zigzag_lab.vocab import InputError


def entry(value: Any) -> Entry:
    return open_source({"a": {"b": [value]}}, "thing").items()["a"].items()["b"].elements()[0]


def test_places_are_spelt_out() -> None:
    assert entry(1).where == "thing: a.b[0]"


def test_sound_values_pass() -> None:
    assert entry(3).integer("bits", 3) == 3
    assert entry(3).number("pJ") == 3.0
    assert isinstance(entry(3).number("pJ"), float)
    assert entry("rw_port_12").text("a port", r"r?w?_port_\d+") == "rw_port_12"
    assert entry(["b", "a"]).choices(("a", "b", "c"), "letters") == ("b", "a")
    assert entry(False).flag("asked") is False
    assert entry({"x": 1, "y": None}).table({"x": "it"}, {"y": "more", "z": "less"}).keys() == {"x"}


@pytest.mark.parametrize("value", [True, 2.0, "2", None, [2]])
def test_only_whole_numbers_are_integers(value: Any) -> None:
    with pytest.raises(InputError, match=r"thing: a\.b\[0\]: found .*expected a whole number: bits"):
        entry(value).integer("bits")


@pytest.mark.parametrize("value", [True, "2", None, float("nan"), float("inf"), 10**400])
def test_only_finite_numbers_are_numbers(value: Any) -> None:
    with pytest.raises(InputError, match="expected a number: pJ"):
        entry(value).number("pJ")


def test_exponent_without_a_point_is_explained() -> None:
    with pytest.raises(InputError, match=r"found the text '1e3'.*write 1\.0e\+3"):
        entry("1e3").number("pJ")


def test_unknown_key_gets_the_nearest_spelling() -> None:
    with pytest.raises(InputError, match=r"unknown key 'sise'; expected one of size, name\. Did you mean 'size'\?"):
        entry({"sise": 1}).table({"size": "bits"}, {"name": "a name"})


def test_missing_key_says_what_it_means() -> None:
    with pytest.raises(InputError, match=r"key 'size' is missing; expected bits\. Add a line 'size: \.\.\.'"):
        entry({}).table({"size": "bits"}, {})


@pytest.mark.parametrize("value", [{1: 2}, {True: 2}, {None: 1}])
def test_keys_are_text(value: Any) -> None:
    with pytest.raises(InputError, match="is not text; expected text as keys"):
        entry(value).items()


def test_wrong_kinds() -> None:
    with pytest.raises(InputError, match="found the text 'x'; expected a list"):
        entry("x").elements()
    with pytest.raises(InputError, match=r"found the list .*; expected a mapping"):
        entry([1]).items()
    with pytest.raises(InputError, match="found the text 'yes'; expected true or false"):
        entry("yes").flag("asked")
    with pytest.raises(InputError, match="'a' stands twice; expected each once"):
        entry(["a", "a"]).choices(("a",), "letters")
    with pytest.raises(InputError, match="thing: found the number 3; expected the path of a YAML file"):
        open_source(3, "thing")


def test_what_is_shown_stays_short() -> None:
    loop: list[Any] = []
    loop.append(loop)
    for value in ["x" * 10**5, list(range(10**5)), {i: i for i in range(10**4)}, 10**5000, loop, object()]:
        assert len(shown(value)) < 200
