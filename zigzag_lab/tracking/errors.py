"""What goes wrong with MLflow, in words; it ends up in the outbox, never in the user's run."""

from __future__ import annotations

from zigzag_lab.vocab import InputError


class TrackingError(InputError):
    """MLflow cannot be reached or used. The message carries no password. Exit status 1."""

    exit_status = 1
