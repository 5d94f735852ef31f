"""Price a network on an accelerator: one call from files to results."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, cast, overload

from zigzag_lab.api.databases import DEFAULT_STORE
from zigzag_lab.vocab import InputError, Objective, TemporalMappingType
from zigzag_lab.vocab.options import (
    DEFAULT_EXPERIMENT,
    EXPLOIT_LOCALITY,
    LPF_LIMIT,
    MIX_SPATIAL,
    N_SPATIAL_MAPPINGS,
    OBJECTIVE,
    PIPELINE_OPTIONS,
    PRICE_ALL,
    SEARCH,
    SEED,
    SKIPS_REPEATED_READS,
    TEMPORAL_MAPPING_TYPE,
    TIME_LIMIT,
    Kind,
    Option,
)
from zigzag_lab.vocab.physical import Physical

if TYPE_CHECKING:
    from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC, ProofSummary
    from zigzag_lab.findings import Finding
    from zigzag_lab.hardware import Accelerator
    from zigzag_lab.inputs.memory_costs import MemoryCostProvider
    from zigzag_lab.stages import ProgressListener, Result
    from zigzag_lab.store import Store
    from zigzag_lab.store.cache import CacheFigures
    from zigzag_lab.workload import Coverage, Inferences


@dataclass(frozen=True)
class RunRequest:
    """The inputs and options of one run.

    Options hold what :mod:`zigzag_lab.vocab.options` declares: their meaning, limits and defaults stand there.

    Attributes:
        workload, accelerator, mapping: paths, names of presets, or what the parser stages take.
        objective, lpf_limit, temporal_mapping_type, n_spatial_mappings, seed, time_limit: options of that name.
        input_shapes: ONNX input -> shape.
        dump_folder: where to write ZigZag's files; None for none.
        pickle_filename: the pickled list of CMEs; by default in the dump folder.
        search: a name of :data:`zigzag_lab.stages.methods.SEARCH_METHODS`.
        exploit_locality, price_all: options of that name.
        mix_spatial: the option of that name; an array that computes in memory implies it.
        search_options: options of searches that installed packages add, by name.
    """

    workload: object
    accelerator: object
    mapping: object
    objective: Objective = OBJECTIVE.default
    lpf_limit: int | None = LPF_LIMIT.default
    temporal_mapping_type: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default
    n_spatial_mappings: int | None = N_SPATIAL_MAPPINGS.default
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dump_folder: str | Path | None = None
    pickle_filename: str | Path | None = None
    search: str = SEARCH.default
    seed: int = SEED.default
    exploit_locality: bool = EXPLOIT_LOCALITY.default
    mix_spatial: bool = MIX_SPATIAL.default
    price_all: bool = PRICE_ALL.default
    time_limit: float | None = TIME_LIMIT.default
    search_options: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_options(
        cls, workload: object, accelerator: object, mapping: object, options: Mapping[str, Any]
    ) -> RunRequest:
        """Return the request for some inputs, with options by name: those without a field are options of searches."""
        own = {one.name for one in fields(cls)}
        others = {name: value for name, value in options.items() if name not in own}
        given = {name: value for name, value in options.items() if name in own}
        return cls(workload, accelerator, mapping, **given, search_options=others)

    @property
    def keeps_data_on_chip(self) -> bool:
        """Whether data may stay on chip between layers: asked for, or implied by mixed spatial mappings."""
        return self.exploit_locality or self.mix_spatial

    def value_of(self, option: Option) -> object:
        """Return the value of an option, as the option takes it.

        Raises:
            InputError: the option takes no such value.
        """
        is_own = any(one.name == option.name for one in fields(self))
        value = getattr(self, option.name) if is_own else self.search_options.get(option.name, option.default)
        checked = option.checked(value)
        return value if value == checked else checked  # 10 stays 10: keys distinguish it from 10.0

    def for_array(self, accelerator: Accelerator) -> RunRequest:
        """Return the request as it applies to an array: one that computes in memory implies mixed spatial mappings.

        Raises:
            InputError: layers are to be priced that such an array has no price for.
        """
        if accelerator.array.imc is None:
            return self
        if self.price_all:
            found = f"the array of {accelerator.name} computes in memory, with weights in its cells"
            hint = "Layers without weights have no price there: leave out --price-all."
            raise InputError("price_all", found, "an array that takes all operands from memories", hint)
        return replace(self, mix_spatial=True)

    def keywords(self) -> dict[str, Any]:
        """Return the request as keywords of the standard pipeline."""
        from zigzag_lab.stages.methods import SEARCH_METHODS

        method = SEARCH_METHODS.named(self.search, SEARCH.name)
        pickle_filename = self.pickle_filename
        if pickle_filename is None and self.dump_folder is not None:
            pickle_filename = Path(self.dump_folder) / "list_of_cmes.pickle"
        return {
            **self.keywords_with(*method.without_effect, *method.options),
            "dump_folder": self.dump_folder,
            "pickle_filename": pickle_filename,
            **({method.objective_keyword: self.objective} if method.objective_keyword else {}),
        }

    @property
    def without_effect(self) -> list[str]:
        """Keywords that records and keys hold although the search makes no use of them, unless the user gave them."""
        from zigzag_lab.stages.methods import SEARCH_METHODS

        options = SEARCH_METHODS.named(self.search, SEARCH.name).without_effect
        return [option.keyword for option in options if self.value_of(option) == option.default]

    def keywords_with(self, *options: Option) -> dict[str, Any]:
        """Return the request as keywords of any pipeline that reads some options besides.

        A flag is only given where it is not as usual.
        """
        values = {option: self.value_of(option) for option in (*options, *PIPELINE_OPTIONS) if option.keyword}
        return {
            "workload": self.workload,
            "accelerator": self.accelerator,
            "mapping": self.mapping,
            "access_same_data_considered_as_no_access": SKIPS_REPEATED_READS,
            **{o.keyword: v for o, v in values.items() if o.kind is not Kind.FLAG or v != o.default},
            "input_shapes": self.input_shapes or None,
        }


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
        coverage: what of the network is priced and what is left out; None where it cannot be counted.
        record_error: why the run is not on record, where the database could not be written to at its end.
        findings: what its inputs hold that changes results without being wrong.
        accelerator: the design, as a whole.
        inferences: how many inferences it stands for; None where that is not known.
    """

    total: CostModelEvaluationABC
    layers: tuple[CostModelEvaluation, ...]
    results: list[Result]
    n_mappings_evaluated: int
    seconds: float
    run_id: str | None = None
    coverage: Coverage | None = None
    cache: CacheFigures | None = None
    record_error: str | None = None
    findings: tuple[Finding, ...] = ()
    accelerator: Accelerator | None = None
    inferences: Inferences | None = None

    @property
    def physical(self) -> Physical:
        """Times, powers, TOPS and what else follows of the whole run."""
        n_macs = sum(cme.layer.n_macs for cme in self.layers)
        return replace(
            self._follows(self.total, n_macs), n_inferences=self.inferences.count if self.inferences else None
        )

    def physical_of(self, cme: CostModelEvaluation) -> Physical:
        """The same of one of its layers."""
        return self._follows(cme, cme.layer.n_macs)

    def _follows(self, cme: CostModelEvaluationABC, n_macs: int) -> Physical:
        from zigzag_lab.hardware import area_of

        design, price = self.accelerator, (cme.energy_total, cme.latency_total2, n_macs)
        if design is None:
            return Physical(*price)
        return Physical(
            *price,
            clock_ns=design.clock_ns,
            static_power_mw=design.static_mw or None,
            area_total_mm2=area_of(design).total_mm2,
            technology=design.technology or None,
        )

    @property
    def proof(self) -> ProofSummary | None:
        """What was proven of the layers; None where none was searched exactly."""
        from zigzag_lab.cost import ProofSummary

        return ProofSummary.of([cme.certificate for cme in self.layers])


def run(
    request: RunRequest,
    *,
    store: str | Store | None = DEFAULT_STORE,
    experiment: str = DEFAULT_EXPERIMENT,
    tags: Mapping[str, str] | None = None,
    mlflow: str | None = None,
    progress: ProgressListener | None = None,
    cache: bool = True,
) -> RunOutcome:
    """Run the standard pipeline, and record it.

    ``progress`` receives the start and the end of each layer; the other arguments are those of
    :class:`zigzag_lab.api.main_stage.MainStage`.

    Raises:
        InputError: an input or an option cannot be used.
        InfeasibleError: a layer does not fit the accelerator.
    """
    started = time.perf_counter()
    from zigzag_lab.api.databases import LabMemoryCosts
    from zigzag_lab.api.main_stage import MainStage
    from zigzag_lab.api.pipeline import standard_stages, total_and_layers
    from zigzag_lab.stages import SearchTally
    from zigzag_lab.workload import inferences_of, operations_left_out

    tally = SearchTally()
    costs = None if store is None else LabMemoryCosts(store)
    concrete = with_accelerator(request, costs)
    local = concrete.keeps_data_on_chip
    main_stage = MainStage(
        standard_stages(request.workload, OBJECTIVE.checked(request.objective), request.search, exploit_locality=local),
        store=store,
        experiment=experiment,
        tags=tags,
        mlflow=mlflow,
        progress=progress,
        tally=tally,
        cache=cache,
        sources={"accelerator": request.accelerator},
        memory_costs=costs,
        without_effect=concrete.without_effect,
        **concrete.keywords(),
    )
    results = main_stage.run()
    return RunOutcome(
        *total_and_layers(results),
        results,
        tally.n_mappings_evaluated,
        time.perf_counter() - started,
        main_stage.run_id,
        operations_left_out(main_stage.workload) if main_stage.workload is not None else None,
        main_stage.cache_figures,
        main_stage.record_error,
        tuple(main_stage.findings),
        cast("Accelerator", concrete.accelerator),
        inferences_of(main_stage.workload.layers) if main_stage.workload is not None else None,
    )


def with_accelerator(request: RunRequest, costs: MemoryCostProvider | None) -> RunRequest:
    """Return the request with its accelerator read, as it applies to that; `costs` gives what that leaves to a tool."""
    from zigzag_lab.api.databases import readings_of
    from zigzag_lab.api.given import recalled

    given = {"accelerator": request.accelerator, "memory_costs": costs}
    accelerator = cast("Accelerator", recalled("accelerator", given, readings_of(None)))
    return replace(request, accelerator=accelerator).for_array(accelerator)


# -- ZigZag's own entry point, with its signature and return values ----------------------------------------------------


class PerformanceOptions(TypedDict, total=False):
    """What :func:`get_hardware_performance_zigzag` takes beside its inputs and ``in_memory_compute``."""

    temporal_mapping_search_engine: str
    temporal_mapping_type: str
    opt: str
    dump_folder: str | None
    pickle_filename: str | None
    lpf_limit: int | None
    nb_spatial_mappings_generated: int | None
    exploit_data_locality: bool
    enable_mix_spatial_mapping: bool
    loma_show_progress_bar: bool


@overload
def get_hardware_performance_zigzag(
    workload: object,
    accelerator: object,
    mapping: object,
    *,
    in_memory_compute: Literal[False] = False,
    **options: Unpack[PerformanceOptions],
) -> tuple[float, float, list[Result]]: ...


@overload
def get_hardware_performance_zigzag(
    workload: object,
    accelerator: object,
    mapping: object,
    *,
    in_memory_compute: Literal[True],
    **options: Unpack[PerformanceOptions],
) -> tuple[float, float, float, float, list[Result]]: ...


def get_hardware_performance_zigzag(
    workload: object,
    accelerator: object,
    mapping: object,
    *,
    temporal_mapping_search_engine: str = SEARCH.default,
    temporal_mapping_type: str = TEMPORAL_MAPPING_TYPE.default,
    opt: str = OBJECTIVE.default,
    dump_folder: str | None = None,
    pickle_filename: str | None = None,
    lpf_limit: int | None = LPF_LIMIT.default,
    nb_spatial_mappings_generated: int | None = N_SPATIAL_MAPPINGS.default,
    in_memory_compute: bool = False,
    exploit_data_locality: bool = EXPLOIT_LOCALITY.default,
    enable_mix_spatial_mapping: bool = MIX_SPATIAL.default,
    loma_show_progress_bar: bool = True,
) -> tuple[float, float, list[Result]] | tuple[float, float, float, float, list[Result]]:
    """Price a workload on an accelerator.

    Args:
        workload: an ONNX or YAML file, a preset's name, a list of layers, or a ``ModelProto``.
        accelerator: a YAML file or a preset's name.
        mapping: a YAML file or a preset's name.
        temporal_mapping_search_engine: a name of :data:`zigzag_lab.stages.methods.SEARCH_METHODS`.
        temporal_mapping_type: ``uneven`` or ``even``.
        opt: ``latency``, ``energy`` or ``EDP``.
        dump_folder: where to write ZigZag's files; none are written without it.
        pickle_filename: the pickled list of CMEs; in the dump folder by default.
        lpf_limit: see :data:`zigzag_lab.vocab.options.LPF_LIMIT`.
        nb_spatial_mappings_generated: see :data:`zigzag_lab.vocab.options.N_SPATIAL_MAPPINGS`.
        in_memory_compute: whether the array computes in memory; adds its clock and area to what is returned.
        exploit_data_locality: whether data may stay on chip between layers.
        enable_mix_spatial_mapping: whether several loops may share an array dimension; implies data locality.
        loma_show_progress_bar: accepted; searches take milliseconds.

    Returns:
        Energy in pJ, latency in cycles, and the results of the pipeline: ``[(sum, [(cme, extra_info), ...])]``. For
        in-memory computing the period of the clock in ns and the area in mm2 stand before the results.
    """
    from zigzag_lab.stages.methods import SEARCH_METHODS

    outcome = run(
        RunRequest(
            workload,
            accelerator,
            mapping,
            objective=OBJECTIVE.checked(opt, "opt"),
            lpf_limit=lpf_limit,
            temporal_mapping_type=TEMPORAL_MAPPING_TYPE.checked(temporal_mapping_type),
            n_spatial_mappings=nb_spatial_mappings_generated,
            dump_folder=dump_folder,
            pickle_filename=pickle_filename,
            search=SEARCH_METHODS.named(temporal_mapping_search_engine, "temporal_mapping_search_engine").name,
            exploit_locality=exploit_data_locality,
            mix_spatial=enable_mix_spatial_mapping or in_memory_compute,
        )
    )
    energy, latency = outcome.total.energy_total, outcome.total.latency_total2
    if not in_memory_compute:
        return energy, latency, outcome.results
    first = outcome.layers[0]
    if first.accelerator.array.imc is None:
        raise InputError("in_memory_compute", f"{first.accelerator.name} does not compute in memory", "False")
    return energy, latency, first.tclk, first.area_total, outcome.results


def get_hardware_performance_zigzag_imc(
    workload: object,
    accelerator: object,
    mapping: object,
    *,
    in_memory_compute: bool = True,
    **options: Unpack[PerformanceOptions],
) -> tuple[float, float, float, float, list[Result]]:
    """Price a workload on an array that computes in memory; the options are those of the function above.

    Returns:
        Energy in pJ, latency in cycles, the period of the clock in ns, area in mm2, and the results of the pipeline.
    """
    return get_hardware_performance_zigzag(workload, accelerator, mapping, in_memory_compute=True, **options)
