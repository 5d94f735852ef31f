"""Exact trade-offs of energy and latency: of every layer, and of the network that combines them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zigzag_lab.api.databases import DEFAULT_STORE
from zigzag_lab.store.lab import Lab, RunRecord, StoredPoint
from zigzag_lab.store.row_checks import damaged
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import DEFAULT_EXPERIMENT, TIME_LIMIT

if TYPE_CHECKING:
    from zigzag_lab.api.run import RunRequest
    from zigzag_lab.stages import ProgressListener
    from zigzag_lab.store import Store


@dataclass(frozen=True)
class LayerFront:
    """The front of a layer: its points, energy ascending."""

    index: int
    name: str
    points: tuple[StoredPoint, ...]

    @property
    def is_proven(self) -> bool:
        """Whether no mapping beats or extends it."""
        return all(point.is_proven for point in self.points)


@dataclass(frozen=True)
class NetworkFront:
    """The fronts that a run found, of its layers in order."""

    run: RunRecord
    layers: tuple[LayerFront, ...]

    @cached_property
    def points(self) -> list[tuple[float, float, tuple[int, ...]]]:
        """(energy in pJ, latency in cycles, number of the point taken in each layer), energy ascending."""
        from zigzag_lab.exact.targets import combined

        return combined([[(p.energy_pj, p.latency_cycles) for p in layer.points] for layer in self.layers])

    @property
    def is_proven(self) -> bool:
        """Whether the fronts of all layers are proven, and so that of the network."""
        return all(layer.is_proven for layer in self.layers)

    def as_plain(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return {
            "run_id": self.run.run_id,
            "workload": self.run.workload,
            "accelerator": self.run.accelerator,
            "is_proven": self.is_proven,
            "network": [{"energy_pj": e, "latency_cycles": t, "points": list(chosen)} for e, t, chosen in self.points],
            "layers": [
                {
                    "layer_index": layer.index,
                    "name": layer.name,
                    "is_proven": layer.is_proven,
                    "front": [asdict(p) for p in layer.points],
                }
                for layer in self.layers
            ],
        }


def search_front(
    request: RunRequest,
    *,
    store: str | Store = DEFAULT_STORE,
    experiment: str = DEFAULT_EXPERIMENT,
    tags: Mapping[str, str] | None = None,
    progress: ProgressListener | None = None,
    cache: bool = True,
) -> str:
    """Search the front of every layer, and record them with the run.

    What is asked and the record are those of :func:`zigzag_lab.api.run.run`; of the options those of
    :data:`zigzag_lab.vocab.options.FRONT_OPTIONS` count.

    Returns:
        The id of the run, whose layers are those of the network's least energy-delay product.

    Raises:
        InputError: an input or an option cannot be used.
        InfeasibleError: a layer does not fit the accelerator.
    """
    from zigzag_lab.api.databases import LabMemoryCosts
    from zigzag_lab.api.main_stage import MainStage
    from zigzag_lab.api.pipeline import front_stages
    from zigzag_lab.api.run import with_accelerator

    costs = LabMemoryCosts(store)
    concrete = with_accelerator(request, costs)
    main_stage = MainStage(
        front_stages(request.workload, exploit_locality=concrete.keeps_data_on_chip),
        store=store,
        experiment=experiment,
        tags=tags,
        mlflow="off",
        progress=progress,
        cache=cache,
        sources={"accelerator": request.accelerator},
        most_front_points=1,
        memory_costs=costs,
        **concrete.keywords_with(TIME_LIMIT),
    )
    main_stage.run()
    return str(main_stage.run_id)


def recorded_front(lab: Lab, run: RunRecord) -> NetworkFront:
    """The fronts that a run found.

    Raises:
        InputError: it searched for none.
    """
    fronts = lab.fronts(run.run_id)
    if not fronts:
        hint = "'zigzag-lab front --workload W --accelerator A --mapping M' searches for one."
        raise InputError(f"run {run.run_id}", "it has no fronts on record", "a run of 'zigzag-lab front'", hint)
    names = {layer.figures["layer_index"]: layer.name for layer in lab.layers(run.run_id)}
    if missing := fronts.keys() - names.keys():
        raise damaged("zl_front_point", {"layer_index": min(missing)}, f"run {run.run_id} has no such layer")
    return NetworkFront(run, tuple(LayerFront(i, names[i], points) for i, points in fronts.items()))


def plot_front(front: NetworkFront, path: str | Path, layer: LayerFront | None = None) -> Path:
    """Draw the front of the network, or of one of its layers, and save the picture as PNG, SVG or PDF by its suffix.

    Raises:
        InputError: the path is not usable.
    """
    from zigzag_lab.plots.scatter import plot_trade_offs

    points = front.points if layer is None else [(p.energy_pj, p.latency_cycles) for p in layer.points]
    label = f"{front.run.workload} on {front.run.accelerator}"
    proven = front.is_proven if layer is None else layer.is_proven
    title = label if layer is None else f"{layer.name} of {label}"
    return plot_trade_offs([(p[0], p[1]) for p in points], path, title, is_proven=proven)
