"""The numbers that the engine's label stands for.

``python -m tests.engine_numbers`` writes them down after the label was raised; under a label that has its numbers
already, it refuses to write others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.stages import small
from zigzag_lab.api.run import RunOutcome, RunRequest, run
from zigzag_lab.keys.canonical import canonical_json
from zigzag_lab.keys.engine import COMPATIBILITY
from zigzag_lab.keys.records import described
from zigzag_lab.vocab import Objective, TemporalMappingType

FILE = Path(__file__).parent / "keys" / "engine_numbers.json"
N_DIGITS = 11
"""Significant digits: what every machine agrees on, whatever the order in which its processor adds."""


def requests(files: Mapping[str, str]) -> Iterator[tuple[str, RunRequest]]:
    """What is asked: every kind of search on a small network, and a real one on arrays of every kind."""
    for objective in Objective:
        yield f"loma {objective}", RunRequest(**files, objective=objective)
        yield f"exact {objective}", RunRequest(**files, objective=objective, search="exact", time_limit=None)
    yield "loma even", RunRequest(**files, temporal_mapping_type=TemporalMappingType.EVEN)
    yield "loma spatial", RunRequest(**files, lpf_limit=3, n_spatial_mappings=12)
    yield "loma locality", RunRequest(**files, exploit_locality=True)
    yield "loma mixed", RunRequest(**files, mix_spatial=True)
    yield "salsa", RunRequest(**files, search="salsa", seed=7)
    for preset in ("aimc", "ascend_like", "dimc", "meta_prototype", "tpu_like"):
        yield preset, RunRequest("alexnet", preset, preset, lpf_limit=2, n_spatial_mappings=1)


def numbers() -> dict[str, Any]:
    """What is asked -> energy and latency of each layer, and a digest of its mappings."""
    with TemporaryDirectory() as folder:
        files = small.written(Path(folder))
        return {name: _answer(run(request, store=None)) for name, request in requests(files)}


def _answer(outcome: RunOutcome) -> dict[str, Any]:
    mappings = [described((cme.spatial_mapping, cme.temporal_mapping)) for cme in outcome.layers]
    return {
        "energy_pj": [_rounded(cme.energy_pj) for cme in outcome.layers],
        "latency_cycles": [_rounded(cme.latency_cycles) for cme in outcome.layers],
        "mappings": sha256(canonical_json(mappings)).hexdigest()[:16],
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{N_DIGITS}g}")


def main() -> int:
    """Write the numbers down."""
    kept = json.loads(FILE.read_text()) if FILE.is_file() else {"label": None, "numbers": {}}
    found = numbers()
    if kept["label"] == COMPATIBILITY and any(found.get(name) != of for name, of in kept["numbers"].items()):
        print(f"Label {COMPATIBILITY} stands for other numbers: first raise it in zigzag_lab/keys/engine.py.")
        return 1
    FILE.write_text(json.dumps({"label": COMPATIBILITY, "numbers": found}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
