"""Arrays that compute inside their memory: weights lie in SRAM cells, and whole columns are summed where they lie.

A *bank* is a grid of cells: activations enter along its rows, each column adds up its products. Analog arrays add on
the bitline and convert the sum (ADC); digital ones add in a tree of full adders. Activations may be fed a few bits at
a time, their partial sums added up in an accumulator. Circuit figures are for 28 nm, as in ZigZag 3.9.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import log2

from zigzag_lab.vocab import InputError

CELLS = "cells"
"""The name of the memory that is the grid of cells itself."""


class ImcKind(StrEnum):
    """How a column adds up: as a charge on its bitline, or in a tree of adders."""

    ANALOG = "analog"
    DIGITAL = "digital"


@dataclass(frozen=True, slots=True)
class Gates:
    """Gates of a technology: capacitances in pF, areas in mm2, delays in ns."""

    supply_v: float
    nand_pf: float
    nand_mm2: float
    nand_ns: float
    xor_pf: float
    xor_mm2: float
    xor_ns: float
    flip_flop_pf: float
    flip_flop_mm2: float
    line_pf: float

    def switch_pj(self, capacitance_pf: float) -> float:
        """Energy to charge a capacitance once."""
        return capacitance_pf * self.supply_v**2

    @property
    def adder_pj(self) -> float:
        """A full adder (three NAND, two XOR gates) with data on both inputs."""
        return self.switch_pj(3 * self.nand_pf + 2 * self.xor_pf)

    @property
    def half_used_adder_pj(self) -> float:
        """A full adder with one input at zero: no carry arises."""
        return self.switch_pj(2 * self.xor_pf)

    @property
    def multiplier_pj(self) -> float:
        """A multiplier of one bit by one, half of whose inputs (the weight) stays."""
        return 0.5 * self.switch_pj(self.nand_pf)

    @property
    def register_pj(self) -> float:
        """A register of one bit."""
        return self.switch_pj(self.flip_flop_pf)

    @property
    def adder_mm2(self) -> float:
        """A full adder."""
        return 3 * self.nand_mm2 + 2 * self.xor_mm2

    @property
    def input_to_sum_ns(self) -> float:
        """Through a full adder from an input to its sum."""
        return 2 * self.xor_ns

    @property
    def input_to_carry_ns(self) -> float:
        """Through a full adder from an input to its carry."""
        return self.xor_ns + 2 * self.nand_ns

    @property
    def carry_to_carry_ns(self) -> float:
        """Through a full adder from carry to carry."""
        return 2 * self.nand_ns


GATES_28NM = Gates(
    supply_v=0.9,
    nand_pf=0.7e-3,
    nand_mm2=0.614e-6,
    nand_ns=0.0478,
    xor_pf=0.7e-3 * 1.5,
    xor_mm2=0.614e-6 * 2.4,
    xor_ns=0.0478 * 2.4,
    flip_flop_pf=0.7e-3 * 3,
    flip_flop_mm2=0.614e-6 * 6,
    line_pf=0.7e-3 / 2,
)


@dataclass(frozen=True)
class ImcArray:
    """The circuits of an array that computes in memory.

    Attributes:
        kind: analog or digital.
        activation_bits, weight_bits: widths of the operands; powers of 2.
        serial_bits: bits of an activation fed in one cycle; a power of 2, at most ``activation_bits``.
        adc_bits: resolution of the converters of an analog array; 0 for a digital one.
        wordline_dim, bitline_dim: array dimensions along which columns stand side by side, and rows are summed.
        n_columns, n_rows, n_banks: units along the wordline, along the bitline, and grids side by side.
        group_bits: bits of one cell group; above ``weight_bits`` it holds several weights, of which one is in use.
        cells_mm2: area of all cells.
        gates: the technology.

    Raises:
        InputError: the circuit cannot be built; ``where`` is the key of the accelerator file.
    """

    kind: ImcKind
    activation_bits: int
    weight_bits: int
    serial_bits: int
    adc_bits: int
    wordline_dim: str
    bitline_dim: str
    n_columns: int
    n_rows: int
    n_banks: int
    group_bits: int
    cells_mm2: float
    gates: Gates = GATES_28NM

    def __post_init__(self) -> None:
        for key, name, bits in (
            ("input_precision", "activations", self.activation_bits),
            ("input_precision", "weights", self.weight_bits),
            ("bit_serial_precision", "activations fed in a cycle", self.serial_bits),
        ):
            if not _is_power_of_two(bits):
                raise InputError(key, f"{name} of {bits} bits", "a power of 2", "Adders pair up their inputs.")
        if self.serial_bits > self.activation_bits:
            found = f"{self.serial_bits} bits in a cycle, of activations of {self.activation_bits} bits"
            raise InputError("bit_serial_precision", found, f"at most {self.activation_bits}")
        if self.adc_bits < 0 or (self.adc_bits and not self.is_analog):
            expected = "0 or more bits" if self.is_analog else "0: a digital array has no converters"
            raise InputError("adc_resolution", f"{self.adc_bits} bits", expected, "Or write imc_type: analog.")
        if not self.is_analog and not _is_power_of_two(self.n_rows):
            found = f"{self.n_rows} rows along {self.bitline_dim}"
            raise InputError("sizes", found, "a power of 2 in a digital array", "Its adder tree pairs up the rows.")
        if self.group_bits < 1 or self.group_bits % self.weight_bits:
            found = f"{CELLS} of {self.group_bits} bits"
            raise InputError(CELLS, found, f"a multiple of the weights' {self.weight_bits} bits")

    @property
    def is_analog(self) -> bool:
        """Whether columns add up as charges."""
        return self.kind is ImcKind.ANALOG

    @property
    def cycles_per_op(self) -> float:
        """Cycles until a whole activation has been fed."""
        return self.activation_bits / self.serial_bits

    @property
    def is_serial(self) -> bool:
        """Whether activations take several cycles, so that partial sums are accumulated."""
        return self.serial_bits != self.activation_bits

    @property
    def weights_a_group(self) -> float:
        """Weights that one cell group holds."""
        return self.group_bits / self.weight_bits

    # -- circuits --------------------------------------------------------------------------------------------------

    @property
    def adc_pj(self) -> float:
        """One conversion."""
        if self.adc_bits == 0:
            return 0.0
        return (100 * self.adc_bits + 0.001 * 4.0**self.adc_bits) * self.gates.supply_v**2 / 1000

    @property
    def dac_pj(self) -> float:
        """Driving one row of an analog array; with a single bit, no converter is needed."""
        return 0.0 if self.serial_bits == 1 else 0.05 * self.serial_bits * self.gates.supply_v**2

    @property
    def tree_depth(self) -> int:
        """Stages of a digital column's adder tree."""
        return int(log2(self.n_rows))

    def tree_adders(self, n_inputs: int) -> int:
        """Full adders of a tree over some rows (a power of 2) of a digital column."""
        return n_inputs * (self.weight_bits + 1) - (self.weight_bits + int(log2(n_inputs)) + 1)

    @property
    def _column_sum_bits(self) -> int:
        """Width of what leaves a column's converter or adder tree."""
        return self.adc_bits if self.is_analog else self.weight_bits + self.tree_depth

    @property
    def _n_places(self) -> int:
        """Sums of different place value in one result: of a weight's bits (analog), of an activation's (digital)."""
        return self.weight_bits if self.is_analog else self.serial_bits

    @property
    def place_adders(self) -> float:
        """Full adders that join the sums of different place value into one, a column of weights."""
        n = self._n_places
        return 0.0 if n == 1 else self._column_sum_bits * (n - 1) + n * (log2(n) - 0.5)

    @property
    def accumulator_bits(self) -> int:
        """Width of the accumulator behind a column of weights; 0 where activations come whole."""
        if not self.is_serial:
            return 0
        sum_bits = self.adc_bits if self.is_analog else self.tree_depth
        return self.activation_bits + self.weight_bits + sum_bits

    # -- area ------------------------------------------------------------------------------------------------------

    @cached_property
    def area_mm2_by_part(self) -> dict[str, float]:
        """Area of each part of all banks, under ZigZag's names."""
        gates, n_all_columns = self.gates, self.n_columns * self.n_banks
        serial = 1 if self.is_analog else self.serial_bits
        multipliers = serial * self.weight_bits * n_all_columns * self.n_rows
        trees = 0 if self.is_analog else self.tree_adders(self.n_rows) * self.serial_bits * n_all_columns
        return {
            "cells": self.cells_mm2,
            "dacs": 0.0,
            "adcs": self._adc_mm2 * self.weight_bits * n_all_columns if self.is_analog else 0.0,
            "mults": gates.nand_mm2 * multipliers,
            "adders_regular": gates.adder_mm2 * trees,
            "adders_pv": gates.adder_mm2 * self.place_adders * n_all_columns,
            "accumulators": (gates.adder_mm2 + gates.flip_flop_mm2) * self.accumulator_bits * n_all_columns,
        }

    @property
    def _adc_mm2(self) -> float:
        """One converter; fitted to published 28 nm designs."""
        if self.adc_bits <= 1:
            return 0.0
        fitted: float = 10.0 ** (-0.0369 * self.adc_bits + 1.206)
        return fitted * 2.0**self.adc_bits * 1e-6

    @property
    def area_mm2(self) -> float:
        """Area of all banks, without registers at their edges."""
        return sum(self.area_mm2_by_part.values())

    # -- clock -----------------------------------------------------------------------------------------------------

    @cached_property
    def clock_ns_by_part(self) -> dict[str, float]:
        """Time that each part adds to the longest path, under ZigZag's names."""
        gates = self.gates
        tree = 0.0
        if not self.is_analog:
            tree = _ripple_ns(gates, self.tree_depth, self._column_sum_bits - 1)
        n_places, place, bits = self._n_places, 0.0, self._column_sum_bits
        if n_places > 1:
            place = _ripple_ns(gates, int(log2(n_places)), n_places)
            bits += n_places
        accumulator = _ripple_ns(gates, 1, self.accumulator_bits - bits) if self.is_serial else 0.0
        return {
            "cells": 0.0,
            "dacs": 0.0,
            "adcs": self.adc_bits * (0.00653 * self.n_rows + 0.640) if self.is_analog else 0.0,
            "mults": gates.nand_ns,
            "adders_regular": tree,
            "adders_pv": place,
            "accumulators": accumulator,
        }

    @property
    def clock_ns(self) -> float:
        """Shortest clock period: the sum along the longest path."""
        return sum(self.clock_ns_by_part.values())

    def meaning(self) -> dict[str, object]:
        """Return the fields that decide energy, cycles and clock, as plain data: everything but areas."""
        return {
            "kind": self.kind.value,
            "activation_bits": self.activation_bits,
            "weight_bits": self.weight_bits,
            "serial_bits": self.serial_bits,
            "adc_bits": self.adc_bits,
            "wordline": self.wordline_dim,
            "bitline": self.bitline_dim,
            "group_bits": self.group_bits,
        }


def _ripple_ns(gates: Gates, n_stages: int, n_carries: int) -> float:
    """Time through stages of ripple-carry adders: sums of all but the last, then its carry along the bits left."""
    return (n_stages - 1) * gates.input_to_sum_ns + gates.input_to_carry_ns + (n_carries - 1) * gates.carry_to_carry_ns


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0
