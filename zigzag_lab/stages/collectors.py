"""Stages that hold results, strip them, or write them down as a list."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.stages.answer import NotStorableError, answer_of
from zigzag_lab.stages.dump import complete_json
from zigzag_lab.stages.files import check_file, formatted, write_atomically, write_json
from zigzag_lab.stages.protocols import RunFiles, Sink
from zigzag_lab.stages.recording import SinkLog, results_within, save_all
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, Stage, StageCallable, batches_of, builtin
from zigzag_lab.vocab import InputError

DUMP_FORMAT = "zigzag_lab.dump/1"


@builtin
class ListifyStage(Stage):
    """Hands all results up at once. Yields ``([(cme, extra_info), ...], None)``, once."""

    def run(self) -> Iterator[Result]:
        """Yield the list."""
        results = list(self.substage().run())
        yield cast(CostModelEvaluationABC, results), None


@builtin
class RemoveExtraInfoStage(BatchStage):
    """Drops the extra information of the stages below, to free its memory. Yields ``(cme, None)``."""

    declares = StageSpec(is_pure=True)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the results without extra information."""
        for batch in batches_of(self.substage()):
            yield batch.wrapped(lambda result: (result[0], None))


@builtin
class CacheBeforeYieldStage(BatchStage):
    """Waits until the stages below are done, then hands all their results up."""

    declares = StageSpec(is_pure=True, hands_on=True)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the results, once all are there."""
        yield from list(batches_of(self.substage()))


@builtin
class DumpStage(Stage):
    """Hands every result on, and at the end writes all of them to a file.

    Keywords: ``dump_filename_pattern``: the file, with fields that name keywords of this stage, such as
    ``outputs/{accelerator}_{layer}.pickle``; a file that this run has written already gets a number. The file is the
    pickled list of ``(cme, extra_info)``. Beside it stands the same list as JSON, which is the only one of the two that
    this package ever reads back. ``sink``: where to store results.
    """

    declares = StageSpec(
        provides=("run_files", "sink"), writes=("dump_filename_pattern",), hands_on=True, leaves_records=True
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        dump_filename_pattern: str | Path,
        sink: Sink | None = None,
        run_files: RunFiles | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.pattern, self.sink, self.run_files = dump_filename_pattern, sink, run_files or RunFiles()

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below, then write the files."""
        path = formatted("dump_filename_pattern", self.pattern, self.kwargs)
        if path.suffix == ".json":
            found = f"'{path}' is the name of the JSON file"
            raise InputError("dump_filename_pattern", found, "the name of the pickle, such as results.pickle")
        check_file(path)
        results: list[Result] = []
        log = SinkLog(self.sink)
        below = results_within(log, lambda: self.substage(sink=log, run_files=self.run_files).run())
        for cme, extra_info in below:
            results.append((cme, extra_info))
            save_all(log, results[-1])
            yield cme, extra_info
        path = self.run_files.fresh(path)
        write_atomically(path, pickle.dumps(results, protocol=pickle.HIGHEST_PROTOCOL))
        write_json(path.with_suffix(".json"), dump_json(results, log))


def dump_json(results: Sequence[Result], log: SinkLog | None = None) -> dict[str, Any]:
    """Return a list of results as plain data: terms for people, and all that SkipIfDumpExistsStage reads."""
    document = {"format": DUMP_FORMAT, "results": [complete_json(cme) for cme, _ in results]}
    try:
        return {**document, "answer": answer_of(results, log=log)}
    except NotStorableError:  # they hold objects of the user's own, which only the pickle can
        return document
