"""Which points of a sweep MLflow is told of: its pages are for looking at some, ours for asking about all."""

from __future__ import annotations

from dataclasses import dataclass

from zigzag_lab.plots import Point, pareto_front
from zigzag_lab.store import Store
from zigzag_lab.store.database import Database, Row
from zigzag_lab.tracking.published_sweep import COLUMNS
from zigzag_lab.vocab import InputError, Objective

ALL_UP_TO = 200
"""Points of a sweep that are all published where nothing is said; of a larger one its Pareto fronts and the best."""

N_BEST = 50
_EXPECTED = "all, best, pareto, top:K, none, or some of them with commas between"


@dataclass(frozen=True)
class Policy:
    """What is published, of each network.

    Attributes:
        everything: all points, those that came to nothing too.
        pareto: the points that no other beats in energy and latency.
        n_best: so many of the best by what the sweep minimises.
    """

    everything: bool = False
    pareto: bool = False
    n_best: int = 0

    @classmethod
    def read(cls, text: str) -> Policy:
        """A policy from its words.

        Raises:
            InputError: there is no such word.
        """
        words = {word.strip().lower() for word in text.split(",")} - {""}
        n_best = 1 if "best" in words else 0
        for word in sorted(words - {"all", "best", "pareto", "none"}):
            name, _, number = word.partition(":")
            if name != "top" or not (number.isascii() and number.isdigit() and 0 < int(number) < 10**9):
                raise InputError("publish", f"'{word}'", _EXPECTED)
            n_best = max(n_best, int(number))
        if not words or ("none" in words and len(words) > 1):
            raise InputError("publish", f"'{text}'", _EXPECTED)
        return cls("all" in words, "pareto" in words, n_best)

    @classmethod
    def for_size(cls, n_points: int) -> Policy:
        """What is sensible for so many points."""
        return cls(everything=True) if n_points <= ALL_UP_TO else cls(pareto=True, n_best=N_BEST)


def ask_to_publish_sweep(store: Store, name: str, policy: Policy | None = None) -> int:
    """Put points of a sweep into the outbox; those that are there already stay as they are.

    Args:
        store: an open database.
        name: of the sweep.
        policy: which points; by default what suits their number.

    Returns:
        How many were chosen.

    Raises:
        InputError: there is no such sweep.
    """
    rows = store.database.select("SELECT number, objective, n_points FROM zl_sweep WHERE name = ?", (name,)).rows
    if not rows:
        raise InputError("sweep", f"there is none called '{name}'", hint="'zigzag-lab status' lists them.")
    number, objective, n_points = rows[0]
    chosen = _chosen(store.database, number, objective, policy or Policy.for_size(n_points))
    store.ask_to_publish(chosen)
    return len(chosen)


def _chosen(database: Database, sweep_number: int, objective: str, policy: Policy) -> list[int]:
    """The numbers of the runs of the points that a policy names, in order."""
    column = COLUMNS.get(objective, COLUMNS[Objective.LATENCY.value])
    rows = database.select(
        f"SELECT p.workload, r.number, r.status, r.latency_cycles, r.energy_pj, r.{column} FROM zl_sweep_point p "
        "JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL WHERE p.sweep_number = ? "
        "ORDER BY r.number",
        (sweep_number,),
    ).rows
    if policy.everything:
        return [row[1] for row in rows]
    networks: dict[str, list[Row]] = {}
    for row in rows:
        if row[2] == "finished" and None not in row[3:]:
            networks.setdefault(row[0], []).append(row)
    chosen: set[int] = set()
    for points in networks.values():
        if policy.pareto:
            front = pareto_front([Point(str(row[1]), row[3], row[4]) for row in points])
            chosen |= {int(point.label) for point in front}
        chosen |= {row[1] for row in sorted(points, key=lambda row: (row[5], row[1]))[: policy.n_best]}
    return sorted(chosen)
