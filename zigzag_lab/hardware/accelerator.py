"""An accelerator: an array of multiply-accumulate units and the memories that feed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, prod

from zigzag_lab.hardware.imc import ImcArray
from zigzag_lab.vocab import INPUT_MEMORY_OPERANDS, UNSAID_IF_EMPTY, Direction, InputError
from zigzag_lab.vocab.ordering import topological_order


@dataclass(frozen=True, slots=True)
class Port:
    """A physical port of a memory.

    Attributes:
        name: such as ``rw_port_1``.
        kind: ``read``, ``write`` or ``read_write``.
        bandwidth_min_bits: the smallest access, bits a cycle; an access moves a multiple of it.
        bandwidth_max_bits: the widest access, bits a cycle.
        serves: the transfers that pass through it, in the order of the file: (memory operand, direction).
    """

    name: str
    kind: str
    bandwidth_min_bits: int
    bandwidth_max_bits: int
    serves: tuple[tuple[str, Direction], ...]

    @property
    def is_shared_by_inputs(self) -> bool:
        """Whether both input operands pass through this port, which makes their loading take turns."""
        return all(any(op == served for served, _ in self.serves) for op in INPUT_MEMORY_OPERANDS)


@dataclass(frozen=True, slots=True)
class Memory:
    """One level of the memory hierarchy: a memory instance, replicated along the dimensions it does not serve.

    Attributes:
        name: unique in its accelerator.
        size_bits: capacity of one instance.
        read_cost_pj, write_cost_pj: energy of one access of the port's full width.
        area_mm2: area of one instance; 0 where it is not known.
        latency_cycles: read by the parser; the cost model does not use it.
        operands: the memory operands it holds, in the order of the file.
        ports: its ports, in the order of the file.
        served_dimensions: array dimensions that one instance feeds; along the others it is replicated.
        force_double_buffering: whether the allocator reserves twice the tile, to load the next while this one is used.
        kind: ``sram``, ``dram`` or ``rf``; decides how an external tool would price it.
        auto_cost_extraction: whether costs come from an external tool instead of the file.
        bypass: the memory operands that may skip it (:mod:`zigzag_lab.mapping.bypass`).
        static_mw: power that one instance draws all the time, whatever it does.
        estimated: where its costs and its area come from, if they are estimates; empty if they are not.
    """

    name: str
    size_bits: int
    read_cost_pj: float
    write_cost_pj: float
    area_mm2: float
    latency_cycles: int
    operands: tuple[str, ...]
    ports: tuple[Port, ...]
    served_dimensions: tuple[str, ...]
    force_double_buffering: bool = False
    kind: str = "sram"
    auto_cost_extraction: bool = False
    bypass: tuple[str, ...] = field(default=(), metadata=UNSAID_IF_EMPTY)
    static_mw: float = field(default=0.0, metadata=UNSAID_IF_EMPTY)
    estimated: str = field(default="", metadata=UNSAID_IF_EMPTY)

    def port_of(self, operand: str, direction: Direction) -> Port | None:
        """The port a transfer takes; the last one in the file where several claim it; none where none does."""
        found = [p for p in self.ports if (operand, direction) in p.serves]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class ArrayCosts:
    """The costs of an array, part by part, as a model of arrays computes them from its settings.

    Attributes:
        model: name of the model, such as ``units``.
        energy_pj_by_part: part -> energy that it takes for one operation.
        area_mm2_by_part: part -> area of all of it in the array.
        cycles_per_op: cycles between the starts of two operations of one unit; 1 or more.
        clock_ns: clock period; 0 where the model has none.

    Raises:
        InputError: a cost is negative, or an operation takes less than a cycle.
    """

    model: str
    energy_pj_by_part: dict[str, float]
    area_mm2_by_part: dict[str, float]
    cycles_per_op: float = 1.0
    clock_ns: float = 0.0

    def __post_init__(self) -> None:
        costs = {**self.energy_pj_by_part, **self.area_mm2_by_part, "clock_ns": self.clock_ns}
        for name, cost in costs.items():
            if not 0 <= cost < inf:
                raise InputError(f"array model {self.model}", f"{name}: {cost}", "a finite number, 0 or more")
        if not 1 <= self.cycles_per_op < inf:
            found = f"cycles_per_op: {self.cycles_per_op}"
            raise InputError(f"array model {self.model}", found, "a finite number, 1 or more")

    def meaning(self) -> dict[str, object]:
        """Return the fields that decide energy, cycles and clock, as plain data: everything but areas."""
        return {
            "energy_pj_by_part": dict(self.energy_pj_by_part),
            "cycles_per_op": self.cycles_per_op,
            "clock_ns": self.clock_ns,
        }


@dataclass(frozen=True, slots=True)
class OperationalArray:
    """The array of multiply-accumulate units.

    Attributes:
        sizes: dimension -> number of units along it, in the order of the file.
        unit_energy_pj: energy of one operation.
        unit_area_mm2: area of one unit; 0 where it is not known.
        systolic_dimensions: dimensions along which results leave the array one unit a cycle.
        imc: the circuits of an array that computes in memory, which then decide its energy, area and clock; none for
            an array of plain units.
        costs: costs by part, from the array model of an installed package; none where energy and area of a unit, or
            the circuits above, are all there is.
        unit_static_mw: power that one unit draws all the time, whatever it does.
        estimated: where the energy and the area of a unit come from, if they are estimates; empty if they are not.
    """

    sizes: dict[str, int]
    unit_energy_pj: float
    unit_area_mm2: float
    systolic_dimensions: tuple[str, ...] = ()
    imc: ImcArray | None = None
    costs: ArrayCosts | None = field(default=None, metadata=UNSAID_IF_EMPTY)
    unit_static_mw: float = field(default=0.0, metadata=UNSAID_IF_EMPTY)
    estimated: str = field(default="", metadata=UNSAID_IF_EMPTY)

    @classmethod
    def of_costs(cls, sizes: dict[str, int], costs: ArrayCosts) -> OperationalArray:
        """Return an array whose model states costs by part; those of a unit follow."""
        energy_pj, area_mm2 = sum(costs.energy_pj_by_part.values()), sum(costs.area_mm2_by_part.values())
        return cls(sizes, energy_pj, area_mm2 / prod(sizes.values()), costs=costs)

    @property
    def n_units(self) -> int:
        """Number of units in the array."""
        return prod(self.sizes.values())

    @property
    def cycles_per_op(self) -> float:
        """Cycles that the array takes for one operation; above 1 where activations are fed bit by bit."""
        model = self.imc or self.costs
        return model.cycles_per_op if model else 1.0

    @property
    def clock_ns(self) -> float | None:
        """Shortest clock period of its circuits; none for an array whose model has none."""
        model = self.imc or self.costs
        return (model.clock_ns or None) if model else None

    @property
    def area_mm2_by_part(self) -> dict[str, float]:
        """Area of each part of the array; all its ``units`` where there are no parts."""
        model = self.imc or self.costs
        return dict(model.area_mm2_by_part) if model else {"units": self.unit_area_mm2 * self.n_units}

    def __hash__(self) -> int:
        return hash((tuple(self.sizes.items()), self.unit_energy_pj))


@dataclass(frozen=True)
class Accelerator:
    """An array and its memories, given from the innermost to the outermost as in the file.

    Attributes:
        name: what to call it in tables.
        memories: in the order of the file.
        array: the units.
        dataflows: array dimension -> ``DIM, size`` strings of the file; not used by the model.
        given_clock_ns: clock period of the file; 0 where it has none.
        technology: what the figures are for, such as ``28 nm``; empty where the file names none.
        left_out_mw: static power of memories of the design that a layer does without; they leak all the same.
    """

    name: str
    memories: tuple[Memory, ...]
    array: OperationalArray
    dataflows: dict[str, tuple[str, ...]] = field(default_factory=dict)
    given_clock_ns: float = field(default=0.0, metadata=UNSAID_IF_EMPTY)
    technology: str = field(default="", metadata=UNSAID_IF_EMPTY)
    left_out_mw: float = field(default=0.0, metadata=UNSAID_IF_EMPTY)

    def __post_init__(self) -> None:
        names = [m.name for m in self.memories]
        for name in names:
            if names.count(name) > 1:
                found = f"two memories are called {name}"
                raise InputError(f"accelerator {self.name}", found, "a name of its own each")

    @cached_property
    def _edges(self) -> tuple[tuple[int, int], ...]:
        """Memory index -> memory index above it, as ZigZag links them: from the highest memories of each operand."""
        edges: list[tuple[int, int]] = []
        rank: list[int] = []  # of each memory so far: its largest level index over its operands
        for i, memory in enumerate(self.memories):
            below: set[int] = set()
            for op in memory.operands:
                holders = [j for j in range(i) if op in self.memories[j].operands]
                if holders:
                    top = max(rank[j] for j in holders)
                    below.update(j for j in holders if rank[j] == top)
            n_below = (sum(op in inner.operands for inner in self.memories[:i]) for op in memory.operands)
            rank.append(max(n_below, default=0))
            edges.extend((j, i) for j in sorted(below))
        return tuple(edges)

    @cached_property
    def bottom_up(self) -> tuple[int, ...]:
        """Indices of the memories from inner to outer: a topological order, ties as in the file."""
        order = topological_order(range(len(self.memories)), self._edges)
        return tuple(order or ())  # edges lead outwards only: there is always an order

    @cached_property
    def innermost(self) -> tuple[int, ...]:
        """Indices of the memories with nothing below them, which bound how far loops can be unrolled."""
        above = {j for _, j in self._edges}
        return tuple(i for i in range(len(self.memories)) if i not in above)

    @cached_property
    def levels(self) -> dict[str, tuple[int, ...]]:
        """Memory operand -> indices of the memories that hold it, innermost first."""
        operands = dict.fromkeys(op for m in self.memories for op in m.operands)
        return {op: tuple(i for i in self.bottom_up if op in self.memories[i].operands) for op in operands}

    @property
    def outermost(self) -> Memory | None:
        """The memory further out than all others; none where several operands end in different ones."""
        tops = {self.top_memory(op) for op in self.levels}
        return self.memories[tops.pop()] if len(tops) == 1 and len(self.memories) > 1 else None

    def level_of(self, operand: str, memory: int) -> int:
        """Return the level of a memory in an operand's own hierarchy; 0 is the innermost."""
        return self.levels[operand].index(memory)

    def top_memory(self, operand: str) -> int:
        """Index of the outermost memory that holds an operand."""
        return self.levels[operand][-1]

    def memory_named(self, name: str) -> Memory:
        """The memory of that name."""
        return next(m for m in self.memories if m.name == name)

    # -- physical quantities ---------------------------------------------------------------------------------------

    def n_instances(self, memory: Memory) -> int:
        """How many of a memory there are: one for each place along the array dimensions that it does not serve."""
        return prod(n for dim, n in self.array.sizes.items() if dim not in memory.served_dimensions)

    def static_mw_of(self, memories: Iterable[Memory]) -> float:
        """Power that all instances of some memories draw all the time."""
        return sum(self.n_instances(m) * m.static_mw for m in memories)

    @property
    def clock_ns(self) -> float | None:
        """Clock period, of the file or the shortest of the array's circuits; none where cycles are of any length."""
        return self.given_clock_ns or self.array.clock_ns

    @cached_property
    def static_mw(self) -> float:
        """Power that the design draws all the time; 0 where the file gives none."""
        return self.array.unit_static_mw * self.array.n_units + self.static_mw_of(self.memories) + self.left_out_mw

    @cached_property
    def static_pj_per_cycle(self) -> float:
        """Energy that the static power takes in one cycle (1 mW is 1 pJ/ns); 0 where the file gives none."""
        return self.static_mw * self.clock_ns if self.static_mw and self.clock_ns else 0.0

    def meaning(self) -> dict[str, object]:
        """Return the fields that decide costs, as plain data: everything but names, areas and unused fields."""
        return {
            **({"static_mw": self.static_mw, "clock_ns": self.clock_ns} if self.static_mw else {}),
            "array": {
                "sizes": [[d, n] for d, n in self.array.sizes.items()],
                "unit_energy_pj": self.array.unit_energy_pj,
                "systolic": sorted(self.array.systolic_dimensions),
                **({"imc": self.array.imc.meaning()} if self.array.imc else {}),
                **({"costs": self.array.costs.meaning()} if self.array.costs else {}),
            },
            "memories": [
                {
                    "size_bits": m.size_bits,
                    "read_cost_pj": m.read_cost_pj,
                    "write_cost_pj": m.write_cost_pj,
                    "operands": list(m.operands),
                    "served": sorted(m.served_dimensions),
                    "double_buffered": m.force_double_buffering,
                    **({"bypass": sorted(m.bypass)} if m.bypass else {}),
                    "ports": [
                        [p.kind, p.bandwidth_min_bits, p.bandwidth_max_bits, [[op, d.value] for op, d in p.serves]]
                        for p in m.ports
                    ],
                }
                for m in self.memories
            ],
        }

    def __hash__(self) -> int:
        return hash((self.name, self.memories))


@dataclass(frozen=True, slots=True)
class AccessCost:
    """The energy of an access of full width through ports of one width.

    Attributes:
        bits: moved by it.
        read_pj, write_pj: None where no such port reads, or writes.
    """

    bits: int
    read_pj: float | None
    write_pj: float | None

    @property
    def words(self) -> str:
        """Such as ``700 pJ a read and 750 pJ a write of 64 bits (10.9 and 11.7 pJ a bit)``."""
        known = {"read": self.read_pj, "write": self.write_pj}
        if self.read_pj == self.write_pj:
            known = {"access": self.read_pj}
        costs = {kind: pj for kind, pj in known.items() if pj is not None}
        whole = " and ".join(f"{pj:.4g} pJ a{'n' * (kind == 'access')} {kind}" for kind, pj in costs.items())
        return (
            f"{whole} of {self.bits} bits ({' and '.join(f'{pj / self.bits:.3g}' for pj in costs.values())} pJ a bit)"
        )


def costs_by_width(memory: Memory) -> tuple[AccessCost, ...]:
    """What an access to a memory costs through its ports, by their widths, narrow ones first."""
    kinds: dict[int, set[str]] = {}
    for port in memory.ports:
        kinds.setdefault(port.bandwidth_max_bits, set()).add(port.kind)
    return tuple(
        AccessCost(
            bits,
            None if found == {"write"} else memory.read_cost_pj,
            None if found == {"read"} else memory.write_cost_pj,
        )
        for bits, found in sorted(kinds.items())
    )
