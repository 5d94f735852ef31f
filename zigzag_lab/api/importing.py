"""Folders of ZigZag's JSON dumps as runs: each folder one run, however often it is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from zigzag_lab.api.defaults import default_database
from zigzag_lab.api.zigzag_dump import figure, is_layer, layer_rows, read_json
from zigzag_lab.store import RunStart, Store, open_store
from zigzag_lab.store.codec import LayerRows
from zigzag_lab.store.imported import imported_run, keep_run
from zigzag_lab.vocab import InputError

PICKLES = (".pickle", ".pkl")
PICKLE_ADVICE = (
    "Where it was written and can be trusted, load it and dump each CME as JSON: "
    "for c in pickle.load(open(FILE, 'rb')): json.dump(c.__jsonrepr__(), open(f'{c.layer.name}_complete.json', 'w'))"
)
_SUMMED = {
    "energy_pj": "energy_pj",
    "mac_energy_pj": "mac_energy_pj",
    "memory_energy_pj": "memory_energy_pj",
    "latency_cycles": "latency_cycles",
    "n_macs": "n_macs",
}


_SUMMED_AS = {"energy": "energy_pj", "latency": "latency_cycles"}


@dataclass(frozen=True)
class Imported:
    """A folder that was imported.

    Attributes:
        folder: where it is.
        run_id: the run that holds it.
        n_layers: its layers.
        was_there: whether an earlier import had made the run.
    """

    folder: Path
    run_id: str
    n_layers: int
    was_there: bool


def import_dumps(paths: Sequence[Path], *, database: str | None = None, experiment: str = "imported") -> list[Imported]:
    """Import folders of ZigZag's JSON dumps, with the folders below them.

    Args:
        paths: the folders.
        database: its URL.
        experiment: the question that the runs belong to.

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


def _by_number(path: Path) -> list[Any]:
    """Names with their numbers in order: ``conv2`` before ``conv10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _totals(folder: Path, documents: dict[Path, Any], layers: Sequence[LayerRows]) -> dict[str, float]:
    """Sums over the layers, or what the file of the whole network says."""
    totals = {name: sum(getattr(layer.layer, column) for layer in layers) for name, column in _SUMMED.items()}
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
