"""Options of the search that a sweep file may set or vary."""

from __future__ import annotations

from math import inf
from types import MappingProxyType
from typing import Any

from zigzag_lab.vocab import InputError, Objective, TemporalMappingType, nearest

DEFAULTS = MappingProxyType(
    {
        "objective": Objective.LATENCY.value,
        "lpf_limit": 6,
        "temporal_mapping_type": TemporalMappingType.UNEVEN.value,
        "n_spatial_mappings": 3,
        "search": "loma",
        "seed": 0,
        "exploit_locality": False,
        "mix_spatial": False,
        "time_limit": 10.0,
    }
)
"""Option -> what holds where the file says nothing."""

UNSAID = MappingProxyType({"options.time_limit": DEFAULTS["time_limit"]})
"""Path -> value that keys of points leave out, as there were sweeps before there were these options."""

_WORDS = MappingProxyType(
    {
        "objective": tuple(o.value for o in Objective),
        "temporal_mapping_type": tuple(t.value for t in TemporalMappingType),
        "search": ("loma", "salsa", "exact"),
    }
)
_LIMITS = ("lpf_limit", "n_spatial_mappings")


def checked_option(where: str, name: str, value: Any) -> Any:
    """An option's value, in the spelling that keys are made of.

    Raises:
        InputError: there is no such option, or it takes no such value.
    """
    if name not in DEFAULTS:
        raise InputError(
            where, f"there is no option '{name}'", f"one of {', '.join(DEFAULTS)}", nearest(name, DEFAULTS)
        )
    if name in _WORDS:
        word = str(value).lower()
        if word not in _WORDS[name]:
            raise InputError(where, repr(value), f"one of {', '.join(_WORDS[name])}", nearest(word, _WORDS[name]))
        return word
    if name in _LIMITS:
        if value is None or str(value).lower() in ("none", "all"):
            return None
        return _whole(where, value, 1)
    if name == "seed":
        return _whole(where, value, 0)
    if name == "time_limit":
        return _seconds(where, value)
    if not isinstance(value, bool):
        raise InputError(where, repr(value), "true or false")
    return value


def _seconds(where: str, value: Any) -> float | None:
    if value is None or str(value).lower() == "none":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < inf:
        raise InputError(where, repr(value), "seconds above 0, or none for no limit")
    return float(value)


def _whole(where: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        expected = f"a whole number of at least {least}" + (", or none" if least else "")
        raise InputError(where, repr(value), expected)
    return value
