"""The texts of a run in MLflow: the note on its page, in Markdown, and all of its record as one JSON document.

Throughout, ``database_url`` is where the run is stored, without its password, ``scrub`` takes secrets out of a text,
and ``kin`` is what the run yielded and the runs within it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from zigzag_lab.store import Store
from zigzag_lab.store.families import Child, ResultOf, chosen_of, family_of, results_of
from zigzag_lab.store.full_run import TOTALS, FullRun
from zigzag_lab.store.lab import Lab
from zigzag_lab.tracking.limits import clean, cut, figure, markdown_table, of_which, plain
from zigzag_lab.tracking.published_sweep import in_words, short_name
from zigzag_lab.vocab.plain import as_plain

FORMAT = "zigzag_lab.run/1"
MOST_LAYERS = 10
MOST_ROWS = 50

_OF_CHILDREN = ("run_id", "parent_run_id", "settings", "status", "energy_pj", "latency_cycles")
_OF_INPUTS = ("kind", "name", "digest", "file_name", "content")
_OF_RUN = {
    "id": "run_id",
    "parent_id": "parent_run_id",
    "varied": "all_settings",
    **{name: name for name in ("name", "experiment", "status", "reason", "error", "traceback", "seconds", "owner")},
    **{name: name for name in ("started_at", "ended_at", "objective", "options", "engine_digest", "tags")},
    **{name: name for name in ("settings", "warnings", "n_results")},
}
"""Key of a run in the document -> its attribute."""


@dataclass(frozen=True)
class Kin:
    """The runs within a run, each followed by those within it, and its results in order (of runs with a total none)."""

    family: tuple[Child, ...] = ()
    results: tuple[ResultOf, ...] = ()

    @property
    def children(self) -> list[Child]:
        """Those directly within it."""
        return [child for child in self.family if child.depth == 0]

    @property
    def chosen(self) -> str:
        """What the run chose, where its layers are all those of one run within it."""
        return ", ".join(map(_label, chosen_of(self.family)))


NO_KIN = Kin()


def read_kin(store: Store, run_id: str) -> Kin:
    """Read what there is beside a run."""
    lab = Lab.over(store)
    run = lab.run(run_id)
    return Kin(tuple(family_of(lab, run)), tuple(results_of(lab, run)) if run.has_no_total else ())


def _label(child: Child) -> str:
    """What a child varies, in a line."""
    varied = ", ".join(f"{short_name(n)}={in_words(n, v)}" for n, v in (child.run.settings or {}).items())
    return varied or child.run.name


# -- the note ----------------------------------------------------------------------------------------------------------


def note(record: FullRun, database_url: str, kin: Kin = NO_KIN) -> str:
    """A few lines on a run: its options, its figures, its most expensive layers, and the command that shows more."""
    lines = [*_head(record, kin), *_kin_table(kin), *_layers(record), *_failure(record)]
    lines += [
        "",
        f"    zigzag-lab show {record.run_id} --db {database_url}",
        "",
        "All of it is in the artifact run.json.",
    ]
    return "\n".join(lines)


def _head(record: FullRun, kin: Kin) -> Iterator[str]:
    yield f"**{plain(cut(record.name, 300))}**: {record.status}, objective {plain(record.objective)}"
    yield ""
    if record.energy_pj is not None and record.latency_cycles is not None:
        yield f"- energy: {record.energy_pj:.6g} pJ, latency: {record.latency_cycles:.6g} cycles"
    if kin.results:
        yield f"- no single total: it yielded {len(kin.results):,} results"
    elif kin.chosen:
        yield f"- chosen: **{plain(cut(kin.chosen, 300))}**"
    yield from (f"- {plain(name)}: {plain(in_words(name, value))}" for name, value in record.all_settings.items())
    yield from (f"- warning: {plain(cut(warning, 500))}" for warning in record.warnings or ())
    for kind, given in record.inputs.items():
        file = f", from {plain(cut(given.file_name, 300))}" if given.file_name else ""
        yield f"- {kind}: {plain(cut(given.name, 300))} (`{given.digest[:12]}`){file}"


def _kin_table(kin: Kin) -> Iterator[str]:
    """The runs within a run, or else its results."""
    if children := kin.children:
        title = f"{len(children):,} runs are within it{of_which(len(children), MOST_ROWS)}:"
        columns = ["run", "varied", "status", "energy (pJ)>", "latency (cycles)>", "layers chosen>"]
        yield from markdown_table(title, columns, map(_child_row, children[:MOST_ROWS]))
    elif kin.results:
        title = f"Results{of_which(len(kin.results), MOST_ROWS)}:"
        columns = ["result", "of", "energy (pJ)>", "latency (cycles)>"]
        rows = [
            [
                *(plain(one.result.path), plain(cut(one.layers, 60))),
                *(figure(one.result.energy_pj), figure(one.result.latency_cycles)),
            ]
            for one in kin.results[:MOST_ROWS]
        ]
        yield from markdown_table(title, columns, rows)


def _child_row(child: Child) -> list[str]:
    prices = [figure(child.run.energy_pj), figure(child.run.latency_cycles)]
    taken = f"{child.n_chosen} of {child.n_layers}" if child.n_layers else "-"
    return [child.run.run_id, plain(cut(_label(child), 120)), child.run.status, *prices, taken]


def _layers(record: FullRun) -> Iterator[str]:
    energy = record.energy_pj
    if not energy or not record.layers:
        return
    most = sorted(record.layers, key=lambda layer: -layer["energy_pj"])[:MOST_LAYERS]
    title = f"The {len(most)} of {len(record.layers)} layers that take most energy:"
    columns = ("step>", "layer", "energy (pJ)>", "share>", "latency (cycles)>", "spatial mapping")
    rows = []
    for layer in most:
        name, spatial = plain(cut(layer["name"], 60)), plain(cut(layer["spatial_text"], 120))
        prices = [figure(layer["energy_pj"]), f"{layer['energy_pj'] / energy:.1%}", figure(layer["latency_cycles"])]
        rows.append([str(layer["layer_index"]), name, *prices, spatial])
    yield from markdown_table(title, columns, rows)


def _failure(record: FullRun) -> Iterator[str]:
    if record.reason:
        yield ""
        yield f"Why it did not finish: {plain(cut(record.reason, 1000))}"
    if record.traceback:
        yield ""
        yield from (f"    {cut(line, 200)}" for line in record.traceback.strip().splitlines()[-12:])


# -- the document ------------------------------------------------------------------------------------------------------


def run_json(record: FullRun, database_url: str, scrub: Callable[[str], str], kin: Kin = NO_KIN) -> str:
    """Everything to read a run without our database. Numbers that JSON lacks (infinity) are written as words."""
    document = {
        "format": FORMAT,
        "database": database_url,
        "run": {key: getattr(record, name) for key, name in _OF_RUN.items()},
        "totals": {name: getattr(record, name) for name in TOTALS},
        "inputs": [{name: getattr(given, name) for name in _OF_INPUTS} for given in record.inputs.values()],
        "results": [{**asdict(one.result), "of": one.layers, "run": one.child} for one in kin.results],
        "runs_within": [
            {**{name: getattr(child.run, name) for name in _OF_CHILDREN}, "n_layers_chosen": child.n_chosen}
            for child in kin.family
        ],
        "layers": list(record.layers),
        "environment": dict(record.environment),
    }
    return "{" + ", ".join(f"{json.dumps(k)}: {_part(v, scrub)}" for k, v in document.items()) + "}"


def _part(value: object, scrub: Callable[[str], str]) -> str:
    """A part of the document as text. Layers and inputs, which are most of it, rarely need a scan of each text."""
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError):
        text = ""
    if text and "\\" not in text and scrub(text) == text:
        return text
    return json.dumps(as_plain(value, lambda text: clean(scrub(text))), ensure_ascii=False, allow_nan=False)
