"""The notebook that comes with the experiments runs from its first cell to its last, and shows what it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).parents[1] / "experiments" / "first-look.ipynb"


def test_it_runs_in_a_kernel_and_shows_tables_and_pictures(tmp_path: Path) -> None:
    target = tmp_path / "done.ipynb"
    command = [sys.executable, "-m", "jupyter", "execute", str(NOTEBOOK), f"--output={target}"]
    environment = {**os.environ, "PYTHONPATH": str(NOTEBOOK.parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    cells = [cell for cell in json.loads(target.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    shown = ["".join(json.dumps(output) for output in cell["outputs"]) for cell in cells]
    promised = {2: "finished", 3: "resnet18", 4: "edge_tpu_like", 5: "operations", 6: "uneven mapping", 8: "energy"}
    assert all("<table" in shown[i] and word in shown[i] for i, word in promised.items())
    assert shown[7].count("<IPython.core.display.SVG object>") == 2


def test_it_is_kept_without_results() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [cell["outputs"] for cell in cells if cell["cell_type"] == "code"] == [[]] * 10
