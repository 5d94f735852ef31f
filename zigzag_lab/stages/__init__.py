"""The pipeline: stages chained in a list, under ZigZag's contract.

Every module of this package is loaded, and every stage in it that registers itself is offered here by its name.
"""

# ruff: noqa: F403, F405
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from zigzag_lab.stages.protocols import Cache as Cache
from zigzag_lab.stages.protocols import FrontSink as FrontSink
from zigzag_lab.stages.protocols import ProgressListener as ProgressListener
from zigzag_lab.stages.protocols import RunFiles as RunFiles
from zigzag_lab.stages.protocols import SearchTally as SearchTally
from zigzag_lab.stages.protocols import Sink as Sink
from zigzag_lab.stages.stage import STAGES
from zigzag_lab.stages.stage import BatchStage as BatchStage
from zigzag_lab.stages.stage import Result as Result
from zigzag_lab.stages.stage import ResultBatch as ResultBatch
from zigzag_lab.stages.stage import Stage as Stage
from zigzag_lab.stages.stage import StageCallable as StageCallable
from zigzag_lab.stages.temporal import TemporalSearchStage as TemporalSearchStage

if TYPE_CHECKING:  # type checkers see the stages of these modules; those of a new one once it stands here
    from zigzag_lab.stages.cache import *
    from zigzag_lab.stages.cost_model import *
    from zigzag_lab.stages.exact import *
    from zigzag_lab.stages.fronts import *
    from zigzag_lab.stages.iterators import *
    from zigzag_lab.stages.parallel import *
    from zigzag_lab.stages.parsers import *
    from zigzag_lab.stages.reducers import *
    from zigzag_lab.stages.savers import *
    from zigzag_lab.stages.spatial import *
    from zigzag_lab.stages.sweeps import *
    from zigzag_lab.stages.temporal import *
else:
    _modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    _named = ((name, value) for module in _modules for name, value in vars(module).items())
    globals().update(
        {name: value for name, value in _named if isinstance(value, type) and value in STAGES.ours.values()}
    )

BUILTIN_STAGES: tuple[type[Stage], ...] = tuple(STAGES.ours.values())
"""Every stage that ships with the package, in the order of their modules."""


if not TYPE_CHECKING:
    __all__ = sorted(name for name in globals() if name[0].isupper() and name not in ("STAGES", "TYPE_CHECKING"))


def __getattr__(name: str) -> type[Stage]:
    if name == "MainStage":  # that of stages.pipeline records nothing, which would surprise its users
        raise ImportError("MainStage, which records what it runs, is imported from zigzag_lab itself")
    if name[:1].isupper() and name in STAGES:  # a stage of an installed package
        return STAGES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
