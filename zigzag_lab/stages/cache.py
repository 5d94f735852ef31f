"""Stages that look answers up before anything below them runs. They may stand anywhere in a list, and many times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zigzag_lab.keys.sources import NotKeyableError
from zigzag_lab.stages.answer import Asker, NotKeptError, answer_of, recorded_results_of, spelt
from zigzag_lab.stages.files import formatted
from zigzag_lab.stages.protocols import AnswerClaim, Cache
from zigzag_lab.stages.question import is_cache, question_of
from zigzag_lab.stages.recording import SinkLog, results_within
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InputError


@builtin
class CacheStage(Stage):
    """Yields what the stages below yielded when they were asked the same before; else runs them, and keeps it.

    Keywords: ``cache``: where answers are kept; the recording ``MainStage`` hands its database's down, None stands for
    none. Whoever asks for something that is being computed elsewhere waits for it. What cannot be keyed is computed
    and not kept, and the cache is told why.
    """

    declares = StageSpec(provides=("cache",), is_pure=True, hands_on=True, is_cache=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, cache: Cache | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.cache = cache

    def substage(self, **changes: Any) -> Stage:
        """The stage below, which may look up parts of the answer."""
        return super().substage(**{"cache": self.cache, **changes})

    def run(self) -> Iterator[Result]:
        """Yield the results, from the cache or from the stages below."""
        if self.cache is None:
            yield from self.substage().run()
            return
        try:
            question = question_of(self.list_of_callables, self.kwargs, self.cache)
        except NotKeyableError as reason:
            if not any(is_cache(stage) for stage in self.list_of_callables):  # which speak for themselves
                self.cache.not_kept(str(reason))
            yield from self.substage().run()
            return
        found = self.cache.ask(question)
        known = _read(found, Asker.of(self.kwargs)) if isinstance(found, bytes) else None
        if isinstance(found, bytes) and known is None:
            self.cache.discard(question.key)
            found = self.cache.ask(question)
        if known is not None:
            results, log = known
            if (sink := self.kwargs.get("sink")) is not None:
                log.replay(sink)
        else:
            results = self._computed(self.cache, None if isinstance(found, bytes) else found)
        yield from results

    def _computed(self, cache: Cache, ticket: AnswerClaim | None) -> list[Result]:
        """What the stages below yield; handed in, with what they put on record, if there is a ticket."""
        started = time.perf_counter()
        log = SinkLog(self.kwargs.get("sink"))
        try:
            handed_down: dict[str, Any] = {} if ticket is None else {"sink": log}
            results = list(results_within(log, lambda: self.substage(**handed_down).run()))
            if ticket is not None:
                answer = spelt(answer_of(results, Asker.of(self.kwargs), log))
                ticket.keep(answer, time.perf_counter() - started)
        except NotKeptError as reason:
            cache.not_kept(str(reason))
            ticket.drop()  # type: ignore[union-attr]
        except BaseException:
            if ticket is not None:
                ticket.drop()
            raise
        return results


def _read(answer: bytes, asker: Asker) -> tuple[list[Result], SinkLog] | None:
    """The results of an answer, and what was put on record up to there; None where it is damaged."""
    try:
        return recorded_results_of(json.loads(answer), asker)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, InputError):
        return None


@builtin
class SkipIfDumpExistsStage(CacheStage):
    """The same under ZigZag's name; a file, where it is told of one that exists, answers in place of the cache.

    Keywords: ``cache``; ``dump_folder``: only where this, its fields filled in, is an existing file, its results are
    yielded. It must be JSON that DumpStage wrote; pickles are not read, as reading one runs the code in it.
    """

    declares = StageSpec(provides=("cache", "dump_folder"), writes=("dump_folder",), is_pure=True, hands_on=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, dump_folder: str | Path | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **{**kwargs, "dump_folder": dump_folder})
        self.dump_folder = dump_folder

    def run(self) -> Iterator[Result]:
        """Yield the results, from the file, from the cache or from the stages below."""
        file = self._file()
        if file is None:
            yield from super().run()
        else:
            results, log = dumped_results(file)
            if (sink := self.kwargs.get("sink")) is not None:
                log.replay(sink)
            yield from results

    def _file(self) -> Path | None:
        if self.dump_folder is None:
            return None
        fields = {name: value for name, value in self.kwargs.items() if name != "dump_folder"}
        path = formatted("dump_folder", self.dump_folder, fields) if "{" in str(self.dump_folder) else None
        path = path or Path(self.dump_folder)
        return path if path.is_file() else None


def dumped_results(path: Path) -> tuple[list[Result], SinkLog]:
    """The results in a file that DumpStage wrote, and what was put on record up to there.

    Args:
        path: the JSON file, or the pickle that it stands beside.

    Raises:
        InputError: it is a pickle without JSON beside it, or was written by something else.
    """
    content = path.read_bytes()
    if content[:1] == b"\x80":
        beside = path.with_suffix(".json")
        if not beside.is_file():
            hint = f"Write it again with DumpStage, which puts {beside.name} beside it, or remove the file."
            raise InputError(str(path), "is a pickle, and reading one runs the code in it", "JSON", hint)
        path, content = beside, beside.read_bytes()
    try:
        answer = json.loads(content)["answer"]
        return recorded_results_of(answer)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        found = f"holds no results that DumpStage wrote ({type(error).__name__}: {error})"
        hint = "Remove the file, or name a folder as dump_folder, so that the database's cache is asked."
        raise InputError(str(path), found, "its JSON with the key 'answer'", hint) from error
