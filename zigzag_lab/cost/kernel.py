"""The cost model, for many mappings at once: energy and latency as arrays.

The scalar twin in :mod:`zigzag_lab.cost.scalar` says the same for one mapping, in full detail and written for the
eye; a property test holds the two together. The formulas are those of ZigZag 3.9.1 (``cost_model/cost_model.py``;
Mei et al., "ZigZag: Enlarging Joint Architecture-Mapping Design Space Exploration for DNN Accelerators", IEEE TC 2021).

Axes: arrays are [m], one value a mapping; ``k`` counts the transfers of one port.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.cost.boundaries import Column, Content, Timing, content, timing
from zigzag_lab.cost.ports import Transfer, onload_cycles, port_stall, reduced_loading
from zigzag_lab.cost.static import mac_energies_pj, systolic_drain_cycles
from zigzag_lab.mapping.problem import MappingBatch, Problem
from zigzag_lab.vocab import Direction


@dataclass(frozen=True)
class Prices:
    """Energy and latency of a batch of mappings, [m] each.

    Attributes:
        energy_pj: energy of the layer.
        latency_cycles: cycles from the first loaded word to the last stored one.
    """

    energy_pj: np.ndarray
    latency_cycles: np.ndarray

    @property
    def edp_pj_cycles(self) -> np.ndarray:
        """Energy-delay product."""
        return self.latency_cycles * self.energy_pj


def price(batch: MappingBatch, *, keep_at_output_pins: bool = True, cycles_per_op: float | None = None) -> Prices:
    """Price every mapping of a batch.

    Args:
        batch: the mappings.
        keep_at_output_pins: see :func:`zigzag_lab.cost.boundaries.timing`.
        cycles_per_op: cycles that the array takes for one operation; by default what the array says.
    """
    if cycles_per_op is None:
        cycles_per_op = batch.problem.accelerator.array.cycles_per_op
    return _Kernel(batch, keep_at_output_pins, cycles_per_op).prices()


class _Kernel:
    def __init__(self, batch: MappingBatch, keep_at_output_pins: bool, cycles_per_op: float) -> None:
        self.batch, self.problem, self.cycles_per_op = batch, batch.problem, cycles_per_op
        self.keep_at_output_pins = keep_at_output_pins
        problem = batch.problem
        self.timing: dict[str, Timing] = {
            op: timing(batch, op, keep_at_output_pins=keep_at_output_pins) for op in problem.operands
        }
        self.fractional: dict[str, Content] = self._contents(integer=False)
        self.integer = self.fractional if problem.integer is problem.fractional else self._contents(integer=True)
        self.n_cycles = batch.tables.cycles[-1]

    def _contents(self, *, integer: bool) -> dict[str, Content]:
        variant = self.problem.integer if integer else self.problem.fractional
        return {op: content(self.batch, op, self.timing[op], variant) for op in self.problem.operands}

    def prices(self) -> Prices:
        """Energy and latency."""
        stall = self._stall_cycles()
        loading = self._loading_cycles(stall)
        latency = self.n_cycles * self.cycles_per_op + stall + self._onload_cycles(loading)
        latency = latency + self._offload_cycles(loading) + systolic_drain_cycles(self.problem)
        return Prices(self._energy_pj(), latency)

    # -- energy ----------------------------------------------------------------------------------------------------

    def _energy_pj(self) -> Column:
        memories = self.problem.accelerator.memories
        total = np.zeros(len(self.batch))
        for op in self.problem.operands:
            for level, index in enumerate(self.problem.memories[op]):
                memory = memories[index]
                accesses = {d: self._accesses(op, level, index, d) for d in Direction}
                reads = (
                    accesses[Direction.TO_HIGH] * memory.read_cost_pj + accesses[Direction.TO_LOW] * memory.read_cost_pj
                )
                writes = (
                    accesses[Direction.FROM_HIGH] * memory.write_cost_pj
                    + accesses[Direction.FROM_LOW] * memory.write_cost_pj
                )
                total = total + (reads + writes)
        return total + mac_energies_pj(self.batch, keep_at_output_pins=self.keep_at_output_pins)

    def _accesses(self, operand: str, level: int, index: int, direction: Direction) -> Column | float:
        """Full-width accesses of all instances of a memory for one operand in one direction."""
        transfer = self._transfer(operand, level, direction, self.fractional)
        port = self.problem.accelerator.memories[index].port_of(self.problem.memory_operand(operand), direction)
        if transfer is None or port is None:
            return 0.0
        narrow, wide = port.bandwidth_min_bits, port.bandwidth_max_bits
        n_instances = self.problem.fractional.operands[operand].n_instances[level + 1]
        words = np.ceil(transfer.bits / narrow) * (narrow / wide) * transfer.count * n_instances
        return np.trunc(words)

    # -- transfers -------------------------------------------------------------------------------------------------

    def _transfer(
        self, operand: str, level: int, direction: Direction, contents: dict[str, Content]
    ) -> Transfer | None:
        """What moves at a memory in one direction; None where nothing ever does."""
        is_output = operand == self.problem.layer.output_operand
        upward = direction in (Direction.FROM_LOW, Direction.TO_HIGH)
        is_low = direction in (Direction.TO_LOW, Direction.FROM_LOW)
        is_top = level == len(self.problem.memories[operand]) - 1
        if (upward and not is_output) or (is_top and not is_low):
            return None
        boundary = level if is_low else level + 1
        when, what = self.timing[operand], contents[operand]
        elems = what.elems[boundary] * (what.boost[boundary] if is_low else 1)
        bits_each = what.up_bits[boundary] if upward else what.down_bits[boundary]
        active = what.is_partial[boundary] if is_output and not upward else None
        count = when.count[boundary] if active is None else np.where(active, when.count[boundary], 0)
        return Transfer(operand, boundary, direction, elems * bits_each, count)

    def _port_transfers(self) -> list[tuple[int, bool, list[Transfer]]]:
        """Per port that moves anything: its width, whether both inputs share it, its transfers in order."""
        ports = []
        for index, memory in enumerate(self.problem.accelerator.memories):
            for port in memory.ports:
                served = [
                    self._transfer(op, self.problem.accelerator.level_of(m, index), direction, self.integer)
                    for m, direction in port.serves
                    if (op := self.problem.layer_operand.get(m)) is not None
                ]
                transfers = [t for t in served if t is not None]
                if transfers:
                    ports.append((port.bandwidth_max_bits, self.problem.inputs_share(port), transfers))
        return ports

    # -- latency ---------------------------------------------------------------------------------------------------

    def _stall_cycles(self) -> Column:
        """Cycles that the array waits during computation: those of the most contended port."""
        self.ports = self._port_transfers()
        allowed = self._allowed_cycles()
        stall = np.zeros(len(self.batch))
        for width, _, transfers in self.ports:
            periods = [np.ceil(self.timing[t.operand].period[t.boundary] * self.cycles_per_op) for t in transfers]
            windows = [allowed[t.operand][t.boundary] for t in transfers]
            np.maximum(stall, port_stall(width, transfers, periods, windows), out=stall)
        return stall

    def _allowed_cycles(self) -> dict[str, list[Column]]:
        """Per operand and boundary, the cycles a crossing may take without stalling."""
        flags = self._double_buffered()
        return {
            op: [
                np.ceil(np.where(flag, period, window) * self.cycles_per_op)
                for flag, period, window in zip(flags[op], when.period, when.window, strict=True)
            ]
            for op, when in self.timing.items()
        }

    def _double_buffered(self) -> dict[str, list[Column]]:
        """Per operand and boundary, whether the memory inside it has room for the next tile beside the current one.

        Memories shared by several operands hand out their room in the order of operands and levels; whoever takes
        some leaves less for all.
        """
        own, shared = self._effective_utilisation()
        flags: dict[str, list[Column]] = {}
        for op in self.problem.operands:
            flags[op] = [np.zeros(len(self.batch), dtype=bool)]
            for index in self.problem.memories[op]:
                half_empty = shared[index] <= 0.5
                beside = ~half_empty & (own[op, index] <= 1 - shared[index])
                flags[op].append(half_empty | beside)
                if len(self.problem.sharers[index]) > 1:
                    shared[index] = np.where(beside, shared[index] + own[op, index], shared[index])
        return flags

    def _effective_utilisation(self) -> tuple[dict[tuple[str, int], Column], dict[int, Column]]:
        """Share of a memory that must be held at once, per (operand, memory) and per memory."""
        own: dict[tuple[str, int], Column] = {}
        for op in self.problem.operands:
            what, when = self.fractional[op], self.timing[op]
            for level, index in enumerate(self.problem.memories[op]):
                bits = what.elems[level + 1] * what.tile_bits[level + 1]
                held = np.floor_divide(bits, when.relevant_run[level + 1])
                own[op, index] = held / self.problem.accelerator.memories[index].size_bits
        shared: dict[int, Column] = {}
        for index, sharers in enumerate(self.problem.sharers):
            if sharers:
                shared[index] = sum((own[op, index] for op, _ in sharers), np.zeros(len(self.batch)))
        return own, shared

    def _loading_cycles(self, stall: Column) -> dict[tuple[str, int, Direction], tuple[Column, bool]]:
        """Cycles of the first load or last store per transfer, and whether its port is shared by both inputs."""
        computing = np.ceil(self.n_cycles * self.cycles_per_op) + stall
        loading: dict[tuple[str, int, Direction], tuple[Column, bool]] = {}
        for width, is_shared, transfers in self.ports:
            considered = [t for t in transfers if not self._is_partial_sum(t)]
            if not considered:
                continue
            tiles = [self._innermost_bits(t.operand) for t in considered]
            rates = [np.ceil(self._average_rate(t) / self.cycles_per_op) for t in considered]
            for t, cycles in zip(considered, reduced_loading(width, considered, tiles, rates, computing), strict=True):
                loading[t.operand, t.boundary, t.direction] = cycles, is_shared
        return loading

    def _is_partial_sum(self, transfer: Transfer) -> bool:
        is_output = transfer.operand == self.problem.layer.output_operand
        return is_output and transfer.direction in (Direction.TO_LOW, Direction.FROM_HIGH)

    def _innermost_bits(self, operand: str) -> Column:
        what = self.integer[operand]
        return what.elems[1] * what.tile_bits[1]

    def _average_rate(self, transfer: Transfer) -> Column:
        """Bits a cycle that a transfer needs on average."""
        what, when = self.integer[transfer.operand], self.timing[transfer.operand]
        a = transfer.boundary
        rate = what.elems[a] * what.tile_bits[a] / when.period[a]
        is_low = transfer.direction in (Direction.TO_LOW, Direction.FROM_LOW)
        return np.trunc(rate * what.boost[a] if is_low else rate)

    def _onload_cycles(self, loading: dict[tuple[str, int, Direction], tuple[Column, bool]]) -> Column:
        """Cycles to bring the first tiles of all inputs to the array."""
        return onload_cycles([self._onload_parts(op, loading) for op in self.problem.layer.input_operands])

    def _onload_parts(
        self, operand: str, loading: dict[tuple[str, int, Direction], tuple[Column, bool]]
    ) -> tuple[Column, Column, Column]:
        shared, half, own = (np.zeros(len(self.batch)) for _ in range(3))
        for boundary in range(1, len(self.problem.memories[operand])):
            inner, inner_shared = loading[operand, boundary, Direction.FROM_HIGH]
            outer, outer_shared = loading[operand, boundary, Direction.TO_LOW]
            longest = np.maximum(inner, outer)
            if inner_shared and outer_shared:
                shared = shared + longest
            elif inner_shared or outer_shared:
                half = longest
            else:
                own = own + longest
        return shared, half, own

    def _offload_cycles(self, loading: dict[tuple[str, int, Direction], tuple[Column, bool]]) -> Column:
        """Cycles to bring the last outputs from the array to the outermost memory, one level after the other."""
        output = self.problem.layer.output_operand
        total = np.zeros(len(self.batch))
        for boundary in range(1, len(self.problem.memories[output])):
            inner, _ = loading[output, boundary, Direction.TO_HIGH]
            outer, _ = loading[output, boundary, Direction.FROM_LOW]
            total = total + np.maximum(inner, outer)
        return total


def supports(problem: Problem) -> bool:
    """Whether the kernel covers a problem: outputs with sliding windows of their own are left to the scalar model."""
    return not problem.layer.relevancy.partial[problem.layer.output_operand]
