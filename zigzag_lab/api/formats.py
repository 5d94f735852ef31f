"""The formats of files: their declarations, and their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zigzag_lab.inputs.formats.accelerator import ACCELERATOR
from zigzag_lab.inputs.formats.keys import Format
from zigzag_lab.inputs.formats.mapping import MAPPING
from zigzag_lab.inputs.formats.shipped import schema_line, schema_path
from zigzag_lab.inputs.formats.workload import WORKLOAD
from zigzag_lab.sweeps.format import SWEEP

FORMATS: Mapping[str, Format] = MappingProxyType({one.kind: one for one in (ACCELERATOR, MAPPING, WORKLOAD, SWEEP)})
"""Kind of file -> its declaration."""


def schema_text(kind: str) -> str:
    """The JSON Schema of a kind of file, as it ships with the package.

    Raises:
        InputError: there is no such kind.
    """
    return schema_path(kind).read_text(encoding="utf-8")


__all__ = ["FORMATS", "schema_line", "schema_path", "schema_text"]
