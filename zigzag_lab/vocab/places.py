"""Where things are kept unless somebody says otherwise."""

from __future__ import annotations

import os


def default_database() -> str:
    """The database that runs are recorded in and asked for: ``ZIGZAG_LAB_DB``, or a file in the working folder."""
    return os.environ.get("ZIGZAG_LAB_DB") or "sqlite:///zigzag_lab.db"
