"""SALSA as a stage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    SalsaStage,
    SearchTally,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError

FEW = {"salsa_iteration_number": 40, "salsa_number_of_core": 4, "nb_mappings_generated": 1}
SCRIPT = """
import sys
from zigzag_lab.stages import *
from zigzag_lab.stages.pipeline import Pipeline as MainStage
stages = [WorkloadParserStage, AcceleratorParserStage, SumStage, WorkloadStage, MinimalEnergyStage,
          SpatialMappingGeneratorStage, MinimalEnergyStage, SalsaStage, CostModelStage]
((total, layers),) = MainStage(stages, workload=sys.argv[1], accelerator=sys.argv[2], mapping=sys.argv[3],
    salsa_iteration_number=40, salsa_number_of_core=4, nb_mappings_generated=1, seed=5).run()
print(total.energy_total, [str(cme.temporal_mapping) for cme, _ in layers])
"""


def run(folder: Path, engine: Any = SalsaStage, reduction: Any = MinimalEnergyStage, **keywords: Any) -> Any:
    listed = [
        WorkloadParserStage,
        AcceleratorParserStage,
        SumStage,
        WorkloadStage,
        reduction,
        SpatialMappingGeneratorStage,
        reduction,
        engine,
        CostModelStage,
    ]
    files = small.written(folder, **({"mapping": keywords.pop("mapping")} if "mapping" in keywords else {}))
    ((total, layers),) = MainStage(listed, **files, **keywords).run()
    return total, [cme for cme, _ in layers]


@pytest.mark.parametrize(
    ("reduction", "criterion"),
    [(MinimalEnergyStage, "energy"), (MinimalLatencyStage, "latency"), (MinimalEDPStage, "EDP")],
)
def test_it_minimises_each_objective_as_far_as_a_short_loma(tmp_path: Path, reduction: Any, criterion: str) -> None:
    salsa, _ = run(tmp_path, reduction=reduction, salsa_opt_criterion=criterion, **FEW)
    loma, _ = run(tmp_path, LomaStage, reduction, loma_lpf_limit=6, nb_mappings_generated=1)
    value = {"energy": "energy_total", "latency": "latency_total2", "EDP": "edp_pj_cycles"}[criterion]
    assert getattr(salsa, value) <= getattr(loma, value) * (1 + 1e-9)


@pytest.mark.parametrize("hash_seed", ["0", "2"])
def test_equal_seeds_give_equal_results_in_any_process(tmp_path: Path, hash_seed: str) -> None:
    """Also where the hints of a mapping file leave the choice between two loops that fill the array alike."""
    hinted = small.mapping(spatial_mapping_hint={"D1": ["OY", "K"], "D2": ["C"]})
    files = small.written(tmp_path, mapping=hinted)
    command = [sys.executable, "-c", SCRIPT, files["workload"], files["accelerator"], files["mapping"]]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    total, layers = run(tmp_path, seed=5, mapping=hinted, **FEW)
    assert printed.strip() == f"{total.energy_total} {[str(cme.temporal_mapping) for cme in layers]}"


def test_mappings_are_counted_and_identical_layers_searched_once(tmp_path: Path) -> None:
    tally = SearchTally()
    _, layers = run(tmp_path, tally=tally, **FEW)
    assert tally.n_reused == 1
    assert tally.n_mappings_evaluated > 40
    assert str(layers[0].temporal_mapping) == str(layers[2].temporal_mapping)


def test_an_unknown_objective_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="salsa_opt_criterion"):
        run(tmp_path, salsa_opt_criterion="area", **FEW)
