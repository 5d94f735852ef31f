"""A layer: a nest of loops over a multiply-accumulate (or an element-wise operation), as a frozen record."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import gcd, prod

from zigzag_lab.vocab import FINAL_OUTPUT, InputError

BATCH = "B"
"""The loop over the inferences of a batch, by custom."""

MOST_ITERATIONS = 2**40
"""Of one loop: more than any tensor has elements along one dimension, and few enough to be factored at once."""


@dataclass(frozen=True, slots=True)
class DimensionRelation:
    """A data dimension that slides over two loop dimensions, ``IX = 2*OX + 1*FX``.

    The two loops are *partially relevant* to the operand with the data dimension: each iteration of one reuses part
    of what the other brought in.
    """

    data_dim: str
    dim_a: str
    coef_a: int
    dim_b: str
    coef_b: int

    @property
    def loop_dims(self) -> tuple[str, str]:
        """The two loop dimensions."""
        return self.dim_a, self.dim_b

    def extent(self, a: int, b: int) -> int:
        """How many distinct data elements ``a`` by ``b`` iterations touch.

        As in ZigZag 3.9.1, which over-counts dilated windows (a = 1, coef_b = 2, b = 3 gives 5, not 3): its users'
        numbers are made of this formula.
        """
        common = gcd(self.coef_a, self.coef_b)
        return a * b - max(0, b - self.coef_a // common) * (a - self.coef_b // common)

    def __str__(self) -> str:
        return f"{self.data_dim.lower()}={self.coef_a}*{self.dim_a.lower()}+{self.coef_b}*{self.dim_b.lower()}"


@dataclass(frozen=True)
class Layer:
    """One layer of a workload.

    Attributes:
        id: number of the layer in its workload.
        name: unique name, as in the model file.
        operator_type: ``Conv``, ``Gemm``, ``Pooling``...
        operand_dims: operand -> the dimensions it is indexed with, in the order of the equation; the output first.
        loop_sizes: loop dimension -> number of iterations, in the order of the file.
        relations: sliding-window relations (see :class:`DimensionRelation`).
        precision_bits: operand -> bits an element; ``O`` for partial sums, ``O_final`` for results.
        constant_operands: operands that are weights, constant while the network runs.
        sources: operand -> id of the layer that produces it.
        data_sizes: data dimension -> its extent without padding; computed from the relations where absent.
        padding: data dimension -> (before, after) elements that exist nowhere in memory.
        combine: ``*`` for multiply-accumulate, ``+`` for element-wise addition.
    """

    id: int
    name: str
    operator_type: str
    operand_dims: dict[str, tuple[str, ...]]
    loop_sizes: dict[str, int]
    relations: tuple[DimensionRelation, ...] = ()
    precision_bits: dict[str, int] = field(default_factory=dict)
    constant_operands: tuple[str, ...] = ()
    sources: dict[str, int] = field(default_factory=dict)
    data_sizes: dict[str, int] = field(default_factory=dict)
    padding: dict[str, tuple[int, int]] = field(default_factory=dict)
    combine: str = "*"

    def __post_init__(self) -> None:
        where = f"layer {self.name}"
        related = [d for r in self.relations for d in r.loop_dims]
        for dim in {d for d in related if related.count(d) > 1}:
            raise InputError(where, f"loop {dim} stands in two dimension relations", "each loop in at most one")
        data_dims = {r.data_dim for r in self.relations}
        for op, dims in self.operand_dims.items():
            for dim in dims:
                if dim not in self.loop_sizes and dim not in data_dims:
                    known = ", ".join([*self.loop_sizes, *sorted(data_dims)])
                    raise InputError(where, f"operand {op} is indexed with unknown dimension {dim}", f"one of {known}")
        for dim in related:
            if dim not in self.loop_sizes:
                raise InputError(where, f"a dimension relation names unknown loop {dim}", ", ".join(self.loop_sizes))
        for op in (*self.operands, FINAL_OUTPUT):
            if op not in self.precision_bits:
                raise InputError(where, f"operand {op} has no precision", "bits an element for every operand")
        for dim, size in self.loop_sizes.items():
            if not 1 <= size <= MOST_ITERATIONS:
                raise InputError(where, f"loop {dim} has size {size}", f"a number from 1 to {MOST_ITERATIONS}")
        if not self.data_sizes and self.relations:
            object.__setattr__(self, "data_sizes", self._extents_without_padding())

    def _extents_without_padding(self) -> dict[str, int]:
        sizes = self.loop_sizes
        return {
            r.data_dim: r.extent(sizes[r.dim_a], sizes[r.dim_b]) - sum(self.padding.get(r.data_dim, (0, 0)))
            for r in self.relations
        }

    @property
    def operands(self) -> tuple[str, ...]:
        """All operands in the order of the equation: output first."""
        return tuple(self.operand_dims)

    @property
    def output_operand(self) -> str:
        """The operand that is written."""
        return self.operands[0]

    @property
    def input_operands(self) -> tuple[str, ...]:
        """The operands that are read."""
        return self.operands[1:]

    @property
    def equation(self) -> str:
        """The operation in ZigZag's notation, such as ``O[b][k]+=W[k][c]*I[b][c]``."""
        terms = [op + "".join(f"[{d.lower()}]" for d in dims) for op, dims in self.operand_dims.items()]
        return f"{terms[0]}+={self.combine.join(terms[1:])}"

    @property
    def batch_size(self) -> int:
        """Inferences that the layer is priced for: the size of its loop B, 1 where it has none."""
        return self.loop_sizes.get(BATCH, 1)

    def precision_of(self, operand: str) -> str:
        """Bits an element of an operand, such as ``W 8``; ``O 16 (8 when finished)`` where those of sums change."""
        bits, final = self.precision_bits[operand], self.precision_bits[FINAL_OUTPUT]
        differs = operand == self.output_operand and final != bits
        return f"{operand} {bits}" + (f" ({final} when finished)" if differs else "")

    @property
    def precision_text(self) -> str:
        """Bits an element of each operand, the output last, such as ``I 8, W 8, O 16 (8 when finished)``."""
        return ", ".join(map(self.precision_of, (*sorted(self.input_operands), self.output_operand)))

    @cached_property
    def n_macs(self) -> int:
        """Operations of the whole layer: the product of all loops."""
        return prod(self.loop_sizes.values())

    @cached_property
    def relevancy(self) -> Relevancy:
        """The loops that matter to each operand."""
        return Relevancy.of(self)

    def tensor_elems(self, operand: str) -> int:
        """Elements of an operand, the whole layer's."""
        relevancy = self.relevancy
        n_elems = prod(self.loop_sizes[d] for d in relevancy.relevant[operand])
        for relation in relevancy.partial[operand]:
            a, b = (self.loop_sizes[d] for d in relation.loop_dims)
            n_elems *= min(self.data_sizes[relation.data_dim], relation.extent(a, b))
        return n_elems

    def addressing(self, operand: str) -> tuple[str, ...]:
        """The loops that bring an operand new data, some or all of it."""
        partial = self.relevancy.partial[operand]
        return (*self.relevancy.relevant[operand], *(dim for relation in partial for dim in relation.loop_dims))

    def meaning(self) -> dict[str, object]:
        """Return the fields that decide the layer's cost, as plain data: all but its id, its name and its sources."""
        return {
            "operator_type": self.operator_type,
            "operand_dims": list(self.operand_dims.items()),
            "combine": self.combine,
            "loop_sizes": list(self.loop_sizes.items()),
            "relations": [[r.data_dim, r.dim_a, r.coef_a, r.dim_b, r.coef_b] for r in self.relations],
            "precision_bits": dict(self.precision_bits),
            "data_sizes": dict(self.data_sizes),
            "constant_operands": self.constant_operands,
        }

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash((self.id, self.name, tuple(self.loop_sizes.items())))


@dataclass(frozen=True, slots=True)
class Relevancy:
    """Per operand: loops that address new data (relevant), that reuse it (irrelevant), or both (partial).

    As in ZigZag 3.9.1: an operand indexed with any data dimension takes *all* relations as partial; a loop of size 1
    is in neither list, except in the relevant list of an operand with partial loops.
    """

    relevant: dict[str, tuple[str, ...]]
    irrelevant: dict[str, tuple[str, ...]]
    partial: dict[str, tuple[DimensionRelation, ...]]

    @classmethod
    def of(cls, layer: Layer) -> Relevancy:
        """Derive the relevancy of each operand from the layer's equation."""
        data_dims = {r.data_dim for r in layer.relations}
        sliding = data_dims | {d for r in layer.relations for d in r.loop_dims}
        relevant: dict[str, tuple[str, ...]] = {}
        irrelevant: dict[str, tuple[str, ...]] = {}
        partial: dict[str, tuple[DimensionRelation, ...]] = {}
        for op, dims in layer.operand_dims.items():
            others = [d for d, size in layer.loop_sizes.items() if d not in dims and size != 1]
            if data_dims.intersection(dims):
                relevant[op] = tuple(d for d in dims if d not in sliding)
                irrelevant[op] = tuple(d for d in others if d not in sliding)
                partial[op] = layer.relations
            else:
                relevant[op] = tuple(d for d in dims if layer.loop_sizes[d] != 1)
                irrelevant[op] = tuple(others)
                partial[op] = ()
        return cls(relevant, irrelevant, partial)
