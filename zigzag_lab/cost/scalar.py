"""The cost model of one mapping, in full detail and written for the eye.

It is the specification that the array kernel (:mod:`zigzag_lab.cost.kernel`) is tested against, and prices the winner
of a search term by term. The formulas are those of ZigZag 3.9.1, quirks included.
Memories, boundaries and directions are those of :mod:`zigzag_lab.cost.traffic`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil, floor

from zigzag_lab.cost.array import ideal_cycles, mac_energy_by_part_pj, systolic_drain_cycles
from zigzag_lab.cost.breakdown import Breakdown, FourWay, PortStall
from zigzag_lab.cost.traffic import Movement, OperandTraffic
from zigzag_lab.hardware import Port
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import OUTPUT, Direction
from zigzag_lab.vocab.names import LOW, UPWARD


def evaluate(problem: Problem, temporal: TemporalMapping, *, cycles_per_op: float | None = None) -> Breakdown:
    """Price one mapping.

    Args:
        problem: the layer, the accelerator and the spatial mapping.
        temporal: the temporal mapping.
        cycles_per_op: cycles that the array takes for one operation; by default the array's.
    """
    if cycles_per_op is None:
        cycles_per_op = problem.accelerator.array.cycles_per_op
    return _Evaluation(problem, temporal, cycles_per_op).breakdown()


@dataclass
class _PortActivity:
    """One transfer at a port: what is needed, what is allowed, in cycles a period."""

    movement: Movement
    needed_cycles: int
    allowed_cycles: int
    period_cycles: int

    @property
    def slack_cycles(self) -> int:
        return (self.needed_cycles - self.allowed_cycles) * (self.movement.n_periods - 1)

    @property
    def window_cycles(self) -> int:
        return self.allowed_cycles * (self.movement.n_periods - 1)


class _Evaluation:
    def __init__(self, problem: Problem, temporal: TemporalMapping, cycles_per_op: float) -> None:
        self.problem, self.temporal, self.cycles_per_op = problem, temporal, cycles_per_op
        self.fractional = {op: OperandTraffic(problem, problem.fractional, temporal, op) for op in problem.operands}
        self.integer = self.fractional
        if problem.integer is not problem.fractional:
            self.integer = {op: OperandTraffic(problem, problem.integer, temporal, op) for op in problem.operands}
        self.memories = problem.accelerator.memories

    def breakdown(self) -> Breakdown:
        """Every term."""
        accesses = {op: self._accesses(op) for op in self.problem.operands}
        energies = {op: self._energies(op, accesses[op]) for op in self.problem.operands}
        own, shared = self._utilisation(effective=False)
        own_held, shared_held = self._utilisation(effective=True)
        double_buffered = self._double_buffered(own_held, {op: list(v) for op, v in shared_held.items()})
        allowed = {op: self._allowed(op, double_buffered[op]) for op in self.problem.operands}
        needed = {op: self._needed(op) for op in self.problem.operands}
        port_stalls = self._port_stalls(allowed, needed)
        stall = max([0, *(p.stall_cycles for p in port_stalls)])
        loading = self._loading(needed, stall)
        return Breakdown(
            mac_energy_pj=sum(mac_energy_by_part_pj(self.problem, self.temporal).values()),
            accesses=accesses,
            access_energy_pj=energies,
            utilisation=own,
            shared_utilisation=shared,
            effective_utilisation=own_held,
            shared_effective_utilisation=shared_held,
            double_buffered=double_buffered,
            allowed_cycles=allowed,
            needed_cycles=needed,
            port_stalls=tuple(port_stalls),
            ideal_cycles=ideal_cycles(self.problem, self.cycles_per_op),
            temporal_cycles=self.temporal.n_cycles * self.cycles_per_op,
            stall_cycles=stall,
            onload_cycles=self._onload(loading),
            offload_cycles=self._offload(loading),
            drain_cycles=systolic_drain_cycles(self.problem),
            static_pj_per_cycle=self.problem.accelerator.static_pj_per_cycle,
        )

    # -- energy ----------------------------------------------------------------------------------------------------

    def _port(self, operand: str, level: int, direction: Direction) -> Port | None:
        memory = self.memories[self.problem.memories[operand][level]]
        return memory.port_of(self.problem.memory_operand(operand), direction)

    def _accesses(self, operand: str) -> tuple[FourWay, ...]:
        traffic = self.fractional[operand]
        return tuple(FourWay.of(partial(self._n_accesses, traffic, level)) for level in range(traffic.n_levels))

    def _n_accesses(self, traffic: OperandTraffic, level: int, direction: Direction) -> int:
        """Accesses at the port's full width by all instances; partial ones in steps of its smallest width."""
        movement, port = traffic.movements[level, direction], self._port(traffic.operand, level, direction)
        if port is None or movement.bits == 0:
            return 0
        narrow, wide = port.bandwidth_min_bits, port.bandwidth_max_bits
        n_instances = traffic.unrolled.n_instances[level + 1]
        return int(ceil(movement.bits / narrow) * (narrow / wide) * movement.n_periods * n_instances)

    def _energies(self, operand: str, accesses: tuple[FourWay, ...]) -> tuple[FourWay, ...]:
        energies = []
        for index, counts in zip(self.problem.memories[operand], accesses, strict=True):
            read, write = self.memories[index].read_cost_pj, self.memories[index].write_cost_pj
            energies.append(FourWay.of(lambda d, c=counts, r=read, w=write: c[d] * (r if d.is_read else w)))  # type: ignore[misc]
        return tuple(energies)

    # -- utilisation -----------------------------------------------------------------------------------------------

    def _utilisation(self, *, effective: bool) -> tuple[dict[str, tuple[float, ...]], dict[str, tuple[float, ...]]]:
        """Share of each memory that an operand fills, alone and with its sharers.

        The effective share counts only what must be held at once: relevant loops at the top of a level replace their
        data bit by bit.
        """
        own = {
            op: tuple(
                self._held_bits(op, level, effective) / self.memories[index].size_bits
                for level, index in enumerate(self.problem.memories[op])
            )
            for op in self.problem.operands
        }
        shared = {op: list(shares) for op, shares in own.items()}
        for sharers in self.problem.sharers:
            total = sum(own[op][level] for op, level in sharers)
            for op, level in sharers:
                shared[op][level] = total
        return own, {op: tuple(shares) for op, shares in shared.items()}

    def _held_bits(self, operand: str, level: int, effective: bool) -> int:
        traffic = self.fractional[operand]
        bits = traffic.tile_bits(level + 1)
        return bits // traffic.relevant_runs[level + 1] if effective else bits

    def _double_buffered(
        self, own: dict[str, tuple[float, ...]], shared: dict[str, list[float]]
    ) -> dict[str, tuple[bool, ...]]:
        """Per boundary, whether the memory inside it has room for the next tile beside the current one.

        Sharers are served in the order of operands and levels; room that one takes is not there for the others.
        """
        flags: dict[str, tuple[bool, ...]] = {}
        for op in self.problem.operands:
            found = [False]
            for level, index in enumerate(self.problem.memories[op]):
                half_empty = shared[op][level] <= 0.5
                beside = not half_empty and own[op][level] <= 1 - shared[op][level]
                found.append(half_empty or beside)
                if beside and len(self.problem.sharers[index]) > 1:
                    for sharer, sharer_level in self.problem.sharers[index]:
                        shared[sharer][sharer_level] += own[op][level]
            flags[op] = tuple(found)
        return flags

    # -- stalls ----------------------------------------------------------------------------------------------------

    def _allowed(self, operand: str, double_buffered: tuple[bool, ...]) -> tuple[FourWay, ...]:
        """Cycles that each transfer may take a period without stalling the array."""
        traffic = self.integer[operand]

        def cycles(level: int, direction: Direction) -> int:
            movement = traffic.movements[level, direction]
            whole = double_buffered[level if direction in LOW else level + 1]
            return ceil((movement.period_cycles if whole else movement.window_cycles) * self.cycles_per_op)

        return tuple(FourWay.of(partial(cycles, level)) for level in range(traffic.n_levels))

    def _needed(self, operand: str) -> tuple[FourWay, ...]:
        """Cycles that each transfer takes a period at the full width of its port."""
        traffic = self.integer[operand]

        def cycles(level: int, direction: Direction) -> int:
            port = self._port(operand, level, direction)
            return ceil(traffic.movements[level, direction].bits / port.bandwidth_max_bits) if port else 0

        return tuple(FourWay.of(partial(cycles, level)) for level in range(traffic.n_levels))

    def _at_port(self, index: int, port: Port) -> list[tuple[str, int, Direction, Movement]]:
        """(operand, level, direction, movement) of what passes a port, in the order of the file."""
        served = []
        for memory_operand, direction in port.serves:
            operand = self.problem.layer_operand.get(memory_operand)
            if operand is not None:
                level = self.problem.accelerator.level_of(memory_operand, index)
                movement = self.integer[operand].movements[level, direction]
                if movement.n_periods:
                    served.append((operand, level, direction, movement))
        return served

    def _port_stalls(
        self, allowed: dict[str, tuple[FourWay, ...]], needed: dict[str, tuple[FourWay, ...]]
    ) -> list[PortStall]:
        stalls = []
        for index, memory in enumerate(self.memories):
            for port in memory.ports:
                activities = [
                    _PortActivity(
                        movement,
                        int(needed[op][level][direction]),
                        int(allowed[op][level][direction]),
                        ceil(movement.period_cycles * self.cycles_per_op),
                    )
                    for op, level, direction, movement in self._at_port(index, port)
                ]
                stalls.append(PortStall(memory.name, port.name, _port_stall_cycles(activities)))
        return stalls

    # -- loading ---------------------------------------------------------------------------------------------------

    def _loading(
        self, needed: dict[str, tuple[FourWay, ...]], stall: float
    ) -> dict[tuple[str, int, Direction], tuple[float, bool]]:
        """Cycles of the first load or last store, and whether its port is shared by both inputs, per transfer."""
        computing = ceil(self.temporal.n_cycles * self.cycles_per_op) + stall
        loading: dict[tuple[str, int, Direction], tuple[float, bool]] = {}
        for index, memory in enumerate(self.memories):
            for port in memory.ports:
                moving = [x for x in self._at_port(index, port) if not self._is_partial_sum(x[0], x[2])]
                once = [x for x in moving if x[3].n_periods == 1]
                often = [x for x in moving if x[3].n_periods > 1]
                busy = sum(ceil(x[3].average_bits_per_cycle / self.cycles_per_op) for x in often)
                surplus = max(0, (port.bandwidth_max_bits - busy) / port.bandwidth_max_bits * computing)
                total = [float(needed[op][level][direction]) for op, level, direction, _ in once]
                least = [ceil(self.integer[op].tile_bits(1) / port.bandwidth_max_bits) for op, *_ in once]
                for (op, level, direction, _), cycles in zip(once, _reduced(total, least, surplus), strict=True):
                    loading[op, level, direction] = cycles, self.problem.inputs_share(port)
                for op, level, direction, _ in often:
                    loading[op, level, direction] = needed[op][level][direction], self.problem.inputs_share(port)
        return loading

    def _is_partial_sum(self, operand: str, direction: Direction) -> bool:
        return self.problem.memory_operand(operand) == OUTPUT and direction not in UPWARD

    def _onload(self, loading: dict[tuple[str, int, Direction], tuple[float, bool]]) -> float:
        """Cycles to bring the first tiles of the inputs to the array (see the kernel for sharing of ports)."""
        parts: list[tuple[float, float, float]] = []
        for op in self.problem.layer.input_operands:
            shared = half = own = 0.0
            for level in range(len(self.problem.memories[op]) - 1):
                inner, inner_shared = loading[op, level, Direction.FROM_HIGH]
                outer, outer_shared = loading[op, level + 1, Direction.TO_LOW]
                longest = max(inner, outer)
                if inner_shared and outer_shared:
                    shared += longest
                elif inner_shared or outer_shared:
                    half = longest
                else:
                    own += longest
            parts.append((shared, half, own))
        if len(parts) == 1:
            return parts[0][2]
        (shared1, half1, own1), (shared2, half2, own2) = parts
        return min(
            shared1 + max(shared2 + half2 + own2, half1 + own1),
            shared2 + max(shared1 + half1 + own1, half2 + own2),
        )

    def _offload(self, loading: dict[tuple[str, int, Direction], tuple[float, bool]]) -> float:
        """Cycles to bring the last outputs to the outermost memory, one level after the other."""
        output = self.problem.layer.output_operand
        return sum(
            max(loading[output, level, Direction.TO_HIGH][0], loading[output, level + 1, Direction.FROM_LOW][0])
            for level in range(len(self.problem.memories[output]) - 1)
        )


def _port_stall_cycles(activities: list[_PortActivity]) -> float:
    """Stall of one port over the computation; negative where a single transfer has time to spare."""
    if not activities:
        return 0
    if len(activities) == 1:
        return activities[0].slack_cycles
    stalls = sum(max(0, a.slack_cycles) for a in activities)
    spare = sum(min(0, a.slack_cycles) for a in activities)
    wanted = sum(a.window_cycles for a in activities)
    return stalls + max(0, spare + wanted - _covered_cycles(activities))


def _covered_cycles(activities: list[_PortActivity]) -> int:
    """Cycles of the computation in which at least one window of a port is open; windows open when a period starts."""
    for a in activities:
        if a.period_cycles == a.allowed_cycles:
            return a.period_cycles * a.movement.n_periods
    by_period = sorted(activities, key=lambda a: a.period_cycles)
    longest = max(activities, key=lambda a: a.period_cycles)

    def covered(x: int, k: int) -> int:
        """Covered cycles among the first x, counting the k shortest periods."""
        if k == 0 or x == 0:
            return 0
        period, window = by_period[k - 1].period_cycles, by_period[k - 1].allowed_cycles
        n_whole, rest = floor(x / period), x % period
        whole = window + covered(period, k - 1) - covered(window, k - 1) if n_whole else 0
        part = rest if rest <= window else window + covered(rest, k - 1) - covered(window, k - 1)
        return n_whole * whole + part

    return covered(longest.period_cycles, len(by_period)) * longest.movement.n_periods


def _reduced(total: list[float], least: list[int], surplus: float) -> list[float]:
    """Shorten the longest first, each down to its least, until the surplus is used up."""
    remaining = list(total)
    for k in sorted(range(len(total)), key=lambda k: total[k], reverse=True):
        taken = min(surplus, max(0.0, total[k] - least[k]))
        remaining[k] -= taken
        surplus -= taken
    return remaining
