"""Choose the runs that are published: MLflow's pages show some points of a sweep, or some runs within a run.

One rule for both. Our pages are for asking about all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zigzag_lab.store.database import Database, Row
from zigzag_lab.store.results import WITHIN, WITHIN_RUN, objective_column
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.ordering import pareto_front

ALL_UP_TO = 200
"""Points that are all published by default; of more their Pareto fronts and the best."""

N_BEST = 50
_EXPECTED = "all, best, pareto, top:K, none, or some of them with commas between"


@dataclass(frozen=True)
class Policy:
    """What is published, of each network.

    Attributes:
        everything: all points, those that came to nothing too.
        pareto: the points that no other beats in energy and latency.
        n_best: so many of the best by what was minimised.
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

    def choose(self, rows: Sequence[Row]) -> list[int]:
        """The numbers of the runs that are published, in order.

        Args:
            rows: of each run its network, number, status, latency, energy, and the figure that is minimised.
        """
        if self.everything:
            return [row[1] for row in rows]
        networks: dict[str, list[Row]] = {}
        for row in rows:
            if row[2] == "finished" and None not in row[3:6]:
                networks.setdefault(row[0], []).append(row)
        chosen: set[int] = set()
        for points in networks.values():
            if self.pareto:
                chosen |= _front(points)
            chosen |= {row[1] for row in sorted(points, key=lambda row: (row[5], row[1]))[: self.n_best]}
        return sorted(chosen)


def _front(points: Sequence[Row]) -> set[int]:
    """Numbers of the runs that no other beats in latency and energy; of equal ones the first."""
    front = [points[place] for place in pareto_front([row[3:5] for row in points])]
    return set({row[3:5]: row[1] for row in reversed(front)}.values())


def point_columns(objective: str) -> str:
    """SQL condition of a policy on points, for what they were to minimise."""
    return f"r.number, r.status, r.latency_cycles, r.energy_pj, r.{objective_column(objective)}"


# -- runs, and those within them; each within the transaction that closes the run --------------------------------------


def ask_to_publish(database: Database, run_number: int, *, has_children: bool = True) -> None:
    """Put a closed run into the outbox, and those of the runs within it that suit their number.

    Args:
        database: the database.
        run_number: of a run that is within no other.
        has_children: whether there may be runs within it.
    """
    database.execute(
        "INSERT INTO zl_publication (run_number, state, attempts, updated_at) "
        f"VALUES (?, 'pending', 0, {database.now}) ON CONFLICT (run_number) "
        "DO UPDATE SET state = 'pending', updated_at = excluded.updated_at",
        (run_number,),
    )
    if has_children:
        add_to_outbox(database, chosen_within(database, run_number))


def publication_counts(database: Database) -> dict[str, int]:
    """State in the outbox -> how many runs are in it."""
    return dict(database.select("SELECT state, COUNT(*) FROM zl_publication GROUP BY state ORDER BY state").rows)


def last_publication_error(database: Database) -> str | None:
    """What went wrong last when runs were published; None where nothing did."""
    rows = database.select(
        "SELECT last_error FROM zl_publication WHERE last_error IS NOT NULL ORDER BY updated_at DESC LIMIT 1"
    ).rows
    return rows[0][0] if rows else None


def n_waiting(database: Database) -> int:
    """Count the runs that wait to be published."""
    return sum(n for state, n in publication_counts(database).items() if state != "published")


def n_waiting_within(database: Database, run_id: str) -> int:
    """Count the runs within a run that wait to be published."""
    sql = f"SELECT COUNT(*) FROM zl_publication WHERE state <> 'published' AND run_number IN ({WITHIN_RUN})"
    return int(database.select(sql, (run_id,)).rows[0][0])


def add_to_outbox(database: Database, run_numbers: Sequence[int]) -> None:
    """Put closed runs into the outbox; those that are there already stay as they are. Within a transaction."""
    sql = (
        "INSERT INTO zl_publication (run_number, state, attempts, updated_at) "
        f"VALUES (?, 'pending', 0, {database.now}) ON CONFLICT (run_number) DO NOTHING"
    )
    if run_numbers:
        database.executemany(sql, [(number,) for number in run_numbers])


def chosen_within(database: Database, run_number: int, policy: Policy | None = None) -> list[int]:
    """The numbers of the runs within a run that are published: the innermost that are chosen, and those above them.

    Args:
        database: the database.
        run_number: of the outermost run.
        policy: which of them; by default what suits their number.
    """
    ((objective,),) = database.execute("SELECT objective FROM zl_run WHERE number = ?", (run_number,))
    rows = database.execute(
        f"SELECT COALESCE(w.digest, ''), {point_columns(objective)}, r.parent_number FROM zl_run r "
        "LEFT JOIN zl_run_input w ON w.run_number = r.number AND w.kind = 'workload' "
        f"WHERE r.number IN ({WITHIN}) AND r.deleted_at IS NULL ORDER BY r.number",
        (run_number,),
    )
    parents = {row[1]: row[6] for row in rows}
    innermost = [row for row in rows if row[1] not in set(parents.values())]
    policy = policy or Policy.for_size(len(rows))
    chosen: set[int] = set()
    for number in policy.choose(innermost):
        while number in parents and number not in chosen:
            chosen.add(number)
            number = parents[number]
    return sorted(chosen)
