"""Random problems on in-memory arrays: any circuits, cells below a random hierarchy, any mapping."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.strategies.problems import RandomProblem
from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_layers import chance, random_layer
from tests.strategies.random_mappings import random_levels, random_links, random_ordering, random_spatial
from zigzag_lab.hardware import Accelerator, ImcArray, ImcKind, Memory, OperationalArray, Port
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import Direction


def random_imc_problem(seed: int, *, grouped: bool = False) -> RandomProblem:
    """The problem of a seed, the same at every run.

    Args:
        seed: of chance.
        grouped: whether cell groups hold several weights.
    """
    rng = Random(seed)
    layer, links = random_layer(rng), random_links(rng)
    plain = random_accelerator(rng, layer, links)
    while len(plain.array.sizes) < 2:
        plain = random_accelerator(rng, layer, links)
    accelerator = in_memory(rng, plain, grouped=grouped)
    constraints = MappingConstraints(operand_links=links)
    spatial = random_spatial(rng, layer, accelerator)
    ordering = random_ordering(rng, layer, accelerator, constraints, spatial)
    levels = random_levels(rng, layer, accelerator, constraints, ordering)
    return RandomProblem(layer, accelerator, constraints, spatial, ordering, levels)


def in_memory(rng: Random, plain: Accelerator, *, grouped: bool) -> Accelerator:
    """A random accelerator with its array turned into cells that compute."""
    sizes = dict(plain.array.sizes)
    kind = rng.choice(list(ImcKind))
    if kind is ImcKind.DIGITAL:
        sizes["D2"] = rng.choice((1, 2, 4, 8, 16, 32))
    imc = random_imc(rng, kind, sizes, grouped=grouped)
    array = OperationalArray(sizes, 0.0, 0.0, imc=imc)
    memories = (_cells(rng, imc, sizes), *(replace(m, area_mm2=rng.random()) for m in plain.memories))
    return Accelerator("random", memories, array)


def random_imc(rng: Random, kind: ImcKind, sizes: dict[str, int], *, grouped: bool) -> ImcArray:
    """Circuits on the first two dimensions, banks along the others; all cells take an area of 0.25 mm2."""
    activation_bits, weight_bits = (2 ** rng.randint(0, 4) for _ in range(2))
    wordline, bitline, *others = sorted(sizes)
    n_banks = 1
    for dim in others:
        n_banks *= sizes[dim]
    return ImcArray(
        kind=kind,
        activation_bits=activation_bits,
        weight_bits=weight_bits,
        serial_bits=2 ** rng.randint(0, activation_bits.bit_length() - 1),
        adc_bits=rng.randint(0, 12) if kind is ImcKind.ANALOG else 0,
        wordline_dim=wordline,
        bitline_dim=bitline,
        n_columns=sizes[wordline],
        n_rows=sizes[bitline],
        n_banks=n_banks,
        group_bits=weight_bits * (rng.randint(2, 8) if grouped else 1),
        cells_mm2=0.25,
    )


def _cells(rng: Random, imc: ImcArray, sizes: dict[str, int]) -> Memory:
    width = rng.choice((8, 16, 1))
    n_units = imc.n_columns * imc.n_rows * imc.n_banks
    serves = (("I2", Direction.FROM_HIGH), ("I2", Direction.TO_LOW))
    return Memory(
        name="cells",
        size_bits=imc.group_bits,
        read_cost_pj=0.0,
        write_cost_pj=rng.random(),
        area_mm2=imc.cells_mm2 / n_units,
        latency_cycles=0,
        operands=("I2",),
        ports=(Port("rw_port_1", "read_write", width, width, serves),),
        served_dimensions=(),
        force_double_buffering=chance(rng, 10),
    )
