"""What a run yielded, and the runs within it, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zigzag_lab.cli import figures
from zigzag_lab.cli.table import Column, table

if TYPE_CHECKING:
    from zigzag_lab.api.run_page import RunPage
    from zigzag_lab.store.families import Child, ResultOf
    from zigzag_lab.store.lab import RunRecord

MOST_ROWS = 40


def settings_in_words(settings: dict[str, object] | None) -> str:
    """What a child varies, in one line."""
    return ", ".join(f"{name}={cut(figures.setting(name, value), 40)}" for name, value in (settings or {}).items())


def cut(text: str, most: int = 160) -> str:
    """The beginning of a text that is too long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def chosen_in_words(page: RunPage) -> str:
    """Which of the runs within a run its total comes from; empty where there are none, or no total."""
    if page.run.energy_pj is None:
        return ""
    if way := page.chosen:
        said_of_it = ", ".join(settings_in_words(child.run.settings) for child in way)
        return f"{said_of_it} (run {way[-1].run.run_id})"
    children = [child for child in page.family if child.depth == 0]
    takers = [child for child in children if child.n_chosen]
    if not takers:
        return ""
    if all(child.n_chosen == child.n_layers for child in children if child.n_layers):
        return f"all that its {len(children)} children found" if len(takers) > 1 else ""
    parts = (f"{child.n_chosen} of {settings_in_words(child.run.settings)}" for child in takers[:3])
    more = f" and of {len(takers) - 3} more" if len(takers) > 3 else ""
    return f"layer by layer: {'; '.join(parts)}{more}"


def children_table(family: Sequence[Child], *, is_whole: bool) -> Iterator[str]:
    """The runs within a run, those of its children below them on request."""
    wanted = [child for child in family if is_whole or child.depth == 0]
    shown = wanted if is_whole else wanted[:MOST_ROWS]
    are_apart = any(child.n_chosen != child.n_layers for child in shown)
    columns = [Column("run"), Column("settings"), Column("status"), *figures.PRICES, Column("layers", True)]
    columns += [Column("chosen", True)] if are_apart else []
    yield table(columns, [_child_row(child)[: len(columns)] for child in shown])
    n_deeper = len(family) - len(wanted)
    if len(wanted) > len(shown) or n_deeper:
        parts = [f"{len(wanted) - len(shown):,} more children"] if len(wanted) > len(shown) else []
        parts += [f"{n_deeper:,} runs within them"] if n_deeper else []
        yield f"and {' and '.join(parts)}; --points lists all."


def _child_row(child: Child) -> list[str]:
    run = child.run
    named = ["  " * child.depth + run.run_id, settings_in_words(run.settings) or run.name, run.status]
    prices = figures.prices(run.energy_pj, run.latency_cycles, run.edp_pj_cycles)
    taken = "all" if child.n_chosen == child.n_layers else f"{child.n_chosen:,}"
    return [*named, *prices, figures.count(child.n_layers), taken if child.n_chosen else figures.NOTHING]


def results_table(results: Sequence[ResultOf], family: Sequence[Child]) -> Iterator[str]:
    """What a run yielded, in order."""
    runs: dict[str | None, RunRecord] = {child.run.run_id: child.run for child in family}
    have_children = any(one.child for one in results)
    columns = [Column("result"), Column("of"), *figures.PRICES]
    rows = []
    for one in results[:MOST_ROWS]:
        row = [one.result.path, one.layers, *figures.prices(one.result.energy_pj, one.result.latency_cycles)]
        child = runs.get(one.child)
        rows.append([*row, *([settings_in_words(child.settings) if child else ""] if have_children else [])])
    yield table([*columns, *([Column("from")] if have_children else [])], rows)
    if len(results) > MOST_ROWS:
        yield f"and {len(results) - MOST_ROWS:,} more; --json has all."
