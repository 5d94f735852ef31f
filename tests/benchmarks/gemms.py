"""Matrix products and bypass: ``python -m tests.benchmarks.gemms [accelerator] [seconds a search] [objective]``.

Products of 1024 and 16384 cubed, and those of a GPT-class transformer (2048 tokens, width 4096, 32 heads): what LOMA
finds at 6, 7 and 8 loop prime factors, what exact search proves, without and with bypass of every memory that an
operand can do without. CPU seconds; gains are what exact search saves.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

from tests.benchmarks.exact import figure
from zigzag_lab.cost import price
from zigzag_lab.exact.solve import Solution, solve
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.bypass import designs
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError, InputError, Objective
from zigzag_lab.workload import Layer

LIMITS = (6, 7, 8)
TOKENS, WIDTH, HEADS = 2048, 4096, 32

PRODUCTS = {
    "1024 cubed": (1, 1024, 1024, 1024),
    "16384 cubed": (1, 16384, 16384, 16384),
    "GPT projection": (1, TOKENS, WIDTH, WIDTH),
    "GPT scores": (HEADS, TOKENS, TOKENS, WIDTH // HEADS),
    "GPT feed-forward": (1, TOKENS, 4 * WIDTH, WIDTH),
}
"""Name -> (independent products, rows, columns, terms of each sum)."""


def layer_of(name: str) -> Layer:
    """A product as a layer: rows over OX, columns over K, sums over C, independent products over G."""
    groups, rows, columns, terms = PRODUCTS[name]
    given = {
        "id": 0,
        "name": name,
        "operator_type": "Gemm",
        "equation": "O[g][k][ox]+=W[g][k][c]*I[g][c][ox]",
        "loop_dims": ["G", "K", "C", "OX"],
        "loop_sizes": [groups, columns, terms, rows],
        "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
        "operand_source": {"W": 0, "I": 0},
        "dimension_relations": [],
    }
    return read_workload([given]).layers[0]


def with_bypass(accelerator: Accelerator) -> Accelerator:
    """The accelerator, every memory but the outermost of an operand free to be skipped."""
    may = {op: set(levels[:-1]) for op, levels in accelerator.levels.items()}
    memories = tuple(
        replace(memory, bypass=tuple(op for op in memory.operands if index in may[op]))
        for index, memory in enumerate(accelerator.memories)
    )
    return replace(accelerator, memories=memories)


@dataclass(frozen=True)
class Found:
    """What a search found of all designs.

    Attributes:
        value: what was minimised.
        gap: how much better it could be at most.
        seconds: of CPU.
        skips: what the best design skips.
    """

    value: float
    gap: float
    seconds: float
    skips: str = ""


def problems(layer: Layer, accelerator: Accelerator, wishes: MappingConstraints) -> Iterator[Problem]:
    """The layer on every design that bypass allows, under its first spatial mapping."""
    for design in designs(layer, accelerator, wishes):
        try:
            spatial = spatial_mappings(layer, design, wishes, 1)[0]
        except InputError:
            continue
        yield Problem.of(layer, design, wishes, spatial)


def by_loma(problem: Problem, limit: int, objective: Objective) -> Found:
    """The best mapping of LOMA."""
    started = time.process_time()
    best = min(float(figure(objective, price(batch)).min()) for batch in temporal_mappings(problem, limit))
    return Found(best, 0.0, time.process_time() - started)


def by_exact(cases: list[Problem], objective: Objective, seconds: float) -> Found:
    """The best of all designs, with what is proven over all of them."""
    started = time.process_time()
    answers: list[tuple[Solution, Problem]] = []
    for problem in cases:
        try:
            answers.append((solve(problem, objective, seconds=seconds, known=temporal_mappings(problem, 6)), problem))
        except InfeasibleError:
            continue
    best, problem = min(answers, key=lambda answer: answer[0].certificate.best)
    proof = best.certificate.over([answer.certificate for answer, _ in answers])
    return Found(proof.best, proof.gap, time.process_time() - started, _skips(cases[0], problem))


def _skips(whole: Problem, best: Problem) -> str:
    names = whole.accelerator.memories
    left = {op: set(whole.memories[op]) - set(best.memories[op]) for op in whole.operands}
    return ", ".join(f"{op} past {names[i].name}" for op, places in left.items() for i in sorted(places))


def main(accelerator: str = "tpu_like", seconds: float = 60.0, objective: Objective = Objective.ENERGY) -> None:
    """Measure and print the table."""
    array = read_accelerator(preset_path("accelerator", accelerator))
    rules = read_mapping(preset_path("mapping", accelerator))
    table = Table(title=f"{objective.value} on {accelerator}, exact search {seconds:g} s a design at most")
    headings = ["product", *(f"LOMA {n}: above exact" for n in LIMITS), "exact", "gap", "CPU s"]
    for heading in (*headings, "with bypass", "saves", "gap", "CPU s", "skips", "peak MB"):
        table.add_column(heading, justify="left" if heading in ("product", "skips") else "right")
    for name in PRODUCTS:
        layer = layer_of(name)
        wishes = rules.for_layer(layer)
        (problem,) = problems(layer, array, wishes)
        exact = by_exact([problem], objective, seconds)
        loma = [by_loma(problem, limit, objective) for limit in LIMITS]
        free = by_exact(list(problems(layer, with_bypass(array), wishes)), objective, seconds)
        table.add_row(
            name,
            *(f"{found.value / exact.value - 1:.2%} ({found.seconds:.1f} s)" for found in loma),
            *(f"{exact.value:.4e}", f"{exact.gap:.2%}", f"{exact.seconds:.1f}"),
            *(f"{free.value:.4e}", f"{1 - free.value / exact.value:.2%}", f"{free.gap:.2%}", f"{free.seconds:.1f}"),
            free.skips or "nothing",
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}",
        )
    Console(width=200).print(table)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        arguments[0] if arguments else "tpu_like",
        float(arguments[1]) if len(arguments) > 1 else 60.0,
        Objective(arguments[2]) if len(arguments) > 2 else Objective.ENERGY,
    )
