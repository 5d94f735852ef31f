"""One case: sound inputs of a run, one of them spoilt, and options drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.fuzz import onnx_mutations, seeds, yaml_mutations
from tests.fuzz.more_cases import MAKERS, MoreCase
from zigzag_lab.api import RunRequest, run
from zigzag_lab.inputs import read_any_workload
from zigzag_lab.vocab import InfeasibleError, InputError, Objective, TemporalMappingType
from zigzag_lab.workload import Workload

KINDS = ("accelerator", "mapping", "workload", "onnx", *MAKERS)
_MOST_LAYERS = 6
_MOST_LOOPS = 6
"""All orders of more loops take longer than a fuzzer should; such layers are read only."""
_PLAIN_MAPPING = [{"name": "default", "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"}}]


@dataclass(frozen=True)
class Case:
    """Files of a run, and its options.

    Attributes:
        kind: what was spoilt.
        files: accelerator, mapping and workload.
        options: of the request.
    """

    kind: str
    files: dict[str, Path]
    options: dict[str, Any]

    @property
    def shown(self) -> str:
        """Its options and the spoilt file."""
        spoilt = self.files["workload" if self.kind == "onnx" else self.kind]
        return f"{self.options}\n{spoilt.read_bytes().decode(errors='replace')}"

    def run(self) -> str:
        """Run it: ``priced``, ``refused`` or ``infeasible``; any other end is a fault that passes through."""
        try:
            if not _is_small(read_any_workload(self.files["workload"], price_all=self.options["price_all"])):
                return "read only"
            outcome = run(RunRequest(**self.files, **self.options), store=None, mlflow="off")
        except InputError:
            return "refused"
        except InfeasibleError:
            return "infeasible"
        for cme in (outcome.total, *outcome.layers):
            if not (isfinite(cme.energy_total) and cme.energy_total >= 0 and cme.latency_total2 >= 0):
                raise ValueError(f"a price of {cme.energy_total} pJ, {cme.latency_total2} cycles")
        return "priced"


def _is_small(workload: Workload) -> bool:
    n_loops = [sum(size > 1 for size in layer.loop_sizes.values()) for layer in workload.layers]
    return len(n_loops) <= _MOST_LAYERS and max(n_loops, default=0) <= _MOST_LOOPS


def made(number: int, folder: Path, kinds: Sequence[str] = KINDS) -> Case | MoreCase:
    """The case of a number, always the same, with its files in a folder.

    Args:
        number: of the case.
        folder: for its files.
        kinds: one of which it is of.
    """
    random = Random(number)
    kind = random.choice(kinds)
    if kind in MAKERS:
        return MAKERS[kind](random, folder)
    files = {name: folder / f"{name}.yaml" for name in ("accelerator", "mapping", "workload")}
    for name, document in _sound(kind, random).items():
        text = yaml_mutations.spoil(document, random) if name == kind else yaml.safe_dump(document, sort_keys=False)
        files[name].write_bytes(text.encode("utf-8", "surrogatepass"))
    if kind == "onnx":
        files["workload"] = folder / "workload.onnx"
        files["workload"].write_bytes(onnx_mutations.spoil(random.choice(seeds.models()), random))
    return Case(kind, files, _options(kind, random))


def _sound(kind: str, random: Random) -> dict[str, Any]:
    """A document of each kind that fits the others, or nearly does."""
    return {
        "accelerator": random.choice(seeds.accelerators()),
        "mapping": random.choice(seeds.mappings()) if kind == "mapping" else _PLAIN_MAPPING,
        "workload": random.choice(seeds.workloads()) if kind == "workload" else seeds.small_network(),
    }


def _options(kind: str, random: Random) -> dict[str, Any]:
    search = random.choices(("loma", "exact"), (8, 1))[0]  # SALSA takes minutes by design
    return {
        "objective": random.choice(list(Objective)),
        "temporal_mapping_type": random.choice(list(TemporalMappingType)),
        "lpf_limit": random.choice((1, 3, 4)),
        "n_spatial_mappings": random.choice((1, 2)),
        "search": search,
        "time_limit": 0.5,
        "mix_spatial": random.random() < 0.2,
        "exploit_locality": random.random() < 0.3,
        "price_all": kind == "onnx" and random.random() < 0.3,
    }
