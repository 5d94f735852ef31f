"""The example packages below ``tests``, as if they were installed: on the path, with their entry points."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = Path(__file__).parent / "example_plugin"


def install(folder: Path, source: Path = EXAMPLE) -> dict[str, str]:
    """Write what pip would note of a package into a folder, and return the environment of programs that see it."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups))
    path = os.pathsep.join(map(str, (folder, source, ROOT)))
    return {**os.environ, "PYTHONPATH": path, "MLFLOW_TRACKING_URI": "off"}


def command(environment: dict[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    """Run ``zigzag-lab`` there."""
    line = [sys.executable, "-m", "zigzag_lab", *map(str, words)]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
