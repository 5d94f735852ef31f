"""What ``MainStage`` is told about a run is what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stages import small
from zigzag_lab.api import Lab, MainStage
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    Result,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.vocab import InfeasibleError, InputError

PARSERS = [WorkloadParserStage, AcceleratorParserStage]
LISTED = [
    *PARSERS,
    SumStage,
    WorkloadStage,
    MinimalEnergyStage,
    SpatialMappingGeneratorStage,
    LomaStage,
    CostModelStage,
]


def main_stage(folder: Path, **told: Any) -> MainStage:
    return MainStage(LISTED, **{"loma_lpf_limit": 2, "mlflow": "off", **small.written(folder), **told})


def test_experiment_name_and_tags_are_recorded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    told = main_stage(tmp_path, store=url, experiment="buffers", run_name="third try", tags={"chip": "A"})
    plain = main_stage(tmp_path, store=url)
    for main in (told, plain):
        main.run()
    assert (told.cache_figures.hits, told.published) == (0, None)  # type: ignore[union-attr]
    with Lab(url) as lab:
        (run,) = lab.runs(experiment="buffers")
        assert (run.run_id, run.name, run.status) == (told.run_id, "third try", "finished")
        assert [found.run_id for found in lab.runs(tags={"chip": "A"})] == [told.run_id]
        assert [found.run_id for found in lab.runs(experiment="default")] == [plain.run_id]


def test_records_that_were_read_before_keep_the_name_of_their_file(tmp_path: Path) -> None:
    """A record says nothing of where it was read; ``sources`` does."""
    files = small.written(tmp_path)
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    named = {"sources": {"accelerator": files["accelerator"]}}
    asked = "SELECT file_name FROM zl_run_input WHERE kind = 'accelerator' ORDER BY run_number"
    for told in (named, {}):
        main_stage(tmp_path, store=url, accelerator=read_accelerator(files["accelerator"]), **told).run()
    with Lab(url) as lab:
        assert lab.sql(asked).rows == [(files["accelerator"],), (None,)]


def test_what_stages_of_the_user_choose_is_not_called_least_latency(tmp_path: Path) -> None:
    class LeastMemoryEnergyStage(Stage):
        def run(self) -> Iterator[Result]:
            yield min(self.substage().run(), key=lambda result: result[0].mem_energy)

    url = f"sqlite:///{tmp_path / 'lab.db'}"
    listed = [LeastMemoryEnergyStage if stage is MinimalEnergyStage else stage for stage in LISTED]
    MainStage(listed, store=url, mlflow="off", loma_lpf_limit=2, **small.written(tmp_path)).run()
    main_stage(tmp_path, store=url).run()
    with Lab(url) as lab:
        assert [(run.objective, run.aim) for run in lab.runs()] == [
            ("energy", "best energy"),
            ("none", "by its own stages"),
        ]


def test_a_run_that_fails_says_which_it_is_and_is_published(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("no database, whatever its name")
    main = main_stage(tmp_path, mlflow=f"sqlite:///{tmp_path / 'broken.db'}")
    small.written(tmp_path, accelerator=small.accelerator(sram_bits=16, dram_bits=16))
    with pytest.raises(InfeasibleError) as told:
        main.run()
    assert told.value.run_id == main.run_id is not None
    assert [failure.run_id for failure in main.published.failures] == [main.run_id]  # type: ignore[union-attr]


def test_no_tracking_uri_is_refused_before_anything_runs(tmp_path: Path) -> None:
    main = main_stage(tmp_path, mlflow="nowhere")
    with pytest.raises(InputError, match="expected a tracking URI"):
        main.run()
    assert main.run_id is None


def test_without_a_store_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main = main_stage(tmp_path, store=None)
    ((total, _),) = main.run()
    assert total.energy_total > 0
    assert (main.run_id, main.cache_figures) == (None, None)
    assert {path.suffix for path in tmp_path.iterdir()} == {".yaml"}
