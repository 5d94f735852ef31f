"""What holds where nobody says otherwise."""

from __future__ import annotations

import os

DEFAULT_STORE = "default"
"""Stands for :func:`default_database` where a store is asked for."""


def default_database() -> str:
    """The database that runs are recorded in: ``ZIGZAG_LAB_DB``, or a file in the working folder."""
    return os.environ.get("ZIGZAG_LAB_DB") or "sqlite:///zigzag_lab.db"
