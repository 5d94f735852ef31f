"""Who runs a run: a process of a machine, and whether it is still there."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from pathlib import Path

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
