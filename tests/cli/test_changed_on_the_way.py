"""Runs whose stages changed what they were given: an accelerator is on record with the layers, a layer is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.recorded import ask
from tests.stages.small import written
from zigzag_lab import MainStage, Stage, api
from zigzag_lab.api.pipeline import standard_stages
from zigzag_lab.store import Lab
from zigzag_lab.store.priced import priced_run

REASON = "the pipeline changed them on the way"


class DearerMemoriesStage(Stage):
    """Hands on an accelerator whose memories cost twice as much to read."""

    def run(self) -> Any:
        accelerator = self.kwargs["accelerator"]
        memories = tuple(replace(m, read_cost_pj=2 * m.read_cost_pj) for m in accelerator.memories)
        yield from self.substage(accelerator=replace(accelerator, memories=memories)).run()


class LargerBatchStage(Stage):
    """Hands on a layer of twice as many inputs."""

    def run(self) -> Any:
        layer = self.kwargs["layer"]
        sizes = {**layer.loop_sizes, "B": 2 * layer.loop_sizes["B"]}
        yield from self.substage(layer=replace(layer, loop_sizes=sizes)).run()


def recorded(folder: Path, stage: type[Stage], below: str) -> tuple[str, str]:
    """The URL of a database, and its run, in whose list a stage stands below another."""
    request = api.RunRequest(**written(folder), lpf_limit=2)
    stages = [*standard_stages(request.workload, api.objective_of("latency"), "loma", exploit_locality=False)]
    names = [stage.__name__ for stage in stages]
    stages.insert(names.index(below) + 1, stage)
    url = f"sqlite:///{folder / 'lab.db'}"
    main = MainStage(stages, store=url, mlflow="off", cache=False, **request.keywords())
    main.run()
    return url, str(main.run_id)


@pytest.fixture(scope="module")
def other_accelerator(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return recorded(tmp_path_factory.mktemp("accelerator"), DearerMemoriesStage, "AcceleratorParserStage")


@pytest.fixture(scope="module")
def other_layers(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return recorded(tmp_path_factory.mktemp("layers"), LargerBatchStage, "WorkloadStage")


@pytest.mark.parametrize("words", [("explain",), ("plot", "energy"), ("plot", "roofline")])
def test_an_accelerator_of_the_pipeline_is_on_record(
    other_accelerator: tuple[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    url, run_id = other_accelerator
    more = ("-o", str(tmp_path / "picture.png")) if words[0] == "plot" else ()
    answer = ask(*words, run_id, *more, database=url)
    assert answer.exit_code == 0, answer.stderr
    with Lab(url) as lab:
        priced, run = priced_run(lab, run_id), lab.run(run_id)
        own = lab.inputs(run_id)["accelerator"][1]
    assert sum(cme.energy_total for cme in priced.cmes) == pytest.approx(run.energy_pj, rel=1e-12)
    whole = {memory["name"]: memory["read_cost_pj"] for memory in own["memories"]}
    assert {m.name: m.read_cost_pj for m in priced.accelerator.memories} == {n: 2 * pj for n, pj in whole.items()}


@pytest.mark.parametrize("words", [("explain",), ("plot", "energy"), ("plot", "roofline")])
def test_other_layers_are_refused_in_words(
    other_layers: tuple[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    url, run_id = other_layers
    more = ("-o", str(tmp_path / "picture.png")) if words[0] == "plot" else ()
    answer = ask(*words, run_id, *more, database=url)
    assert answer.exit_code == 2
    assert REASON in answer.stderr
    assert "zigzag-lab show" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_report_says_so_and_shows_the_rest(other_layers: tuple[str, str], tmp_path: Path) -> None:
    url, run_id = other_layers
    path = tmp_path / "report.html"
    assert ask("report", run_id, "-o", str(path), database=url).exit_code == 0
    assert REASON in path.read_text(encoding="utf-8")
    assert ask("show", run_id, database=url).exit_code == 0
