"""The pulse of a store: one thread in which every open run writes pending rows and its heartbeat."""

from __future__ import annotations

from threading import Condition, Thread
from typing import Protocol


class Living(Protocol):
    """What has a pulse."""

    def beat(self) -> None:
        """Called about once a second; must not raise."""


class Pulse:
    """Calls ``beat`` of everything that is alive, about once a second, from a thread that never keeps a process up.

    Args:
        seconds: between beats.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._living: list[Living] = []
        self._changed = Condition()
        self._thread: Thread | None = None
        self._stopped = False

    def start(self, living: Living) -> None:
        """Call something from now on."""
        with self._changed:
            self._living.append(living)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="zigzag-lab pulse", daemon=True)
                self._thread.start()

    def stop(self, living: Living) -> None:
        """Stop calling it; a beat that is under way may still end."""
        with self._changed:
            if living in self._living:
                self._living.remove(living)

    def close(self) -> None:
        """End the thread, after the beat that is under way."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped or self._changed.wait_for(lambda: self._stopped, timeout=self._seconds):
                    return
                living = list(self._living)
            for one in living:
                if self._stopped:  # each may wait for a minute where the database is locked
                    return
                one.beat()
