"""The description of a run on its page in MLflow, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zigzag_lab.store.full_run import FullRun
from zigzag_lab.tracking.kin import NO_KIN, Kin, kin_facts, kin_tables
from zigzag_lab.tracking.limits import cut, plain
from zigzag_lab.tracking.point_params import in_words

MOST_LAYERS = 10


def note(record: FullRun, database_url: str, kin: Kin = NO_KIN) -> str:
    """A few lines on a run: what was asked, what came out, which layers matter, how to ask more.

    Args:
        record: the run.
        database_url: where it is kept, without its password.
        kin: what it yielded, and the runs within it.
    """
    return "\n".join(
        [*_head(record, kin), *kin_tables(kin), *_layers(record), *_failure(record), *_ways_on(record, database_url)]
    )


def _head(record: FullRun, kin: Kin) -> Iterator[str]:
    yield f"**{plain(cut(record.name, 300))}**: {record.status.value}, objective {plain(record.objective)}"
    yield ""
    totals = record.totals
    if totals["energy_pj"] is not None and totals["latency_cycles"] is not None:
        yield f"- energy: {totals['energy_pj']:.6g} pJ, latency: {totals['latency_cycles']:.6g} cycles"
    yield from kin_facts(kin)
    yield from (f"- {plain(name)}: {plain(in_words(name, value))}" for name, value in record.varied.items())
    yield from (f"- warning: {plain(cut(warning, 500))}" for warning in record.warnings)
    for kind, given in record.inputs.items():
        file = f", from {plain(cut(given.file_name, 300))}" if given.file_name else ""
        yield f"- {kind}: {plain(cut(given.name, 300))} (`{given.digest[:12]}`){file}"


def _layers(record: FullRun) -> Iterator[str]:
    energy = record.totals["energy_pj"]
    if not energy or not record.layers:
        return
    most = sorted(record.layers, key=lambda layer: -layer["energy_pj"])[:MOST_LAYERS]
    yield ""
    yield f"The {len(most)} of {len(record.layers)} layers that take most energy:"
    yield ""
    yield "| step | layer | energy (pJ) | share | latency (cycles) | spatial mapping |"
    yield "|---:|---|---:|---:|---:|---|"
    for layer in most:
        yield _row(layer, energy)


def _row(layer: Mapping[str, Any], energy: float) -> str:
    name, spatial = plain(cut(layer["name"], 60)), plain(cut(layer["spatial_text"], 120))
    figures = f"{layer['energy_pj']:.6g} | {layer['energy_pj'] / energy:.1%} | {layer['latency_cycles']:.6g}"
    return f"| {layer['layer_index']} | {name} | {figures} | {spatial} |"


def _failure(record: FullRun) -> Iterator[str]:
    if record.reason:
        yield ""
        yield f"Why it did not finish: {plain(cut(record.reason, 1000))}"
    if record.traceback:
        lines = record.traceback.strip().splitlines()[-12:]
        yield ""
        yield from (f"    {cut(line, 200)}" for line in lines)


def _ways_on(record: FullRun, database_url: str) -> Iterator[str]:
    yield ""
    yield f"    zigzag-lab show {record.id} --db {database_url}"
    yield ""
    yield "All of it is in the artifact run.json."
