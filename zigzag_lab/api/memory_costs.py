"""Costs of memories that a tool outside is asked for, kept in the lab's database by what was asked and of whom."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from zigzag_lab.api.opening import is_there, opened_store

if TYPE_CHECKING:
    from zigzag_lab.inputs.cacti import Cacti
    from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
    from zigzag_lab.store import Store


class LabMemoryCosts:
    """CACTI, asked once in the life of a database; looked for, and the database opened, when a memory wants it.

    Answers lie under the question and the digest of the program, its technology files and our settings, so that
    another program's answer is never taken for this one's. Without the program nothing is answered, as it cannot be
    told then whose answers those in the database are.

    Args:
        store: where answers are kept; not made here if it is not there yet (see :func:`keep_memory_costs`). None where
            they are kept for this run alone.
    """

    def __init__(self, store: str | Store | None) -> None:
        self.store = store
        self.answers: dict[str, MemoryCosts] = {}  # what was answered in this run

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        """What a memory costs.

        Raises:
            InputError: there is no tool to ask, or it has no answer.
        """
        return self._cacti.costs(request)

    @cached_property
    def _cacti(self) -> Cacti:
        from zigzag_lab.inputs.cacti import default_provider

        return default_provider(self)

    def get(self, key: str) -> MemoryCosts | None:
        """The answer kept under a key."""
        known = self.answers.get(key)
        if known is not None or not is_there(self.store):
            return known
        from zigzag_lab.store.memory_costs import memory_cost

        with opened_store(self.store) as store:
            return memory_cost(store.database, key)

    def __getstate__(self) -> dict[str, Any]:
        """What a worker process needs, which opens the database itself."""
        is_named = self.store is None or isinstance(self.store, str)
        return {
            "store": self.store if is_named else self.store.url.for_workers(elsewhere=False),  # type: ignore[union-attr]
            "answers": self.answers,
        }

    def put(self, key: str, costs: MemoryCosts) -> None:
        """Keep an answer; until there is a database, here."""
        self.answers[key] = costs
        if is_there(self.store):
            with opened_store(self.store) as store:
                keep_memory_costs(store, self)


def keep_memory_costs(store: Store, costs: Any) -> None:
    """Write down the answers that came before the database was there; other providers keep their own."""
    if isinstance(costs, LabMemoryCosts) and costs.answers:
        from zigzag_lab.store.memory_costs import keep

        keep(store.database, dict(costs.answers))
