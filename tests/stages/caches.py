"""A cache in memory, and results made comparable."""

from __future__ import annotations

from typing import Any

from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.stages.dump import complete_json
from zigzag_lab.stages.protocols import Cache, Question


class DictCache(Cache):
    """Keeps answers in a dictionary, and notes what it was asked."""

    salt = ""

    def __init__(self, answers: dict[str, bytes] | None = None) -> None:
        self.answers = {} if answers is None else answers
        self.digests = RecordDigests()
        self.hits: list[Question] = []
        self.misses: list[Question] = []
        self.reasons: list[str] = []

    def ask(self, question: Question) -> Any:
        if question.key in self.answers:
            self.hits.append(question)
            return self.answers[question.key]
        self.misses.append(question)
        return _Ticket(self, question.key)

    def not_kept(self, reason: str) -> None:
        self.reasons.append(reason)


class _Ticket:
    def __init__(self, cache: DictCache, key: str) -> None:
        self.cache, self.key = cache, key

    def keep(self, answer: bytes, seconds: float) -> None:
        assert seconds >= 0
        self.cache.answers[self.key] = answer

    def drop(self) -> None:
        self.cache.misses.append(None)  # type: ignore[arg-type]


class ListSink:
    """Remembers what was saved."""

    def __init__(self) -> None:
        self.saved: list[CostModelEvaluationABC] = []

    def save(self, cme: CostModelEvaluationABC) -> None:
        self.saved.append(cme)


def plain(value: Any) -> Any:
    """Results as data that two equal ones have in common to the last bit."""
    if isinstance(value, CostModelEvaluation):
        exact = (value.breakdown, value.energy_total, value.latency_total2, value.layer, value.temporal_mapping)
        mapping = (value.problem.spatial_mapping, value.spatial_mapping, value.spatial_mapping_int)
        return "cme", complete_json(value), exact, mapping, value.accelerator, value.problem.constraints
    if isinstance(value, CostModelEvaluationABC):
        return "sum", complete_json(value), value.accelerator
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
