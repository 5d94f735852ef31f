"""Placeholders of results that a worker process is still computing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zigzag_lab.stages.protocols import Result, RunFiles, SearchTally, Sink
from zigzag_lab.vocab import InfeasibleError

Settled = Callable[[Sequence[Result], BaseException | None], None]
"""Takes the results that a worker found, or the error that ended it."""


@dataclass
class Combination:
    """One of several that a stage tries, which it passes over where something in it fits nothing.

    Attributes:
        miss: what did not fit, once that is known.
    """

    miss: InfeasibleError | None = None


class Placeholder:
    """Stands for the extra information of results that a worker is still computing.

    Attributes:
        run_files: the files of the run that the worker's stages may write to.
        sink: where what the worker's save stages saved goes.
        tally: where the worker's work is counted.
        combination: what it is a part of, where that may be passed over.
    """

    def __init__(self, run_files: RunFiles | None, sink: Sink | None = None, tally: SearchTally | None = None) -> None:
        self.run_files, self.sink, self.tally = run_files, sink, tally
        self.combination: Combination | None = None
        self._listeners: list[Settled] = []
        self._n_within = 0

    def when_settled(self, listener: Settled) -> None:
        """Register a callback for the results."""
        self._listeners.append(listener)

    def allow_miss(self, combination: Combination) -> None:
        """Let a combination be passed over if nothing fits, as its stage does: who listens above it hears no error."""
        if self.combination is None:
            self.combination, self._n_within = combination, len(self._listeners)

    def settle(self, results: Sequence[Result], error: BaseException | None = None) -> None:
        """Call the listeners with the results, the innermost stage's first."""
        is_passed_over = isinstance(error, InfeasibleError) and self.combination is not None
        n_concerned = self._n_within if is_passed_over else len(self._listeners)
        for number, listener in enumerate(self._listeners):
            listener(results, error if number < n_concerned else None)


def placeholder_in(extra_info: object) -> Placeholder | None:
    """The placeholder that extra information holds, in tuples within tuples; None where it holds none."""
    if isinstance(extra_info, Placeholder):
        return extra_info
    inner = extra_info if isinstance(extra_info, tuple) else ()
    return next((found for part in inner if (found := placeholder_in(part)) is not None), None)


def replaced(extra_info: Any, placeholder: Placeholder, information: Any) -> Any:
    """Return the extra information of the stages in between, with a placeholder replaced by the worker's."""
    if extra_info is placeholder:
        return information
    if isinstance(extra_info, tuple):
        return tuple(replaced(part, placeholder, information) for part in extra_info)
    return extra_info
