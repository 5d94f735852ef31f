"""The in-memory golden runs: zigzag-dse's own mappings, priced by us on what data locality left of the accelerator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.differential import batch_of
from tests.golden.engine import layers_of
from tests.oracle.golden import load_golden
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.cost.kernel import price
from zigzag_lab.hardware import Accelerator, Memory, area_of
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping, unroll
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.workload import Layer

NAMES = ("imc-aimc-resnet18.onnx", "imc-dimc-resnet18.onnx")
ENERGY = 1e-9


def up_to(accelerator: Accelerator, n_levels: dict[str, int]) -> Accelerator:
    """The accelerator with each memory operand kept in its innermost levels only, and no memory left empty."""
    tops = {op: accelerator.levels[op][n - 1] for op, n in n_levels.items()}
    kept = [_holding(m, tuple(op for op in m.operands if i <= tops[op])) for i, m in enumerate(accelerator.memories)]
    return replace(accelerator, memories=tuple(memory for memory in kept if memory.operands))


def _holding(memory: Memory, operands: tuple[str, ...]) -> Memory:
    ports = [replace(p, serves=tuple(s for s in p.serves if s[0] in operands)) for p in memory.ports]
    return replace(memory, operands=operands, ports=tuple(p for p in ports if p.serves))


def spatial_of(
    layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, levels: dict[str, Any]
) -> SpatialMapping:
    """Our mixed spatial candidate whose integer form a golden printed.

    Raises:
        LookupError: none of them has it.
    """
    for spatial in spatial_mappings(layer, accelerator, constraints, mixed=True):
        _, integer = unroll(layer, accelerator, constraints.operand_links, spatial)
        if all(_unordered(integer.levels[op]) == _unordered(levels[op]) for op in layer.operands):
            return spatial
    raise LookupError(f"none of our spatial candidates for {layer.name} has the levels {levels}")


def _unordered(levels: Any) -> list[dict[str, float]]:
    return [dict(level) for level in levels]


def priced(name: str) -> Iterator[tuple[dict[str, Any], CostModelEvaluation, Any]]:
    """Each layer: what was printed, our CME, and the kernel's prices."""
    run = load_golden(name)
    accelerator, layers = layers_of(run)
    for (layer, constraints), expected in zip(layers, run["layers"], strict=True):
        n_levels = {constraints.operand_links[op]: len(expected["temporal"][op]) for op in layer.operands}
        reduced = up_to(accelerator, n_levels)
        problem = Problem.of(
            layer, reduced, constraints, spatial_of(layer, reduced, constraints, expected["spatial_int"])
        )
        levels = {op: tuple(map(tuple, expected["temporal"][op])) for op in layer.operands}
        cme = CostModelEvaluation(problem, TemporalMapping.of(layer, levels))
        yield expected, cme, price(batch_of(problem, expected["temporal"]))


@pytest.mark.parametrize("name", NAMES)
def test_zigzags_mappings_have_zigzags_prices(name: str) -> None:
    n_layers = 0
    for expected, cme, prices in priced(name):
        n_layers += 1
        ours = cme.breakdown
        for term in ("ideal", "temporal", "compute", "compute_onload", "onload", "offload", "latency"):
            assert getattr(ours, f"{term}_cycles") == expected[f"{term}_cycles"], (expected["name"], term)
        assert ours.energy_pj == pytest.approx(expected["energy_pj"], rel=ENERGY)
        assert ours.mac_energy_pj == pytest.approx(expected["mac_energy_pj"], rel=ENERGY)
        for op, energies in expected["mem_energy_pj_by_operand_and_level"].items():
            assert list(ours.level_energy_pj[op]) == pytest.approx(energies, rel=ENERGY)
        assert prices.latency_cycles[0] == expected["latency_cycles"]
        assert prices.energy_pj[0] == pytest.approx(expected["energy_pj"], rel=ENERGY)
    assert n_layers == 21


@pytest.mark.parametrize("name", NAMES)
def test_clock_and_area_are_zigzags(name: str) -> None:
    run = load_golden(name)
    accelerator, _ = layers_of(run)
    assert accelerator.array.imc is not None
    assert accelerator.array.imc.clock_ns == pytest.approx(run["clock_ns"], rel=ENERGY)
    assert area_of(accelerator).single_mm2 == pytest.approx(run["area_mm2"], rel=ENERGY)
