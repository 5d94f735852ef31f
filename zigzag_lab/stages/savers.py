"""Stages that save results, in a sink and in ZigZag's files where a dump folder is given, and that draw them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator
from zigzag_lab.stages.answer import NotStorableError, answer_of
from zigzag_lab.stages.dump import complete_json, simple_json
from zigzag_lab.stages.files import check_file, check_folder, file_stem, formatted, write_atomically, write_json
from zigzag_lab.stages.protocols import SUM_STEM, RunFiles, Sink
from zigzag_lab.stages.recording import SinkLog, results_within, save_all
from zigzag_lab.stages.spec import StageSpec, name_of
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InputError, PipelineError

_DOCUMENTS: Mapping[str, Callable[[CostModelEvaluationABC], Mapping[str, object]]] = {
    "simple": simple_json,
    "complete": complete_json,
}
"""Suffix of a file -> what is written about a result."""

DUMP_FORMAT = "zigzag_lab.dump/1"
LOOP_ORDERING = "loop_ordering.txt"
MEMORY_HIERARCHY = "mem_hierarchy.png"


class _SavingStage(Stage):
    """Stores results in a ``sink``, and writes files of which no run has two of one name."""

    declares = StageSpec(provides=("run_files", "sink"), leaves_records=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        sink: Sink | None = None,
        run_files: RunFiles | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.sink, self.run_files = sink, run_files or RunFiles()


class _JsonSaveStage(_SavingStage):
    """Hands every result on, after saving it.

    Keywords: ``dump_folder``: where to write ZigZag's files (None for none); ``sink``: where to store results. No file
    of a run is written twice: a second result of a layer goes to ``{layer}_simple_2.json``, and so on.
    """

    declares = StageSpec(provides=("dump_folder", "sink", "run_files"), writes=("dump_folder",))
    suffix: ClassVar[str]

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, dump_folder: str | Path | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.dump_folder = dump_folder

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below, saved. A folder that cannot be written to is refused first."""
        if self.dump_folder is not None:
            check_folder(Path(self.dump_folder))
        below = self.substage(dump_folder=self.dump_folder, sink=self.sink, run_files=self.run_files)
        for cme, extra_info in below.run():
            save_all(self.sink, (cme, extra_info))
            if self.dump_folder is not None:
                name = f"{self._stem(cme)}_{self.suffix}.json"
                write_json(self.run_files.fresh(Path(self.dump_folder) / name), _DOCUMENTS[self.suffix](cme))
            yield cme, extra_info

    def _stem(self, cme: CostModelEvaluationABC) -> str:
        """``overall`` for sums; the layer's name otherwise, with slashes made harmless, and not too long."""
        if not isinstance(cme, CostModelEvaluation):
            return SUM_STEM
        stem = file_stem(cme.layer.name)
        return self.run_files.stems.get(cme.layer.id) or (f"{stem}_{cme.layer.id}" if stem == SUM_STEM else stem)


@builtin
class SimpleSaveStage(_JsonSaveStage):
    """Saves energy and latency of each result (``overall_simple.json`` or ``{layer}_simple.json``)."""

    declares = StageSpec(hands_on=True)
    suffix = "simple"


@builtin
class CompleteSaveStage(_JsonSaveStage):
    """Saves every term of each result (``overall_complete.json`` or ``{layer}_complete.json``)."""

    declares = StageSpec(hands_on=True)
    suffix = "complete"


@builtin
class PickleSaveStage(_SavingStage):
    """Saves all CMEs of the stage below as one pickled list; stands above a stage that yields a list, such as SumStage.

    Keywords: ``pickle_filename``: the file (None for none); one that this run has written already gets a number;
    ``sink``: where to store results.
    """

    declares = StageSpec(writes=("pickle_filename",), hands_on=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, pickle_filename: str | Path | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.pickle_filename = pickle_filename

    def run(self) -> Iterator[Result]:
        """Yield the results of the stage below, then write the file."""
        if self.pickle_filename is not None:
            check_file(Path(self.pickle_filename))
        cmes: list[CostModelEvaluationABC] = []
        for cme, extra_info in self.substage(sink=self.sink, run_files=self.run_files).run():
            if not isinstance(extra_info, list):
                raise PipelineError(
                    "PickleSaveStage",
                    f"{name_of(self.list_of_callables[0])} below it yields no list of results",
                    "SumStage or a reduction right below",
                )
            cmes.extend(below for below, _ in extra_info)
            save_all(self.sink, (cme, extra_info))
            yield cme, extra_info
        if self.pickle_filename is not None:
            path = self.run_files.fresh(Path(self.pickle_filename))
            write_atomically(path, pickle.dumps(cmes, protocol=pickle.HIGHEST_PROTOCOL))


@builtin
class DumpStage(_SavingStage):
    """Hands every result on, and at the end writes all of them to a file.

    Keywords: ``dump_filename_pattern``: the file, with fields that name keywords of this stage, such as
    ``outputs/{accelerator}_{layer}.pickle``; a file that this run has written already gets a number. The file is the
    pickled list of ``(cme, extra_info)``. Beside it stands the same list as JSON, which is the only one of the two that
    this package ever reads back. ``sink``: where to store results.
    """

    declares = StageSpec(writes=("dump_filename_pattern",), hands_on=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, dump_filename_pattern: str | Path, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.pattern = dump_filename_pattern

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


def dump_json(results: Sequence[Result], log: SinkLog | None = None) -> dict[str, object]:
    """Return a list of results as plain data: terms for people, and all that SkipIfDumpExistsStage reads."""
    document: dict[str, object] = {"format": DUMP_FORMAT, "results": [complete_json(cme) for cme, _ in results]}
    try:
        return {**document, "answer": answer_of(results, log=log)}
    except NotStorableError:  # they hold objects of the user's own, which only the pickle can
        return document


# -- pictures ----------------------------------------------------------------------------------------------------------


@builtin
class VisualizationStage(Stage):
    """Hands every result on, after writing its loops and drawing the accelerator.

    Keywords: ``dump_folder`` (None for nothing). Writes ``loop_ordering.txt``, one table a layer, afresh in each run,
    and ``mem_hierarchy.png``, once a run.
    """

    declares = StageSpec(provides=("dump_folder", "run_files"), writes=("dump_folder",), hands_on=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        dump_folder: str | Path | None = None,
        run_files: RunFiles | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.dump_folder = dump_folder
        self.run_files = RunFiles() if run_files is None else run_files

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below, written down."""
        folder = None if self.dump_folder is None else Path(self.dump_folder)
        if folder is not None:
            check_folder(folder)
        for cme, extra_info in self.substage(dump_folder=self.dump_folder, run_files=self.run_files).run():
            if folder is not None and isinstance(cme, CostModelEvaluation):
                self._write(folder, cme)
            yield cme, extra_info

    def _write(self, folder: Path, cme: CostModelEvaluation) -> None:
        from zigzag_lab.plots import loop_nest_text, plot_memory_hierarchy

        self.run_files.append(folder / LOOP_ORDERING, loop_nest_text(cme))
        picture = folder / MEMORY_HIERARCHY
        if self.run_files.fresh(picture) == picture:  # once a run
            given = self.kwargs.get("accelerator")
            plot_memory_hierarchy(given if isinstance(given, Accelerator) else cme.accelerator, picture)


@builtin
class PlotTemporalMappingsStage(Stage):
    """Hands every result on, and at the end draws where energy and cycles of each went.

    Keywords: ``plot_filename_pattern``: the picture (``.png``, ``.pdf`` or ``.svg``), with fields that name keywords of
    this stage, such as ``plots/{layer}.png``. Sums are not drawn; of more than 40 results the first 40 are.
    """

    declares = StageSpec(provides=("run_files",), writes=("plot_filename_pattern",), hands_on=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        plot_filename_pattern: str | Path,
        run_files: RunFiles | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.pattern, self.run_files = plot_filename_pattern, run_files or RunFiles()

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below, then draw."""
        from zigzag_lab.plots import plot_breakdowns
        from zigzag_lab.plots.bars import MAX_GROUPS
        from zigzag_lab.plots.style import SUFFIXES

        path = formatted("plot_filename_pattern", self.pattern, self.kwargs)
        if path.suffix.lower() not in SUFFIXES:
            raise InputError("plot_filename_pattern", f"'{path}'", f"a name that ends in {', '.join(SUFFIXES)}")
        check_file(path)
        shown: list[CostModelEvaluation] = []
        n_results = 0
        for cme, extra_info in self.substage(run_files=self.run_files).run():
            if isinstance(cme, CostModelEvaluation):
                n_results += 1
                shown += [cme] if len(shown) < MAX_GROUPS else []
            yield cme, extra_info
        if shown:
            path.parent.mkdir(parents=True, exist_ok=True)
            plot_breakdowns(shown, self.run_files.fresh(path), n_results=n_results)
