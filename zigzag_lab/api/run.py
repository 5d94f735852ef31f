"""Price a network on an accelerator: one call from files to results."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zigzag_lab.api.defaults import DEFAULT_STORE
from zigzag_lab.vocab import InputError, Objective, TemporalMappingType

if TYPE_CHECKING:
    from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC, ProofSummary
    from zigzag_lab.stages import ProgressListener
    from zigzag_lab.store import Store
    from zigzag_lab.store.cache import CacheFigures
    from zigzag_lab.workload import Coverage

DEFAULT_LPF_LIMIT = 6
DEFAULT_SPATIAL_MAPPINGS = 3
DEFAULT_TIME_LIMIT = 10.0


@dataclass(frozen=True)
class RunRequest:
    """What is asked of one run.

    Attributes:
        workload, accelerator, mapping: paths, names of presets, or what the parser stages take.
        objective: what to minimise.
        lpf_limit: the most loop prime factors to reorder; None for all orders, with a certificate where merging equal
            beginnings is proven to keep the best.
        temporal_mapping_type: uneven or even.
        n_spatial_mappings: how many generated spatial mappings to try; None for all.
        input_shapes: ONNX input -> shape.
        dump_folder: where to write ZigZag's files; None for none.
        pickle_filename: the pickled list of CMEs; by default in the dump folder.
        search: how temporal mappings are searched: ``loma``, ``salsa`` or ``exact``.
        seed: of searches that draw at random; equal seeds give equal results.
        exploit_locality: whether data may stay on chip between layers.
        mix_spatial: whether several loops may share an array dimension; implies ``exploit_locality``, as in ZigZag.
            An array that computes in memory implies it.
        time_limit: seconds of an exact search for each layer and spatial mapping; None for no limit.
        price_all: whether an ONNX model's poolings, element-wise operators and reductions are priced too.
    """

    workload: Any
    accelerator: Any
    mapping: Any
    objective: Objective = Objective.LATENCY
    lpf_limit: int | None = DEFAULT_LPF_LIMIT
    temporal_mapping_type: TemporalMappingType = TemporalMappingType.UNEVEN
    n_spatial_mappings: int | None = DEFAULT_SPATIAL_MAPPINGS
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dump_folder: str | Path | None = None
    pickle_filename: str | Path | None = None
    search: str = "loma"
    seed: int = 0
    exploit_locality: bool = False
    mix_spatial: bool = False
    price_all: bool = False
    time_limit: float | None = DEFAULT_TIME_LIMIT

    def for_array(self, *, in_memory: bool) -> RunRequest:
        """The request as it applies to an array: one that computes in memory implies mixed spatial mappings."""
        return replace(self, mix_spatial=True) if in_memory else self

    def keywords(self) -> dict[str, Any]:
        """The request as keywords of the standard pipeline."""
        pickle_filename = self.pickle_filename
        if pickle_filename is None and self.dump_folder is not None:
            pickle_filename = Path(self.dump_folder) / "list_of_cmes.pickle"
        return {
            "workload": self.workload,
            "accelerator": self.accelerator,
            "mapping": self.mapping,
            "input_shapes": self.input_shapes or None,
            "dump_folder": self.dump_folder,
            "pickle_filename": pickle_filename,
            "loma_lpf_limit": self.lpf_limit,
            "nb_mappings_generated": self.n_spatial_mappings,
            "temporal_mapping_type": self.temporal_mapping_type,
            "access_same_data_considered_as_no_access": True,
            **({"price_all": True} if self.price_all else {}),
            **({"enable_mix_spatial_mapping_generation": True} if self.mix_spatial else {}),
            **({"salsa_opt_criterion": self.objective, "seed": self.seed} if self.search == "salsa" else {}),
            **self._of_exact_search(),
        }

    def _of_exact_search(self) -> dict[str, Any]:
        if self.search != "exact":
            return {}
        return {"exact_objective": self.objective, "exact_time_limit": self.time_limit}


@dataclass(frozen=True)
class RunOutcome:
    """What a run found.

    Attributes:
        total: the sum over all layers.
        layers: the best mapping of each layer, in the order of the network.
        results: what the pipeline returned.
        n_mappings_evaluated: mappings that were priced.
        seconds: wall time of the pipeline.
        run_id: the id of its record; None where it left none.
        cache: what was found in the cache; None where it was off or there is no record.
        coverage: what of the network is priced and what is left out; None where it is not known.
        record_error: why the run is not on record, where the database could not be written to at its end.
    """

    total: CostModelEvaluationABC
    layers: tuple[CostModelEvaluation, ...]
    results: list[tuple[CostModelEvaluationABC, Any]]
    n_mappings_evaluated: int
    seconds: float
    run_id: str | None = None
    coverage: Coverage | None = None
    cache: CacheFigures | None = None
    record_error: str | None = None

    @property
    def proof(self) -> ProofSummary | None:
        """What was proven of the layers; None where none was searched exactly."""
        from zigzag_lab.cost import ProofSummary

        return ProofSummary.of([cme.certificate for cme in self.layers])


def run(
    request: RunRequest,
    *,
    store: str | Store | None = DEFAULT_STORE,
    experiment: str = "default",
    tags: Mapping[str, str] | None = None,
    mlflow: str | None = None,
    progress: ProgressListener | None = None,
    cache: bool = True,
) -> RunOutcome:
    """Run the standard pipeline, and record it.

    Args:
        request: what is asked.
        store: see :class:`MainStage`; None leaves no record.
        experiment: the question that the run belongs to.
        tags: words to find the run by.
        mlflow: the tracking URI to publish to; ``off`` for none.
        progress: told of each layer.
        cache: whether answers that the database holds are used, and new ones kept.

    Raises:
        InputError: something asked for cannot be used.
        InfeasibleError: a layer does not fit the accelerator.
    """
    started = time.perf_counter()
    from zigzag_lab.api.caching import readings_of
    from zigzag_lab.api.given import recalled
    from zigzag_lab.api.main_stage import MainStage
    from zigzag_lab.api.memory_costs import LabMemoryCosts
    from zigzag_lab.api.pipeline import objective_of, standard_stages
    from zigzag_lab.stages import SearchTally
    from zigzag_lab.workload import operations_left_out

    if request.lpf_limit is not None and request.lpf_limit < 1:
        raise InputError("lpf_limit", str(request.lpf_limit), "at least 1, or none for all orders")
    tally = SearchTally()
    costs = None if store is None else LabMemoryCosts(store)
    given = {"accelerator": request.accelerator, "memory_costs": costs}
    accelerator = recalled("accelerator", given, readings_of(None))
    request = request.for_array(in_memory=accelerator.array.imc is not None)
    if request.price_all and accelerator.array.imc is not None:
        found = f"the array of {accelerator.name} computes in memory, with weights in its cells"
        hint = "Layers without weights have no price there: leave out --price-all."
        raise InputError("price_all", found, "an array that takes all operands from memories", hint)
    stages = standard_stages(
        request.workload,
        objective_of(request.objective),
        request.search,
        exploit_locality=request.exploit_locality or request.mix_spatial,
    )
    main_stage = MainStage(
        stages,
        store=store,
        experiment=experiment,
        tags=tags,
        mlflow=mlflow,
        progress=progress,
        tally=tally,
        cache=cache,
        sources={"accelerator": request.accelerator},
        **{**request.keywords(), "accelerator": accelerator, "memory_costs": costs},
    )
    results = main_stage.run()
    total, per_layer = results[0]
    layers = tuple(cme for cme, _ in per_layer)
    seconds = time.perf_counter() - started
    coverage = operations_left_out(main_stage.workload) if main_stage.workload is not None else None
    return RunOutcome(
        total,
        layers,
        results,
        tally.n_mappings_evaluated,
        seconds,
        main_stage.run_id,
        coverage,
        main_stage.cache_figures,
        main_stage.record_error,
    )
