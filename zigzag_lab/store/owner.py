"""Who runs a run: a process of a machine, and whether it is still there."""

from __future__ import annotations

import os
import platform


def this_process() -> str:
    """This process, as runs name their owner: ``machine:process id``."""
    return f"{platform.node()}:{os.getpid()}"


def is_gone(owner: str) -> bool:
    """Whether an owner is a process of this machine that has ended; False where that cannot be told.

    A process that took over the id of one that ended passes for it; heartbeats tell of such runs later.
    """
    machine, _, number = owner.rpartition(":")
    if os.name != "posix" or machine != platform.node() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
