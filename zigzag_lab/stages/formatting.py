"""Names of files with fields in them, such as ``outputs/{accelerator}_{layer}.pickle``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.stages.files import file_stem
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.workload import Layer, Workload


def formatted(keyword: str, pattern: str | Path, fields: Mapping[str, Any]) -> Path:
    """The file that a pattern names; layers, accelerators and workloads stand for their names, slashes made harmless.

    Args:
        keyword: what the pattern was given as, for messages.
        pattern: a file name, with named fields in the notation of ``str.format``.
        fields: what the fields may name: the keywords of the stage.

    Raises:
        InputError: the pattern is malformed or names a field that is not there.
    """
    values = {name: file_stem(v.name) if isinstance(v, (Layer, Accelerator, Workload)) else v
              for name, v in fields.items()}  # fmt: skip
    try:
        return Path(str(pattern).format(**values))
    except KeyError as error:
        name = str(error.args[0])
        expected = f"one of {', '.join(sorted(values))}"
        raise InputError(
            keyword, f"'{pattern}' names the unknown field '{name}'", expected, nearest(name, values)
        ) from None
    except (ValueError, IndexError, AttributeError) as error:
        raise InputError(
            keyword, f"'{pattern}' is no pattern ({error})", "a file name with fields such as {layer}"
        ) from None
