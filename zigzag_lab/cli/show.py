"""``zigzag-lab show``: one run, or one layer of it, line by line."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zigzag_lab.cli import figures
from zigzag_lab.cli.family import children_table, chosen_in_words, cut, results_table, settings_in_words
from zigzag_lab.cli.options import database_option, json_option, points_option
from zigzag_lab.cli.plain import as_json
from zigzag_lab.cli.table import Column, shown, table, terminal_width
from zigzag_lab.vocab.quantities import physical_lines, size, tally
from zigzag_lab.vocab.terminal import bold

if TYPE_CHECKING:
    from zigzag_lab.api.export import WrittenInput
    from zigzag_lab.api.run_page import EnergyBreakdown, RunPage
    from zigzag_lab.store.lab import RunRecord, StoredLayer

LABEL = 12
TERMS = {
    "ideal": "ideal: every unit busy",
    "spatial_underuse": "units left idle by the mapping",
    "stall": "waiting for memory ports",
    "onload": "loading before the start",
    "offload": "storing after the end",
    "drain": "draining the array",
}
_MEMORY = (Column("of"), Column("memory"), Column("energy", True), Column("of all", True))
_ACCESS = (
    *(Column("memory"), Column("number", True), Column("size", True), Column("bits", True)),
    *(Column("read pJ", True), Column("write pJ", True), Column("read/bit", True), Column("write/bit", True)),
)
_DIRECTIONS = ("to_low", "from_low", "to_high", "from_high")

EXAMPLES = """\b
Examples:
  zigzag-lab show last --layer 3
  zigzag-lab show last --inputs again
"""


@click.command("show", epilog=EXAMPLES)
@click.argument("run", default="last")
@click.option("--layer", metavar="NAME|INDEX", help="Only this layer, with its mapping as loops.")
@click.option(
    "--inputs",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the run's input files to this folder instead, byte for byte.",
)
@points_option
@json_option
@database_option
def show_command(
    run: str, layer: str | None, folder: Path | None, are_points: bool, is_json: bool, database: str | None
) -> None:
    """Show a run, or one layer of it: where energy and cycles went, and what was chosen of the runs within it.

    RUN is an id, the start of one, or 'last'.
    """
    from zigzag_lab.api import ask
    from zigzag_lab.api.export import write_inputs
    from zigzag_lab.api.run_page import run_page

    with ask.open_lab(database) as lab:
        found = ask.find_run(lab, run)
        written = write_inputs(lab, found.run_id, folder) if folder is not None else []
        page = run_page(lab, found, layer)
    if folder is not None:
        lines = _written_lines(written, is_json)
    elif is_json:
        lines = iter([as_json(page.as_plain())])
    else:
        lines = run_lines(page, is_whole=are_points) if layer is None else layer_lines(page)
    click.echo("\n".join(lines))


def _written_lines(written: list[WrittenInput], is_json: bool) -> Iterator[str]:
    if is_json:
        yield as_json({w.kind: {"path": str(w.path), "is_original": w.is_original} for w in written})
        return
    for one in written:
        how = "the file as it was" if one.is_original else "what it said; the file itself was not kept"
        yield f"{one.kind:<12} {one.path}  ({how})"
    if not written:
        yield "The run has no inputs on record."


def run_lines(page: RunPage, *, is_whole: bool = False) -> Iterator[str]:
    """A run: its head, its totals, its results where they are several, its children, its energy, latency and layers.

    With ``is_whole`` all runs within it are listed, too.
    """
    yield from _head(page)
    if page.results and page.run.energy_pj is None:
        yield from heading(f"Results ({len(page.results):,})")
        yield from results_table(page.results, page.family)
    if page.family:
        n = sum(child.depth == 0 for child in page.family)
        yield from heading(f"Children ({n:,})")
        yield from children_table(page.family, is_whole=is_whole)
    if page.layers and not page.run.has_no_total:
        if page.run.status != "finished":
            yield ""
            yield f"The run did not finish; what follows sums the {len(page.layers)} layers that it priced."
        yield from heading("Energy by memory and operand")
        yield _energy_table(page.energy)
        yield from heading("Latency by term")
        yield _latency_table(page.latency)
        yield from _accesses(page)
        yield from heading(f"Layers ({len(page.layers)})")
        yield _layers_table(page)
    if page.layers:
        yield ""
        yield f"One layer, with its mapping as loops: zigzag-lab show {page.run.run_id} --layer INDEX"


def layer_lines(page: RunPage) -> Iterator[str]:
    """One layer: its figures, its mapping, its memories, its latency."""
    (layer,) = page.layers
    figure = layer.figures
    yield bold(f"{shown(layer.name)}  (layer {layer.layer_index} of run {page.run.run_id})")
    yield from labelled("operation", f"{shown(figure['operator_type'])}, {figures.count(figure['n_macs'])} MACs")
    whole = page.run
    of_energy = f", {figures.share(figure['energy_pj'], whole.energy_pj)} of the run" if whole.energy_pj else ""
    of_latency = f", {figures.share(figure['latency_cycles'], whole.latency_cycles)} of the run"
    yield from labelled("energy", figures.energy(figure["energy_pj"]) + of_energy)
    cycles = f"{figures.count(figure['latency_cycles'])} cycles"
    yield from labelled("latency", cycles + (of_latency if whole.latency_cycles else ""))
    for label, text in physical_lines(page.physical(figure["energy_pj"], figure["latency_cycles"], figure["n_macs"])):
        if label not in ("area", "technology"):
            yield from labelled(label, text)
    yield from labelled("spatial", shown(layer.spatial_mapping))
    yield from _precision(page)
    if (skips := page.skips.get(layer.layer_index)) is not None:
        said = ", ".join(f"{operand} skips {memory}" for operand, memory in skips)
        yield from labelled("bypass", shown(said) or "allowed, none is better")
    if left_out := page.left_out.get(layer.layer_index):
        said = ", ".join(f"{operand} of {memory}" for operand, memory in left_out)
        yield from labelled("left out", shown(f"{said}: the data stays on chip"))
    if layer.times != 1:
        yield from labelled("counts", f"{layer.times:g} times in the total")
    if layer.certificate is not None:
        yield from labelled("proof", layer.certificate.sentence())
    for warning in page.run.warnings or ():
        if warning.startswith(f"layer {layer.name}: "):
            yield from labelled("warning", shown(warning))
    yield from heading("Mapping, the outermost loop first")
    yield from _nest_lines(layer)
    yield from heading("Energy by operand and memory")
    yield _memory_table(layer)
    yield from _accesses(page)
    yield from heading("Latency by term")
    yield _latency_table(page.latency)


def heading(text: str) -> Iterator[str]:
    """A title with room above."""
    yield ""
    yield bold(text)


def labelled(label: str, text: str) -> Iterator[str]:
    """A text behind its label, folded where it is long."""
    lines = textwrap.wrap(text, max(40, (terminal_width() or 120) - LABEL), break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        yield f"{label if number == 0 else '':<{LABEL}}{line}"


# -- the head of a run -------------------------------------------------------------------------------------------------


def _head(page: RunPage) -> Iterator[str]:
    run, details = page.run, page.details
    yield bold(f"{shown(run.name)}: {run.status}")
    yield from labelled("run", run.run_id)
    if run.energy_pj is not None:
        yield from labelled("energy", f"{figures.energy(run.energy_pj)}   ({run.energy_pj:,.3f} pJ)")
        ideal = page.latency["ideal"]
        busy = f"   (array busy {figures.share(ideal, run.latency_cycles)})" if page.layers else ""
        yield from labelled("latency", f"{figures.count(run.latency_cycles)} cycles{busy}")
        yield from labelled("EDP", f"{figures.power(run.edp_pj_cycles)} pJ x cycles")
    elif run.has_no_total:
        n = len(page.results)
        yield from labelled("total", f"none: its {n:,} results are no parts of one sum" if n else "none: no results")
    if said := chosen_in_words(page):
        yield from labelled("chosen", shown(said))
    for warning in run.warnings or ():
        yield from labelled("warning", shown(warning))
    if run.parent_run_id is not None:
        yield from labelled("child of", run.parent_run_id)
        yield from labelled("settings", shown(settings_in_words(run.settings)) or "none")
    if page.n_saved and page.n_saved != run.n_layers:
        where = ", with the runs within it" if page.family else ""
        yield from labelled("saved", f"{page.n_saved:,} layer evaluations passed save stages{where}")
    if (proof := page.proof) is not None:
        yield from labelled("proof", proof.sentence())
    yield from _more_figures(run)
    took = "" if run.seconds is None else f", took {run.seconds:.2f} s"
    yield from labelled("started", f"{figures.local(run.started_at)}{took}")
    yield from labelled("asked", f"{run.aim}, experiment {shown(run.experiment)}")
    for kind, (name, digest, file) in page.inputs.items():
        yield from labelled(kind, shown(f"{name} ({digest})" + (f" from {file}" if file else "")))
    yield from _precision(page)
    options = {k: v for k, v in details.options.items() if v is not None and k not in ("stages", "stage_code")}
    said = shown(", ".join(f"{key}={cut(str(value))}" for key, value in options.items()))
    yield from labelled("options", said or "none")
    if stages := details.options.get("stages"):
        yield from labelled("stages", shown(" > ".join(map(str, stages))))
    if code := details.options.get("stage_code"):
        sources = (f"{one['stage']} of {one['module']} (source {str(one.get('source'))[:12]})" for one in code)
        yield from labelled("code", shown(", ".join(sources)))
    if details.tags:
        yield from labelled("tags", shown(", ".join(f"{key}={value}" for key, value in details.tags.items())))
    if run.note:
        yield from labelled("note", shown(run.note))
    yield from _where(details.environment)
    if run.reason:
        yield from labelled("reason", shown(run.reason))
    if details.traceback and run.status != "infeasible":  # where it fits nowhere, the reason suffices
        yield ""
        yield from (shown(line) for line in details.traceback.rstrip().splitlines())


def _precision(page: RunPage) -> Iterator[str]:
    """Batch and bits an element, which are on record with the network."""
    if records := page.records.values():
        yield from labelled("batch", tally(str(layer.batch_size) for layer in records))
        bits = tally(layer.precision_text for layer in records)
        yield from labelled("precision", shown(f"bits an element: {bits}"))


def _more_figures(run: RunRecord) -> Iterator[str]:
    for label, text in physical_lines(run.physical):
        yield from labelled(label, shown(text))
    if run.area_mm2 is not None and run.area_total_mm2 is None:
        yield from labelled("area", f"{run.area_mm2:.6g} mm2 as ZigZag counts: each memory once, those not known as 0")
    if run.clock_ns is not None:
        yield from labelled("clock", f"{run.clock_ns:.6g} ns")
    if run.n_mappings_evaluated is not None:
        yield from labelled("search", f"{run.n_mappings_evaluated:,} mappings priced")
    if run.cache_hits is not None:
        yield from labelled("cache", f"{run.cache_hits} hits, {run.cache_misses or 0} misses")


def _where(machine: dict[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in (machine.get("versions") or {}).items())
    yield from labelled("versions", shown(f"python {machine.get('python', '?')}, {versions}"))
    if git := machine.get("git"):
        dirty = ", with changes" if git.get("dirty") else ""
        yield from labelled("git", shown(f"{str(git.get('commit'))[:12]} on {git.get('branch')}{dirty}"))
    yield from labelled("where", shown(f"{machine.get('user')}@{machine.get('host')}:{machine.get('cwd')}"))
    if argv := machine.get("argv"):
        yield from labelled("command", shown(" ".join(map(str, argv))))


# -- tables ------------------------------------------------------------------------------------------------------------


def _energy_table(energy: EnergyBreakdown) -> str:
    operands, total = energy.operands, energy.total_pj
    columns = [Column("memory"), *(Column(op, True) for op in (*operands, "all", "of all"))]
    rows = []
    for memory, row in energy.by_memory.items():
        cells = [figures.energy(row.get(op)) for op in operands]
        together = sum(row.values())
        rows.append([memory, *cells, figures.energy(together), figures.share(together, total)])
    blank = [""] * len(operands)
    rows.append(
        ["(operations)", *blank, figures.energy(energy.mac_energy_pj), figures.share(energy.mac_energy_pj, total)]
    )
    if leaks := energy.static_energy_pj:
        rows.append(["(leakage)", *blank, figures.energy(leaks), figures.share(leaks, total)])
    sums = [sum(row.get(op, 0.0) for row in energy.by_memory.values()) for op in operands]
    rows.append(["all", *map(figures.energy, sums), figures.energy(total), figures.share(total, total)])
    return table(columns, rows)


def _accesses(page: RunPage) -> Iterator[str]:
    """What an access costs, and how much it moves, of the memories that the layers visited."""
    for name, accesses in page.accesses.items():
        yield from heading(f"Accesses to memories{f' of {shown(name)}' if len(page.accesses) > 1 else ''}")
        rows = []
        for memory, n_instances, size_bits, cost in accesses:
            of_access = ("-" if pj is None else f"{pj:.4g}" for pj in (cost.read_pj, cost.write_pj))
            of_bit = ("-" if pj is None else f"{pj / cost.bits:.3g}" for pj in (cost.read_pj, cost.write_pj))
            rows.append([memory, figures.count(n_instances), size(size_bits), str(cost.bits), *of_access, *of_bit])
        yield table(_ACCESS, rows)
        yield "A port moves its bits in a cycle; pJ of a read, of a write, and for each bit."


def _latency_table(latency: dict[str, float]) -> str:
    columns = [Column("term"), Column("cycles", True), Column("of all", True)]
    total = fsum(latency.values())
    rows = [[TERMS[name], figures.count(cycles), figures.share(cycles, total)] for name, cycles in latency.items()]
    return table(columns, [*rows, ["all", figures.count(total), figures.share(total, total)]])


def _layers_table(page: RunPage) -> str:
    columns = [Column("index", True), Column("layer"), Column("energy", True), Column("of all", True)]
    columns += [Column("cycles", True), Column("of all", True), Column("busy", True)]
    more: dict[str, Callable[[StoredLayer], str]] = {}
    if any(layer.times != 1 for layer in page.layers):
        more["times"] = lambda layer: f"{layer.times:g}"
    if page.proof is not None:
        more["gap"] = _gap
    columns += [*(Column(name, True) for name in more), Column("spatial mapping")]
    columns += [Column("left out")] if page.left_out else []
    energy, latency, rows = page.energy.total_pj, fsum(page.latency.values()), []
    for layer in page.layers:
        row = [*_layer_row(layer, energy, latency), *(spelt(layer) for spelt in more.values()), layer.spatial_mapping]
        rows.append([*row, *([_left_out(page, layer)] if page.left_out else [])])
    return table(columns, rows)


def _layer_row(layer: StoredLayer, energy_pj: float, latency_cycles: float) -> list[str]:
    figure = layer.figures
    return [
        str(layer.layer_index),
        layer.name,
        figures.energy(figure["energy_pj"]),
        figures.share(figure["energy_pj"] * layer.times, energy_pj),
        figures.count(figure["latency_cycles"]),
        figures.share(figure["latency_cycles"] * layer.times, latency_cycles),
        figures.share(figure["ideal_cycles"], figure["latency_cycles"]),
    ]


def _left_out(page: RunPage, layer: StoredLayer) -> str:
    """Memories that are not needed with data on chip, and for which operands."""
    memories: dict[str, list[str]] = {}
    for operand, memory in page.left_out.get(layer.layer_index, ()):
        memories.setdefault(memory, []).append(operand)
    return "; ".join(f"{memory}: {', '.join(operands)}" for memory, operands in memories.items())


def _gap(layer: StoredLayer) -> str:
    proof = layer.certificate
    return figures.NOTHING if proof is None else "proven" if proof.is_proven else f"{proof.gap:.2%}"


def _memory_table(layer: StoredLayer) -> str:
    from zigzag_lab.api.run_page import energy_pj_of

    total = layer.figures["energy_pj"]
    columns = [*_MEMORY, *(Column(name.replace("_", " "), True) for name in _DIRECTIONS), Column("full", True)]
    rows = []
    for level in sorted(layer.memories, key=lambda m: (m.operand == "O", m.operand, m.level)):
        accesses = [figures.count(getattr(level.accesses, name)) for name in _DIRECTIONS]
        pj = energy_pj_of(level)
        energy = [figures.energy(pj), figures.share(pj, total)]
        rows.append([level.operand, level.memory, *energy, *accesses, f"{level.utilisation:.1%}"])
    mac = layer.figures["mac_energy_pj"]
    rows.append(["", "(operations)", figures.energy(mac), figures.share(mac, total), *[""] * 5])
    return table(columns, rows) + "\nNumbers of accesses by direction; low is towards the array."


def _nest_lines(layer: StoredLayer) -> Iterator[str]:
    from zigzag_lab.api.run_page import as_lines, loop_nest

    for operand, nest in loop_nest(layer).items():
        operands = sorted({op for loop in nest for op in loop.memories}, key=lambda op: (op == "O", op))
        rows = [
            (line, *(loop.memories.get(op, "") for op in operands))
            for line, loop in zip(as_lines(nest), nest, strict=True)
        ]
        if operand:
            yield f"Loops of {operand}:"
        yield table([Column("loops"), *(Column(f"{op} in") for op in operands)], rows)
    yield "Each column names the memory that holds the operand's data of that loop and of all loops below it."
