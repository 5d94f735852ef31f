"""Results that ZigZag wrote to files, imported as runs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite, prod
from pathlib import Path
from typing import Any

from zigzag_lab.api.databases import default_database
from zigzag_lab.cost.breakdown import REFERENCE_NAMES
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.keys import digest
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.store import RunStart, Store, open_store
from zigzag_lab.store.codec import LayerRows, mapping_row
from zigzag_lab.store.imported import imported_run, keep_run
from zigzag_lab.store.tables import LayerEvaluationTuple, MemoryEvaluationTuple
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import IMPORTED_EXPERIMENT

PICKLES = (".pickle", ".pkl")
PICKLE_ADVICE = (
    "Where it was written and can be trusted, load it and dump each CME as JSON: "
    "for c in pickle.load(open(FILE, 'rb')): json.dump(c.__jsonrepr__(), open(f'{c.layer.name}_complete.json', 'w'))"
)
_SUMMED = ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles", "n_macs")
_SUMMED_AS = {"energy": "energy_pj", "latency": "latency_cycles"}


@dataclass(frozen=True)
class Imported:
    """A folder that was imported, and the run that holds it; `was_there` if an earlier import had made that run."""

    folder: Path
    run_id: str
    n_layers: int
    was_there: bool


def import_dumps(
    paths: Sequence[Path], *, database: str | None = None, experiment: str = IMPORTED_EXPERIMENT
) -> list[Imported]:
    """Import folders of ZigZag's JSON dumps, with the folders below them, as runs of an experiment.

    Raises:
        InputError: a folder holds no dumps, or only pickles, which run code when they are read.
    """
    folders = [folder for path in paths for folder in _folders_of_dumps(path)]
    with open_store(database or default_database()) as store:
        return [_import(store, folder, experiment) for folder in folders]


def _folders_of_dumps(path: Path) -> Iterator[Path]:
    if path.suffix.lower() in PICKLES:
        raise InputError(str(path), "a pickle, which may run any code when it is read", "JSON", PICKLE_ADVICE)
    if not path.is_dir():
        raise InputError(str(path), "no folder", "a folder of files such as conv1_complete.json")
    found = sorted({p.parent for p in path.rglob("*.json") if _is_dump(p) and p.is_file()})
    if not found:
        is_pickled = any(p.suffix.lower() in PICKLES for p in path.rglob("*"))
        found_words = "only pickles, which may run any code when they are read" if is_pickled else "no dumps of ZigZag"
        hint = PICKLE_ADVICE if is_pickled else ""
        raise InputError(str(path), found_words, "files such as conv1_complete.json or overall_simple.json", hint)
    yield from found


def _is_dump(path: Path) -> bool:
    return path.stem.endswith("_complete") or path.stem in ("overall_simple", "complete", "simple")


def _import(store: Store, folder: Path, experiment: str) -> Imported:
    files = sorted((p for p in folder.glob("*.json") if _is_dump(p) and p.is_file()), key=_by_number)
    content = sha256(b"".join(p.name.encode() + b"\0" + sha256(p.read_bytes()).digest() for p in sorted(files)))
    documents = {path: read_json(path) for path in files}
    layers = [
        layer_rows(document, index, str(path))
        for index, (path, document) in enumerate((p, d) for p, d in documents.items() if is_layer(d, str(p)))
    ]
    run_id = imported_run(store, content.hexdigest())
    if run_id is not None:
        return Imported(folder, run_id, len(layers), True)
    totals = _totals(folder, documents, layers)
    start = RunStart(experiment=experiment, name=folder.resolve().name, options={"imported_from": str(folder)})
    return Imported(folder, keep_run(store, start, content.hexdigest(), totals, layers), len(layers), False)


def _by_number(path: Path) -> list[object]:
    """Names with their numbers in order: ``conv2`` before ``conv10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _totals(folder: Path, documents: Mapping[Path, object], layers: Sequence[LayerRows]) -> dict[str, float]:
    """Sums over the layers, or the figures of the file of the whole network."""
    totals = {name: sum(getattr(layer.layer, name) for layer in layers) for name in _SUMMED}
    overall = documents.get(folder / "overall_simple.json")
    if isinstance(overall, dict) and {"energy", "latency"} <= set(overall):
        try:
            totals |= {_SUMMED_AS[name]: figure(overall[name], name) for name in _SUMMED_AS}
        except (TypeError, ValueError, OverflowError) as error:
            expected = "energy and latency, two numbers of at least 0"
            raise InputError(str(folder / "overall_simple.json"), str(error)[:200], expected) from error
    elif not layers:
        raise InputError(str(folder), "no layer and no total", "files such as conv1_complete.json")
    if not layers:  # then nothing is known of the parts
        totals = {name: totals[name] for name in ("energy_pj", "latency_cycles")}
    totals["edp_pj_cycles"] = totals["energy_pj"] * totals["latency_cycles"]
    if not all(isfinite(value) for value in totals.values()):
        raise InputError(str(folder), "its energies and cycles add up to more than can be held", "smaller ones")
    return totals


_LOOP = re.compile(r"\(\s*(\w+)\s*,\s*([\d.]+)\s*\)")
_INSTANCE = re.compile(r"instance=(.+?),\s*operands=")
MOST = (2**63 - 1, sys.float_info.max)
"""The largest whole number, and the largest other one, of a row."""


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(read_bytes(path, "a file that ZigZag dumped"))
    except RecursionError:
        raise InputError(str(path), "it is nested too deeply to be read", "a file that ZigZag dumped") from None
    except (OSError, ValueError) as error:
        raise InputError(str(path), f"no JSON that can be read ({error})", "a file that ZigZag dumped") from error


def is_layer(document: object, where: str) -> bool:
    """Whether a document is the complete dump of one layer; else it is that of a sum, which lists its layers.

    Raises:
        InputError: it is neither.
    """
    inputs = document.get("inputs", {}) if isinstance(document, Mapping) else None
    layer = inputs.get("layer") if isinstance(inputs, Mapping) else ""
    if layer is not None and not isinstance(layer, (Mapping, list)):
        raise InputError(where, "it is no dump", "what ZigZag wrote of a layer or of a network")
    return isinstance(layer, Mapping)


def layer_rows(document: Mapping[str, Any], layer_index: int, where: str) -> LayerRows:
    """The rows of a layer; the number of their run is left 0.

    What the file does not hold stands as 0: cycles of draining, which ZigZag counts as offloading; utilisation of a
    memory by one operand alone.

    Raises:
        InputError: a part of the file is missing, or of another kind.
    """
    try:
        rows = _layer_rows(document, layer_index)
        _check_numbers((*rows.layer, *rows.memories))
        return rows
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        found = f"its part {error} is missing" if isinstance(error, KeyError) else str(error)[:200]
        raise InputError(where, found, "a complete dump of one layer", "Dump it with CompleteSaveStage.") from error


def _check_numbers(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, (int, float)) and not 0 <= value <= MOST[type(value) is float]:
            raise ValueError(f"it says {value:.6g}, which no energy, latency or count can be")


def figure(value: Any, what: str) -> float:
    """A number of a dump that cannot be negative or infinite.

    Raises:
        ValueError, TypeError: it is none.
    """
    number = float(value)
    if not 0 <= number <= MOST[True]:
        raise ValueError(f"its {what} is {number:.6g}")
    return number


def _layer_rows(document: Mapping[str, Any], layer_index: int) -> LayerRows:
    outputs, inputs = document["outputs"], document["inputs"]
    layer = inputs["layer"]
    unrolled = {d: dict(loops) for d, loops in layer["user_spatial_mapping"].items()}
    temporal = TemporalMapping({op: _levels(of) for op, of in inputs["temporal_mapping"].items()})
    mapping = mapping_row(SpatialMapping(unrolled), temporal)
    energy, cycles = outputs["energy"], _cycles(outputs)
    row = LayerEvaluationTuple(
        run_number=0,
        layer_index=layer_index,
        layer_id=layer_index,
        name=str(layer["name"]),
        operator_type=str(layer["type"]),
        layer_digest=digest(layer, "imported-layer"),
        mapping_digest=mapping.digest,
        keeps_at_output_pins=True,
        n_macs=prod(int(n) for n in layer["loop_dimensions"].values()),
        energy_pj=float(energy["energy_total"]),
        mac_energy_pj=float(energy["operational_energy"]),
        memory_energy_pj=float(energy["memory_energy"]),
        **cycles,
    )
    return LayerRows(mapping, row, _memory_rows(document, layer_index))


def _levels(of_operand: Sequence[Sequence[str]]) -> tuple[tuple[tuple[str, int], ...], ...]:
    return tuple(tuple((loop[1], round(float(loop[2]))) for loop in map(_matched, level)) for level in of_operand)


def _matched(text: str) -> re.Match[str]:
    found = _LOOP.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no loop such as (K, 32)")
    return found


def _cycles(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a layer -> latency and its parts, in cycles."""
    terms, used = outputs["latency"], outputs["spatial"]["mac_utilization"]
    onload, compute, offload = (float(terms[k]) for k in ("data_onloading", "computation", "data_offloading"))
    ideal = round(used["stalls"] * compute)
    temporal = round(used["stalls"] * compute / used["ideal"])
    stall = max(0.0, compute - temporal)
    return {
        "latency_cycles": onload + compute + offload,
        "ideal_cycles": float(ideal),
        "temporal_cycles": float(temporal),
        "stall_cycles": stall,
        "onload_cycles": onload,
        "offload_cycles": offload,
        "drain_cycles": 0.0,
    }


def _memory_rows(document: Mapping[str, Any], layer_index: int) -> list[object]:
    outputs, inputs = document["outputs"], document["inputs"]
    spent = outputs["energy"]["memory_energy_breakdown_per_level_per_operand"]
    values: list[object] = []
    for operand, levels in outputs["memory"]["word_accesses"].items():
        names = _memories(inputs["accelerator"], inputs["layer"]["memory_operand_links"][operand])
        for level, accesses in enumerate(levels):
            loops = ", ".join(f"{m[1]} {m[2]}" for m in map(_matched, inputs["temporal_mapping"][operand][level]))
            shared = float(outputs["memory"]["utilization"][operand][level])
            values += MemoryEvaluationTuple(
                run_number=0,
                layer_index=layer_index,
                operand=operand,
                level=level,
                memory=names[level],
                loops=loops,
                utilisation=0.0,
                shared_utilisation=shared,
                **{f"accesses_{way}": float(accesses[theirs]) for theirs, way in REFERENCE_NAMES.items()},
                **{f"energy_{way}_pj": float(spent[operand][level][theirs]) for theirs, way in REFERENCE_NAMES.items()},
            )
    return values


def _memories(accelerator: Mapping[str, Any], operand: str) -> list[str]:
    """The names of the memories of an operand, from the innermost."""
    listed = accelerator["memory_hierarchy"]
    if listed and isinstance(listed[0], Mapping):
        return [memory["name"] for memory in listed if operand in memory["operands"]]
    texts = accelerator["mem_hierarchy_dict"][operand]
    return [found[1] if (found := _INSTANCE.search(text)) else text for text in texts]
