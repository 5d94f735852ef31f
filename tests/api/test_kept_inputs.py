from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.recorded import two_runs
from zigzag_lab.api.export import _as_file_name, write_inputs
from zigzag_lab.store import Lab, RunInput, RunStart, open_store
from zigzag_lab.workload import Workload


@pytest.mark.parametrize(
    ("name", "expected"),
    [("/a/b.yaml", "b.yaml"), ("c:\\x\\b.yaml", "b.yaml"), ("../b", "b"), ("..", ""), ("", ""), ("b.yaml", "b.yaml")],
)
def test_names_do_not_lead_out_of_the_folder(name: str, expected: str) -> None:
    assert _as_file_name(name) == expected


def test_an_input_that_came_from_memory_is_written_as_json(tmp_path: Path) -> None:
    database, ids = two_runs(tmp_path)
    with Lab(database) as lab:
        assert all(one.is_original for one in write_inputs(lab, ids[0], tmp_path / "files"))
    with open_store(database) as store, store.start_run(RunStart(inputs=[RunInput.of(Workload("net", ()))])) as run:
        run.fail(ValueError("stopped"))
    with Lab(database) as lab:
        (one,) = write_inputs(lab, run.run_id, tmp_path / "memory")
    assert (one.path, one.is_original) == (tmp_path / "memory" / "workload" / "net.json", False)
    assert json.loads(one.path.read_text())
