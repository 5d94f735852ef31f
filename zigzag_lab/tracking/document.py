"""A run as one JSON document: everything to read it without our database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from zigzag_lab.store.full_run import FullRun
from zigzag_lab.tracking.kin import NO_KIN, Kin
from zigzag_lab.tracking.limits import clean

FORMAT = "zigzag_lab.run/1"
_OF_CHILDREN = ("run_id", "parent_run_id", "settings", "status", "energy_pj", "latency_cycles")
_NOT_IN_FIELDS = {"inputs", "layers", "environment", "totals", "point"}


def run_document(record: FullRun, database_url: str, kin: Kin = NO_KIN) -> dict[str, Any]:
    """A run as plain data.

    Args:
        record: the run.
        database_url: where it is kept, without its password.
        kin: what it yielded, and the runs within it.
    """
    return {
        "format": FORMAT,
        "database": database_url,
        "run": {k: v for k, v in vars(record).items() if k not in _NOT_IN_FIELDS},
        "totals": dict(record.totals),
        "inputs": [
            {"kind": i.kind, "name": i.name, "digest": i.digest, "file_name": i.file_name, "content": i.content}
            for i in record.inputs.values()
        ],
        "results": [{**asdict(one.result), "of": one.layers, "run": one.child} for one in kin.results],
        "runs_within": [
            {**{name: getattr(child.run, name) for name in _OF_CHILDREN}, "n_layers_chosen": child.n_chosen}
            for child in kin.family
        ],
        "layers": list(record.layers),
        "environment": dict(record.environment),
    }


def run_json(record: FullRun, database_url: str, scrub: Callable[[str], str], kin: Kin = NO_KIN) -> str:
    """The document as text. Numbers that JSON does not know (infinity) are written as words.

    Args:
        record: the run.
        database_url: where it is kept, without its password.
        scrub: takes secrets out of a text.
        kin: what it yielded, and the runs within it.
    """
    document = run_document(record, database_url, kin)
    return "{" + ", ".join(f"{json.dumps(k)}: {_said(v, scrub)}" for k, v in document.items()) + "}"


def _said(value: Any, scrub: Callable[[str], str]) -> str:
    """A part of the document as text. Layers and inputs, which are most of it, rarely need a look at each text."""
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError):
        text = ""
    if text and "\\" not in text and scrub(text) == text:
        return text
    return json.dumps(_sayable(value, lambda text: clean(scrub(text))), ensure_ascii=False, allow_nan=False)


def _sayable(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(k): _sayable(v, text) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sayable(v, text) for v in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, str):
        return text(value)
    return value if value is None or isinstance(value, int) else text(str(value))
