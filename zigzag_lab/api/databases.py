"""Which database is meant where a store is asked for, and opening it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.places import default_database

if TYPE_CHECKING:
    from zigzag_lab.store import Store

__all__ = ["DEFAULT_STORE", "default_database"]

DEFAULT_STORE = "default"
"""Stands for :func:`default_database` where a store is asked for."""


def is_there(store: str | Store | None) -> bool:
    """Whether there is such a database already; a new one is only made once a run's inputs are known to be sound."""
    from zigzag_lab.store import DatabaseUrl

    if not isinstance(store, str):
        return store is not None
    path = DatabaseUrl.parse(_url(store)).path
    return path is None or path.exists()


@contextmanager
def opened_store(store: str | Store | None) -> Iterator[Store]:
    """The store, closed at the end if it was opened here.

    Raises:
        InputError: it is no store, and no URL of one.
    """
    from zigzag_lab.store import Store, open_store

    if isinstance(store, Store):
        yield store
        return
    if not isinstance(store, str):
        raise InputError("store", f"of type {type(store).__name__}", "a database URL, an open store, or None")
    with open_store(_url(store)) as opened:
        yield opened


def _url(store: str) -> str:
    return default_database() if store == DEFAULT_STORE else store
