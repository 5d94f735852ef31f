"""What zigzag-dse 3.9.1 printed for whole networks, and its mappings as plain data."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent.parent / "golden"

Loops = dict[str, list[list[tuple[str, float]]]]
"""Layer operand -> for each level, innermost first, the loops (dimension, size) from the innermost outwards."""


def golden_names() -> list[str]:
    """Names of all golden runs, such as ``latency-tpu_like-resnet18.onnx``."""
    return sorted(path.name.removesuffix(".json") for path in GOLDEN.glob("*.json"))


def load_golden(name: str) -> dict[str, Any]:
    """One golden run; its layers gain ``temporal`` and ``spatial_int``, the parsed mappings."""
    run: dict[str, Any] = json.loads((GOLDEN / f"{name.removesuffix('.json')}.json").read_text(encoding="utf-8"))
    for layer in run["layers"]:
        layer["temporal"] = parse_loops(layer["temporal_mapping"])
        layer["spatial_int"] = parse_loops(layer["spatial_mapping_int"])
    return run


def parse_loops(text: str) -> Loops:
    """The loops of a printed mapping, ``{O: [[(K, 32)], []], ...}`` or ``SpatialMapping({...})``.

    Raises:
        ValueError: the text is no such mapping.
    """
    inner = re.sub(r"^SpatialMapping\((.*)\)$", r"\1", text.strip())
    quoted = re.sub(r"(?<![\w.])[A-Za-z_]\w*", lambda word: repr(word.group()), inner)
    try:
        parsed = ast.literal_eval(quoted)
    except SyntaxError as error:
        raise ValueError(f"not a printed mapping: {text!r}") from error
    if not isinstance(parsed, dict):
        raise ValueError(f"not a printed mapping: {text!r}")
    return {op: [[(dim, size) for dim, size in level] for level in levels] for op, levels in parsed.items()}
