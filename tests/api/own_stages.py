"""Stages of a user's, for runs that are done again; a module of its own, as users have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from zigzag_lab import MainStage
from zigzag_lab.stages import Stage


class BuffersStage(Stage):
    """Tries sizes of a memory, each as a variant of its own."""

    def __init__(self, list_of_callables: Any, *, accelerator: Any, sizes: Any, **kwargs: Any) -> None:
        super().__init__(list_of_callables, accelerator=accelerator, **kwargs)
        self.accelerator, self.sizes = accelerator, sizes

    def run(self) -> Iterator[Any]:
        for size in self.sizes:
            memories = [replace(m, size_bits=size) if m.name == "sram" else m for m in self.accelerator.memories]
            changed = replace(self.accelerator, memories=tuple(memories), name=f"sram {size}")
            yield from self.variant({"sram_bits": size}, accelerator=changed)


class UnsaidBuffersStage(BuffersStage):
    """The same without a word to the record: it hands the stages below one design after the other."""

    def variant(self, settings: Any, **changes: Any) -> Iterator[Any]:
        return self.substage(**changes).run()


class NamesakeStage(Stage):
    """Reads keywords that are called like others: what ``loma_lpf_limit`` and ``workload`` are called elsewhere."""

    def __init__(self, list_of_callables: Any, *, lpf_limit: Any, workload_path: Any = None, **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.lpf_limit, self.path = lpf_limit, workload_path

    def run(self) -> Iterator[Any]:
        for index, result in enumerate(self.substage().run()):
            if index < self.lpf_limit:
                yield result


class RaisingStage(Stage):
    """Fails after some results."""

    def run(self) -> Iterator[Any]:
        for index, result in enumerate(self.substage().run()):
            if index == 1:
                raise ValueError("no more of this")
            yield result


class DictionaryStage(Stage):
    """Yields one dictionary of everything, keyed by tuples it is given."""

    def __init__(self, list_of_callables: Any, *, labels: Any, **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.labels = labels

    def run(self) -> Iterator[Any]:
        results = [cme for cme, _ in self.substage().run()]
        yield {self.labels[i % 2, "x"]: results[i] for i in range(2)}, None  # type: ignore[misc]


class OfAnObjectStage(Stage):
    """Is given an object that no database holds."""

    def __init__(self, list_of_callables: Any, *, chooser: Any, **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)

    def run(self) -> Iterator[Any]:
        yield from self.substage().run()


class FirstStage(Stage):
    """Takes only the first results, as many as it is told."""

    def __init__(self, list_of_callables: Any, *, n_first: int = 1, **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.n_first = n_first

    def run(self) -> Iterator[Any]:
        yield from list(self.substage().run())[: self.n_first]


def first_of(list_of_callables: Any, n: int = 1, **kwargs: Any) -> FirstStage:
    """Builds the stage from a function."""
    return FirstStage(list_of_callables, n_first=n, **kwargs)


first_two = partial(first_of, n=2)


class PilotStage(Stage):
    """Starts a pipeline of its own, with a lower limit, before the stages below."""

    def run(self) -> Iterator[Any]:
        given = {n: v for n, v in self.kwargs.items() if n not in ("sink", "tally", "cache")}
        MainStage(self.list_of_callables, mlflow="off", **{**given, "loma_lpf_limit": 2}).run()
        yield from self.substage().run()
