"""Costs of memories from external tools, by request and tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isfinite

from zigzag_lab.inputs.memory_costs import MemoryCosts
from zigzag_lab.store.database import Database
from zigzag_lab.store.tables import MemoryCostTuple

COLUMNS = tuple(field.name for field in fields(MemoryCosts))


def memory_cost(database: Database, key: str) -> MemoryCosts | None:
    """The answer stored under a key; none where there is none, or no sound one."""
    rows = database.select(f"SELECT {', '.join(COLUMNS)} FROM zl_memory_cost WHERE key = ?", (key,)).rows
    numbers = [value for row in rows for value in row]
    if not numbers or not all(isinstance(n, (int, float)) and isfinite(n) and n > 0 for n in numbers):
        return None
    return MemoryCosts(*map(float, numbers))


def keep(database: Database, answers: Mapping[str, MemoryCosts]) -> None:
    """Store answers; one that is there already stays."""
    rows = [MemoryCostTuple(key=key, **asdict(costs)) for key, costs in sorted(answers.items())]
    database.transact(lambda: database.insert(MemoryCostTuple, rows))
