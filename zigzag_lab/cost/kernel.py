"""The cost model, for many mappings at once: energy and latency as arrays.

The scalar twin in :mod:`zigzag_lab.cost.scalar` prices one mapping in full detail, written for the eye; a property
test holds the two together. The formulas are those of ZigZag 3.9.1 (``cost_model/cost_model.py``;
Mei et al., "ZigZag: Enlarging Joint Architecture-Mapping Design Space Exploration for DNN Accelerators", IEEE TC 2021).

Mappings whose chains of tiles are equal are priced once (:mod:`zigzag_lab.cost.chains`). Axes: ``m`` mapping, ``b``
boundary, ``w`` transfer (:mod:`zigzag_lab.cost.wiring`), ``l`` memory level of all operands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.cost.array import mac_energies_pj, precharges, systolic_drain_cycles, weight_operand, with_static
from zigzag_lab.cost.boundaries import Content, Timing
from zigzag_lab.cost.chains import Chains
from zigzag_lab.cost.ports import onload_cycles, overlapping_cycles, shared_out
from zigzag_lab.cost.wiring import TransferTable, wiring_of
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.footprint import room_beside
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import Direction


@dataclass(frozen=True)
class Prices:
    """Energy and latency of a batch of mappings, [m] each.

    Attributes:
        energy_pj: energy of the layer, static energy included.
        latency_cycles: cycles from the first loaded word to the last stored one.
    """

    energy_pj: np.ndarray
    latency_cycles: np.ndarray

    @property
    def edp_pj_cycles(self) -> np.ndarray:
        """Energy-delay product."""
        return self.latency_cycles * self.energy_pj


def price(batch: MappingBatch, *, cycles_per_op: float | None = None) -> Prices:
    """Price every mapping of a batch.

    Args:
        batch: the mappings.
        cycles_per_op: cycles that the array takes for one operation; by default the array's.

    >>> from zigzag_lab.inputs import read_accelerator, read_onnx
    >>> from zigzag_lab.inputs.presets import preset_path
    >>> from zigzag_lab.mapping.constraints import MappingConstraints
    >>> from zigzag_lab.mapping.spatial import SpatialMapping
    >>> tpu, spatial = read_accelerator(preset_path("accelerator", "tpu_like")), {"D1": {"K": 32}, "D2": {"C": 32}}
    >>> last = read_onnx(preset_path("workload", "resnet18")).layers[-1]
    >>> problem = Problem.of(last, tpu, MappingConstraints(), SpatialMapping(spatial))
    >>> from zigzag_lab.search.temporal import temporal_mappings
    >>> (orders,) = temporal_mappings(problem, lpf_limit=4)
    >>> prices = price(orders)
    >>> len(orders), float(prices.latency_cycles.min()), round(float(prices.energy_pj.min()))
    (12, 63739.0, 45108639)
    """
    if cycles_per_op is None:
        cycles_per_op = batch.problem.accelerator.array.cycles_per_op
    chains = Chains.of(batch, wiring_of(batch.problem))
    if not chains.can_be_equal:
        return _Kernel(chains, cycles_per_op).prices()
    leads_matter = batch.problem.skip_repeated_reads or precharges(batch.problem)
    first, classes = chains.distinct(leads_matter=leads_matter)
    prices = _Kernel(chains.only(first), cycles_per_op).prices()
    return Prices(prices.energy_pj[classes], prices.latency_cycles[classes])


class _Kernel:
    def __init__(self, chains: Chains, cycles_per_op: float) -> None:
        self.chains, self.wiring, self.problem = chains, chains.wiring, chains.shapes.problem
        self.cycles_per_op = cycles_per_op
        problem = self.problem
        self.timing = Timing.of(chains)
        self.fractional = Content.of(chains, self.timing, problem.fractional)
        self.integer = self.fractional
        if problem.integer is not problem.fractional:
            self.integer = Content.of(chains, self.timing, problem.integer)
        self.n_cycles = float(chains.shapes.points.cycles[-1])

    def prices(self) -> Prices:
        """Energy and latency."""
        moving = self.wiring.moving
        self.bits, self.count = self._bits(moving, self.integer), self.integer.counts[moving.source]
        self.cycles = np.ceil(self.bits / moving.width)
        stall = self._stall_cycles()
        loading = self._loading_cycles(stall)
        onload = onload_cycles([self._onload_parts(o, loading) for o in range(1, len(self.problem.operands))])
        latency = self.n_cycles * self.cycles_per_op + stall + onload
        latency = latency + self._offload_cycles(loading) + systolic_drain_cycles(self.problem)
        return Prices(with_static(self.problem, self._energy_pj(), latency), latency)

    @staticmethod
    def _bits(transfers: TransferTable, contents: Content) -> np.ndarray:
        """[w, m] bits a crossing."""
        return contents.elems[transfers.boundary] * contents.boost_of(transfers) * contents.moved_bits[transfers.source]

    # -- energy ----------------------------------------------------------------------------------------------------

    def _energy_pj(self) -> np.ndarray:
        accesses, costs = self._accesses(), self.wiring.costs[:, :, None]
        to_low, from_low, to_high, from_high = (accesses[:, d] * costs[:, d] for d in range(len(Direction)))
        levels = (to_high + to_low) + (from_high + from_low)
        total = np.zeros(len(self.chains))
        for level in levels:
            total = total + level
        return total + mac_energies_pj(self.problem, self._weight_runs)

    def _weight_runs(self) -> np.ndarray:
        """[m] iterations for which a weight is used again at once."""
        weights = weight_operand(self.problem.layer)
        lead = (
            self.chains.lead[self.problem.operands.index(weights)] if weights else np.zeros(len(self.chains), dtype=int)
        )
        return self.chains.shapes.points.cycles.take(lead)

    def _accesses(self) -> np.ndarray:
        """[l, direction, m] full-width accesses of all instances of a memory."""
        wiring, transfers = self.wiring, self.wiring.accessing
        operands = (self.problem.fractional.operands[op] for op in self.problem.operands)
        n_instances = np.array([n for unrolled in operands for n in unrolled.n_instances[1:]], dtype=np.float64)
        level = wiring.place // len(Direction)
        words = np.ceil(self._bits(transfers, self.fractional) / wiring.narrow) * wiring.ratio
        words = np.trunc(words * self.fractional.counts[transfers.source] * n_instances[level][:, None])
        accesses = np.zeros((wiring.n_levels * len(Direction), len(self.chains)))
        accesses[wiring.place] = words
        return accesses.reshape(wiring.n_levels, len(Direction), -1)

    # -- latency ---------------------------------------------------------------------------------------------------

    def _stall_cycles(self) -> np.ndarray:
        """Cycles that the array waits during computation: those of the most contended port.

        Each transfer alone stalls when it needs more cycles than its window. Those of one port together also stall
        when the windows overlap so much that their sum exceeds the time they cover.
        """
        starts, count, boundary = self.wiring.starts, self.count, self.wiring.moving.boundary
        if not len(starts):
            return np.zeros(len(self.chains))
        window, again = self._allowed_cycles()[boundary], np.maximum(count - 1, 0)
        slack = (self.cycles - window) * again
        stall = np.add.reduceat(np.maximum(slack, 0), starts, axis=0)
        excess = np.add.reduceat(np.minimum(slack, 0) + window * again, starts, axis=0)
        period = np.ceil(self.timing.period[boundary] * self.cycles_per_op)
        for port, (start, end) in enumerate(zip(starts, [*starts[1:], len(count)], strict=True)):
            if end - start > 1 and (excess[port] > 0).any():
                one = slice(start, end)
                stall[port] += overlapping_cycles(period[one], window[one], count[one], excess[port])
        return stall.max(axis=0)

    def _allowed_cycles(self) -> np.ndarray:
        """[b, m] the cycles a crossing may take without stalling."""
        flags, when = self._double_buffered(), self.timing
        return np.ceil(np.where(flags, when.period, when.window) * self.cycles_per_op)

    def _double_buffered(self) -> np.ndarray:
        """[b, m] whether the memory inside a boundary has room for the next tile beside the current one.

        Memories shared by several operands are filled in the order of operands and levels; room that one
        takes is not there for the others.
        """
        own, shared = self._effective_utilisation()
        flags = np.zeros(own.shape, dtype=bool)
        for first, memories in zip(self.wiring.first, self.wiring.memories, strict=True):
            for boundary, index in enumerate(memories, start=first + 1):
                flags[boundary], shared[index] = room_beside(own[boundary], shared[index])
        return flags

    def _effective_utilisation(self) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """Share of a memory that must be held at once: [b, m] of the one inside a boundary, and per memory."""
        held = np.floor_divide(self.fractional.elems * self.fractional.tile_bits, self.timing.relevant_run)
        own = held / self.wiring.sizes
        shared: dict[int, np.ndarray] = {}
        for index, boundaries in self.wiring.inside.items():
            shared[index] = sum((own[boundary] for boundary in boundaries), np.zeros(len(self.chains)))
        return own, shared

    def _loading_cycles(self, stall: np.ndarray) -> np.ndarray:
        """[w, m] cycles of the first load or last store by every transfer that is no partial sum.

        A transfer that happens once brings everything at once; what the port has to spare during computation shortens
        it, down to the innermost tile without which the array cannot start.
        """
        wiring, what, one = self.wiring, self.integer, self.wiring.loading
        if not len(one):
            return np.zeros((0, len(self.chains)))
        transfers, ports = wiring.moving, wiring.loading_ports
        total, count, width = self.cycles[one], self.count[one], transfers.width[one]
        stored = what.elems * what.tile_bits
        busy = np.add.reduceat(np.where(count > 1, self._average_rates(stored)[one], 0.0), ports, axis=0)
        computing = np.ceil(self.n_cycles * self.cycles_per_op) + stall
        surplus = np.maximum(0.0, (width[ports] - busy) / width[ports] * computing)
        least = np.ceil(stored[wiring.innermost] / width)
        once = count == 1
        reducible = np.where(once, np.maximum(0.0, total - least), 0.0)
        return total - shared_out(ports, np.where(once, total, 0.0), reducible, surplus)

    def _average_rates(self, stored: np.ndarray) -> np.ndarray:
        """[w, m] bits a cycle that transfers need on average."""
        transfers = self.wiring.moving
        rates = (stored / self.timing.period)[transfers.boundary] * self.integer.boost_of(transfers)
        return np.ceil(np.trunc(rates) / self.cycles_per_op)

    def _onload_parts(self, operand: int, loading: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """[m] cycles to bring the first tile of an input to the array: over links shared, half shared, its own."""
        shared, half, own = (np.zeros(len(self.chains)) for _ in range(3))
        for link in self.wiring.links[operand]:
            longest = np.maximum(loading[link.ends[0]], loading[link.ends[1]])
            if link.n_shared == 2:
                shared = shared + longest
            elif link.n_shared == 1:
                half = longest
            else:
                own = own + longest
        return shared, half, own

    def _offload_cycles(self, loading: np.ndarray) -> np.ndarray:
        """Cycles to bring the last outputs from the array to the outermost memory, one level after the other."""
        total = np.zeros(len(self.chains))
        for link in self.wiring.links[0]:
            total = total + np.maximum(loading[link.ends[0]], loading[link.ends[1]])
        return total


def supports(problem: Problem) -> bool:
    """Whether the kernel covers a problem: outputs with sliding windows of their own are left to the scalar model."""
    return not problem.layer.relevancy.partial[problem.layer.output_operand]
