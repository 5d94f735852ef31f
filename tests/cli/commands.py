"""Asking the command line, in this process or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from click.testing import CliRunner, Result

from zigzag_lab.cli import main


def arguments(inputs: dict[str, Any], *more: str) -> list[str]:
    """``run`` with an option for each input."""
    return ["run", *(word for name, value in inputs.items() for word in (f"--{name}", str(value))), *more]


def invoked(inputs: dict[str, Any], *more: str) -> Result:
    return CliRunner().invoke(main, arguments(inputs, *more), prog_name="zigzag-lab")


def executed(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, as a shell would."""
    command = [sys.executable, "-m", "zigzag_lab", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
