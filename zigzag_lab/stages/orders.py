"""The stage for temporal mappings that follow from the user's order of loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.stages.signature import WITHOUT_EFFECT
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import StageCallable, builtin
from zigzag_lab.stages.temporal import TemporalSearchStage
from zigzag_lab.vocab import InputError


@builtin
class TemporalOrderingConversionStage(TemporalSearchStage):
    """Allocates the user's order of loops to memory levels; nothing is searched.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``user_temporal_ordering``: (loop dimension, size) from
    the innermost outwards, all loops that the spatial mapping leaves in time; by default the mapping file's
    ``temporal_ordering``. Yields ``(cme, (temporal_mapping, extra_info))``, once.
    """

    declares = StageSpec(is_pure=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        user_temporal_ordering: Sequence[tuple[str, int]] | None = None,
        loma_lpf_limit: int | None = WITHOUT_EFFECT,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        if user_temporal_ordering is not None:
            order = tuple((dim, size) for dim, size in user_temporal_ordering)
            constraints = replace(self.problem.constraints, temporal_ordering=order)
            self.problem = replace(self.problem, constraints=constraints)

    def searched(self) -> Iterator[MappingBatch]:
        """Yield the one mapping of the user's order."""
        wanted = self.problem.constraints.temporal_ordering
        if not OrderConstraints.of(self.problem).is_complete:
            shown = ", ".join(f"[{dim}, {size or '*'}]" for dim, size in wanted) or "no order"
            left = ", ".join(f"{dim} {size}" for dim, size in self.problem.temporal_sizes.items()) or "none"
            raise InputError(
                f"layer {self.problem.layer.name}: temporal_ordering",
                f"found {shown}",
                f"every temporal loop of the spatial mapping {self.problem.spatial_mapping}, in order: {left}",
                "TemporalMappingGeneratorStage completes an order that leaves something open.",
            )
        yield from temporal_mappings(self.problem, None, self.kind)
