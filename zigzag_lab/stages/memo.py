"""Layers that differ in name only are searched once in a run."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.stages.signature import Keywords
from zigzag_lab.stages.spec import spec_of
from zigzag_lab.stages.stage import StageCallable

_NOT_PART_OF_THE_QUESTION = frozenset(
    {"layer", "constraints", "tally", "layer_memo", "run_files", "progress", "sink", "to_beat"}
)


class LayerMemo:
    """Results of the searches below a stage, for each distinct question of this run."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[tuple[CostModelEvaluation, ...], Keywords]] = {}

    def key(self, stages: Sequence[StageCallable], kwargs: Keywords) -> Hashable | None:
        """Return the key of a question; None where a stage below may do more than answer it."""
        if not all(isinstance(stage, type) and spec_of(stage).is_pure for stage in stages):
            return None
        layer, constraints = kwargs.get("layer"), kwargs.get("constraints")
        if layer is None or constraints is None:
            return None
        asked = repr((layer.meaning(), constraints.meaning()))
        others = [(k, _identity(v)) for k, v in sorted(kwargs.items()) if k not in _NOT_PART_OF_THE_QUESTION]
        return asked, tuple(others), tuple(stages)

    def get(self, key: Hashable) -> tuple[CostModelEvaluation, ...]:
        """Return the results of a question; nothing if it was not asked before."""
        found = self._found.get(key)
        return found[0] if found else ()

    def put(self, key: Hashable, cmes: tuple[CostModelEvaluation, ...], kwargs: Keywords) -> None:
        """Remember what was found; the keywords stay referenced, as identities of objects are part of the key."""
        self._found[key] = cmes, kwargs


def _identity(value: object) -> Hashable:
    plain = value is None or isinstance(value, (bool, int, float, str))
    return (type(value).__name__, value) if plain else id(value)
