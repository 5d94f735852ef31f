"""Stages that look answers up before anything below them runs. They may stand anywhere in a list, and many times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zigzag_lab.keys.sources import NotKeyableError
from zigzag_lab.stages.answer import Asker, NotStorableError, answer_of, json_of, recorded_results_of
from zigzag_lab.stages.files import formatted
from zigzag_lab.stages.protocols import AnswerClaim, Cache, sink_in
from zigzag_lab.stages.question import question_of
from zigzag_lab.stages.recording import SinkLog, results_within
from zigzag_lab.stages.spec import StageSpec, spec_of
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InputError


@builtin
class CacheStage(Stage):
    """Yields the stored results of an equal question; without any, runs the stages below and stores theirs.

    Keywords: ``cache``: where answers are stored; the recording ``MainStage`` hands its database's down, None stands
    for none. Where another process computes the answer, the stage waits for it. What cannot be keyed is computed
    each time, and reported to the cache with the reason.
    """

    declares = StageSpec(provides=("cache",), is_pure=True, hands_on=True, is_cache=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, cache: Cache | None = None, **kwargs: object
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.cache = cache

    def substage(self, **changes: object) -> Stage:
        """Build the stage below, which may look up parts of the answer."""
        return super().substage(**{"cache": self.cache, **changes})

    def run(self) -> Iterator[Result]:
        """Yield the results, from the cache or from the stages below."""
        if self.cache is None:
            yield from self.substage().run()
            return
        try:
            question = question_of(self.list_of_callables, self.kwargs, self.cache)
        except NotKeyableError as reason:
            if not any(spec_of(stage).is_cache for stage in self.list_of_callables):  # which report by themselves
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
            log.replay(sink_in(self.kwargs))
        else:
            results = self._computed(self.cache, None if isinstance(found, bytes) else found)
        yield from results

    def _computed(self, cache: Cache, claim: AnswerClaim | None) -> list[Result]:
        """Return the results of the stages below; store them, with what was put on record, if they were claimed."""
        started = time.perf_counter()
        log = SinkLog(sink_in(self.kwargs))
        try:
            handed_down: dict[str, object] = {} if claim is None else {"sink": log}
            results = list(results_within(log, lambda: self.substage(**handed_down).run()))
            if claim is not None:
                answer = json_of(answer_of(results, Asker.of(self.kwargs), log))
                claim.keep(answer, time.perf_counter() - started)
        except NotStorableError as reason:
            cache.not_kept(str(reason))
            claim.drop()  # type: ignore[union-attr]
        except BaseException:
            if claim is not None:
                claim.drop()
            raise
        return results


def _read(answer: bytes, asker: Asker) -> tuple[list[Result], SinkLog] | None:
    """Return the results of an answer, and the log of what was put on record; None where it is damaged."""
    try:
        return recorded_results_of(json.loads(answer), asker)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, InputError):
        return None


@builtin
class SkipIfDumpExistsStage(CacheStage):
    """ZigZag-compatible name of CacheStage; reads ``dump_folder`` in place of the cache if it is an existing file.

    Keywords: ``cache``; ``dump_folder``: only where this, its fields filled in, is an existing file, its results are
    yielded. It must be JSON that DumpStage wrote; pickles are not read, as reading one runs the code in it.
    """

    declares = StageSpec(provides=("cache", "dump_folder"), writes=("dump_folder",), is_pure=True, hands_on=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, dump_folder: str | Path | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, dump_folder=dump_folder, **kwargs)
        self.dump_folder = dump_folder

    def run(self) -> Iterator[Result]:
        """Yield the results, from the file, from the cache or from the stages below."""
        file = self._file()
        if file is None:
            yield from super().run()
        else:
            results, log = dumped_results(file)
            log.replay(sink_in(self.kwargs))
            yield from results

    def _file(self) -> Path | None:
        if self.dump_folder is None:
            return None
        fields = {name: value for name, value in self.kwargs.items() if name != "dump_folder"}
        path = formatted("dump_folder", self.dump_folder, fields) if "{" in str(self.dump_folder) else None
        path = path or Path(self.dump_folder)
        return path if path.is_file() else None


def dumped_results(path: Path) -> tuple[list[Result], SinkLog]:
    """Return the results in a JSON file that DumpStage wrote, or in the one beside a pickle, and the log of the record.

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
