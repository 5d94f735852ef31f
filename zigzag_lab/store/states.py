"""The states that a run and its publication pass through."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands. The heartbeat of a lost one has stopped; should it resume, it runs again."""

    RUNNING = "running"
    FINISHED = "finished"
    INFEASIBLE = "infeasible"
    FAILED = "failed"
    LOST = "lost"


class PublicationState(StrEnum):
    """Whether MLflow has a run."""

    PENDING = "pending"
    PUBLISHED = "published"
    FAILED = "failed"


class LayerRole(StrEnum):
    """What a list of layer evaluations is to a run."""

    CHOSEN = "chosen"
    """Those that the run's total is made of; of a run without one, all that it yielded."""
    RESULT = "result"
    """Those that one of its results is made of."""
    SAVED = "saved"
    """Those that passed its save stages."""


class ResultKind(StrEnum):
    """What reached the top of a pipeline."""

    LAYER = "layer"
    SUM = "sum"
    OTHER = "other"


class CacheState(StrEnum):
    """Whether an answer is there, is being computed, or was given up."""

    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
