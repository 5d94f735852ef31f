"""Runs within runs: what was taken from which, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.run_kinds import recorded
from zigzag_lab.api.export import TABLES, export
from zigzag_lab.api.run_page import run_page
from zigzag_lab.store import Lab, housekeeping, open_store
from zigzag_lab.store.choice import Policy, chosen_within
from zigzag_lab.store.families import chosen_of, family_of, innermost, n_saved, results_of
from zigzag_lab.vocab import InputError


def test_what_a_run_took_from_those_within_it(url: str, tmp_path: Path) -> None:
    _, ids = recorded(tmp_path, "chosen", "by layer", "nested", "words", "iterator", url=url)
    with Lab(url) as lab:
        runs = {kind: lab.run(run_id) for kind, run_id in ids.items()}
        chosen, by_layer, nested = (family_of(lab, runs[kind]) for kind in ("chosen", "by layer", "nested"))
        assert [(child.n_chosen, child.n_layers) for child in chosen] == [(0, 3), (0, 3), (3, 3)]
        assert [child.run.settings for child in chosen_of(chosen)] == [{"loma_lpf_limit": 4}]
        assert [child.n_chosen for child in by_layer] == [1, 0, 2]
        assert chosen_of(by_layer) == []
        assert [child.depth for child in nested] == [0, 1, 1, 0, 1, 1]
        assert [child.n_chosen for child in nested] == [6, 3, 3, 6, 3, 3]
        assert [n_saved(lab, runs[kind]) for kind in ("chosen", "nested", "words")] == [9, 12, 3]
        assert [one.layers for one in results_of(lab, runs["words"])] == ["no cost-model evaluation", "sum of 3 layers"]
        children = [child.run_id for child in lab.children(ids["iterator"])]
        assert [one.child for one in results_of(lab, runs["iterator"])] == children
        assert [run.settings for run in innermost(lab, [runs["nested"], runs["words"]])] == [
            *({"loma_lpf_limit": limit, "sram_bits": bits} for limit in (2, 3) for bits in (2048, 8192)),
            None,
        ]
        for run in runs.values():
            assert run_page(lab, run).as_plain()["run_id"] == run.run_id
        for table in TABLES:
            assert export(lab, table, tmp_path / f"{table}.parquet", children=True, runs=[ids["nested"]]) > 0
            assert export(lab, table, tmp_path / f"{table}.csv") > 0


def test_the_outbox_holds_them_after_the_run_that_they_are_within(url: str, tmp_path: Path) -> None:
    _, ids = recorded(tmp_path, "chosen", "nested", url=url)
    with Lab(url) as lab, open_store(url) as store:
        children = [child.run_id for child in lab.children(ids["nested"], all_levels=True)]
        waiting = [entry.run_id for entry in store.publications(first=ids["nested"])]
        assert waiting[0] == ids["nested"]
        assert set(waiting[1:7]) == set(children)
        assert waiting[7] == ids["chosen"]
        number = store.run_number(ids["nested"])
        best = store.database.transact(lambda: chosen_within(store.database, number, Policy(n_best=1)))
        depths = [store.database.select("SELECT parent_number FROM zl_run WHERE number = ?", (n,)).rows for n in best]
        assert depths == [[(number,)], [(best[0],)]]


def test_they_are_deleted_and_restored_with_it(url: str, tmp_path: Path) -> None:
    _, ids = recorded(tmp_path, "nested", url=url)
    with Lab(url) as lab:
        child = lab.children(ids["nested"])[0].run_id
        with pytest.raises(InputError, match="its parent refers to its layers"):
            housekeeping.delete(lab.store, [child])
        housekeeping.delete(lab.store, [ids["nested"]])
        assert lab.runs(children=True) == []
        with pytest.raises(InputError, match="it was deleted with its parent"):
            housekeeping.restore(lab.store, [child])
        housekeeping.restore(lab.store, [ids["nested"]])
        assert len(lab.runs(children=True)) == 7
        housekeeping.delete(lab.store, [ids["nested"]])
        assert housekeeping.remove_garbage(lab.store)["zl_run"] == 7
