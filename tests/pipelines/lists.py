"""A list of stages, a network and options for every number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from tests.pipelines import users
from tests.stages import small
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheBeforeYieldStage,
    CacheStage,
    CompleteSaveStage,
    CostModelStage,
    DumpStage,
    ExactStage,
    ExploitInterLayerDataLocalityStage,
    GeneralParameterIteratorStage,
    HardwareSearchStage,
    ListifyStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    NetworkFrontStage,
    ParetoFrontStage,
    PickleSaveStage,
    RemoveExtraInfoStage,
    SalsaStage,
    SearchInterLayerDataLocalityStage,
    SimpleSaveStage,
    SkipIfDumpExistsStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import PipelineError, ZigzagLabError
from zigzag_lab.workload import Workload

Weights = dict[type[Stage], int]

REDUCTIONS: Weights = {MinimalLatencyStage: 2, MinimalEnergyStage: 2, MinimalEDPStage: 1, ParetoFrontStage: 1}
SAVERS: Weights = {SimpleSaveStage: 3, CompleteSaveStage: 4, PickleSaveStage: 2, DumpStage: 1, users.MySave: 1}
PASSING: Weights = {RemoveExtraInfoStage: 1, CacheBeforeYieldStage: 1, VisualizationStage: 1}
CACHES: Weights = {CacheStage: 3, SkipIfDumpExistsStage: 1}
TRYING: Weights = {GeneralParameterIteratorStage: 6, users.Sweeps: 2, users.SweepsOptions: 2}
USERS: Weights = {
    **dict.fromkeys((users.EveryOther, users.Twice, users.Doubled, users.Halved, users.Backwards), 2),
    **dict.fromkeys((users.FirstOnly, users.Copied, users.Pickled, users.RunsTwice, users.Starts), 2),
    **dict.fromkeys((users.Raises, users.Nothing, users.OtherAccelerator, users.TwoAccelerators), 1),
}
COLLECTING: Weights = {ListifyStage: 2, users.InLists: 1, users.InADictionary: 1, users.Words: 1}

TOP: Weights = {**SAVERS, **REDUCTIONS, **PASSING, **CACHES, **TRYING, **USERS, **COLLECTING, SumStage: 6}
LAYERS: Weights = {**TOP, SearchInterLayerDataLocalityStage: 2, NetworkFrontStage: 1}
OF_A_LAYER: Weights = {
    **SAVERS,
    **REDUCTIONS,
    **PASSING,
    **CACHES,
    **TRYING,
    **USERS,
    MinimalLatencyStage: 6,
    MinimalEnergyStage: 4,
    users.SweepsALayer: 2,
    users.RaisesBelow: 1,
    SumStage: 1,
}
OF_A_SPATIAL_MAPPING: Weights = {
    **SAVERS,
    **REDUCTIONS,
    **PASSING,
    **CACHES,
    **TRYING,
    MinimalLatencyStage: 6,
    users.Halved: 1,
    users.Copied: 1,
    users.EveryOther: 1,
}
OF_A_TEMPORAL_MAPPING: Weights = {
    RemoveExtraInfoStage: 1,
    CacheBeforeYieldStage: 1,
    CompleteSaveStage: 1,
    CacheStage: 1,
    users.Twice: 1,
}
HANDING_ON: Weights = {GeneralParameterIteratorStage: 4, users.Sweeps: 1, users.SweepsOptions: 1}
"""What may stand where results are placeholders."""

ITERATIONS: tuple[dict[Any, list[Any]], ...] = (
    {"loma_lpf_limit": [2, 3]},
    {"loma_lpf_limit": [3, 1, 2]},
    {"access_same_data_considered_as_no_access": [True, False]},
    {"nb_mappings_generated": [1, 2], "loma_lpf_limit": [2, 3]},
    {("loma_lpf_limit", "nb_mappings_generated"): [(2, 1), (3, 2)]},
    {"loma_lpf_limit": [2, 2]},
    {"temporal_mapping_type": ["uneven", "even"]},
)


@dataclass
class List:
    """A pipeline to be run.

    Attributes:
        number: what it was made from.
        stages: top down.
        kwargs: keywords, without those that name files.
        in_processes: whether parts of it run in worker processes.
        from_a_file: whether a file that DumpStage writes may answer for the stages below SkipIfDumpExistsStage.
    """

    number: int
    stages: list[Any]
    kwargs: dict[str, Any] = field(default_factory=dict)
    in_processes: bool = False
    from_a_file: bool = False

    @property
    def is_about_order(self) -> bool:
        """Whether it matters what is asked for early: a stage may ask for no more, or makes CMEs on the way up."""
        order = (users.FirstOnly, users.Raises, users.RaisesBelow, users.Pickled)
        return any(stage in self.stages for stage in order)

    @property
    def has_caches(self) -> bool:
        """Whether answers may come from a cache."""
        return any(getattr(stage, "is_cache", False) for stage in self.stages)

    def plain(self, *, is_cached: bool = False, is_answered: bool = False) -> list[Any]:
        """The same list without what only changes where and whether something is computed.

        Args:
            is_cached: whether caches ask for everything, so as to keep it, as far as nothing below writes a file.
            is_answered: whether a file answers in place of the stages below SkipIfDumpExistsStage, all at once.
        """
        found: list[Any] = []
        for place, stage in enumerate(self.stages):
            if stage in (CacheStage, SkipIfDumpExistsStage):
                is_kept = is_cached and not self._is_unkeyable(self.stages[place:])
                is_at_once = is_kept or (is_answered and stage is SkipIfDumpExistsStage)
                found += [users.Eager] if is_at_once else []
            elif stage not in (MultiProcessingGatherStage, MultiProcessingSpawnStage):
                found.append(stage)
        return found

    def _is_unkeyable(self, below: Sequence[Any]) -> bool:
        """Whether a cache above these stages keeps nothing: they write a file, or try several designs."""
        is_over_designs = "accelerator" in self.kwargs.get("general_parameter_iterations", ())
        tries_files = {AcceleratorParserStage, GeneralParameterIteratorStage} <= {*below}
        return DumpStage in below or (is_over_designs and tries_files)

    def __str__(self) -> str:
        names = ", ".join(stage.__name__.removesuffix("Stage") for stage in self.stages)
        given = {k: v for k, v in self.kwargs.items() if k not in ("workload", "accelerator", "mapping")}
        return f"list {self.number}: [{names}] {given}"


def listed(*stages: Any, **kwargs: Any) -> List:
    """A list by hand, below the parsers, with a network of three layers, two of them equal but for their names."""
    sizes = ([1, 8, 4, 2, 2, 1, 1], [1, 2, 4, 2, 1, 1, 3], [1, 8, 4, 2, 2, 1, 1])
    network = read_workload([small.layer(n, f"layer {n}", loop_sizes=of_layer) for n, of_layer in enumerate(sizes)])
    given = {"workload": network, "accelerator": _accelerator(0), "mapping": _mapping(False), "loma_lpf_limit": 3}
    in_processes = MultiProcessingGatherStage in stages
    return List(0, [WorkloadParserStage, AcceleratorParserStage, *stages], {**given, **kwargs}, in_processes)


def made(number: int, *, in_processes: bool = False, from_a_file: bool = False) -> List:
    """The list of a number; refused ones are made again.

    Args:
        number: which one.
        in_processes: whether a part of it runs in worker processes.
        from_a_file: whether a part of it may be answered by a file.
    """
    for attempt in range(100):
        rng = Random(f"{number} {attempt}")
        tried = _Maker(rng, in_processes, from_a_file).made(number)
        try:
            MainStage(
                tried.stages, **tried.kwargs, **({"dump_filename_pattern": "x"} if DumpStage in tried.stages else {})
            )
        except (PipelineError, ZigzagLabError):
            continue
        return tried
    raise AssertionError(f"no list for {number}")


class _Maker:
    def __init__(self, rng: Random, in_processes: bool, from_a_file: bool) -> None:
        self.rng, self.in_processes, self.from_a_file = rng, in_processes, from_a_file

    def made(self, number: int) -> List:
        rng = self.rng
        readers = [WorkloadParserStage, AcceleratorParserStage]
        rng.shuffle(readers)
        above = self._some(TOP, 2) if rng.random() < 0.4 else []
        search_designs = rng.random() < 0.08
        if search_designs:
            above.append(HardwareSearchStage)
        top = [*above, *readers]
        if search_designs:
            top.append(SumStage)
        if self.in_processes:
            listed = [
                *top,
                *self._some(TOP, 2),
                MultiProcessingGatherStage,
                *self._some(HANDING_ON, 1),
                *self._below_workload(spawns=True),
            ]
        else:
            listed = [*top, *self._some(LAYERS, 3), *self._below_workload()]
        tried: list[Any] = []  # the keyword of an iterating stage goes no further than the first one
        for stage in listed:
            if stage is not GeneralParameterIteratorStage or stage not in tried:
                tried.append(stage)
        if self.from_a_file:
            tried = self._dumped(tried)
        return List(number, tried, self._kwargs(tried), self.in_processes, self.from_a_file)

    def _dumped(self, stages: list[Any]) -> list[Any]:
        """A list in which all below some stage above WorkloadStage may be answered by a file."""
        others = (SkipIfDumpExistsStage, DumpStage, users.FirstOnly, users.Raises, users.RaisesBelow, users.Starts)
        kept = [stage for stage in stages if stage not in others]
        place = self.rng.randint(0, kept.index(WorkloadStage))
        many = (users.Sweeps, users.SweepsOptions, users.TwoAccelerators)  # which would all read the one file
        above = [s for s in kept[:place] if s not in many and "dump_folder" not in getattr(s, "writes", ())]
        return [*above, SkipIfDumpExistsStage, DumpStage, *kept[place:]]

    def _below_workload(self, *, spawns: bool = False) -> list[Any]:
        rng = self.rng
        locality: list[Any] = [ExploitInterLayerDataLocalityStage] if rng.random() < 0.1 else []
        within = self._some(OF_A_LAYER, 3)
        if rng.random() < 0.6:
            within.insert(rng.randint(0, len(within)), rng.choice((MinimalLatencyStage, MinimalEnergyStage)))
        if spawns:
            if rng.random() < 0.25:  # all layers of a combination in one process
                return [
                    MultiProcessingSpawnStage,
                    *self._some({SumStage: 1, CompleteSaveStage: 1}, 1),
                    WorkloadStage,
                    *within,
                    *self._search(),
                ]
            within = [*self._some(HANDING_ON, 1), MultiProcessingSpawnStage, *within]
        return [
            *([SearchInterLayerDataLocalityStage] if locality else []),
            WorkloadStage,
            *locality,
            *within,
            *self._search(),
        ]

    def _search(self) -> list[Any]:
        rng = self.rng
        spatial = SpatialMappingGeneratorStage if rng.random() < 0.85 else SpatialMappingConversionStage
        temporal = rng.choices((LomaStage, SalsaStage, ExactStage), (40, 3, 1))[0]
        between = self._some(OF_A_SPATIAL_MAPPING, 2)
        lowest = self._some(OF_A_TEMPORAL_MAPPING, 1) if rng.random() < 0.3 else []
        return [spatial, *between, temporal, *lowest, CostModelStage]

    def _some(self, of: Weights, most: int) -> list[Any]:
        n = self.rng.randint(0, most)
        return self.rng.choices(list(of), list(of.values()), k=n)

    def _kwargs(self, stages: list[Any]) -> dict[str, Any]:
        rng = self.rng
        is_searching = HardwareSearchStage in stages
        design = rng.choice((0, 1, 2, 3, 3, 4, 4))
        kwargs: dict[str, Any] = {
            "workload": _network(rng.randint(0, 199)),
            "accelerator": _design(design) if is_searching or rng.random() < 0.2 else _accelerator(design),
            "mapping": _mapping(SpatialMappingConversionStage in stages),
            "loma_lpf_limit": rng.choice((1, 2, 2, 3)),
            "nb_mappings_generated": rng.choice((1, 1, 2)),
        }
        if SpatialMappingConversionStage in stages:
            del kwargs["nb_mappings_generated"]
        if GeneralParameterIteratorStage in stages:
            kwargs |= rng.choice(({"general_parameter_iterations": rng.choice(ITERATIONS)},) * 7 + (designs(),))
            kwargs["skip_infeasible"] = rng.random() < 0.5
        if is_searching:
            kwargs["hardware_parameters"] = {
                "memories.sram.size": rng.choice(([4096, 8192], [8192, 2048, 65536], [64, 4096]))
            }
        if any(s in stages for s in (MinimalLatencyStage, MinimalEnergyStage, MinimalEDPStage)) and rng.random() < 0.15:
            kwargs["reduce_minimal_keep_others"] = True
        if SalsaStage in stages:
            kwargs |= {"salsa_iteration_number": 3, "salsa_number_of_core": 1, "seed": 7}
        if self.in_processes:
            kwargs["nb_multiprocessing_threads"] = 1
        return kwargs


@cache
def _network(seed: int) -> Workload:
    """One to three tiny layers; some are the same under other names."""
    rng = Random(seed)
    sizes = ([1, 4, 2, 2, 2, 1, 1], [1, 4, 2, 2, 2, 1, 1], [1, 2, 4, 2, 1, 1, 3], [1, 8, 4, 1, 2, 1, 1])
    layers = [small.layer(n, f"layer {n}", loop_sizes=rng.choice(sizes)) for n in range(rng.choice((1, 1, 2, 2, 3)))]
    return read_workload(layers)


@cache
def _accelerator(which: int) -> Accelerator:
    return read_accelerator(_design(which))


@cache
def designs() -> dict[str, Any]:
    """Iterations over designs, on the second of which some layers fit, and on the third none."""
    sizes = {"fits": 4096, "fits some": 512, "fits none": 8, "fits too": 65536}
    records = [read_accelerator(small.accelerator(bits, bits, name)) for name, bits in sizes.items()]
    return {"general_parameter_iterations": {"accelerator": records}}


def _design(which: int) -> dict[str, Any]:
    """The small accelerator, or one of two memories, on which a mapping is priced in half the time."""
    if which < 2:
        return small.accelerator(sram_bits=(4096, 65536)[which])
    design = small.accelerator(sram_bits=(1024, 4096, 65536)[which - 2], name="tiny")
    kept = ("rf_o", "sram")
    return {**design, "memories": {name: memory for name, memory in design["memories"].items() if name in kept}}


@cache
def _mapping(spatial: bool) -> MappingRules:
    return read_mapping(small.mapping(spatial_mapping={"D1": ["K, 2"], "D2": ["C, 2"]}) if spatial else small.mapping())


Make = Callable[[int], List]
