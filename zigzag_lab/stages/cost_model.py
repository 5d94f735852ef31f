"""The stage that prices mappings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zigzag_lab.cost import CostModelEvaluation, priced
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.stages.keywords import UNROLLED_RECORDS, problem_of
from zigzag_lab.stages.protocols import SearchTally
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import BatchStage, ResultBatch, StageCallable, builtin
from zigzag_lab.vocab import TemporalMappingType
from zigzag_lab.vocab.options import SKIPS_REPEATED_READS, TEMPORAL_MAPPING_TYPE
from zigzag_lab.workload import Layer


@builtin
class CostModelStage(BatchStage):
    """Prices mappings; the last stage of every list.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``, ``spatial_mapping_int``, ``temporal_mapping`` (one, or a
    batch of them); ``access_same_data_considered_as_no_access``: whether inputs that the array reads again and again
    are read from the innermost memory once. Yields ``(cme, None)``.
    """

    declares = StageSpec(requires=UNROLLED_RECORDS, is_pure=True, takes_batches=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        spatial_mapping: UnrolledLoops,
        temporal_mapping: TemporalMapping | MappingBatch,
        spatial_mapping_int: UnrolledLoops | None = None,
        constraints: MappingConstraints | None = None,
        problem: Problem | None = None,
        temporal_mapping_type: TemporalMappingType | str = TEMPORAL_MAPPING_TYPE.default,
        access_same_data_considered_as_no_access: bool = SKIPS_REPEATED_READS,
        tally: SearchTally | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        same = problem_of(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        self.problem = same.with_repeated_reads(skipped=access_same_data_considered_as_no_access)
        self.temporal_mapping = temporal_mapping
        self.kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.checked(temporal_mapping_type)
        self.tally = tally or SearchTally()

    def is_leaf(self) -> bool:
        """Nothing stands below."""
        return True

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the prices."""
        if isinstance(self.temporal_mapping, TemporalMapping):
            self.tally.n_mappings_evaluated += 1
            yield ResultBatch.of((CostModelEvaluation(self.problem, self.temporal_mapping), None))
            return
        asked = self.temporal_mapping
        batch = asked.under(asked.problem.with_repeated_reads(skipped=self.problem.skip_repeated_reads))
        self.tally.n_mappings_evaluated += len(batch)
        prices = priced(batch)
        energy, latency = prices.energy_pj, prices.latency_cycles
        yield ResultBatch(
            energy,
            latency,
            lambda i: (CostModelEvaluation.view(batch, i, float(energy[i]), float(latency[i]), kind=self.kind), None),
        )
