"""What a run yielded and the runs within it, as MLflow's page of the run shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zigzag_lab.store import Store
from zigzag_lab.store.families import Child, ResultOf, chosen_of, family_of, results_of
from zigzag_lab.store.lab import Lab
from zigzag_lab.tracking.limits import cut, plain
from zigzag_lab.tracking.point_params import in_words, short_name

MOST_ROWS = 50
MOST_STEPS = 1000
"""Results whose figures become the steps of a metric."""


@dataclass(frozen=True)
class Kin:
    """What a run yielded and the runs within it.

    Attributes:
        family: the runs within it, each followed by those within it.
        results: in order; of runs with one total none.
    """

    family: tuple[Child, ...] = ()
    results: tuple[ResultOf, ...] = ()

    @property
    def children(self) -> list[Child]:
        """Those directly within it."""
        return [child for child in self.family if child.depth == 0]

    @property
    def chosen(self) -> str:
        """What the run chose, where its layers are all those of one run within it."""
        return ", ".join(label_of(child) for child in chosen_of(self.family))


NO_KIN = Kin()


def read_kin(store: Store, run_id: str) -> Kin:
    """Read what there is beside a run."""
    lab = Lab.over(store)
    run = lab.run(run_id)
    return Kin(tuple(family_of(lab, run)), tuple(results_of(lab, run)) if run.has_no_total else ())


def label_of(child: Child) -> str:
    """What a child varies, in a line."""
    return (
        ", ".join(f"{short_name(n)}={in_words(n, v)}" for n, v in (child.run.settings or {}).items()) or child.run.name
    )


def kin_facts(kin: Kin) -> Iterator[str]:
    """What was chosen, or that there is no single total: points of a list in Markdown."""
    if kin.results:
        yield f"- no single total: it yielded {len(kin.results):,} results"
    elif kin.chosen:
        yield f"- chosen: **{plain(cut(kin.chosen, 300))}**"


def kin_tables(kin: Kin) -> Iterator[str]:
    """The runs within a run, or else its results, as a table in Markdown."""
    if kin.children:
        yield ""
        yield f"{len(kin.children):,} runs are within it{_of_which(len(kin.children))}:"
        yield ""
        yield "| run | varied | status | energy (pJ) | latency (cycles) | layers chosen |"
        yield "|---|---|---|---:|---:|---:|"
        for child in kin.children[:MOST_ROWS]:
            prices = " | ".join(_figure(n) for n in (child.run.energy_pj, child.run.latency_cycles))
            taken = f"{child.n_chosen} of {child.n_layers}" if child.n_layers else "-"
            label = plain(cut(label_of(child), 120))
            yield f"| {child.run.run_id} | {label} | {child.run.status} | {prices} | {taken} |"
    elif kin.results:
        yield ""
        yield f"Results{_of_which(len(kin.results))}:"
        yield ""
        yield "| result | of | energy (pJ) | latency (cycles) |"
        yield "|---|---|---:|---:|"
        for one in kin.results[:MOST_ROWS]:
            prices = " | ".join(_figure(n) for n in (one.result.energy_pj, one.result.latency_cycles))
            yield f"| {plain(one.result.path)} | {plain(cut(one.layers, 60))} | {prices} |"


def _of_which(n: int) -> str:
    return f", of which {MOST_ROWS} are shown" if n > MOST_ROWS else ""


def _figure(number: float | None) -> str:
    return "-" if number is None else f"{number:.6g}"
