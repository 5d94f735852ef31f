"""Proposals of spatial mappings: which loops to unroll over the dimensions of the array.

Source of the rules: ZigZag 3.9.1, ``spatial_mapping_generation.py``. An unrolling is bounded by the array, the layer,
and the width and capacity of the innermost memories, which must feed all unrolled units at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice, product
from math import isqrt, prod

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.dimension_order import array_dimension_order, layer_dimension_order
from zigzag_lab.mapping.spatial import SpatialMapping, multiplied
from zigzag_lab.vocab import Direction, InputError
from zigzag_lab.vocab.options import N_SPATIAL_MAPPINGS
from zigzag_lab.workload import Layer

N_TIES_KEPT = 16
"""Maximum of further candidates that tie with the last one."""

N_SHRINKINGS_KEPT = 64
"""Maximum of ways to shrink one candidate to what the innermost memories hold."""

Unrolled = dict[str, int]


@dataclass(frozen=True)
class _Candidate:
    indicator: float
    index: tuple[int, ...]
    unrollings: dict[str, Unrolled]

    @property
    def rank(self) -> tuple[float, tuple[int, ...]]:
        return -self.indicator, self.index


def spatial_mappings(
    layer: Layer,
    accelerator: Accelerator,
    constraints: MappingConstraints,
    n_mappings: int | None = N_SPATIAL_MAPPINGS.default,
    *,
    mixed: bool = False,
) -> list[SpatialMapping]:
    """The most promising spatial mappings, best first.

    The user's unrollings stay (reduced where they cannot work); the other array dimensions are searched over the
    divisors of the loops. Candidates are ranked by units in use, then by how evenly loops share them.

    Args:
        layer: what runs.
        accelerator: where it runs.
        constraints: the user's spatial mapping and hints.
        n_mappings: how many to keep, beside up to 16 that tie with the last; None for all.
        mixed: whether several loops may share one array dimension.
    """
    limits = _Limits.of(layer, accelerator, constraints)
    templates = _reduced_templates(limits, constraints)
    free = [d for d in accelerator.array.sizes if d not in constraints.spatial_mapping]
    options = [_options(limits, constraints, dim, mixed=mixed) for dim in free]
    found: dict[SpatialMapping, None] = {}
    for template in templates:
        candidates = _UnrollingSearch(layer, template, free, options, n_mappings).best()
        found.update(dict.fromkeys(_within_capacity(limits, candidates, free)))
    if not found:
        raise InputError(f"layer {layer.name}", "no spatial mapping fits the array", "loops that fit its dimensions")
    return list(found)


def _within_capacity(
    limits: _Limits, candidates: Sequence[dict[str, Unrolled]], free: Sequence[str]
) -> Iterator[SpatialMapping]:
    """Candidates, shrunk to what the innermost memories hold.

    ZigZag 3.9.1 shrinks in place what several candidates share, so that a later one may start from what an earlier one
    left of an array dimension. Such mappings are proposed too, after those that start afresh.
    """
    left: dict[tuple[str, tuple[tuple[str, int], ...]], list[Unrolled]] = {}
    for candidate in candidates:
        forms = {d: left.setdefault((d, tuple(candidate[d].items())), [candidate[d]]) for d in free}
        starts = ({**candidate, **dict(zip(free, form, strict=True))} for form in product(*forms.values()))
        shrunk = (m for start in islice(starts, N_SHRINKINGS_KEPT) for m in limits.within_capacity(start))
        mappings = _first_distinct(shrunk)
        for mapping in mappings:
            for d, known in forms.items():
                if mapping.unrollings[d] not in known:
                    known.append(mapping.unrollings[d])
        yield from mappings


def _first_distinct(mappings: Iterator[SpatialMapping]) -> list[SpatialMapping]:
    """The first different ones, as many as are kept."""
    distinct: dict[SpatialMapping, None] = {}
    for mapping in mappings:
        distinct[mapping] = None
        if len(distinct) == N_SHRINKINGS_KEPT:
            break
    return list(distinct)


@dataclass(frozen=True)
class _Limits:
    """How far each loop may be unrolled on each array dimension, and what innermost memories can hold."""

    layer: Layer
    accelerator: Accelerator
    layer_operand: dict[str, str]
    largest: dict[str, Unrolled]

    @classmethod
    def of(cls, layer: Layer, accelerator: Accelerator, constraints: MappingConstraints) -> _Limits:
        layer_operand = {m: op for op, m in constraints.operand_links.items() if op in layer.operand_dims}
        largest = {d: {k: min(s, n) for k, s in layer.loop_sizes.items()} for d, n in accelerator.array.sizes.items()}
        limits = cls(layer, accelerator, layer_operand, largest)
        limits._apply_bandwidth()
        return limits

    def _inner_operands(self) -> Iterator[tuple[int, str, str]]:
        """(memory index, memory operand, layer operand) of the innermost memories, in the order of the file."""
        for index in self.accelerator.innermost:
            for memory_operand in self.accelerator.memories[index].operands:
                if memory_operand in self.layer_operand:
                    yield index, memory_operand, self.layer_operand[memory_operand]

    def _apply_bandwidth(self) -> None:
        for index, memory_operand, operand in self._inner_operands():
            memory = self.accelerator.memories[index]
            direction = Direction.FROM_LOW if operand == self.layer.output_operand else Direction.TO_LOW
            port = memory.port_of(memory_operand, direction)
            precision = self.layer.precision_bits[operand]
            if port is None or precision == 0:
                continue
            n_elems = port.bandwidth_max_bits // precision
            for array_dim in memory.served_dimensions:
                for dim in self._addressing(operand, self.largest[array_dim]):
                    self.largest[array_dim][dim] = min(self.largest[array_dim][dim], n_elems)

    def _addressing(self, operand: str, dims: Sequence[str] | Unrolled) -> list[str]:
        """Loop dimensions along which an operand needs different data."""
        irrelevant = self.layer.relevancy.irrelevant[operand]
        return [d for d in dims if d not in irrelevant]

    def within_capacity(self, unrollings: dict[str, Unrolled]) -> list[SpatialMapping]:
        """The mapping, shrunk until the innermost memories hold an element of each operand per unit they feed.

        Where several factors may give way, each choice is proposed (see :func:`_shrinkings`).
        """
        variants = [SpatialMapping(unrollings)]
        for index, _, operand in self._inner_operands():
            precision = self.layer.precision_bits[operand]
            if precision:
                memory = self.accelerator.memories[index]
                served = array_dimension_order(memory.served_dimensions)
                capacity = memory.size_bits / precision
                shrunk = (SpatialMapping(u) for v in variants for u in self._shrunk(v, operand, served, capacity))
                variants = _first_distinct(shrunk)
        return variants

    def _shrunk(
        self, mapping: SpatialMapping, operand: str, served: Sequence[str], capacity: float
    ) -> Iterator[dict[str, Unrolled]]:
        """The ways to unroll no more elements of an operand than a memory holds."""
        unrollings = mapping.unrollings
        dims = layer_dimension_order(k for d in served for k in self._addressing(operand, unrollings[d]))
        places = [(d, k) for k in dims for d in served if k in unrollings[d]]
        for factors in _shrinkings([unrollings[d][k] for d, k in places], capacity):
            shrunk = {d: dict(u) for d, u in unrollings.items()}
            for (d, k), factor in zip(places, factors, strict=True):
                shrunk[d][k] = factor
            yield shrunk


def _shrinkings(factors: list[int], limit: float) -> Iterator[tuple[int, ...]]:
    """Shrink the largest factors one by one until the product fits; none below 1.

    Those that are largest in the end differ by one at most, and which of them are the smaller ones is open: in ZigZag
    3.9.1 the order of a Python set decides, and factors that were equal all take the value of the last of them, even
    if the product is then too large. Every such outcome is proposed, and those where each factor keeps its own value.
    """
    final = list(factors)
    while prod(final) > limit and max(final, default=1) > 1:
        final[final.index(max(final))] -= 1
    if final == factors:
        yield tuple(factors)
        return
    largest = max(final)
    candidates = [i for i, factor in enumerate(factors) if factor >= largest]
    for chosen in combinations(candidates, len(candidates) - final.count(largest)):
        own = [f if f < largest else largest - (i in chosen) for i, f in enumerate(factors)]
        common = {f: max(o for g, o in zip(factors, own, strict=True) if g == f) for f in factors}
        yield tuple(common[f] for f in factors)
        yield tuple(own)


def _reduced_templates(limits: _Limits, constraints: MappingConstraints) -> list[dict[str, Unrolled]]:
    """The user's spatial mapping, reduced to what the array, the memories and the layer allow.

    Where more is given than fits, loops are left out until it does; each way to do so is proposed, as it is open.
    """
    templates: list[dict[str, Unrolled]] = [{}]
    sizes, loop_sizes = limits.accelerator.array.sizes, limits.layer.loop_sizes
    for array_dim, unrolled in constraints.spatial_mapping.items():
        if array_dim not in sizes:
            raise InputError(
                f"mapping entry '{constraints.name}': spatial_mapping",
                f"dimension {array_dim} is not in the array",
                f"one of {', '.join(sizes)}",
            )
        largest = limits.largest[array_dim]
        given = {k: max(1, min(n, largest[k])) for k, n in unrolled.items() if k in loop_sizes}
        kept = _reductions(given, layer_dimension_order(given), sizes[array_dim])
        templates = [{**template, array_dim: k} for template in templates for k in kept]
    for dim, size in loop_sizes.items():
        templates = [reduced for template in templates for reduced in _reduced_along(template, dim, size)]
    return templates


def _reduced_along(template: dict[str, Unrolled], dim: str, size: int) -> Iterator[dict[str, Unrolled]]:
    """The ways to unroll one loop no further than its size, by dropping it from some array dimensions."""
    given = {d: u[dim] for d, u in template.items() if dim in u}
    for kept in _reductions(given, array_dimension_order(given), size):
        yield {d: {k: n for k, n in u.items() if k != dim or d in kept} for d, u in template.items()}


def _reductions(given: Unrolled, order: Sequence[str], limit: int) -> list[Unrolled]:
    """The ways to leave out entries one by one, the first in order first, until the product fits."""
    if prod(given.values()) <= limit:
        return [given]
    reduced: list[Unrolled] = []
    for name in order:
        rest = {k: n for k, n in given.items() if k != name}
        reduced += [r for r in _reductions(rest, [k for k in order if k != name], limit) if r not in reduced]
    return reduced


def _options(limits: _Limits, constraints: MappingConstraints, array_dim: str, *, mixed: bool) -> list[Unrolled]:
    """Return the unrollings of one array dimension, in the order that decides ties."""
    loops, hints = limits.layer.loop_sizes, constraints.spatial_hints.get(array_dim, ())
    ordered = layer_dimension_order(hints if any(d in loops for d in hints) else loops)
    dims, largest = [d for d in ordered if d in loops], limits.largest[array_dim]
    options = [{dim: factor} for dim in dims for factor in reversed(divisors(largest[dim]))]
    if mixed:
        size = limits.accelerator.array.sizes[array_dim]
        for n_dims in range(2, len(dims) + 1):
            for group in combinations(dims, n_dims):
                for factors in product(*(divisors(largest[d])[1:] for d in group)):
                    if prod(factors) <= size:
                        options.append(dict(zip(group, factors, strict=True)))
    return options or [{dims[0]: 1}]


def divisors(number: int) -> list[int]:
    """Divisors in ascending order; none for 0."""
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})


class _UnrollingSearch:
    """Depth-first over the free array dimensions, bounded by what the remaining ones can still add.

    The indicator of a mapping that uses u units lies between u and 2u - 1, so a partial choice is dropped once even
    the fullest use of the remaining dimensions cannot reach the last candidate kept.
    """

    def __init__(
        self,
        layer: Layer,
        template: dict[str, Unrolled],
        free: list[str],
        options: list[list[Unrolled]],
        n_mappings: int | None,
    ) -> None:
        self.layer, self.template, self.free, self.n_mappings = layer, template, free, n_mappings
        self.options = [
            sorted(((prod(o.values()), i, o) for i, o in enumerate(choice)), key=lambda x: (-x[0], x[1]))
            for choice in options
        ]
        self.reach = [1.0] * (len(options) + 1)
        for depth in range(len(options) - 1, -1, -1):
            self.reach[depth] = self.reach[depth + 1] * self.options[depth][0][0]
        self.kept: list[_Candidate] = []

    def best(self) -> list[dict[str, Unrolled]]:
        """The candidates kept, best first."""
        if not self.free:
            return [self.template]
        totals = multiplied(chain.from_iterable(unrolled.items() for unrolled in self.template.values()))
        self._visit(0, prod(prod(u.values()) for u in self.template.values()), [], totals)
        self.kept.sort(key=lambda c: c.rank)
        return [candidate.unrollings for candidate in self._trimmed()]

    def _trimmed(self) -> list[_Candidate]:
        n = self.n_mappings
        if n is None or len(self.kept) <= n:
            return self.kept
        last = self.kept[n - 1].indicator
        ties = [c for c in self.kept[n : n + N_TIES_KEPT] if c.indicator == last]
        return [*self.kept[:n], *ties]

    def _threshold(self) -> float:
        n = self.n_mappings
        return self.kept[n - 1].indicator if n is not None and len(self.kept) >= n else 0.0

    def _visit(self, depth: int, n_units: int, chosen: list[tuple[int, Unrolled]], totals: Unrolled) -> None:
        if depth == len(self.free):
            self._keep(n_units, chosen, totals)
            return
        for use, index, unrolled in self.options[depth]:
            if 2 * n_units * use * self.reach[depth + 1] - 1 < self._threshold():
                break
            grown = dict(totals)
            for dim, factor in unrolled.items():
                grown[dim] = grown.get(dim, 1) * factor
            if all(grown[dim] <= self.layer.loop_sizes[dim] for dim in unrolled):
                self._visit(depth + 1, n_units * use, [*chosen, (index, unrolled)], grown)

    def _keep(self, n_units: int, chosen: list[tuple[int, Unrolled]], totals: Unrolled) -> None:
        indicator = n_units + (n_units / max(totals.values(), default=1) - 1)
        unrollings = dict(self.template)
        unrollings.update({d: u for d, (_, u) in zip(self.free, chosen, strict=True)})
        self.kept.append(_Candidate(indicator, tuple(i for i, _ in chosen), unrollings))
        if self.n_mappings is not None:
            self.kept.sort(key=lambda c: c.rank)
            if len(self.kept) > 4 * (self.n_mappings + N_TIES_KEPT):
                self.kept = self._trimmed()
