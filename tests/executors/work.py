"""Work for engines, in a module that workers can import."""

from __future__ import annotations

import os
import time
from typing import Any


def doubled(item: Any) -> Any:
    """Twice the item; some items do harm."""
    if item == "die":
        os._exit(3)
    if item == "process":
        return os.getpid()
    if item == "sleep":
        time.sleep(60)
    if item == "raise":
        raise ValueError("no")
    return 2 * item
