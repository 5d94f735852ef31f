"""ZigZag's own entry point, with its signature and return values."""

from __future__ import annotations

from typing import Any

from zigzag_lab.api.pipeline import objective_of, temporal_mapping_type_of
from zigzag_lab.api.run import RunRequest, run
from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.stages.methods import SEARCH_METHODS
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import LPF_LIMIT, N_SPATIAL_MAPPINGS, OBJECTIVE, SEARCH, TEMPORAL_MAPPING_TYPE

Results = list[tuple[CostModelEvaluationABC, Any]]


def get_hardware_performance_zigzag(
    workload: Any,
    accelerator: Any,
    mapping: Any,
    *,
    temporal_mapping_search_engine: str = SEARCH.default,
    temporal_mapping_type: str = TEMPORAL_MAPPING_TYPE.default,
    opt: str = OBJECTIVE.default,
    dump_folder: str | None = None,
    pickle_filename: str | None = None,
    lpf_limit: int | None = LPF_LIMIT.default,
    nb_spatial_mappings_generated: int | None = N_SPATIAL_MAPPINGS.default,
    in_memory_compute: bool = False,
    exploit_data_locality: bool = False,
    enable_mix_spatial_mapping: bool = False,
    loma_show_progress_bar: bool = True,
) -> tuple[float, float, Results] | tuple[float, float, float, float, Results]:
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
    outcome = run(
        RunRequest(
            workload,
            accelerator,
            mapping,
            objective=objective_of(opt),
            lpf_limit=lpf_limit,
            temporal_mapping_type=temporal_mapping_type_of(temporal_mapping_type),
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
    workload: Any, accelerator: Any, mapping: Any, **options: Any
) -> tuple[float, float, float, float, Results]:
    """Price a workload on an array that computes in memory; the options are those of the function above.

    Returns:
        Energy in pJ, latency in cycles, the period of the clock in ns, area in mm2, and the results of the pipeline.
    """
    priced = get_hardware_performance_zigzag(workload, accelerator, mapping, **{**options, "in_memory_compute": True})
    energy, latency, clock, area, results = priced  # type: ignore[misc]
    return energy, latency, clock, area, results
