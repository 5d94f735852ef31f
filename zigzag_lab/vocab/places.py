"""Defaults of where things are stored."""

from __future__ import annotations

import os


def default_database() -> str:
    """The URL of the database that holds runs by default: ``ZIGZAG_LAB_DB``, or a file in the working folder."""
    return os.environ.get("ZIGZAG_LAB_DB") or "sqlite:///zigzag_lab.db"
