"""Files of a new chip: an accelerator, a mapping and a sweep, with comments, that run as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from textwrap import wrap

from zigzag_lab.inputs.chip import HINTS, ChipSpec, MemorySpec
from zigzag_lab.inputs.estimates import MULTIPLY_ACCUMULATE, SOURCES, Estimate, memory_estimate
from zigzag_lab.inputs.formats.shipped import schema_line
from zigzag_lab.inputs.memory_costs import MemoryCostProvider
from zigzag_lab.inputs.transfers import directions_of
from zigzag_lab.vocab.terminal import printable

_NO_TEXT = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")

# -- the accelerator ---------------------------------------------------------------------------------------------------


def estimate_of(spec: MemorySpec, chip: ChipSpec, provider: MemoryCostProvider | None, scale: float = 1.0) -> Estimate:
    """What a memory of a chip costs, roughly; ``scale`` is of its size."""
    return memory_estimate(spec.kind, round(spec.size_bits * scale), chip.width_of(spec), provider)


def accelerator_text(chip: ChipSpec, provider: MemoryCostProvider | None) -> str:
    """The accelerator file of a chip; SRAMs are priced by the provider, or else by a table."""
    estimates = [estimate_of(memory, chip, provider) for memory in chip.memories]
    short = dict.fromkeys([MULTIPLY_ACCUMULATE.source, *(estimate.source for estimate in estimates)])
    shape = " x ".join(map(str, chip.sizes.values()))
    lines = [
        schema_line("accelerator"),
        f"# {_one_line(chip.name)}: {shape} units of 8-bit operands. 'zigzag-lab schema accelerator' has every key.",
        "# Energies and areas are estimates, to be replaced by figures of your own ('estimated' then goes away):",
        *(line for source in short for line in _comment(f"{source}: {SOURCES[source]}")),
        f"name: {_scalar(chip.name)}",
        f"clock: {chip.clock} # from which times, powers and TOPS follow",
        "",
        "operational_array:",
        f"  dimensions: [{', '.join(chip.sizes)}]",
        f"  sizes: [{', '.join(map(str, chip.sizes.values()))}]",
        f"  unit_energy: {MULTIPLY_ACCUMULATE.read_pj:g} pJ # of one multiply-accumulate",
        f"  unit_area: {MULTIPLY_ACCUMULATE.area_mm2 * 1e6:g} um2",
        f"  estimated: {MULTIPLY_ACCUMULATE.source}",
        "",
        "memories: # from the innermost outwards",
    ]
    for memory, estimate in zip(chip.memories, estimates, strict=True):
        lines += [*_memory_lines(memory, chip, estimate), ""]
    return "\n".join(lines).rstrip() + "\n"


def _comment(text: str) -> list[str]:
    """A remark in lines of a comment."""
    return wrap(text, 120, initial_indent="# - ", subsequent_indent="#   ", break_on_hyphens=False)


def _memory_lines(spec: MemorySpec, chip: ChipSpec, estimate: Estimate) -> Iterator[str]:
    """A memory of the file; what its keys mean stands beside those of the first."""
    width, index = chip.width_of(spec), chip.memories.index(spec)
    lines = [
        (f"operands: [{', '.join(spec.operands)}]", "I1: inputs, I2: weights, O: outputs"),
        (f"served_dimensions: [{', '.join(spec.served)}]", "one instance feeds the units along these"),
        (f"size: {quantity(spec.size_bits)}", "of one instance"),
        (f"mem_type: {spec.kind}", "rf: registers, sram, or dram"),
        (f"r_cost: {_energy(estimate.read_pj)}", "of an access of bandwidth_max; narrower ones cost their share"),
        (f"w_cost: {_energy(estimate.write_pj)}", ""),
        (f"area: {_area(estimate.area_mm2)}", "of one instance"),
        (f"estimated: {estimate.source}", "where the costs come from; it changes no number"),
        ("latency: 1", ""),
        ("ports:", "tl, fl: to and from below; th, fh: to and from above; bandwidths in bits a cycle"),
    ]
    yield f"  {spec.name}: # {_in_words(spec, chip)}"
    yield from (f"    {line} # {comment}" if comment and not index else f"    {line}" for line, comment in lines)
    outer = chip.outside(spec)
    moves = [(op, move) for op in spec.operands for move in directions_of(op, is_outermost=op not in outer)]
    for name, kind in (
        {"rw_port_1": "read_write"} if spec.is_off_chip else {"r_port_1": "read", "w_port_1": "write"}
    ).items():
        passing = [(op, move) for op, move in moves if spec.is_off_chip or move.is_read == (kind == "read")]
        if passing:
            allocation = ", ".join(f'"{op}, {move.short}"' for op, move in passing)
            widths = f"bandwidth_min: {chip.least_access(spec)}, bandwidth_max: {width}"
            yield f"      - {{name: {name}, type: {kind}, {widths}, allocation: [{allocation}]}}"


def _in_words(spec: MemorySpec, chip: ChipSpec) -> str:
    if spec.is_off_chip:
        return "behind the chip, for everything"
    if not spec.served:
        return "one in each unit"
    rest = [f"{dim}" for dim in chip.sizes if dim not in spec.served]
    return f"one for each place along {' and '.join(rest)}" if rest else "one, shared by all units"


def quantity(bits: int) -> str:
    """A capacity in its largest unit.

    >>> quantity(8 * 256 * 1024), quantity(8), quantity(12)
    ('256 KiB', '1 B', '12 bits')
    """
    for unit, factor in (("GiB", 2**33), ("MiB", 2**23), ("KiB", 2**13), ("B", 8)):
        if bits % factor == 0:
            return f"{bits // factor} {unit}"
    return f"{bits} bits"


def _one_line(text: str) -> str:
    """Text for a comment."""
    return " ".join(printable(text).split())


def _scalar(text: str) -> str:
    """Text as YAML has it: as it is where that is plain, else in quotes."""
    return text if re.fullmatch(r"[A-Za-z][\w./-]*", text) and text.lower() not in _NO_TEXT else json.dumps(text)


def _energy(picojoules: float) -> str:
    return f"{picojoules:.3g} pJ" if picojoules < 1000 else f"{picojoules / 1000:.3g} nJ"


def _area(square_millimetres: float) -> str:
    if not square_millimetres:
        return "0"
    return f"{square_millimetres:.3g} mm2" if square_millimetres >= 0.01 else f"{square_millimetres * 1e6:.3g} um2"


# -- the mapping -------------------------------------------------------------------------------------------------------


def mapping_text(chip: ChipSpec) -> str:
    """A mapping file for a chip: which loops to spread over which dimension; the search picks how far."""
    hints = {dim: HINTS[dim] for dim in chip.sizes if dim in HINTS}
    shown = ", ".join(f"{dim}: [{', '.join(loops)}]" for dim, loops in hints.items())
    fixed = ", ".join(f'{dim}: ["{loops[0]}, {chip.sizes[dim]}"]' for dim, loops in hints.items())
    return f"""{schema_line("mapping")}
# How layers run on {_one_line(chip.name)}.
# A layer takes the entry of its name, else that of its operator type, else the default.
# Loops: K output channels, C input channels, OX and OY output pixels, FX and FY filter, B batch, G groups.
- name: default
  # loops worth spreading over each dimension of the array; where a layer has none of them, any loop is tried
  spatial_mapping_hint: {{{shown}}}
  # or exactly so many, whatever the layer:
  # spatial_mapping: {{{fixed}}}
  memory_operand_links: {{I: I1, W: I2, O: O}} # operands of layers -> operands of memories
"""


# -- the sweep ---------------------------------------------------------------------------------------------------------

SCALES = (0.5, 1.0, 2.0)
"""Sizes of the memory that a sweep varies, over that in the file."""


@dataclass(frozen=True, slots=True)
class Varied:
    """A memory as a sweep varies it.

    Attributes:
        name: of the memory.
        columns: key of the memory -> its values, as the file is to hold them.
        about: how the costs follow from the size, for the comment.
    """

    name: str
    columns: Mapping[str, Sequence[str]]
    about: str


def varied(chip: ChipSpec, provider: MemoryCostProvider | None) -> Varied | None:
    """The largest memory on a chip in some sizes, with estimated costs; None where the chip has none."""
    inside = [memory for memory in chip.memories if not memory.is_off_chip]
    if not inside:
        return None
    spec = max(inside, key=lambda memory: memory.size_bits)
    found = [estimate_of(spec, chip, provider, scale) for scale in SCALES]
    columns = {
        "size": [quantity(round(spec.size_bits * scale)) for scale in SCALES],
        "r_cost": [_energy(one.read_pj) for one in found],
        "w_cost": [_energy(one.write_pj) for one in found],
        "area": [_area(one.area_mm2) for one in found],
    }
    return Varied(spec.name, columns, f"costs of each size are estimates ({found[0].source})")


def varied_by_rule(name: str, size_bits: int, read_pj: float, write_pj: float, area_mm2: float) -> Varied:
    """A memory of known costs in some sizes: an access grows with the root of the size, the area with the size."""
    columns = {
        "size": [quantity(round(size_bits * scale)) for scale in SCALES],
        "r_cost": [f"{read_pj * sqrt(scale):.6g} pJ" for scale in SCALES],
        "w_cost": [f"{write_pj * sqrt(scale):.6g} pJ" for scale in SCALES],
        **({"area": [f"{area_mm2 * scale:.6g} mm2" for scale in SCALES]} if area_mm2 else {}),
    }
    return Varied(name, columns, "by rule of thumb an access grows with the square root of the size")


def plain_name(name: str) -> str:
    """A name that sweeps and files may have, from any other."""
    return re.sub(r"[^\w .-]", "-", name).strip(" .-")[:100] or "chip"


def sweep_text(name: str, accelerator: str, one: Varied, workload: str) -> str:
    """A sweep over the sizes of a memory of the accelerator in a file."""
    path, sizes = f"accelerator.memories.{one.name}", ", ".join(one.columns["size"])
    costs = {key: ", ".join(values) for key, values in one.columns.items() if key != "size"}
    tables = "\n".join(f"  {key}_of: {{x: [{sizes}], y: [{values}], scale: log}}" for key, values in costs.items())
    derived = "\n".join(f"  {path}.{key}: {key}_of({path}.size)" for key in costs)
    return f"""{schema_line("sweep")}
# How large should {one.name} be? 'zigzag-lab sweep FOLDER' prices the points, 'zigzag-lab pareto' lists the best.
name: {_scalar(name)}
question: Which size of {one.name} serves the network best, in energy and latency?
workloads: [{_scalar(workload)}] # more networks may follow: presets, or files beside this one
accelerators: [{_scalar(accelerator)}]
mappings: [mapping.yaml]
options: {{objective: edp, lpf_limit: 6}}

space: # all combinations of these are priced
  {path}.size: [{sizes}]

tables: # functions, with straight lines between their points; {one.about}
{tables}

derived: # what follows from the values above
{derived}
"""


# -- a workload, for chips without a memory behind them ----------------------------------------------------------------


def workload_text(rows: str, inner: str, columns: str) -> str:
    """A small product of matrices, whose loops have these names."""
    row, by, column = rows.lower(), inner.lower(), columns.lower()
    return f"""{schema_line("workload")}
# A product of matrices, small enough for a chip that has no memory behind it.
- id: 0
  name: product
  operator_type: Gemm
  equation: O[{row}][{column}]+=I[{row}][{by}]*W[{by}][{column}]
  loop_dims: [{rows}, {inner}, {columns}]
  loop_sizes: [64, 64, 64]
  operand_precision: {{I: 8, W: 8, O: 32, O_final: 32}}
  operand_source: {{I: 0, W: 0}}
"""
