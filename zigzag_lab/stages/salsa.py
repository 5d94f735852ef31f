"""The stage that searches temporal mappings by simulated annealing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.search.salsa import SalsaSettings, salsa_mapping
from zigzag_lab.stages.cost_model import CostModelStage
from zigzag_lab.stages.keywords import ranks
from zigzag_lab.stages.spec import WITHOUT_EFFECT, StageSpec
from zigzag_lab.stages.stage import StageCallable, builtin
from zigzag_lab.stages.temporal import PROVIDES, TemporalSearchStage
from zigzag_lab.vocab import Objective
from zigzag_lab.vocab.options import OBJECTIVE

_DEFAULT = SalsaSettings()


@builtin
class SalsaStage(TemporalSearchStage):
    """SALSA: the best order of all prime factors of the temporal loops that simulated annealing finds.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``temporal_mapping_type``; ``salsa_opt_criterion``:
    ``energy`` (default), ``latency`` or ``EDP``; ``salsa_iteration_number``: swaps tried by each chain;
    ``salsa_number_of_core``: chains that run side by side; ``salsa_start_temperature``; ``seed``: equal seeds give
    equal results. Yields ``(cme, (temporal_mapping, extra_info))``, once.
    """

    declares = StageSpec(provides=(*PROVIDES, "access_same_data_considered_as_no_access"), is_pure=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        salsa_opt_criterion: Objective | str = Objective.ENERGY,
        salsa_iteration_number: int = _DEFAULT.n_steps,
        salsa_number_of_core: int = _DEFAULT.n_chains,
        salsa_start_temperature: float = _DEFAULT.start_temperature,
        seed: int = _DEFAULT.seed,
        access_same_data_considered_as_no_access: bool = True,
        loma_lpf_limit: int | None = WITHOUT_EFFECT,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            list_of_callables,
            access_same_data_considered_as_no_access=access_same_data_considered_as_no_access,
            **kwargs,
        )
        self.objective: Objective = OBJECTIVE.checked(salsa_opt_criterion, "salsa_opt_criterion")
        self.settings = SalsaSettings(salsa_iteration_number, salsa_number_of_core, salsa_start_temperature, seed)

    def searched(self) -> Iterator[MappingBatch]:
        """Yield the best mapping found."""
        yield salsa_mapping(self.problem, self._price, self.settings, self.kind)

    def _price(self, batch: MappingBatch) -> np.ndarray:
        """[m] the objective; energy in pJ, latency in cycles."""
        (priced,) = CostModelStage(
            [],
            accelerator=self.problem.accelerator,
            layer=self.problem.layer,
            spatial_mapping=self.problem.fractional.loops,
            temporal_mapping=batch,
            temporal_mapping_type=self.kind,
            problem=self.problem,
            access_same_data_considered_as_no_access=self.problem.skip_repeated_reads,
            tally=self.tally,
        ).batches()
        return ranks(self.objective, priced.energy_pj, priced.latency_cycles)[0]
