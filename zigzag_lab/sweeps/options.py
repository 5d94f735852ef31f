"""Options of a run that a sweep file may set or vary: those of every run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from zigzag_lab.stages.methods import run_options
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.vocab.options import INPUT_SHAPES, PRICE_ALL, Option

FILE_WIDE = (INPUT_SHAPES.name, PRICE_ALL.name)
"""Options that workloads are read with, so that they hold for all points of a sweep."""

_IN_EVERY_KEY = frozenset(
    {
        *("objective", "lpf_limit", "temporal_mapping_type", "n_spatial_mappings", "search", "seed"),
        *("exploit_locality", "mix_spatial"),
    }
)
"""Options of the first sweeps, which keys of points hold in any case; later ones only where they are not as usual."""


@cache
def options_by_name() -> Mapping[str, Option]:
    """Return every option by its name."""
    return {option.name: option for option in run_options()}


@cache
def default_options() -> Mapping[str, Any]:
    """Return what holds where a sweep file gives no value: option -> value."""
    return {name: option.default for name, option in options_by_name().items()}


@cache
def omitted_if_default() -> Mapping[str, Any]:
    """Return the value that keys of points leave out: path -> value."""
    return {f"options.{name}": value for name, value in default_options().items() if name not in _IN_EVERY_KEY}


def checked_option(where: str, name: str, value: Any) -> Any:
    """Return an option's value in the form that keys are made of.

    Raises:
        InputError: there is no such option, or it takes no such value.
    """
    return option_of(where, name).checked(value, where)


def check_varied(where: str, name: str) -> None:
    """Refuse to vary what is no option, or what holds for all points of a sweep.

    Raises:
        InputError: the option does not vary.
    """
    if option_of(where, name).name in FILE_WIDE:
        raise InputError(where, f"'{name}' decides how workloads are read", "it below 'options', for all points")


def option_of(where: str, name: str) -> Option:
    """Return the option of a name.

    Raises:
        InputError: there is none.
    """
    known = options_by_name()
    if name not in known:
        raise InputError(where, f"there is no option '{name}'", f"one of {', '.join(known)}", nearest(name, known))
    return known[name]
