"""zigzag_lab: a database-backed laboratory around ZigZag's design-space exploration of deep-learning accelerators.

Users import from here the stages, ``MainStage``, ``get_hardware_performance_zigzag``, ``Lab``, CMEs and errors: all
that ``api``, ``stages``, ``cost`` and ``vocab`` export. Type checkers see these names as imports; at run time each is
loaded when first read, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zigzag_lab.version import __version__ as __version__

if TYPE_CHECKING:
    from zigzag_lab.api import *
    from zigzag_lab.cost import *
    from zigzag_lab.stages import *
    from zigzag_lab.vocab import *
else:
    from importlib import import_module

    _HOMES = ("zigzag_lab.api", "zigzag_lab.stages", "zigzag_lab.cost", "zigzag_lab.vocab")
    """Packages whose exports are names of the root, in the order in which they are searched."""

    def _exports():
        return sorted({"__version__", *(name for home in map(import_module, _HOMES) for name in home.__all__)})

    def __getattr__(name):
        if name == "__all__":  # which `from zigzag_lab import *` reads
            return _exports()
        if not name.startswith("_"):
            for home in map(import_module, _HOMES):
                if name in home.__all__:
                    return getattr(home, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *_exports()})
