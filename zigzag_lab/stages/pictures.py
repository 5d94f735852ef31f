"""Stages that draw what passes through them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import Accelerator
from zigzag_lab.stages.files import check_file, check_folder, formatted
from zigzag_lab.stages.protocols import RunFiles
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InputError

LOOP_ORDERING = "loop_ordering.txt"
MEMORY_HIERARCHY = "mem_hierarchy.png"


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
        if self.run_files.is_first(picture):
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
