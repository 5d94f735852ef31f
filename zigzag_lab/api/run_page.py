"""All there is to show of a run, or of one of its layers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from zigzag_lab.api.breakdowns import EnergyBreakdown, LatencyBreakdown, energy_of, latency_of
from zigzag_lab.api.loop_nest import as_lines, loop_nest
from zigzag_lab.cost import ProofSummary
from zigzag_lab.mapping.bypass import skipped
from zigzag_lab.store.families import Child, ResultOf, chosen_of, family_of, n_saved, results_of
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer
from zigzag_lab.store.priced import RowDesigns, left_out_of, visited_memories
from zigzag_lab.store.run_questions import input_names
from zigzag_lab.vocab import InputError, nearest


@dataclass(frozen=True)
class RunPage:
    """A run with its layers, and where energy and cycles went.

    Attributes:
        run: its totals.
        details: what was asked, by whom, and what went wrong.
        inputs: kind -> (name, start of the digest, file it came from).
        layers: all of them, or the one that was asked for.
        skips: index of a layer -> (its operand, the memory that it skipped), where it may skip any.
        left_out: index of a layer -> (its operand, a memory that data kept on chip made needless), where there is one.
        family: the runs within it, each followed by those within it.
        results: what it yielded, in order.
        n_saved: how many layer evaluations passed its save stages, and those of the runs within it.
    """

    run: RunRecord
    details: RunDetails
    inputs: dict[str, tuple[str, str, str | None]]
    layers: tuple[StoredLayer, ...]
    skips: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    left_out: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    family: tuple[Child, ...] = ()
    results: tuple[ResultOf, ...] = ()
    n_saved: int = 0

    @property
    def chosen(self) -> list[Child]:
        """The way down to the run within it whose layers are all that it chose; empty where several have a part."""
        return chosen_of(self.family)

    @property
    def energy(self) -> EnergyBreakdown:
        """The energy of the layers by memory and operand."""
        return energy_of(self.layers)

    @property
    def latency(self) -> LatencyBreakdown:
        """The latency of the layers by term."""
        return latency_of(self.layers)

    @property
    def proof(self) -> ProofSummary | None:
        """What exact searches proved of the layers; None where none was run."""
        return ProofSummary.of([layer.certificate for layer in self.layers])

    def as_plain(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        energy, latency, proof = self.energy, self.latency, self.proof
        energies = {"mac": energy.mac_energy_pj, "memories": energy.by_memory}
        return {
            **asdict(self.run),
            **asdict(self.details),
            "inputs": {
                kind: {"name": name, "digest": digest, "file": file}
                for kind, (name, digest, file) in self.inputs.items()
            },
            "energy_breakdown_pj": None if self.run.has_no_total else energies,
            "latency_breakdown_cycles": None if self.run.has_no_total else latency.terms,
            **({} if proof is None else {"proof": proof.as_dict()}),
            "n_saved": self.n_saved,
            "chosen": [child.run.run_id for child in self.chosen],
            "children": [
                {**asdict(child.run), "depth": child.depth, "n_chosen_by_parent": child.n_chosen}
                for child in self.family
            ],
            "results": [
                {**asdict(one.result), "layers": one.layers, "child_run_id": one.child} for one in self.results
            ],
            "layers": [self._plain_layer(layer) for layer in self.layers],
        }

    def _plain_layer(self, layer: StoredLayer) -> dict[str, Any]:
        pairs = {"skips": self.skips, "memories_left_out": self.left_out}
        return _plain_layer(layer) | {
            name: [{"operand": op, "memory": memory} for op, memory in of_layers[layer.layer_index]]
            for name, of_layers in pairs.items()
            if layer.layer_index in of_layers
        }


def _plain_layer(layer: StoredLayer) -> dict[str, Any]:
    nests = {operand or "all": as_lines(nest) for operand, nest in loop_nest(layer).items()}
    hidden = ("run_number", "layer_digest", "mapping_digest", "name", "layer_index", "layer_id", "memories_left_out")
    return {
        "layer_index": layer.layer_index,
        "layer_id": layer.layer_id,
        "name": layer.name,
        **{name: value for name, value in layer.figures.items() if name not in hidden},
        "spatial_mapping": layer.spatial_mapping,
        "mapping": layer.mapping,
        **({} if layer.certificate is None else {"certificate": layer.certificate.as_dict()}),
        **({} if layer.times == 1 else {"times": layer.times}),
        "loops": nests,
        "memories": [asdict(level) for level in layer.memories],
    }


def run_page(lab: Lab, run: RunRecord, layer: str | None = None) -> RunPage:
    """A run as a page.

    Args:
        lab: the database.
        run: the run.
        layer: the name, a part of the name, or the index of the only layer to show.

    Raises:
        InputError: no layer, or several, are called so.
    """
    layers = lab.layers(run.run_id)
    if layer is not None:
        layers = [layer_called(layer, layers, run.run_id)]
    designs = RowDesigns(lab)
    return RunPage(
        run,
        lab.details(run.run_id),
        _inputs(lab, run.run_id),
        tuple(layers),
        _skips(designs, layers),
        _left_out(designs, layers),
        tuple(family_of(lab, run)),
        tuple(results_of(lab, run)),
        n_saved(lab, run),
    )


def _skips(designs: RowDesigns, layers: list[StoredLayer]) -> dict[int, list[tuple[str, str]]]:
    """What operands skipped, of layers whose accelerator or mapping entry lets them."""
    found = {}
    for layer in layers:
        if (design := designs.of(layer)) is None:
            continue
        accelerator, entry = design
        if any(memory.bypass for memory in accelerator.memories) or entry.bypass:
            operands = {memory: op for op, memory in entry.operand_links.items()}
            skips = skipped(accelerator, entry, visited_memories(layer))
            found[layer.layer_index] = [(operands[skip.operand], skip.memory) for skip in skips]
    return found


def _left_out(designs: RowDesigns, layers: list[StoredLayer]) -> dict[int, list[tuple[str, str]]]:
    """Which memories layers left out as their data stayed on chip."""
    found = {}
    for layer in layers:
        if left_out := left_out_of(layer):
            design = designs.of(layer)
            operands = {} if design is None else {memory: op for op, memory in design[1].operand_links.items()}
            found[layer.layer_index] = [
                (operands.get(op, op), name) for op, names in left_out.items() for name in names
            ]
    return found


def layer_called(word: str, layers: list[StoredLayer], run_id: str) -> StoredLayer:
    """The one layer of that name, index, or part of a name.

    Raises:
        InputError: no layer, or several, are called so.
    """
    where = f"run {run_id}: layer '{word}'"
    if not layers:
        raise InputError(where, "the run has no layers")
    same = [layer for layer in layers if layer.name == word]
    if not same and word.isascii() and word.isdigit():
        same = [layer for layer in layers if layer.layer_index == int(word)]
    same = same or [layer for layer in layers if word.lower() in layer.name.lower()]
    if len(same) == 1:
        return same[0]
    if same:
        found = f"{len(same)} layers are called so: " + ", ".join(f"{x.layer_index} {x.name}" for x in same[:4])
        raise InputError(where, found, "one layer", "Give its index.")
    expected = f"the name of a layer, a part of it, or an index from 0 to {layers[-1].layer_index}"
    raise InputError(where, "no layer is called so", expected, nearest(word, [layer.name for layer in layers]))


def _inputs(lab: Lab, run_id: str) -> dict[str, tuple[str, str, str | None]]:
    names = reversed(input_names(lab, lab.store.run_number(run_id)))
    return {kind: (name, str(digest)[:12], file_name) for kind, name, digest, file_name in names}
