import pytest

from tests import options_page
from zigzag_lab.vocab import InputError, Objective
from zigzag_lab.vocab.options import (
    INPUT_SHAPES,
    LPF_LIMIT,
    MIX_SPATIAL,
    OBJECTIVE,
    SEED,
    TIME_LIMIT,
)


@pytest.mark.parametrize(
    ("option", "value", "checked"),
    [
        (LPF_LIMIT, 7, 7),
        (LPF_LIMIT, None, None),
        (LPF_LIMIT, "none", None),
        (SEED, 0, 0),
        (TIME_LIMIT, 3, 3.0),
        (TIME_LIMIT, "None", None),
        (OBJECTIVE, "EDP", Objective.EDP),
        (MIX_SPATIAL, True, True),
        (INPUT_SHAPES, {"x": [1, 3]}, {"x": (1, 3)}),
    ],
)
def test_a_value_has_one_form(option, value, checked):
    found = option.checked(value)
    assert found == checked
    assert type(found) is type(checked)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (LPF_LIMIT, 0),
        (LPF_LIMIT, True),
        (LPF_LIMIT, 2.0),
        (LPF_LIMIT, "6"),
        (SEED, -1),
        (SEED, None),
        (TIME_LIMIT, 0),
        (TIME_LIMIT, float("inf")),
        (TIME_LIMIT, float("nan")),
        (TIME_LIMIT, True),
        (OBJECTIVE, "speed"),
        (MIX_SPATIAL, "yes"),
        (INPUT_SHAPES, {"x": [0]}),
        (INPUT_SHAPES, [1, 3]),
    ],
)
def test_other_values_are_refused_with_what_is_expected(option, value):
    with pytest.raises(InputError) as caught:
        option.checked(value, "the place")
    assert (caught.value.where, caught.value.expected) == ("the place", option.expected)


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [(LPF_LIMIT, "9", 9), (LPF_LIMIT, " none ", None), (TIME_LIMIT, "0.5", 0.5), (OBJECTIVE, "Energy", "energy")],
)
def test_texts_of_the_command_line_are_read(option, text, value):
    assert option.parsed(text) == value


@pytest.mark.parametrize("text", ["six", "-1", "0", "1.5", "٣", "9" * 12, ""])
def test_texts_that_are_no_limits_are_refused(text):
    with pytest.raises(InputError, match="a whole number of at least 1, or none for no limit"):
        LPF_LIMIT.parsed(text)


def test_defaults_are_values_that_the_options_take():
    for option in (LPF_LIMIT, SEED, TIME_LIMIT, OBJECTIVE, MIX_SPATIAL, INPUT_SHAPES):
        assert option.checked(option.default) == option.default


def test_the_page_of_options_says_what_is_declared():
    assert options_page.PAGE.read_text(encoding="utf-8") == options_page.page(), "run python -m tests.options_page"
