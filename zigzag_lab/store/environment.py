"""Where a run happens: versions, machine, command line, and the state of the working folder's git repository."""

from __future__ import annotations

import getpass
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

from zigzag_lab.store.git import git_state
from zigzag_lab.version import __version__
from zigzag_lab.vocab.masking import masked_words

PACKAGES = ("numpy", "onnx", "networkx", "sqlmodel", "alembic", "mlflow")


@cache
def environment() -> dict[str, Any]:
    """The environment of this process, gathered once. It carries no secret."""
    return {
        "argv": masked_words(sys.argv),
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
        "versions": {"zigzag_lab": __version__, **_versions()},
    }


def _cpu() -> str:
    """The processor's model, where the system reports it."""
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
