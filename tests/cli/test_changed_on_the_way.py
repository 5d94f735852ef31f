"""Runs whose stages changed the accelerator: what needs the accelerator says why it cannot, all else works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.recorded import ask
from tests.stages.small import written
from zigzag_lab import MainStage, Stage, api
from zigzag_lab.api.pipeline import standard_stages

REASON = "the pipeline changed them on the way"


class DearerMemoriesStage(Stage):
    """Hands on an accelerator whose memories cost twice as much to read."""

    def run(self) -> Any:
        accelerator = self.kwargs["accelerator"]
        memories = tuple(replace(m, read_cost_pj=2 * m.read_cost_pj) for m in accelerator.memories)
        changed = replace(accelerator, memories=memories)
        yield from self.list_of_callables[0](
            self.list_of_callables[1:], **{**self.kwargs, "accelerator": changed}
        ).run()


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The URL of a database, and its run."""
    folder = tmp_path_factory.mktemp("changed")
    request = api.RunRequest(**written(folder), lpf_limit=2)
    stages = [*standard_stages(request.workload, api.objective_of("latency"), "loma", exploit_locality=False)]
    names = [stage.__name__ for stage in stages]
    stages.insert(names.index("AcceleratorParserStage") + 1, DearerMemoriesStage)
    url = f"sqlite:///{folder / 'lab.db'}"
    main = MainStage(stages, store=url, mlflow="off", cache=False, **request.keywords())
    main.run()
    return url, str(main.run_id)


@pytest.mark.parametrize("words", [("explain",), ("plot", "energy"), ("plot", "roofline")])
def test_it_is_refused_in_words(changed: tuple[str, str], words: tuple[str, ...], tmp_path: Path) -> None:
    url, run_id = changed
    more = ("-o", str(tmp_path / "picture.png")) if words[0] == "plot" else ()
    answer = ask(*words, run_id, *more, database=url)
    assert answer.exit_code == 2
    assert REASON in answer.stderr
    assert "zigzag-lab show" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_report_says_so_and_shows_the_rest(changed: tuple[str, str], tmp_path: Path) -> None:
    url, run_id = changed
    path = tmp_path / "report.html"
    assert ask("report", run_id, "-o", str(path), database=url).exit_code == 0
    assert REASON in path.read_text(encoding="utf-8")
    assert ask("show", run_id, database=url).exit_code == 0
