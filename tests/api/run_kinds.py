"""A database with a run of every kind: with and without children, a single total, layers, an end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.stages import small
from zigzag_lab.api import MainStage
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheStage,
    CompleteSaveStage,
    CostModelStage,
    GeneralParameterIteratorStage,
    HardwareSearchStage,
    ListifyStage,
    LomaStage,
    MinimalEnergyStage,
    ParetoFrontStage,
    RemoveExtraInfoStage,
    Result,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.vocab import InfeasibleError

PARSERS = [WorkloadParserStage, AcceleratorParserStage]
PROPOSED = [SpatialMappingGeneratorStage, LomaStage, CostModelStage]
LAYER = [CompleteSaveStage, MinimalEnergyStage, *PROPOSED]
NETWORK = [WorkloadStage, *LAYER]
LIMITS = {"general_parameter_iterations": {"loma_lpf_limit": [2, 3, 4]}}


class TwoBuffersStage(Stage):
    """Runs what is below on two sizes of the buffer."""

    def __init__(self, list_of_callables: Any, *, accelerator: Any, **kwargs: Any) -> None:
        super().__init__(list_of_callables, accelerator=accelerator, **kwargs)

    def run(self) -> Iterator[Result]:
        for bits in (2048, 8192):
            design = read_accelerator(small.accelerator(sram_bits=bits, name=f"sram {bits}"))
            yield from self.variant({"sram_bits": bits}, accelerator=design)


class OtherAcceleratorStage(Stage):
    """Prices on an accelerator of its own, and says so to nobody."""

    def run(self) -> Iterator[Result]:
        yield from self.substage(accelerator=read_accelerator(small.accelerator(8192, name="another"))).run()


class TwiceStage(Stage):
    """Yields the double of everything."""

    def run(self) -> Iterator[Result]:
        for cme, extra_info in self.substage().run():
            yield cme + cme, extra_info


class WordsStage(Stage):
    """Yields what is no cost-model evaluation."""

    def run(self) -> Iterator[Any]:
        for cme, _ in self.substage().run():
            yield {"said": "nothing", "cme": cme}, None


class BreakStage(Stage):
    """Raises where the second layer comes."""

    def run(self) -> Iterator[Result]:
        if self.kwargs["layer"].id == 1:
            raise RuntimeError("broken on the way")
        yield from self.substage().run()


KINDS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "standard": ([*PARSERS, SumStage, *NETWORK], {}),
    "iterator": ([*PARSERS, GeneralParameterIteratorStage, SumStage, *NETWORK], LIMITS),
    "chosen": ([*PARSERS, MinimalEnergyStage, GeneralParameterIteratorStage, SumStage, *NETWORK], LIMITS),
    "summed": ([*PARSERS, SumStage, GeneralParameterIteratorStage, *NETWORK], LIMITS),
    "nested": (
        [*PARSERS, GeneralParameterIteratorStage, TwoBuffersStage, SumStage, *NETWORK],
        {"general_parameter_iterations": {"loma_lpf_limit": [2, 3]}},
    ),
    "cached": ([*PARSERS, GeneralParameterIteratorStage, SumStage, WorkloadStage, CacheStage, *LAYER], LIMITS),
    "by layer": (
        [*PARSERS, SumStage, WorkloadStage, MinimalEnergyStage, GeneralParameterIteratorStage, *LAYER],
        LIMITS,
    ),
    "variants": ([*PARSERS, TwoBuffersStage, SumStage, *NETWORK], {}),
    "designs": (
        [HardwareSearchStage, *PARSERS, SumStage, *NETWORK],
        {"hardware_parameters": {"memories.sram.size": [2048, 8192]}},
    ),
    "infeasible child": (
        [GeneralParameterIteratorStage, *PARSERS, SumStage, *NETWORK],
        {
            "general_parameter_iterations": {
                "accelerator": [small.accelerator(name="roomy"), small.accelerator(16, 16, name="tight")]
            },
            "skip_infeasible": True,
        },
    ),
    "infeasible": (
        [GeneralParameterIteratorStage, *PARSERS, SumStage, *NETWORK],
        {"general_parameter_iterations": {"accelerator": [small.accelerator(), small.accelerator(16, 16)]}},
    ),
    "failed": ([*PARSERS, SumStage, WorkloadStage, CompleteSaveStage, BreakStage, *LAYER[1:]], {}),
    "fronts": ([*PARSERS, WorkloadStage, ParetoFrontStage, *PROPOSED], {"loma_lpf_limit": 4}),
    "listed": ([*PARSERS, ListifyStage, SumStage, *NETWORK], {}),
    "stripped": ([*PARSERS, RemoveExtraInfoStage, SumStage, *NETWORK], {}),
    "thousand": ([*PARSERS, WorkloadStage, CompleteSaveStage, *PROPOSED], {"loma_lpf_limit": 4}),
    "another": ([*PARSERS, SumStage, WorkloadStage, OtherAcceleratorStage, *LAYER], {}),
    "twice": ([*PARSERS, TwiceStage, SumStage, *NETWORK], {}),
    "words": ([*PARSERS, WordsStage, SumStage, *NETWORK], {}),
}
"""Name of a run -> its stages and keywords."""


def recorded(folder: Path, *kinds: str, url: str = "", **more: Any) -> tuple[str, dict[str, str]]:
    """The URL of a database with runs of these kinds, of all by default, and their ids."""
    url, ids = url or f"sqlite:///{folder / 'kinds.db'}", {}
    for kind in kinds or KINDS:
        stages, keywords = KINDS[kind]
        given = {"loma_lpf_limit": 2, **small.written(folder), **keywords, **more}
        for name in given.get("general_parameter_iterations", ()):
            given.pop(name, None)
        main = MainStage(stages, **{"store": url, "run_name": kind, "mlflow": "off", **given})
        with suppress(InfeasibleError, RuntimeError):
            main.run()
        ids[kind] = str(main.run_id)
    return url, ids
