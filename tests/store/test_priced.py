"""CMEs built again from the database equal those that were recorded, term by term."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.api.run_kinds import recorded as runs_of
from tests.stages import small
from zigzag_lab import api
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.store import StoreError
from zigzag_lab.store.lab import Lab
from zigzag_lab.store.priced import priced_run
from zigzag_lab.vocab import InputError


def recorded(folder: Path, **request: Any) -> tuple[str, api.RunOutcome]:
    url = f"sqlite:///{folder / 'lab.db'}"
    paths = small.written(folder)
    return url, api.run(api.RunRequest(**{**paths, "lpf_limit": 2, **request}), store=url, mlflow="off")


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"exploit_locality": True},
        {"mix_spatial": True},
        {"accelerator": str(preset_path("accelerator", "aimc")), "mapping": str(preset_path("mapping", "aimc"))},
    ],
    ids=["plain", "locality", "mixed", "in memory"],
)
def test_every_term_comes_back(request_: dict[str, Any], tmp_path: Path) -> None:
    url, outcome = recorded(tmp_path, **request_)
    with Lab(url) as lab:
        run = priced_run(lab, str(outcome.run_id))
    assert [cme.layer for cme in run.cmes] == [cme.layer for cme in outcome.layers]
    for ours, theirs in zip(run.cmes, outcome.layers, strict=True):
        for term in fields(theirs.breakdown):
            assert getattr(ours.breakdown, term.name) == getattr(theirs.breakdown, term.name)
        assert ours.spatial_mapping == theirs.spatial_mapping


def test_only_some_layers_are_asked_for(tmp_path: Path) -> None:
    url, outcome = recorded(tmp_path)
    with Lab(url) as lab:
        run = priced_run(lab, str(outcome.run_id), only=[1])
        assert [cme.layer.name for cme in run.cmes] == ["wide"]
        with pytest.raises(InputError, match="no priced layers"):
            priced_run(lab, str(outcome.run_id), only=[9])


def test_a_price_that_does_not_follow_is_refused(tmp_path: Path) -> None:
    import sqlite3

    url, outcome = recorded(tmp_path)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE zl_layer_evaluation SET latency_cycles = latency_cycles + 1 WHERE layer_index = 0")
    database.close()
    with Lab(url) as lab, pytest.raises(InputError, match="does not follow from the inputs on record"):
        priced_run(lab, str(outcome.run_id))


def test_a_row_is_priced_on_its_own_design(tmp_path: Path) -> None:
    """A stage that prices on an accelerator of its own; the run's own one has another SRAM."""
    url, ids = runs_of(tmp_path, "another")
    with Lab(url) as lab:
        run = priced_run(lab, ids["another"])
    assert [cme.accelerator.memory_named("sram").size_bits for cme in run.cmes] == [8192] * 3
    assert run.accelerator.name == "another"


def test_a_parent_is_priced_on_the_designs_of_its_children(tmp_path: Path) -> None:
    url, ids = runs_of(tmp_path, "variants", "designs")
    with Lab(url) as lab:
        variants, best = (priced_run(lab, ids[kind]) for kind in ("variants", "designs"))
        children = [priced_run(lab, child.run_id) for child in lab.children(ids["variants"])]
    assert [cme.accelerator.name for cme in variants.cmes] == ["sram 2048"] * 3 + ["sram 8192"] * 3
    with pytest.raises(InputError, match="priced on 2 accelerators"):
        _ = variants.accelerator
    assert [child.accelerator.name for child in children] == ["sram 2048", "sram 8192"]
    assert best.accelerator.memory_named("sram").size_bits == 8192
    assert best.workload.layers[0].name == "stem"


def test_a_design_that_is_not_on_record_is_said(tmp_path: Path) -> None:
    import sqlite3

    url, ids = runs_of(tmp_path, "another")
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("DELETE FROM zl_run_input WHERE kind = 'accelerator 2'")
    database.close()
    with Lab(url) as lab, pytest.raises(InputError, match="what it was priced on is not on record"):
        priced_run(lab, ids["another"])


def test_damage_of_what_was_left_out_is_named(tmp_path: Path) -> None:
    import sqlite3

    url, outcome = recorded(tmp_path, exploit_locality=True)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE zl_layer_evaluation SET memories_left_out = '[3' WHERE layer_index = 1")
    database.close()
    with Lab(url) as lab, pytest.raises(StoreError, match=r"table zl_layer_evaluation, row .* is damaged"):
        priced_run(lab, str(outcome.run_id))
