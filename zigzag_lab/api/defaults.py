"""What holds where nobody says otherwise."""

from __future__ import annotations

from zigzag_lab.vocab.places import default_database

__all__ = ["DEFAULT_STORE", "default_database"]

DEFAULT_STORE = "default"
"""Stands for :func:`default_database` where a store is asked for."""
