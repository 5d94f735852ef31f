"""Runs to publish, and MLflow's own words on what it was told."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.store.prices import network_of, total_of
from zigzag_lab.store import RunInput, RunStart, Store, Totals
from zigzag_lab.store.codec import rows_of
from zigzag_lab.store.row_batch import RowBatch
from zigzag_lab.store.sweep_points import PointRow, PricedPoint, open_sweep
from zigzag_lab.tracking.places import sqlite_uri
from zigzag_lab.tracking.tracker import quiet_mlflow

OPTIONS = {
    "lpf_limit": 6,
    "n_spatial_mappings": None,
    "temporal_mapping_type": "uneven",
    "mix_spatial": False,
    "seed": None,
    "dump_folder": "/somewhere",
    "input_shapes": {"x": [1, 3]},
}
NETWORK = network_of(1, 2, 3)
TOTAL = total_of(NETWORK)


@dataclass(frozen=True)
class Place:
    """A folder with our database and MLflow's."""

    folder: Path
    store: Store

    @property
    def uri(self) -> str:
        """MLflow's database, beside ours."""
        return sqlite_uri(self.folder / "mlflow.db")


def finished_run(store: Store, **start: Any) -> str:
    """A finished run of three layers; its id."""
    start = {"experiment": "try", "options": OPTIONS, "tags": {"team": "blue"}, "inputs": inputs()} | start
    with store.start_run(RunStart(**start)) as run:
        for cme in NETWORK:
            run.save(cme)
        run.finish(TOTAL, Totals(n_mappings_evaluated=1234, cache_hits=1, cache_misses=2))
    return run.run_id


def failed_run(store: Store, error: Exception, **start: Any) -> str:
    """A run that failed after its first layer; its id."""
    run = store.start_run(RunStart(**({"experiment": "try", "inputs": inputs()} | start)))
    run.save(NETWORK[0])
    try:
        raise error
    except type(error) as caught:
        run.fail(caught)
    return run.run_id


def inputs() -> tuple[RunInput, ...]:
    """An accelerator from a file, and a workload that is only a name here."""
    accelerator = RunInput.of(NETWORK[0].accelerator, name="small | array", file_name="small.yaml", source=b"name: x")
    return accelerator, RunInput("workload", "tiny net", "ab" * 32, b'{"layers":[1]}')


def mlflow_runs(uri: str, experiment: str = "try") -> list[Any]:
    """What MLflow's client says of the runs of an experiment."""
    with quiet_mlflow(), closing_client(uri) as client:
        found = client.get_experiment_by_name(experiment)
        return [] if found is None else list(client.search_runs([found.experiment_id]))


def history(uri: str, mlflow_id: str, key: str) -> list[tuple[int, float]]:
    """The steps and values of a metric, as MLflow's client gives them."""
    with quiet_mlflow(), closing_client(uri) as client:
        return [(m.step, m.value) for m in client.get_metric_history(mlflow_id, key)]


class closing_client(closing):  # noqa: N801
    """MLflow's client, its connections closed afterwards."""

    def __init__(self, uri: str) -> None:
        from mlflow.tracking.client import MlflowClient

        self.client = MlflowClient(tracking_uri=uri)

    def __enter__(self) -> Any:
        return self.client

    def __exit__(self, *_: object) -> None:
        engine = getattr(self.client._tracking_client.store, "engine", None)
        if engine is not None:
            engine.dispose()


SIZE = "accelerator.memories.sram.size"
SWEEP_TEXT = f"""
name: sizes
question: Which <size> is best?
space:
  {SIZE}: [8192, 16384, 32768, 65536]
  shape: [[4, 4], [8, 2]]
derived: {{when used: "1"}}
"""


def swept(store: Store, n: int = 6, name: str = "sizes", text: str = SWEEP_TEXT) -> list[str]:
    """A sweep of so many points of the three layers, each at another price; the last one is infeasible. Their runs."""
    record = open_sweep(store, name, "energy", n, {"file": "experiment.yaml", "text": text})
    settings = [{SIZE: 8192 << (i % 4), "shape": [4, 4] if i < 4 else [8, 2]} for i in range(n)]
    record.claim([PointRow(f"key {i}", "tiny net", "small", "m", said) for i, said in enumerate(settings)], {})
    record.record([_priced(f"key {i}", i) for i in range(n - 1)])
    record.record([PricedPoint(f"key {n - 1}", "infeasible", {"seconds": 0.5}, {}, inputs(), reason="no room")])
    rows = store.database.select("SELECT r.id FROM zl_run r WHERE r.name <> 'x' ORDER BY r.number").rows
    return [run_id for (run_id,) in rows][-n:]


def _priced(key: str, i: int) -> PricedPoint:
    """A point whose energy falls and whose latency rises with its number."""
    rows = [rows_of(cme, 0, place, f"layer {place}") for place, cme in enumerate(NETWORK)]
    energy, latency = TOTAL.energy_total / (i + 3), TOTAL.latency_total2 * (i + 1) / 7
    figures = {"energy_pj": energy, "latency_cycles": latency, "edp_pj_cycles": energy * latency, "seconds": 0.25}
    return PricedPoint(
        *(key, "finished", figures, OPTIONS, inputs(), RowBatch.of(rows)),
        area_mm2=0.1 * (i + 1),
        utilisation=0.5,
    )
