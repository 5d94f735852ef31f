"""zigzag_lab: a database-backed laboratory around ZigZag's design-space exploration of deep-learning accelerators.

What users import from here: the stages, ``MainStage``, ``get_hardware_performance_zigzag``, CMEs and errors. They are
loaded when asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = ("zigzag_lab.api", "zigzag_lab.stages", "zigzag_lab.cost", "zigzag_lab.vocab")
"""Where names are looked up; the first that offers one counts."""


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for home in map(import_module, _HOMES):
            if name in home.__all__:
                return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    offered = (name for home in map(import_module, _HOMES) for name in home.__all__)
    return sorted({*globals(), *offered})
