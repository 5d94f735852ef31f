"""What is known of a child run when it starts: what its parent was asked, and what the combination changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zigzag_lab.api.given import OPTION_NAMES, RECORDS
from zigzag_lab.api.kept_keywords import kept_keywords, run_options
from zigzag_lab.stages import (
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    NetworkFrontStage,
    StageCallable,
)
from zigzag_lab.stages.signature import parameters_of
from zigzag_lab.stages.spec import spec_of
from zigzag_lab.vocab import NO_OBJECTIVE, Objective

if TYPE_CHECKING:
    from zigzag_lab.stages.protocols import Variant
    from zigzag_lab.store import RunStart

_OBJECTIVES: dict[Any, Objective] = {
    MinimalLatencyStage: Objective.LATENCY,
    MinimalEnergyStage: Objective.ENERGY,
    MinimalEDPStage: Objective.EDP,
    NetworkFrontStage: Objective.EDP,
}
_TOLD = ("exact_objective", "salsa_opt_criterion")
"""Keywords that tell a search what to minimise."""


def objective_of_stages(stages: Sequence[StageCallable], kwargs: Mapping[str, Any]) -> str:
    """What a list minimises, by its first stage that keeps the best, else by what its search is told."""
    for stage in stages:
        if stage in _OBJECTIVES:
            return _OBJECTIVES[stage].value
    told = (str(kwargs[name]).lower() for name in _TOLD if kwargs.get(name) is not None)
    return next((word for word in told if word in set(Objective)), NO_OBJECTIVE)


def child_start(stages: Sequence[StageCallable], parent: RunStart, variant: Variant) -> RunStart:
    """The start of a child run.

    Its stages are those below the stage that tries the combination, and of those above it the ones that prepare what
    is handed down: so the child can be run again by itself.

    Args:
        stages: of the whole pipeline.
        parent: the start of the run that it belongs to, with the inputs that are known by now.
        variant: the combination.
    """
    from zigzag_lab.store import RunInput

    records = tuple(RECORDS.values())
    changed = {name: RunInput.of(value) for name, value in variant.changes.items() if isinstance(value, records)}
    inputs = {**{i.kind: i for i in parent.inputs if i.kind in RECORDS}, **{i.kind: i for i in changed.values()}}
    for name in RECORDS.keys() & variant.changes.keys() - changed.keys():
        inputs.pop(name, None)  # a file that a stage below reads, and notes
    place = len(stages) - variant.position - 1
    kept = [stage for stage in stages[:place] if spec_of(stage).prepares] + list(stages[place + 1 :])
    if not any("multiprocessing_callback" in spec_of(stage).provides for stage in kept):
        kept = [stage for stage in kept if "multiprocessing_callback" not in spec_of(stage).consumes]
    read = {i.kind: i.as_record() for i in inputs.values()}
    gone = _read_by(stages) - _read_by(kept)
    known = (parent.keywords or {}).items()
    keywords = {name: value for name, value in known if name not in {*gone, *variant.changes, *read}}
    silent = {"stage_code", *(OPTION_NAMES.get(name, name) for name in gone)}
    of_parent = {name: value for name, value in parent.options.items() if name not in silent}
    keywords |= kept_keywords(variant.changes, {**variant.changes, **read}, kept) or {}
    return replace(
        parent,
        name=f"{' on '.join(i.name for i in inputs.values() if i.kind != 'mapping')} ({variant.label})".strip(),
        objective=objective_of_stages(kept, variant.changes),
        options={**of_parent, **run_options(variant.changes, kept)},
        keywords=keywords or None,
        inputs=list(inputs.values()),
        settings=variant.settings,
        tags={},
    )


def _read_by(stages: Sequence[StageCallable]) -> set[str]:
    return {name for stage in stages for name in parameters_of(stage)}
