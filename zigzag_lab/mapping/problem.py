"""A mapping problem: one layer on one accelerator under one spatial mapping, made ready for arrays.

Everything that does not depend on the order of the temporal loops is computed here once; the allocator and the cost
kernel only look it up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from zigzag_lab.hardware import Accelerator, Port
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.spatial import SpatialMapping, UnrolledLoops, temporal_loop_sizes, unroll
from zigzag_lab.mapping.unrolling import SpatialForm
from zigzag_lab.vocab import FINAL_OUTPUT
from zigzag_lab.vocab.options import SKIPS_REPEATED_READS
from zigzag_lab.workload import Layer


@dataclass(frozen=True)
class Problem:
    """One layer, one accelerator, one spatial mapping.

    Attributes:
        layer, accelerator, constraints, spatial_mapping: what was given.
        fractional, integer: the unrolled loops in both forms, the same object where they agree.
        temporal_sizes: loop dimension -> iterations left in time.
        skip_repeated_reads: whether an input that the array uses in consecutive cycles is read from the innermost
            memory once, and held at its output pins (ZigZag's ``access_same_data_considered_as_no_access``).

    >>> from zigzag_lab.inputs import read_accelerator
    >>> from zigzag_lab.inputs.presets import preset_path
    >>> product = Layer(
    ...     id=0,
    ...     name="product",
    ...     operator_type="Gemm",
    ...     operand_dims={"O": ("B", "K"), "W": ("C", "K"), "I": ("B", "C")},
    ...     loop_sizes={"B": 4, "K": 64, "C": 96},
    ...     precision_bits={"O": 16, "O_final": 8, "W": 8, "I": 8},
    ... )
    >>> tpu = read_accelerator(preset_path("accelerator", "tpu_like"))
    >>> problem = Problem.of(product, tpu, MappingConstraints(), SpatialMapping({"D1": {"K": 32}, "D2": {"C": 32}}))
    >>> problem.temporal_sizes
    {'B': 4, 'K': 2, 'C': 3}
    >>> [problem.accelerator.memories[index].name for index in problem.memories["W"]]
    ['rf_128B', 'dram']
    """

    layer: Layer
    accelerator: Accelerator
    constraints: MappingConstraints
    spatial_mapping: SpatialMapping
    fractional: SpatialForm
    integer: SpatialForm
    temporal_sizes: dict[str, int]
    skip_repeated_reads: bool = SKIPS_REPEATED_READS

    @classmethod
    def of(
        cls,
        layer: Layer,
        accelerator: Accelerator,
        constraints: MappingConstraints,
        spatial: SpatialMapping,
        *,
        skip_repeated_reads: bool = SKIPS_REPEATED_READS,
    ) -> Problem:
        """Prepare a problem from a spatial mapping in the form of the generator."""
        forms = unroll(layer, accelerator, constraints.operand_links, spatial)
        return cls.of_unrolled(layer, accelerator, constraints, *forms, skip_repeated_reads=skip_repeated_reads)

    @classmethod
    def of_unrolled(
        cls,
        layer: Layer,
        accelerator: Accelerator,
        constraints: MappingConstraints,
        fractional: UnrolledLoops,
        integer: UnrolledLoops,
        *,
        skip_repeated_reads: bool = SKIPS_REPEATED_READS,
    ) -> Problem:
        """Prepare a problem from unrolled loops."""
        first = SpatialForm.of(layer, fractional)
        second = first if integer is fractional else SpatialForm.of(layer, integer)
        sizes = temporal_loop_sizes(layer, fractional)
        return cls(layer, accelerator, constraints, fractional.mapping, first, second, sizes, skip_repeated_reads)

    def with_repeated_reads(self, *, skipped: bool) -> Problem:
        """Return the problem with repeated reads skipped or not; itself where that is so already."""
        return self if self.skip_repeated_reads == bool(skipped) else self._counterpart

    @cached_property
    def _counterpart(self) -> Problem:
        return replace(self, skip_repeated_reads=not self.skip_repeated_reads)

    @property
    def forms(self) -> tuple[SpatialForm, ...]:
        """The fractional form of the spatial mapping, and the integer one if it differs."""
        return (self.fractional,) if self.integer is self.fractional else (self.fractional, self.integer)

    @property
    def operands(self) -> tuple[str, ...]:
        """Operands in the order of the equation, output first."""
        return self.layer.operands

    def inputs_share(self, port: Port) -> bool:
        """Whether both inputs of the layer pass through a port and take turns there when they are first loaded.

        A layer of one input shares with no other. ZigZag 3.9.1 would leave what it loads through such a port out, but
        reads no layer of one input.
        """
        return port.is_shared_by_inputs and len(self.layer.input_operands) > 1

    def memory_operand(self, operand: str) -> str:
        """The memory operand that holds a layer operand."""
        return self.constraints.operand_links[operand]

    @cached_property
    def layer_operand(self) -> dict[str, str]:
        """Memory operand -> layer operand."""
        return {m: op for op, m in self.constraints.operand_links.items() if op in self.layer.operand_dims}

    @cached_property
    def memories(self) -> dict[str, tuple[int, ...]]:
        """Layer operand -> indices of the memories that hold it, innermost first."""
        return {op: self.accelerator.levels[self.memory_operand(op)] for op in self.operands}

    @cached_property
    def sharers(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """Per memory: (layer operand, its level there), in the order of the accelerator's file."""
        return tuple(
            tuple(
                (self.layer_operand[m], self.accelerator.level_of(m, index))
                for m in memory.operands
                if m in self.layer_operand
            )
            for index, memory in enumerate(self.accelerator.memories)
        )

    def precision(self, operand: str) -> int:
        """Bits an element; of partial sums for the output."""
        return self.layer.precision_bits[operand]

    @property
    def final_precision(self) -> int:
        """Bits of a finished output element."""
        return self.layer.precision_bits[FINAL_OUTPUT]

    def __hash__(self) -> int:
        return id(self)
