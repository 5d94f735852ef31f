"""Work in other processes: the same results in the same order, and no hang when something goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from tests.stages.caches import DictCache
from tests.stages.jobs import DyingStage, RaisingStage, SlowFirstStage, StoppingStage
from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.executors import local
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheStage,
    CostModelStage,
    GeneralParameterIteratorStage,
    LomaStage,
    MinimalEnergyStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    SearchTally,
    SimpleSaveStage,
    SpatialMappingGeneratorStage,
    SumStage,
    VisualizationStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InputError, PipelineError, ZigzagLabError

FILES = [WorkloadParserStage, AcceleratorParserStage]
SEARCH = [MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
ENDLESS = """
import sys
from tests.stages.jobs import EndlessStage
from zigzag_lab.stages import *
from zigzag_lab.stages.pipeline import Pipeline as MainStage
if __name__ == "__main__":
    listed = [WorkloadParserStage, AcceleratorParserStage, MultiProcessingGatherStage, WorkloadStage,
              MultiProcessingSpawnStage, EndlessStage, MinimalEnergyStage, SpatialMappingGeneratorStage, LomaStage,
              CostModelStage]
    MainStage(listed, workload=sys.argv[1], accelerator=sys.argv[2], mapping=sys.argv[3], begun=sys.argv[4],
              nb_multiprocessing_threads=1).run()
"""


class Kept:
    """A sink."""

    def __init__(self) -> None:
        self.cmes: list[CostModelEvaluationABC] = []

    def save(self, cme: CostModelEvaluationABC) -> None:
        self.cmes.append(cme)


def parallel(*below: Any) -> list[Any]:
    return [*FILES, MultiProcessingGatherStage, WorkloadStage, MultiProcessingSpawnStage, *below, *SEARCH]


def run(folder: Path, listed: list[Any], **keywords: Any) -> Any:
    keywords.setdefault("loma_lpf_limit", 3)
    return MainStage(listed, **small.written(folder), **keywords).run()


def test_results_are_those_of_one_process_in_its_order(tmp_path: Path) -> None:
    alone = run(tmp_path, [*FILES, WorkloadStage, *SEARCH])
    tally, sink = SearchTally(), Kept()
    listed = parallel(SlowFirstStage, SimpleSaveStage)
    spread = run(tmp_path, listed, nb_multiprocessing_threads=2, tally=tally, sink=sink)
    assert [(cme.energy_total, layer.name) for cme, (layer, _) in spread] == [
        (cme.energy_total, layer.name) for cme, (layer, _) in alone
    ]
    assert [cme.layer_ids for cme in sink.cmes] == [[0], [1], [2]]
    assert tally.n_searches == 3
    assert tally.n_mappings_evaluated > 0


@pytest.mark.parametrize(("stage", "error", "said"), [
    (RaisingStage, RuntimeError, "this layer cannot be"),
    (DyingStage, ZigzagLabError, "a worker process died"),
])  # fmt: skip
def test_a_worker_that_fails_ends_the_run(tmp_path: Path, stage: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        run(tmp_path, parallel(stage), nb_multiprocessing_threads=1)
    if stage is RaisingStage:
        assert "misbehave" in str(caught.value.__cause__)  # the worker's own traceback


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who is stopped")
def test_a_worker_that_stays_stopped_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(local, "STOPPED_SECONDS", 2)
    with pytest.raises(ZigzagLabError, match="somebody may have stopped"):
        run(tmp_path, parallel(StoppingStage), nb_multiprocessing_threads=1)
    assert "was stopped for 2 s: it is ended" in caplog.text


def test_what_cannot_be_sent_is_refused(tmp_path: Path) -> None:
    class Local(SlowFirstStage):
        pass

    with pytest.raises(PipelineError, match="cannot be sent to another process"):
        run(tmp_path, parallel(Local), nb_multiprocessing_threads=1)


def test_spawning_needs_gathering_and_a_number_of_workers(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="MultiProcessingGatherStage"):
        run(tmp_path, [*FILES, WorkloadStage, MultiProcessingSpawnStage, *SEARCH])
    with pytest.raises(InputError, match="nb_multiprocessing_threads"):
        run(tmp_path, parallel(), nb_multiprocessing_threads=0)


def test_layers_write_one_file_together(tmp_path: Path) -> None:
    texts = []
    for name, listed in (
        ("alone", [*FILES, WorkloadStage, VisualizationStage, *SEARCH]),
        ("spread", parallel(VisualizationStage)),
    ):
        run(
            tmp_path,
            listed,
            dump_folder=str(tmp_path / name),
            **({"nb_multiprocessing_threads": 2} if name == "spread" else {}),
        )
        texts.append((tmp_path / name / "loop_ordering.txt").read_text())
    assert texts[0] == texts[1]


def test_combinations_of_keywords_run_side_by_side(tmp_path: Path) -> None:
    below = [*FILES, SumStage, WorkloadStage, *SEARCH]
    limits = {"loma_lpf_limit": [2, 3]}
    given = {"general_parameter_iterations": limits}
    alone = MainStage([GeneralParameterIteratorStage, *below], **small.written(tmp_path), **given).run()
    stages = [MultiProcessingGatherStage, GeneralParameterIteratorStage, MultiProcessingSpawnStage, *below]
    spread = MainStage(stages, **small.written(tmp_path), **given, nb_multiprocessing_threads=2).run()
    assert [(cme.energy_total, said[0]) for cme, said in spread] == [(c.energy_total, said[0]) for c, said in alone]
    assert [said[0] for _, said in spread] == [{"loma_lpf_limit": 2}, {"loma_lpf_limit": 3}]


def test_gathering_without_spawning_hands_results_on(tmp_path: Path) -> None:
    ((total, layers),) = run(tmp_path, [*FILES, MultiProcessingGatherStage, SumStage, WorkloadStage, *SEARCH])
    assert total.energy_total == pytest.approx(sum(cme.energy_total for cme, _ in layers))


def test_gathering_hands_the_cache_down(tmp_path: Path) -> None:
    """Workers reach it by its address (``tests/store/test_cache.py``); what stands between gathers asks it itself."""
    cache = DictCache()
    listed = [*FILES, MultiProcessingGatherStage, SumStage, WorkloadStage, CacheStage, *SEARCH]
    first, again = (run(tmp_path, listed, cache=cache)[0][0] for _ in range(2))
    assert first.energy_total == again.energy_total
    assert {question.label for question in cache.misses} == {"stem", "wide"}
    assert len(cache.hits) > len(cache.misses)


def test_an_interrupt_ends_the_run_and_its_workers(tmp_path: Path) -> None:
    files, begun = small.written(tmp_path), tmp_path / "begun"
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    command = [sys.executable, str(script), files["workload"], files["accelerator"], files["mapping"], str(begun)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert begun.exists()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)  # also waits for workers, which hold the pipe open
        assert process.returncode != 0
        assert "KeyboardInterrupt" in said
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_spawning_hands_its_work_to_whatever_gathers() -> None:
    jobs: list[Any] = []
    stage = MultiProcessingSpawnStage([CostModelStage], multiprocessing_callback=lambda job: jobs.append(job), layer=7)  # type: ignore[func-returns-value, arg-type]
    assert list(stage.run()) == [(None, None)]
    assert [(job.stages, job.kwargs) for job in jobs] == [([CostModelStage], {"layer": 7})]
