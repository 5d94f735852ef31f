"""Errors say where, what was found, what was expected and what to try, and survive the way to another process."""

from __future__ import annotations

import pickle

import pytest

from zigzag_lab.vocab import InfeasibleError, InputError, PipelineError, ZigzagLabError, nearest

ERRORS = [
    InputError("a.yaml: x", "found y", "z", "Try z."),
    PipelineError("SumStage", "stands last", hint="Move it."),
    InfeasibleError("conv1", "memory sram is 8 bits too small", "Enlarge it."),
]


@pytest.mark.parametrize("error", ERRORS)
def test_errors_can_be_pickled(error: ZigzagLabError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_messages() -> None:
    assert str(ERRORS[0]) == "a.yaml: x: found y; expected z. Try z."
    assert str(ERRORS[2]) == "layer conv1: memory sram is 8 bits too small. Enlarge it."
    assert str(InputError("", "nothing was given")) == "nothing was given."


def test_exit_statuses() -> None:
    assert [error.exit_status for error in ERRORS] == [2, 2, 1]


def test_the_nearest_word() -> None:
    assert nearest("served_dimension", ["served_dimensions", "ports"]) == "Did you mean 'served_dimensions'?"
    assert nearest("qqq", ["served_dimensions"]) == ""
