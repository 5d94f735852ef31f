"""Where a run happens: versions, machine, command line, and the state of the working folder's git repository."""

from __future__ import annotations

import getpass
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

import zigzag_lab
from zigzag_lab.store.url import masked

PACKAGES = ("numpy", "onnx", "networkx", "sqlmodel", "alembic", "mlflow")
GIT_SECONDS = 2.0


@cache
def environment() -> dict[str, Any]:
    """The environment of this process, gathered once. It carries no secret: URLs lose their passwords."""
    return {
        "argv": [masked(argument) for argument in sys.argv],
        "cpus": os.cpu_count(),
        "cwd": str(Path.cwd()),
        "git": git_state(Path.cwd()),
        "host": platform.node(),
        "implementation": platform.python_implementation(),
        "machine": platform.machine(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "user": _user(),
        "versions": {"zigzag_lab": zigzag_lab.__version__, **_versions()},
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        return ""


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit, branch and whether tracked files differ from it; None outside a repository or without git."""
    import subprocess

    command = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    try:
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=GIT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = answer.stdout.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    return {
        "commit": heads.get("branch.oid"),
        "branch": heads.get("branch.head"),
        "dirty": any(not line.startswith("#") for line in lines),
    }
