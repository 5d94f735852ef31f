"""A run as one JSON document: everything to read it without our database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from zigzag_lab.tracking.limits import clean
from zigzag_lab.tracking.record import RunRecord

FORMAT = "zigzag_lab.run/1"


def run_document(record: RunRecord, database_url: str) -> dict[str, Any]:
    """A run as plain data.

    Args:
        record: the run.
        database_url: where it is kept, without its password.
    """
    fields = {k: v for k, v in vars(record).items() if k not in ("inputs", "layers", "environment", "totals")}
    return {
        "format": FORMAT,
        "database": database_url,
        "run": fields,
        "totals": dict(record.totals),
        "inputs": [asdict(given) for given in record.inputs.values()],
        "layers": list(record.layers),
        "environment": dict(record.environment),
    }


def run_json(record: RunRecord, database_url: str, scrub: Callable[[str], str]) -> str:
    """The document as text. Numbers that JSON does not know (infinity) are written as words.

    Args:
        record: the run.
        database_url: where it is kept, without its password.
        scrub: takes secrets out of a text.
    """
    document = _sayable(run_document(record, database_url), lambda text: clean(scrub(text)))
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


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
