"""Quality of searches against time: ``python -m tests.benchmarks.quality [ours|zigzag|draw]``.

ResNet-18 on eyeriss_like, least energy, three spatial mappings a layer: LOMA at 3 to 9 loop prime factors, SALSA from
10 swaps a chain to 1000, exact search until it is proven, and ZigZag 3.9.1 with its LOMA at 6 (a few minutes), each
once. CPU seconds from files to the result. Writes ``docs/search-quality.csv`` and, from it, the picture in the README,
``docs/search-quality.svg``; ``ours`` and ``zigzag`` leave the numbers of the other as they are, ``draw`` all.
"""

from __future__ import annotations

import csv
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib import rc_context

from zigzag_lab.api import RunRequest
from zigzag_lab.api.pipeline import standard_stages
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.plots.style import new_figure, place_labels, save, tidy
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import Objective

NETWORK, ACCELERATOR = "resnet18", "eyeriss_like"
FOLDER = Path(__file__).parents[2] / "docs"
DATA, PICTURE = FOLDER / "search-quality.csv", FOLDER / "search-quality.svg"
LIMITS = (3, 4, 5, 6, 7, 8, 9)
SWAPS = (10, 30, 100, 300, 1000)

BY_ZIGZAG = "ZigZag 3.9.1: LOMA at 6 loop prime factors"
LOMA, SALSA, EXACT = (
    "zigzag_lab: LOMA at 3 to 9",
    "zigzag_lab: SALSA with 10 to 1000 swaps",
    "zigzag_lab: exact, proven",
)

STYLES = {
    BY_ZIGZAG: ("#8c5fa8", "D", 8),
    LOMA: ("#1d1d1d", "o", 6),
    SALSA: ("#3f6fb5", "s", 6),
    EXACT: ("#d9823b", "*", 14),
}
"""Search -> colour, mark and its size."""

Row = tuple[str, str, float, float]
"""Search, its setting, CPU seconds, energy in pJ."""


def ours(search: str, lpf_limit: int = 6, **more: int) -> float:
    """The energy of the network in pJ by one of our searches."""
    request = RunRequest(
        NETWORK, ACCELERATOR, ACCELERATOR, Objective.ENERGY, lpf_limit=lpf_limit, search=search, time_limit=None
    )
    given = {**request.keywords(), **more}
    ((total, _),) = MainStage(standard_stages(NETWORK, Objective.ENERGY, search), **given).run()
    return total.energy_total


def zigzag() -> float:
    """The same by ZigZag with its default settings."""
    with rc_context():  # it changes the style of all pictures when it is imported
        from zigzag.api import get_hardware_performance_zigzag

    files = [
        str(preset_path("workload", NETWORK)),
        str(preset_path("accelerator", ACCELERATOR)),
        str(preset_path("mapping", ACCELERATOR)),
    ]
    with TemporaryDirectory() as folder:
        found = get_hardware_performance_zigzag(
            *files,
            opt="energy",
            dump_folder=folder,
            pickle_filename=f"{folder}/cmes.pickle",
            loma_show_progress_bar=False,
        )
    return float(found[0])


def measured() -> Iterator[Row]:
    """Each of our searches."""
    ours("loma", 3)  # imports are not counted
    for limit in LIMITS:
        yield timed(LOMA, f"{limit}", lambda n=limit: ours("loma", n))  # type: ignore[misc]
    for swaps in SWAPS:
        yield timed(SALSA, f"{swaps}", lambda n=swaps: ours("salsa", salsa_iteration_number=n))  # type: ignore[misc]
    yield timed(EXACT, "", lambda: ours("exact"))


def timed(name: str, setting: str, search: Callable[[], float]) -> Row:
    """A search, its CPU seconds and what it found."""
    started = time.process_time()
    energy = search()
    row = name, setting, time.process_time() - started, energy
    print(f"{name}, {setting}: {row[2]:.2f} s, {energy:.6e} pJ", flush=True)
    return row


def recorded() -> list[Row]:
    """The numbers on file."""
    if not DATA.exists():
        return []
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [(row["search"], row["setting"], float(row["seconds"]), float(row["best"])) for row in rows]


def record(rows: list[Row]) -> None:
    """Put numbers on file."""
    FOLDER.mkdir(exist_ok=True)
    with DATA.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["search", "setting", "seconds", "best"])
        writer.writerows((name, setting, f"{seconds:.2f}", f"{energy:.6e}") for name, setting, seconds, energy in rows)


def draw() -> None:
    """The picture of the numbers on file: marks named by their setting, those of one search joined."""
    rows = sorted(recorded(), key=lambda row: list(STYLES).index(row[0]))
    least = min(energy for *_, energy in rows)
    marks = [(seconds, 100 * (energy / least - 1)) for *_, seconds, energy in rows]
    figure = new_figure(8.0, 4.8, f"ResNet-18 on {ACCELERATOR}: energy of the mappings found")
    axes = figure.add_subplot()
    for name, (colour, marker, size) in STYLES.items():
        found = [mark for mark, row in zip(marks, rows, strict=True) if row[0] == name]
        axes.plot(*zip(*found, strict=True), color=colour, marker=marker, markersize=size, linewidth=1.1, label=name)
    axes.set(xscale="log", xlabel="CPU time (s)", ylabel="energy above the proven least (%)")
    axes.set_ylim(bottom=-0.12)
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter("{x:g}")
    tidy(axes)
    axes.legend(loc="upper center", fontsize=9, frameon=False)
    named = [(mark, row[1]) for mark, row in zip(marks, rows, strict=True) if row[1]]
    place_labels(axes, [mark for mark, _ in named], [setting for _, setting in named], fontsize=8.5)
    save(figure, PICTURE)


def main(what: str = "all") -> None:
    """Measure, write and draw."""
    logging.disable(logging.CRITICAL)
    rows = recorded()
    if what in ("all", "ours"):
        rows = [*measured(), *(row for row in rows if row[0] == BY_ZIGZAG)]
        record(rows)
    if what in ("all", "zigzag"):
        rows = [*(row for row in rows if row[0] != BY_ZIGZAG), timed(BY_ZIGZAG, "6", zigzag)]
        record(rows)
    draw()


if __name__ == "__main__":
    main(*sys.argv[1:2])
