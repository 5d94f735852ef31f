"""Results that a worker process is still computing, and what stands for them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zigzag_lab.stages.seams import RunFiles, SearchTally, Sink

Settled = Callable[[Sequence[Any], BaseException | None], None]
"""Takes the results that a worker found, or the error that ended it."""


class Placeholder:
    """Stands for the extra information of results that a worker is still computing.

    Attributes:
        run_files: the files of the run that the worker's stages may write to.
        sink: where what the worker's save stages saved goes.
        tally: where the worker's work is counted.
        may_miss: whether it is no error that nothing fits.
    """

    def __init__(self, run_files: RunFiles | None, sink: Sink | None = None, tally: SearchTally | None = None) -> None:
        self.run_files, self.sink, self.tally = run_files, sink, tally
        self.may_miss = False
        self._listeners: list[Settled] = []

    def when_settled(self, listener: Settled) -> None:
        """Call somebody once the results are there."""
        self._listeners.append(listener)

    def settle(self, results: Sequence[Any], error: BaseException | None = None) -> None:
        """Hand the results to all who wait for them, the innermost stage first."""
        for listener in self._listeners:
            listener(results, error)


def placeholder_in(extra_info: Any) -> Placeholder | None:
    """The placeholder that extra information holds, in tuples within tuples; None where it holds none."""
    if isinstance(extra_info, Placeholder):
        return extra_info
    inner = extra_info if isinstance(extra_info, tuple) else ()
    return next((found for part in inner if (found := placeholder_in(part)) is not None), None)


def replaced(extra_info: Any, placeholder: Placeholder, information: Any) -> Any:
    """What the stages in between said, with a placeholder replaced by what the worker said."""
    if extra_info is placeholder:
        return information
    if isinstance(extra_info, tuple):
        return tuple(replaced(part, placeholder, information) for part in extra_info)
    return extra_info
