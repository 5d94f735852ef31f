"""Which points of a design space a sweep file asks for: all, some at random, or those that a search proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zigzag_lab.sweeps.expansion import MAX_POINTS
from zigzag_lab.sweeps.objectives import OBJECTIVES
from zigzag_lab.sweeps.plan import Adaptive, Sampling
from zigzag_lab.vocab import InputError, nearest

SAMPLERS = ("tpe", "nsga2")
MAX_TRIALS = 100_000
_ADAPTIVE_KEYS = ("optuna", "objectives", "sampler", "batch")


def read_sampling(at: Callable[[str], str], data: Mapping[str, Any], objective: str) -> Sampling:
    """The keys ``sampling`` and ``seed`` of a sweep file.

    Args:
        at: the place of a key, for messages.
        data: the file.
        objective: what each point minimises; the search's objective too where it names none.

    Raises:
        InputError: they say something else.
    """
    given, seed = data.get("sampling", "grid"), data.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError(at("seed"), f"found {seed!r}", "a whole number from 0 to 4294967295")
    if given == "grid":
        return Sampling(None, seed)
    if isinstance(given, Mapping) and "optuna" in given:
        return Sampling(None, seed, _adaptive(lambda key: at(f"sampling.{key}"), given, objective))
    n = given.get("random") if isinstance(given, Mapping) and set(given) == {"random"} else None
    if not _is_count(n, MAX_POINTS):
        expected = f"grid, {{random: N}} with N from 1 to {MAX_POINTS:,}, or {{optuna: N}}"
        raise InputError(at("sampling"), f"found {given!r}", expected)
    return Sampling(n, seed)


def _adaptive(at: Callable[[str], str], given: Mapping[str, Any], objective: str) -> Adaptive:
    for key in given:
        if key not in _ADAPTIVE_KEYS:
            expected = f"one of {', '.join(_ADAPTIVE_KEYS)}"
            raise InputError(at(key), "this key is unknown", expected, nearest(str(key), _ADAPTIVE_KEYS))
    if not _is_count(given["optuna"], MAX_TRIALS):
        raise InputError(at("optuna"), f"found {given['optuna']!r}", f"a number of trials, 1 to {MAX_TRIALS:,}")
    sampler, batch = given.get("sampler", Adaptive.sampler), given.get("batch", Adaptive.batch)
    if sampler not in SAMPLERS:
        raise InputError(at("sampler"), f"found {sampler!r}", " or ".join(SAMPLERS), nearest(str(sampler), SAMPLERS))
    if not _is_count(batch, MAX_TRIALS):
        raise InputError(at("batch"), f"found {batch!r}", "how many designs are proposed together, 1 or more")
    objectives = _objectives(at("objectives"), given.get("objectives", [objective]))
    return Adaptive(given["optuna"], objectives, sampler, batch)


def _objectives(where: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= 3 or len({str(o) for o in given}) < len(given):
        raise InputError(where, f"found {given!r}", f"a list of one to three of {', '.join(OBJECTIVES)}")
    for objective in given:
        if objective not in OBJECTIVES:
            expected = f"one of {', '.join(OBJECTIVES)}"
            raise InputError(where, f"found {objective!r}", expected, nearest(str(objective), OBJECTIVES))
    return tuple(given)


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
