"""Where a run happens, and in which process: versions, machine, command line, and the working folder's git state.

Git is asked so that nothing runs but git itself: a repository that came from elsewhere can name programs in its own
configuration (monitors, filters, hooks, drivers of differences, transports), and looking at it must not start them.
"""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
import sys
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from zigzag_lab.version import __version__
from zigzag_lab.vocab.masking import Masker, masked_words

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


GIT_SECONDS = 2.0
GIT_DIFF = "ZIGZAG_LAB_GIT_DIFF"
"""The variable that keeps the differences of the working folder out of records where it says ``off``."""

MOST_DIFF_BYTES = 1 << 20
"""Larger differences are not recorded; only that there were some."""

_QUIET = {
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
_PROGRAMS = (".clean", ".smudge", ".process", ".textconv", ".command")
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_NOT_OURS = ("GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF", "GIT_TRACE")


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit, branch, and how tracked files differ from it; None outside a repository or without git."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    answer = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=dirty")
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
    """How tracked files differ from the commit, without secrets; None where that is not to be recorded."""
    if os.environ.get(GIT_DIFF, "").lower() in ("off", "0", "no", "false"):
        return None
    words = ("--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short")
    diff = _git(folder, "diff", "HEAD", *words)
    if not diff or len(diff) > MOST_DIFF_BYTES:
        return None
    return Masker.of()(diff.decode(errors="replace")).encode()


def _git(folder: Path, *words: str) -> bytes | None:
    """The output of git; None where there is none, or where git cannot be stopped from running others (before 2.31)."""
    settings = _settings(folder)
    return None if settings is None else _output(folder, settings, *words)


@cache
def _settings(folder: Path) -> tuple[tuple[str, str], ...] | None:
    """What to set, so that no program is run that the repository's configuration names."""
    quiet = tuple(_QUIET.items())
    names = _output(folder, quiet, "config", "--list", "--name-only", "-z")
    known = set((names or b"").decode(errors="surrogateescape").split("\0"))
    if not {name.lower() for name in _QUIET} <= {name.lower() for name in known}:
        return None  # this git does not read settings from the environment
    programs = [name for name in known if name.startswith(("filter.", "diff.")) and name.endswith(_PROGRAMS)]
    required = {f"{name.rpartition('.')[0]}.required" for name in known if name.startswith("filter.")}
    return (*quiet, *((name, "") for name in programs), *((name, "false") for name in required))


def _output(folder: Path, settings: tuple[tuple[str, str], ...], *words: str) -> bytes | None:
    """What git prints under some settings, which outweigh those of the repository."""
    said = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        said |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_OURS)}
    command = ["git", "--no-pager", *words]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**inherited, **_ENVIRONMENT, **said},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout


_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def this_process() -> str:
    """This process, as runs name their owner: ``machine/boot/namespace:process id``.

    Containers that share a machine, and often its name, count their processes apart; only within one namespace of one
    boot does an id name a process. Where the system does not report it, the owner is ``machine:process id``.
    """
    pid = os.getpid()
    return f"{platform.node()}{_where_ids_count(pid)}:{pid}"


@lru_cache(maxsize=1)
def _where_ids_count(pid: int) -> str:
    """Boot and namespace of this process, by its id, as a child may be in another; empty where that is unknown."""
    try:
        return f"/{_BOOT.read_text(encoding='ascii').strip()}/{_NAMESPACE.readlink()}"
    except (OSError, ValueError):
        return ""


def process_exited(owner: str) -> bool:
    """Whether an owner is a process that has ended, of where this one can see it; False where that is unknown.

    A process that took over the id of one that ended passes for it; heartbeats tell of such runs later, as of all
    whose owner has no boot and namespace.
    """
    place, _, number = owner.rpartition(":")
    ours, _, _ = this_process().rpartition(":")
    if place != ours or not _where_ids_count(os.getpid()) or not number.isascii() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
