"""A database with a run of a small network on an accelerator whose ports are narrow, and its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.stages.small import accelerator, written
from zigzag_lab import api
from zigzag_lab.store.lab import Lab
from zigzag_lab.store.priced import PricedRun, priced_run


def narrow(bits: int, **changes: Any) -> dict[str, Any]:
    """The small accelerator with a DRAM port of so many bits a cycle."""
    data = accelerator(**changes)
    port = data["memories"]["dram"]["ports"][0]
    port["bandwidth_min"] = port["bandwidth_max"] = bits
    return data


def recorded(folder: Path, data: dict[str, Any] | None = None, **options: Any) -> tuple[str, str]:
    """The URL of a database, and the id of a run in it."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'lab.db'}"
    paths = written(folder, accelerator=data or accelerator())
    run = api.run(api.RunRequest(**paths, lpf_limit=3, **options), store=url, mlflow="off")
    return url, str(run.run_id)


def priced(folder: Path, data: dict[str, Any] | None = None, **options: Any) -> PricedRun:
    url, run_id = recorded(folder, data, **options)
    with Lab(url) as lab:
        return priced_run(lab, run_id)
