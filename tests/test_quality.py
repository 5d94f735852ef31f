"""The tree is clean: style, types, and one direction of imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.versions import differences, requirements

DIRECT = {canonicalize_name(one.name) for one in requirements()}
ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",)],
    ids=lambda command: " ".join(command),
)
def test_tool_finds_nothing(command: tuple[str, ...]) -> None:
    if command == ("mypy",) and (others := [one for one in differences() if one.split()[0] in DIRECT]):
        pytest.skip(f"types are those of the pinned versions; here are {', '.join(others)}")
    done = subprocess.run([SCRIPTS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
