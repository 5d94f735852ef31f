"""What a run leaves out is said wherever it is told of: where it ends, explained, reported, and in MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from zigzag_lab.api import Lab, RunRequest, run
from zigzag_lab.api.plot import explain_run
from zigzag_lab.reports.page import report_content
from zigzag_lab.store.full_run import read_run
from zigzag_lab.tracking.content import content_of


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[str, str]:
    nodes = [node("Relu", "x", "r"), node("Mystery", "r", "m", domain="far"), node("MatMul", "r w", "y")]
    model = made.model(nodes, {"x": [2, 6]}, {"w": [6, 4]})
    model.opset_import.append(made.opset(1, "far"))
    path, url = tmp_path / "net.onnx", f"sqlite:///{tmp_path / 'lab.db'}"
    path.write_bytes(model.SerializeToString())
    outcome = run(RunRequest(path, "tpu_like", "tpu_like", lpf_limit=2), store=url, mlflow="off")
    assert outcome.coverage is not None
    assert outcome.coverage.sentence() == sentence(outcome.coverage.n_operations)
    return url, outcome.run_id or ""


def sentence(n_macs: int) -> str:
    share = f"{12 / (12 + n_macs):.2%}"
    return f"{share} of the operations are free: Relu {share} (1); not counted: Mystery (1)"


def test_it_is_named_everywhere(recorded: tuple[str, str]) -> None:
    url, run_id = recorded
    expected = sentence(2 * 6 * 4)
    with Lab(url) as lab:
        record = lab.run(run_id)
        last = explain_run(lab, record).claims[-2]
        assert (last.topic, last.text) == ("left out", f"{expected}.")
        (detail,) = report_content(lab, [record])["details"]
        assert detail["claims"][-2]["text"] == f"{expected}."
        tags = content_of(read_run(lab.store.database, run_id), url, str).tags
        assert tags["zl.left_out"] == expected
