from __future__ import annotations

from dataclasses import replace

from tests.tracking.samples import NETWORK, Place, finished_run
from zigzag_lab.store.full_run import TOTALS, read_run
from zigzag_lab.tracking.limits import plain
from zigzag_lab.tracking.run_texts import MOST_LAYERS, note


def test_strange_names_are_shown_letter_for_letter() -> None:
    assert plain("<b> | *a*\n`x`") == "\\<b\\> \\| \\*a\\* \\`x\\`"


def test_the_layers_that_matter_come_first_and_are_few(place: Place) -> None:
    record = read_run(place.store.database, finished_run(place.store))
    rows = [line for line in note(record, "sqlite:////lab.db").splitlines() if line.startswith("| ")][1:]
    energies = sorted((cme.energy_total for cme in NETWORK), reverse=True)
    assert [row.split(" | ")[2] for row in rows] == [f"{energy:.6g}" for energy in energies]
    many = replace(record, layers=record.layers * 40)
    assert note(many, "").count("\n| ") == MOST_LAYERS + 1
    assert f"The {MOST_LAYERS} of 120 layers" in note(many, "")


def test_a_run_without_any_figures_has_a_description_too(place: Place) -> None:
    record = read_run(place.store.database, finished_run(place.store))
    bare = replace(record, **dict.fromkeys(TOTALS), layers=(), inputs={})
    assert note(bare, "url").endswith("All of it is in the artifact run.json.")
