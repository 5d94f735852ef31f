"""Where a run happens: versions, machine, command line, and the state of the working folder's git repository."""

from __future__ import annotations

import getpass
import os
import platform
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import zigzag_lab
from zigzag_lab.store.url import masked

PACKAGES = ("numpy", "onnx", "networkx", "sqlmodel", "alembic", "mlflow")
GIT_SECONDS = 2.0
GIT_DIFF = "ZIGZAG_LAB_GIT_DIFF"
"""The variable that keeps the differences of the working folder out of records where it says ``off``."""

MOST_DIFF_BYTES = 1 << 20
"""Larger differences are not kept; that there were some is."""


@cache
def environment() -> dict[str, Any]:
    """The environment of this process, gathered once. It carries no secret: URLs lose their passwords."""
    return {
        "argv": [masked(argument) for argument in sys.argv],
        "cpu": _cpu(),
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


def _cpu() -> str:
    """The processor's model, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


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
    """Commit, branch, and how tracked files differ from it; None outside a repository or without git."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    answer = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if answer is None:
        return None
    lines = answer.decode(errors="replace").splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    is_dirty = any(not line.startswith("#") for line in lines)
    state = {"commit": heads.get("branch.oid"), "branch": heads.get("branch.head"), "dirty": is_dirty}
    diff = working_diff(folder) if is_dirty else None
    return state if diff is None else {**state, "diff": sha256(diff).hexdigest(), "diff_bytes": len(diff)}


@cache
def working_diff(folder: Path) -> bytes | None:
    """How tracked files differ from the commit, without passwords of URLs; None where that is not to be kept."""
    if os.environ.get(GIT_DIFF, "").lower() in ("off", "0", "no", "false"):
        return None
    diff = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv")
    if not diff or len(diff) > MOST_DIFF_BYTES:
        return None
    return masked(diff.decode(errors="replace")).encode()


def _git(folder: Path, *words: str) -> bytes | None:
    import subprocess

    command = ["git", "--no-optional-locks", *words]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, timeout=GIT_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
