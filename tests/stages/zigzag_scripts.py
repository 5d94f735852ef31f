"""Scripts of a ZigZag user, each the same text for zigzag-dse and for us but for its imports."""

from __future__ import annotations

from typing import Any

ZIGZAG_IMPORTS = """
from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
from zigzag.stages.main import MainStage
from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage as LomaStage
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.stages.parser.onnx_model_parser import ONNXModelParserStage
from zigzag.stages.parser.workload_parser import WorkloadParserStage
from zigzag.stages.results.reduce_stages import MinimalEnergyStage, MinimalLatencyStage, SumStage
from zigzag.stages.results.save import CompleteSaveStage, PickleSaveStage, SimpleSaveStage
from zigzag.stages.results.visualization import VisualizationStage
from zigzag.stages.stage import Stage
from zigzag.stages.workload_iterator import WorkloadStage
from zigzag.cost_model.cost_model import CostModelEvaluation, CumulativeCME
from zigzag.mapping.temporal_mapping import TemporalMappingType
"""

OUR_IMPORTS = """
from zigzag_lab.stages import CostModelStage
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages import SpatialMappingGeneratorStage
from zigzag_lab.stages import TemporalMappingGeneratorStage
from zigzag_lab.stages import LomaStage
from zigzag_lab.stages import AcceleratorParserStage
from zigzag_lab.stages import ONNXModelParserStage
from zigzag_lab.stages import WorkloadParserStage
from zigzag_lab.stages import MinimalEnergyStage, MinimalLatencyStage, SumStage
from zigzag_lab.stages import CompleteSaveStage, PickleSaveStage, SimpleSaveStage
from zigzag_lab.stages import VisualizationStage
from zigzag_lab.stages import Stage
from zigzag_lab.stages import WorkloadStage
from zigzag_lab.cost import CostModelEvaluation, CumulativeCME
from zigzag_lab.vocab import TemporalMappingType
"""

PIPELINE = """
mainstage = MainStage(
    stages,
    accelerator=accelerator,
    workload=workload,
    mapping=mapping,
    dump_folder=dump_folder,
    pickle_filename=f"{dump_folder}/cmes.pickle",
    loma_lpf_limit=4,
    loma_show_progress_bar=False,
    nb_mappings_generated=3,
    temporal_mapping_type=TemporalMappingType.UNEVEN,
    access_same_data_considered_as_no_access=True,
    **more,
)
cmes = mainstage.run()
"""

REDUCTION = '''
class MinimalMemoryEnergyStage(Stage):
    """Keeps the mapping whose memories need the least energy above the registers."""

    def __init__(self, list_of_callables, *, skip_levels=1, **kwargs):
        super().__init__(list_of_callables, **kwargs)
        self.skip_levels = skip_levels

    def metric(self, cme):
        return sum(sum(levels[self.skip_levels:]) for levels in cme.mem_energy_breakdown.values())

    def run(self):
        substage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
        best = None
        for cme, extra_info in substage.run():
            assert isinstance(cme, CostModelEvaluation)
            if best is None or self.metric(cme) < self.metric(best[0]):
                best = cme, extra_info
        assert best is not None
        yield best

more = {}
stages = [WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage, MinimalMemoryEnergyStage,
          SpatialMappingGeneratorStage, MinimalMemoryEnergyStage, LomaStage, CostModelStage]
'''

GENERATOR = '''
class MappingCountStage(Stage):
    """Runs everything below once for each number of spatial mappings."""

    def __init__(self, list_of_callables, *, counts, **kwargs):
        super().__init__(list_of_callables, **kwargs)
        self.counts = counts

    def run(self):
        for count in self.counts:
            self.kwargs["nb_mappings_generated"] = count
            substage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
            for cme, extra_info in substage.run():
                yield cme, (count, extra_info)

more = {"counts": (1, 2, 3)}
stages = [MappingCountStage, WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage, MinimalEnergyStage,
          SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
'''

COLLECTOR = '''
seen = []

class CollectStage(Stage):
    """Hands every result on and remembers a few of its figures."""

    def run(self):
        substage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
        for cme, extra_info in substage.run():
            layer, _ = extra_info
            seen.append((cme.layer.name, layer.name, cme.layer.id, cme.energy_total, cme.mac_energy, cme.ideal_cycle))
            yield cme, extra_info

more = {}
stages = [WorkloadParserStage, AcceleratorParserStage, SumStage, CollectStage, WorkloadStage, MinimalLatencyStage,
          SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage]
'''

BETWEEN = '''
seen = []

class OutermostLoopStage(Stage):
    """Lets only mappings pass whose outermost loop at the top memory of the outputs is none over OX."""

    def __init__(self, list_of_callables, *, temporal_mapping, layer, **kwargs):
        super().__init__(list_of_callables, **kwargs)
        self.temporal_mapping, self.layer = temporal_mapping, layer

    def run(self):
        levels = {str(op): v for op, v in self.temporal_mapping.mapping_dic_stationary.items()}
        loops = [(str(dim), int(size)) for level in levels["O"] for dim, size in level]
        self.kwargs["temporal_mapping"] = self.temporal_mapping
        self.kwargs["layer"] = self.layer
        if loops and loops[-1][0] == "OX":
            return
        substage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
        for cme, extra_info in substage.run():
            seen.append((self.layer.name, tuple(loops), cme.energy_total, cme.latency_total2))
            yield cme, extra_info

more = {}
stages = [WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage, MinimalLatencyStage,
          SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, OutermostLoopStage, CostModelStage]
'''

SUBCLASSES = """
seen = []

class RecordingLatencyStage(MinimalLatencyStage):
    def run(self):
        for cme, extra_info in super().run():
            seen.append((cme.layer.name, cme.latency_total2))
            yield cme, extra_info

class LimitedLomaStage(LomaStage):
    def run(self):
        for number, (cme, (temporal_mapping, extra_info)) in enumerate(super().run()):
            if number >= 5:
                break
            yield cme, (temporal_mapping, extra_info)

class NamedSumStage(SumStage):
    def __init__(self, list_of_callables, *, title, **kwargs):
        super().__init__(list_of_callables, **kwargs)
        self.title = title

    def run(self):
        for cme, extra_info in super().run():
            assert isinstance(cme, CumulativeCME)
            yield cme, [(c, (self.title, e)) for c, e in extra_info]

class LoudCostModelStage(CostModelStage):
    def run(self):
        levels = {str(op): v for op, v in self.temporal_mapping.mapping_dic_stationary.items()}
        for cme, extra_info in super().run():
            seen.append(sum(len(level) for level in levels["I"]))
            yield cme, extra_info

more = {"title": "all layers"}
stages = [WorkloadParserStage, AcceleratorParserStage, NamedSumStage, WorkloadStage, RecordingLatencyStage,
          SpatialMappingGeneratorStage, MinimalLatencyStage, LimitedLomaStage, LoudCostModelStage]
"""

ARITHMETIC = '''
class TwiceStage(Stage):
    """Every layer runs twice, the second time at half the cost."""

    def run(self):
        substage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
        for cme, extra_info in substage.run():
            total = cme + cme * 0.5
            yield total, [(cme, extra_info)]

class AddUpStage(Stage):
    def run(self):
        total, parts = CumulativeCME(), []
        for cme, extra_info in self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs):
            total += cme
            parts += extra_info
        yield total, parts

more = {}
stages = [WorkloadParserStage, AcceleratorParserStage, SimpleSaveStage, PickleSaveStage, AddUpStage, TwiceStage,
          WorkloadStage, VisualizationStage, CompleteSaveStage, MinimalLatencyStage, SpatialMappingGeneratorStage,
          MinimalLatencyStage, LomaStage, CostModelStage]
'''

CUSTOM = {
    "reduction": REDUCTION,
    "generator": GENERATOR,
    "collector": COLLECTOR,
    "between": BETWEEN,
    "subclasses": SUBCLASSES,
    "arithmetic": ARITHMETIC,
}
"""Stage lists with stages of the user's own."""


def execute(imports: str, script: str, **inputs: Any) -> dict[str, Any]:
    """Run a script; its variables afterwards."""
    names: dict[str, Any] = {"__name__": "script", **inputs}
    exec(compile(imports + script + PIPELINE, "script", "exec"), names)
    return names
