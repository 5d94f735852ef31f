"""What is shown of one run: its costs by term, its layers, and their loops at each memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import fsum
from typing import NamedTuple

from zigzag_lab.cost import ProofSummary
from zigzag_lab.hardware import Accelerator, AccessCost, costs_by_width
from zigzag_lab.mapping.bypass import skipped
from zigzag_lab.store.codec import StoredLevel
from zigzag_lab.store.families import Child, ResultOf, chosen_of, family_of, n_saved, results_of
from zigzag_lab.store.input_rows import port_rows
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer
from zigzag_lab.store.priced import RowDesigns, left_out_of, visited_memories
from zigzag_lab.store.run_records import input_records
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.vocab.physical import Physical
from zigzag_lab.vocab.quantities import sums
from zigzag_lab.workload import Layer


class MemoryAccess(NamedTuple):
    """What an access through ports of one width costs at a memory, how many of it there are, and how large one is."""

    memory: str
    n_instances: int
    size_bits: int
    cost: AccessCost


@dataclass(frozen=True)
class RunPage:
    """A run with its layers, and where energy and cycles went.

    Attributes:
        run: its totals.
        details: the options, the user, and what went wrong.
        inputs: kind -> (name, start of the digest, file it came from).
        layers: all of them, or the selected one.
        skips: index of a layer -> (its operand, the memory that it skipped), where it may skip any.
        left_out: index of a layer -> (its operand, a memory that is not needed with data on chip), where there is one.
        family: the runs within it, each followed by those within it.
        results: what it yielded, in order.
        n_saved: how many layer evaluations passed its save stages, and those of the runs within it.
        records: index of a layer -> its record, where its network is on record.
        accelerators: that the layers were priced on, as wholes; those that are on record.
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
    records: dict[int, Layer] = field(default_factory=dict)
    accelerators: tuple[Accelerator, ...] = ()

    @property
    def chosen(self) -> list[Child]:
        """The way down to the run within it whose layers are all that it chose; empty where several have a part."""
        return chosen_of(self.family)

    @property
    def energy(self) -> EnergyBreakdown:
        """The energy of the layers by memory and operand."""
        dynamic = energy_of(self.layers)
        static = self.physical(_sum(self.layers, "energy_pj"), _sum(self.layers, "latency_cycles")).static_energy_pj
        return replace(dynamic, static_energy_pj=static or 0.0)

    def physical(self, energy_pj: float, latency_cycles: float, n_macs: int | None = None) -> Physical:
        """What follows of a part of the run."""
        whole = self.run.physical
        return replace(whole, energy_pj=energy_pj, latency_cycles=latency_cycles, n_macs=n_macs, n_inferences=None)

    @property
    def latency(self) -> dict[str, float]:
        """The latency of the layers by term, in cycles."""
        return latency_of(self.layers)

    @property
    def proof(self) -> ProofSummary | None:
        """What exact searches proved of the layers; None where none was run."""
        return ProofSummary.of([layer.certificate for layer in self.layers])

    @property
    def accesses(self) -> dict[str, list[MemoryAccess]]:
        """Accelerator -> the costs of accesses to those of its memories that the layers visited."""
        visited = {level.memory for layer in self.layers for level in layer.memories}
        return {
            accelerator.name: [
                MemoryAccess(memory.name, accelerator.n_instances(memory), memory.size_bits, cost)
                for memory in accelerator.memories
                if memory.name in visited
                for cost in costs_by_width(memory)
            ]
            for accelerator in self.accelerators
        }

    def as_plain(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        energy, latency, proof = self.energy, self.latency, self.proof
        energies = {"mac": energy.mac_energy_pj, "memories": energy.by_memory}
        energies |= {"static": energy.static_energy_pj} if energy.static_energy_pj else {}
        return {
            **asdict(self.run),
            **self.run.physical.derived(),
            **asdict(self.details),
            "inputs": {
                kind: {"name": name, "digest": digest, "file": file}
                for kind, (name, digest, file) in self.inputs.items()
            },
            "energy_breakdown_pj": None if self.run.has_no_total else energies,
            "latency_breakdown_cycles": None if self.run.has_no_total else latency,
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
            "accelerators": [_plain_accelerator(one) for one in self.accelerators],
            "layers": [self._plain_layer(layer) for layer in self.layers],
        }

    def _plain_layer(self, layer: StoredLayer) -> dict[str, object]:
        pairs = {"skips": self.skips, "memories_left_out": self.left_out}
        record = self.records.get(layer.layer_index)
        known = {} if record is None else {"batch_size": record.batch_size, "precision_bits": record.precision_bits}
        return (
            _plain_layer(layer)
            | known
            | {
                name: [{"operand": op, "memory": memory} for op, memory in of_layers[layer.layer_index]]
                for name, of_layers in pairs.items()
                if layer.layer_index in of_layers
            }
        )


def _plain_layer(layer: StoredLayer) -> dict[str, object]:
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


def _plain_accelerator(accelerator: Accelerator) -> dict[str, object]:
    """The memories of an accelerator with their ports, as the rows of ``zl_v_ports`` have them."""
    hidden = ("digest", "memory_index", "port_index")
    ports = [{k: v for k, v in row._asdict().items() if k not in hidden} for row in port_rows("", accelerator)]
    return {"name": accelerator.name, "ports": ports}


def run_page(lab: Lab, run: RunRecord, layer: str | None = None) -> RunPage:
    """A run as a page, or the one layer of it that has a name, a part of a name, or an index.

    Raises:
        InputError: no layer, or several, are called so.
    """
    layers = lab.layers(run.run_id)
    if layer is not None:
        layers = [layer_called(layer, layers, run.run_id)]
    designs, names = RowDesigns(lab), input_records(lab.store.database, run.run_number)
    return RunPage(
        run,
        lab.details(run.run_id),
        {one.kind: (one.name, one.digest[:12], one.file_name) for one in reversed(names)},
        tuple(layers),
        _skips(designs, layers),
        _left_out(designs, layers),
        tuple(family_of(lab, run)),
        tuple(results_of(lab, run)),
        n_saved(lab, run),
        {layer.layer_index: record for layer in layers if (record := designs.layer(layer)) is not None},
        tuple(dict.fromkeys(design[0] for layer in layers if (design := designs.of(layer)) is not None)),
    )


def _skips(designs: RowDesigns, layers: list[StoredLayer]) -> dict[int, list[tuple[str, str]]]:
    """What operands skipped, of layers whose accelerator or mapping entry allows it."""
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


def layer_called(word: str, layers: Sequence[StoredLayer], run_id: str) -> StoredLayer:
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


@dataclass(frozen=True)
class EnergyBreakdown:
    """Energy in pJ of the operations, what leaks, and by memory -> operand of the accesses; the costliest first."""

    by_memory: dict[str, dict[str, float]]
    mac_energy_pj: float
    static_energy_pj: float = 0.0

    @property
    def operands(self) -> tuple[str, ...]:
        """All operands, in the order that they come up; the output last."""
        found = dict.fromkeys(op for of_memory in self.by_memory.values() for op in of_memory)
        return tuple(sorted(found, key=lambda op: (op == "O", op)))

    @property
    def total_pj(self) -> float:
        """All of it."""
        return fsum(
            [self.mac_energy_pj, self.static_energy_pj, *(pj for row in self.by_memory.values() for pj in row.values())]
        )


def energy_pj_of(level: StoredLevel) -> float:
    """Energy of an operand at a memory level, all four directions, in pJ."""
    pj = level.energy_pj
    return fsum((pj.to_low, pj.from_low, pj.to_high, pj.from_high))


def energy_of(layers: Sequence[StoredLayer]) -> EnergyBreakdown:
    """The energy of layers by memory and operand, each as often as it counts."""
    levels = ((level, layer.times) for layer in layers for level in layer.memories)
    by_memory: dict[str, dict[str, float]] = {}
    for (memory, operand), pj in sums(((x.memory, x.operand), energy_pj_of(x) * times) for x, times in levels).items():
        by_memory.setdefault(memory, {})[operand] = pj
    ranked = dict(sorted(by_memory.items(), key=lambda item: -fsum(item[1].values())))
    return EnergyBreakdown(ranked, _sum(layers, "mac_energy_pj"))


def latency_of(layers: Sequence[StoredLayer]) -> dict[str, float]:
    """The latency of layers by term, each layer as often as it counts.

    Returns:
        Cycles of ``ideal``: with every unit of the array busy in every cycle; ``spatial_underuse``: added because the
        mapping leaves units idle; ``stall``: added because memory ports are too slow; ``onload``: before the first
        operation; ``offload``: after the last one, until the outputs are out; ``drain``: until the last operands have
        passed through a systolic array. They add up to the latency.
    """
    ideal = _sum(layers, "ideal_cycles")
    underuse = {"spatial_underuse": _sum(layers, "temporal_cycles") - ideal}
    others = {term: _sum(layers, f"{term}_cycles") for term in ("stall", "onload", "offload", "drain")}
    return {"ideal": ideal, **underuse, **others}


def _sum(layers: Iterable[StoredLayer], column: str) -> float:
    return fsum(layer.figures[column] * layer.times for layer in layers)


_Placed = list[tuple[str, float, str]]  # loops of an operand from the innermost: dimension, size, memory


@dataclass(frozen=True)
class NestedLoop:
    """A loop of a mapping, in time or unrolled over an array dimension, where its size may be a fraction.

    A loop in time has, for each operand, the memory that holds the data of all its iterations.
    """

    dim: str
    size: float
    array_dimension: str | None = None
    memories: dict[str, str] = field(default_factory=dict)


def loop_nest(layer: StoredLayer) -> dict[str, list[NestedLoop]]:
    """The loops of a layer's mapping, the outermost first: those in time, then those over the array.

    Returns:
        One nest under an empty name; one for each operand, under its name, where they order their loops differently.
    """
    spatial = [
        NestedLoop(dim, size, array_dimension)
        for array_dimension, unrolled in layer.mapping["spatial"]
        for dim, size in unrolled
    ]
    placed = {operand: _placed(layer, operand) for operand in layer.mapping["temporal"]}
    common = _common(placed)
    if common is not None:
        return {"": [*reversed(common), *spatial]}
    return {op: [*reversed(_common({op: loops}) or []), *spatial] for op, loops in placed.items()}


def _placed(layer: StoredLayer, operand: str) -> _Placed:
    names = {level.level: level.memory for level in layer.memories if level.operand == operand}
    return [
        (dim, size, names.get(i, f"level {i}"))
        for i, loops in enumerate(layer.mapping["temporal"][operand])
        for dim, size in loops
    ]


def _common(placed: dict[str, _Placed]) -> list[NestedLoop] | None:
    """The finest loops that all operands' loops are made of, from the innermost; None where there are none."""
    left = {op: list(reversed(loops)) for op, loops in placed.items()}
    nest: list[NestedLoop] = []
    while any(left.values()):
        if not all(left.values()):
            return None
        heads = {op: loops[-1] for op, loops in left.items()}
        dim, size = next(iter(heads.values()))[0], min(size for _, size, _ in heads.values())
        if any(d != dim or n % size for d, n, _ in heads.values()):
            return None
        nest.append(NestedLoop(dim, size, None, {op: memory for op, (_, _, memory) in heads.items()}))
        for op, (_, n, memory) in heads.items():
            left[op].pop()
            if n > size:
                left[op].append((dim, n / size, memory))
    return nest


def as_lines(nest: Sequence[NestedLoop]) -> list[str]:
    """Each loop as people write it, indented by its depth."""
    words = ("parfor" if loop.array_dimension else "for" for loop in nest)
    places = (f" over {loop.array_dimension}" if loop.array_dimension else "" for loop in nest)
    return [
        f"{'  ' * depth}{word} {loop.dim} in 0..{loop.size:g}{place}"
        for depth, (word, loop, place) in enumerate(zip(words, nest, places, strict=True))
    ]
