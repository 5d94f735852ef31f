"""What goes wrong with a database, in words."""

from __future__ import annotations

from zigzag_lab.vocab import InputError


class StoreError(InputError):
    """The database cannot be used: its place, its schema, its health. The message carries no password."""


class StoreWriteError(StoreError):
    """A result could not be kept while a run was going: the disk is full, the database went away. Exit status 1."""

    exit_status = 1
