"""A database with two runs of small networks, and asking it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from tests.stages.small import written
from zigzag_lab import api
from zigzag_lab.cli import main


def ask(*words: str, database: str | None = None) -> Result:
    return CliRunner().invoke(main, [*words, *(["--db", database] if database else [])], prog_name="zigzag-lab")


def two_runs(folder: Path) -> tuple[str, list[str]]:
    """The URL of a new database, and the ids of its runs in order."""
    url, paths = f"sqlite:///{folder / 'two.db'}", written(folder)
    ids = []
    for objective, experiment in ((api.objective_of("latency"), "first"), (api.objective_of("energy"), "second")):
        request = api.RunRequest(**paths, objective=objective, lpf_limit=3)
        outcome = api.run(request, store=url, experiment=experiment, tags={"for": experiment}, mlflow="off")
        ids.append(str(outcome.run_id))
    return url, ids
