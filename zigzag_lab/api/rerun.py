"""Do a run again with nothing but what the database holds of it, and see whether the numbers agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zigzag_lab.api.given import OPTION_NAMES, RECORDS
from zigzag_lab.keys import engine_digest
from zigzag_lab.stages import BUILTIN_STAGES, StageCallable
from zigzag_lab.stages.signature import name_of
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.store.states import RunStatus
from zigzag_lab.vocab import InfeasibleError, InputError

RERUN_OF = "rerun_of"
"""The tag of a run that was done again: the id of the first."""

CACHES = frozenset({"SkipIfDumpExistsStage", "CacheStage"})
"""Stages that would answer from what was computed; a rerun computes."""

_NOT_AGAIN = frozenset({"stages", "dump_folder", "pickle_filename", "input_shapes"})
"""Options of a run that its rerun leaves out: files it wrote, and what its inputs have been read with."""

_TOTALS = ("status", "energy_pj", "latency_cycles", "edp_pj_cycles", "n_layers", "area_mm2", "clock_ns")
_LAYER_FIGURES = ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles", "stall_cycles")
RELATIVE = 1e-12
"""Figures that differ by less, which another order of additions may do, agree."""


@dataclass(frozen=True)
class Disagreement:
    """A figure that came out differently.

    Attributes:
        where: a layer, or empty for the run.
        figure: its column.
        before, now: the two values.
    """

    where: str
    figure: str
    before: Any
    now: Any


@dataclass(frozen=True)
class Rerun:
    """How a run that was done again compares.

    Attributes:
        run_id: the run that was done again.
        new_run_id: the new one.
        disagreements: none where the numbers agree.
        is_same_engine: whether the code that decides numbers is what it was.
    """

    run_id: str
    new_run_id: str
    disagreements: tuple[Disagreement, ...]
    is_same_engine: bool

    @property
    def agrees(self) -> bool:
        """Whether every number is what it was."""
        return not self.disagreements


def rerun(lab: Lab, run_id: str, *, stages: Mapping[str, StageCallable] | None = None) -> Rerun:
    """Do a run again from its record: no file of the first run is needed.

    Args:
        lab: the database; the new run is recorded there as well.
        run_id: the run's id.
        stages: name -> stages of yours that the run used; the built-in ones are known.

    Raises:
        InputError: the run goes on; or the record is not enough: an input came from code, or a stage is not known.
    """
    from zigzag_lab.api.main_stage import MainStage

    before, details = lab.run(run_id), lab.details(run_id)
    if before.status == RunStatus.RUNNING:
        hint = "Wait until 'zigzag-lab ls' shows how it ended."
        raise InputError(f"run {before.run_id}", "it is still running", "a run that has ended", hint)
    keywords = {**_records(lab, before.run_id), **_keywords(details.options)}
    pipeline = MainStage(
        _stages(before.run_id, details.options, stages or {}),
        store=lab.store,
        experiment=before.experiment,
        run_name=before.name,
        tags={**details.tags, RERUN_OF: before.run_id},
        mlflow="off",
        cache=False,
        **keywords,
    )
    try:
        pipeline.run()
    except InfeasibleError:
        if before.status != "infeasible" or pipeline.run_id is None:
            raise
    now = lab.run(pipeline.run_id or "")
    found = tuple(disagreements(lab, before, now))
    return Rerun(before.run_id, now.run_id, found, details.engine_digest == engine_digest())


def _records(lab: Lab, run_id: str) -> dict[str, Any]:
    """Kind of input -> its record, made of what it said."""
    inputs = lab.input_records(run_id)
    missing = [kind for kind in RECORDS if kind not in inputs]
    if missing:
        hint = "Only runs whose inputs are files, presets or records can be done again."
        raise InputError(f"run {run_id}", f"its record holds no {' and no '.join(missing)}", hint=hint)
    return {kind: inputs[kind] for kind in RECORDS}


def _keywords(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the record as keywords of stages."""
    spoken = {recorded: keyword for keyword, recorded in OPTION_NAMES.items()}
    return {spoken.get(name, name): value for name, value in options.items() if name not in _NOT_AGAIN}


def _stages(run_id: str, options: Mapping[str, Any], own: Mapping[str, StageCallable]) -> list[StageCallable]:
    known: dict[str, StageCallable] = {name_of(stage): stage for stage in BUILTIN_STAGES} | dict(own)
    names = [name for name in options.get("stages", ()) if name not in CACHES]
    if not names:
        raise InputError(f"run {run_id}", "its record names no stages", "a run of a pipeline; imported ones have none")
    for name in names:
        if name not in known:
            hint = "From Python: zigzag_lab.api.rerun.rerun(lab, run_id, stages={'" + name + "': ...})."
            found = f"its stage {name} is not one of ours, and the database does not hold its code"
            raise InputError(f"run {run_id}", found, hint=hint)
    return [known[name] for name in names]


def disagreements(lab: Lab, before: RunRecord, now: RunRecord) -> Iterable[Disagreement]:
    """The figures of two runs that differ: those of the runs, then those of their layers."""
    for figure in _TOTALS:
        if not _agree(getattr(before, figure), getattr(now, figure)):
            yield Disagreement("", figure, getattr(before, figure), getattr(now, figure))
    layers = {layer.layer_index: layer for layer in lab.layers(now.run_id)}
    for layer in lab.layers(before.run_id):
        again = layers.get(layer.layer_index)
        for figure in _LAYER_FIGURES:
            value = again.figures[figure] if again else None
            if not _agree(layer.figures[figure], value):
                yield Disagreement(layer.name, figure, layer.figures[figure], value)


def _agree(before: Any, now: Any) -> bool:
    if isinstance(before, (int, float)) and isinstance(now, (int, float)):
        return abs(before - now) <= RELATIVE * max(abs(before), abs(now))
    return bool(before == now)
