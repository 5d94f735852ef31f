"""Random search: the best of some orders of all loop prime factors, drawn at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.search.temporal import fitting, orders_of
from zigzag_lab.stages import StageCallable, TemporalSearchStage
from zigzag_lab.stages.methods import SearchMethod
from zigzag_lab.vocab.options import SEED, Kind, Option

N_DRAWS = Option("n_draws", Kind.WHOLE, 100, "How many random orders to price.", keyword="n_draws", minimum=1)


class RandomStage(TemporalSearchStage):
    """Proposes orders of all loop prime factors that are drawn at random.

    Keywords: ``n_draws``: how many; ``seed``: equal seeds draw equal orders.
    """

    is_pure = True

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        n_draws: int = N_DRAWS.default,
        seed: int = SEED.default,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.n_draws, self.seed = N_DRAWS.checked(n_draws), SEED.checked(seed)

    def searched(self) -> Iterator[MappingBatch]:
        """Yield the orders that fit the memories."""
        loops, _ = orders_of(self.problem, None)
        rng = np.random.default_rng(self.seed)
        orders = np.stack([rng.permutation(len(loops)) for _ in range(self.n_draws)], axis=1)
        yield from fitting(self.problem, loops, iter([orders]), self.kind)


RANDOM = SearchMethod("random", RandomStage, (N_DRAWS, SEED))
