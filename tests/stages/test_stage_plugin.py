"""An installed package adds a stage by its name, without a change of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import plugins
from tests.stages.small import layer, written

SCRIPT = """
import sys
from zigzag_lab import MainStage
from zigzag_lab.stages import *
from zigzag_lab.stages import RandomStage
from zigzag_lab.stages.spec import spec_of
from zigzag_lab.stages.stage import STAGES

assert STAGES["RandomStage"] is RandomStage and RandomStage not in BUILTIN_STAGES
assert "n_draws" in spec_of(RandomStage).parameters and not spec_of(RandomStage).is_ours
stages = [WorkloadParserStage, AcceleratorParserStage, CompleteSaveStage, WorkloadStage, CacheStage,
          MinimalLatencyStage, SpatialMappingGeneratorStage, MinimalLatencyStage, RandomStage, CostModelStage]
main = MainStage(stages, workload=sys.argv[1], accelerator=sys.argv[2], mapping=sys.argv[3], nb_mappings_generated=1,
                 n_draws=5)
main.run()
print(main.run_id, main.cache_figures.misses, main.cache_figures.hits)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**plugins.install(tmp_path / "site"), "ZIGZAG_LAB_DB": f"sqlite:///{tmp_path / 'lab.db'}"}


def test_it_is_found_by_name_in_lists_and_when_a_run_is_done_again(environment: dict[str, str], tmp_path: Path) -> None:
    files = written(tmp_path, workload=[layer(0, "only", loop_sizes=[1, 4, 4, 2, 1, 1, 3])])
    command = [sys.executable, "-c", SCRIPT, files["workload"], files["accelerator"], files["mapping"]]
    printed = [subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(2)]
    (run_id, *first), (_, *second) = (answer.stdout.split() for answer in printed)
    assert (first, second) == (["1", "0"], ["0", "1"])
    again = plugins.command(environment, "rerun", run_id)
    assert again.returncode == 0, again.stderr
    bare = plugins.command({**environment, "PYTHONPATH": str(plugins.ROOT)}, "rerun", run_id)
    assert bare.returncode == 2
    assert "its stage RandomStage of module zigzag_lab_random is not one of ours" in bare.stderr
