"""Do a run again with nothing but what the database holds of it, and see whether the numbers agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from zigzag_lab.api.given_again import given_again
from zigzag_lab.api.same_numbers import Comparing, Disagreement
from zigzag_lab.keys import engine_digest
from zigzag_lab.stages import StageCallable
from zigzag_lab.store import StoreError
from zigzag_lab.store.lab import Lab
from zigzag_lab.store.states import RunStatus
from zigzag_lab.vocab import InputError

RERUN_OF = "rerun_of"
"""The tag of a run that was done again: the id of the first."""


@dataclass(frozen=True)
class Rerun:
    """How a run that was done again compares.

    Attributes:
        run_id: the run that was done again.
        new_run_id: the new one.
        disagreements: none where the numbers agree.
        is_same_engine: whether the code that decides numbers is what it was.
        n_compared: figures that were compared, those of children included.
        n_children: runs within the run that were compared.
        status, new_status: how the two ended.
        reason: why the new one has no results, where it has none.
        changed_stages: stages of the user's whose source is not what it was.
        unknown_stages: those of which that is not known.
    """

    run_id: str
    new_run_id: str
    disagreements: tuple[Disagreement, ...]
    is_same_engine: bool
    n_compared: int = 0
    n_children: int = 0
    status: str = "finished"
    new_status: str = "finished"
    reason: str | None = None
    changed_stages: tuple[str, ...] = ()
    unknown_stages: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every number is what it was."""
        return not self.disagreements


def rerun(lab: Lab, run_id: str, *, stages: Mapping[str, StageCallable] | None = None) -> Rerun:
    """Do a run again from its record: no file of the first run is needed.

    Its results are compared one by one, in order, then its layers, what passed its save stages, its fronts, and its
    children likewise.

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
    with TemporaryDirectory(prefix="zigzag_lab_rerun_") as folder:
        given = given_again(lab, before.run_id, stages or {}, Path(folder))
        pipeline = MainStage(
            given.stages,
            store=lab.store,
            experiment=before.experiment,
            run_name=before.name,
            tags={**details.tags, RERUN_OF: before.run_id},
            mlflow="off",
            cache=False,
            without_effect=given.keywords,
            **given.keywords,
        )
        try:
            pipeline.run()
        except StoreError:
            raise
        except Exception:  # is on record as well, and compared with how the first one ended
            if pipeline.run_id is None:
                raise
    now = lab.run(pipeline.run_id or "")
    comparing = Comparing(lab)
    found = tuple(comparing.runs(before, now))
    return Rerun(
        before.run_id,
        now.run_id,
        found,
        is_same_engine=details.engine_digest == engine_digest(),
        n_compared=comparing.n_compared,
        n_children=comparing.n_children,
        status=before.status,
        new_status=now.status,
        reason=now.reason,
        changed_stages=tuple(given.changed_code),
        unknown_stages=tuple(given.unknown_code),
    )
