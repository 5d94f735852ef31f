"""Stages that save results: in a sink, and in ZigZag's files where a dump folder is given."""

from __future__ import annotations

import pickle
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.stages.dump import complete_json, simple_json
from zigzag_lab.stages.files import check_file, check_folder, file_stem, write_atomically, write_json
from zigzag_lab.stages.protocols import SUM_STEM, RunFiles, Sink
from zigzag_lab.stages.recording import save_all
from zigzag_lab.stages.signature import name_of
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import PipelineError


class _JsonSaveStage(Stage):
    """Hands every result on, after saving it.

    Keywords: ``dump_folder``: where to write ZigZag's files (None for none); ``sink``: where to store results. No file
    of a run is written twice: a second result of a layer goes to ``{layer}_simple_2.json``, and so on.
    """

    declares = StageSpec(provides=("dump_folder", "sink", "run_files"), writes=("dump_folder",), leaves_records=True)
    suffix = ""

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        dump_folder: str | Path | None = None,
        sink: Sink | None = None,
        run_files: RunFiles | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.dump_folder, self.sink, self.run_files = dump_folder, sink, run_files or RunFiles()

    @staticmethod
    @abstractmethod
    def json_of(cme: CostModelEvaluationABC) -> dict[str, Any]:
        """What is written about a result."""

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below, saved. A folder that cannot be written to is refused first."""
        if self.dump_folder is not None:
            check_folder(Path(self.dump_folder))
        below = self.substage(dump_folder=self.dump_folder, sink=self.sink, run_files=self.run_files)
        for cme, extra_info in below.run():
            save_all(self.sink, (cme, extra_info))
            if self.dump_folder is not None:
                name = f"{self._stem(cme)}_{self.suffix}.json"
                write_json(self.run_files.fresh(Path(self.dump_folder) / name), self.json_of(cme))
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

    @staticmethod
    def json_of(cme: CostModelEvaluationABC) -> dict[str, Any]:
        """Energy and latency."""
        return simple_json(cme)


@builtin
class CompleteSaveStage(_JsonSaveStage):
    """Saves every term of each result (``overall_complete.json`` or ``{layer}_complete.json``)."""

    declares = StageSpec(hands_on=True)
    suffix = "complete"

    @staticmethod
    def json_of(cme: CostModelEvaluationABC) -> dict[str, Any]:
        """Every term, and what it was computed from."""
        return complete_json(cme)


@builtin
class PickleSaveStage(Stage):
    """Saves all CMEs of the stage below as one pickled list; stands above a stage that yields a list, such as SumStage.

    Keywords: ``pickle_filename``: the file (None for none); one that this run has written already gets a number;
    ``sink``: where to store results.
    """

    declares = StageSpec(
        provides=("run_files", "sink"), writes=("pickle_filename",), hands_on=True, leaves_records=True
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        pickle_filename: str | Path | None = None,
        sink: Sink | None = None,
        run_files: RunFiles | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.pickle_filename, self.sink, self.run_files = pickle_filename, sink, run_files or RunFiles()

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
