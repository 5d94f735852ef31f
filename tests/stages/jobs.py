"""Stages for worker processes, which must be importable there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zigzag_lab.stages import Result, Stage, StageCallable


class _Misbehaving(Stage):
    def run(self) -> Iterator[Result]:
        if self.kwargs["layer"].name == "wide":
            self.misbehave()
        yield from self.substage().run()

    def misbehave(self) -> None:
        raise NotImplementedError


class RaisingStage(_Misbehaving):
    """Raises in one layer."""

    def misbehave(self) -> None:
        raise RuntimeError("this layer cannot be")


class DyingStage(_Misbehaving):
    """Ends its process in one layer."""

    def misbehave(self) -> None:
        os._exit(3)


class StoppingStage(_Misbehaving):
    """Stops its process in one layer, as a batch system does that wants the machine for others."""

    def misbehave(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)


class SlowFirstStage(Stage):
    """Takes longest for the first layer."""

    def run(self) -> Iterator[Result]:
        if self.kwargs["layer"].id == 0:
            time.sleep(0.5)
        yield from self.substage().run()


class EndlessStage(Stage):
    """Says that it has begun, and never ends."""

    def __init__(self, list_of_callables: list[StageCallable], *, begun: str, **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.begun = begun

    def run(self) -> Iterator[Result]:
        Path(self.begun).touch()
        time.sleep(600)
        yield from self.substage().run()
