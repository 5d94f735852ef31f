"""Makes a database of today's schema that holds some of everything: ``python -m tests.store.released_sample``.

Run it when a schema is released, before the next revision is written, and commit the file: ``released/NNNN.db`` is a
database as the program of schema NNNN wrote it, and ``test_released.py`` opens each of them in every later version.
It refuses to replace a file: what an older program wrote cannot be made again by a newer one. (To make that of an
older schema, run this in a checkout of its time.)

It holds runs of one network on one accelerator by experiment: ``released`` (LOMA for latency and for energy),
``released-exact`` (certificates), ``released-fronts``, ``released-sweep`` (two of four points are infeasible),
``released-lists`` (save stages without a sum, combinations as child runs, a run that fails), and ``imported`` (files).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.api.own_stages import RaisingStage
from tests.stages.small import written
from zigzag_lab import MainStage
from zigzag_lab.api import RunRequest, run
from zigzag_lab.api.front import search_front
from zigzag_lab.api.importing import import_dumps
from zigzag_lab.api.sweep import run_sweep
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CompleteSaveStage,
    CostModelStage,
    GeneralParameterIteratorStage,
    LomaStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.store.schema import HEAD
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.sweeps.running import Progress
from zigzag_lab.vocab.names import Objective

FOLDER = Path(__file__).parent / "released"
SWEEP = {
    "name": "released-sweep",
    "workloads": ["workload.yaml"],
    "accelerators": ["accelerator.yaml"],
    "mappings": ["mapping.yaml"],
    "options": {"lpf_limit": 3, "objective": "energy"},
    "space": {"accelerator.memories.sram.size": [2048, 4096], "accelerator.memories.dram.size": [8, 10**9]},
}


class _Silent:
    """Receives the progress of a sweep, and shows nothing."""

    def progressed(self, progress: Progress) -> None:
        """Ignore stored points."""

    def is_stopped(self) -> bool:
        """Never stop."""
        return False


def make(file: Path, folder: Path) -> None:
    """Write the database into a file; inputs and dumps go into a folder."""
    url = str(DatabaseUrl.parse(f"sqlite:///{file}"))
    files: Any = written(folder)
    given = {"store": url, "mlflow": "off"}
    dumps = folder / "dumped"
    for objective in (Objective.LATENCY, Objective.ENERGY):
        folder_of_dumps = dumps if objective is Objective.LATENCY else None
        request = RunRequest(**files, objective=objective, lpf_limit=3, dump_folder=folder_of_dumps)
        run(request, experiment="released", **given)
    run(RunRequest(**files, objective=Objective.ENERGY, search="exact"), experiment="released-exact", **given)
    search_front(RunRequest(**files), store=url, experiment="released-fronts")
    (folder / "sweep.yaml").write_text(yaml.safe_dump(SWEEP, sort_keys=False), encoding="utf-8")
    run_sweep(folder / "sweep.yaml", store=url, n_workers=1, listener=_Silent())
    _record_lists(files, given)
    import_dumps([dumps], database=url)


def _record_lists(files: dict[str, str], given: dict[str, str]) -> None:
    """Record runs of lists of stages: of several results, of combinations, and one that fails."""
    head, tail = (WorkloadParserStage, AcceleratorParserStage), (CompleteSaveStage, MinimalLatencyStage)
    search = (SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage)
    tried = {"general_parameter_iterations": {("loma_lpf_limit", "nb_mappings_generated"): [(2, 1), (3, 2)]}}
    for stages, more in (
        ([*head, WorkloadStage, *tail, *search], {}),
        ([*head, SumStage, GeneralParameterIteratorStage, WorkloadStage, *tail, *search], tried),
        ([*head, SumStage, RaisingStage, WorkloadStage, *tail, *search], {}),
    ):
        keywords: Any = {**files, **given, "loma_lpf_limit": 3, "experiment": "released-lists", **more}
        with suppress(ValueError):  # of RaisingStage
            MainStage(stages, **keywords).run()


def main() -> None:
    """Write the sample of today's schema, if there is none."""
    file = FOLDER / f"{HEAD}.db"
    if file.exists():
        sys.exit(f"{file} is there: it is of the time of its schema, and stays")
    os.environ["MLFLOW_TRACKING_URI"] = "off"
    with TemporaryDirectory() as folder:
        made = Path(folder) / "lab.db"
        make(made, Path(folder))
        assert not made.with_name("lab.db-wal").exists(), "rows are still in the write-ahead log"
        file.write_bytes(made.read_bytes())
    print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
