"""Certificates in the database: written with their layers, read back equal, gone with them."""

from __future__ import annotations

from dataclasses import replace

from tests.store.prices import network_of, total_of
from zigzag_lab.cost import Certificate
from zigzag_lab.stages.protocols import Variant
from zigzag_lab.store import Lab, RunStart, Store
from zigzag_lab.vocab import Objective

PROVEN = Certificate(Objective.ENERGY, 100.0, 100.0, "these mappings", 1e300, 10, 0.5)
OPEN = replace(PROVEN, lower_bound=90.0)


def recorded(store: Store, *proofs: Certificate | None) -> str:
    network = network_of(*range(1, len(proofs) + 1))
    with store.start_run(RunStart()) as run:
        for cme, proof in zip(network, proofs, strict=True):
            cme.certificate = proof
            run.save(cme)
        run.finish(total_of(network))
    return run.run_id


def test_they_come_back_and_the_views_sum_them_up(store: Store, url: str) -> None:
    run_id = recorded(store, PROVEN, OPEN, None)
    recorded(store, None)
    with Lab(url) as lab:
        assert [layer.certificate for layer in lab.layers(run_id)] == [PROVEN, OPEN, None]
        runs = lab.sql("SELECT n_certified, n_proven, worst_gap FROM zl_v_runs ORDER BY run_number").rows
        assert [tuple(row) for row in runs] == [(2, 1, OPEN.gap), (0, 0, None)]
        layers = lab.sql(
            "SELECT searched_for, lower_bound, gap, proven_over FROM zl_v_layers WHERE run_id = ? ORDER BY layer_index",
            (run_id,),
        ).rows
        assert [tuple(row) for row in layers] == [
            ("energy", 100.0, 0.0, "these mappings"),
            ("energy", 90.0, OPEN.gap, "these mappings"),
            (None, None, None, None),
        ]


def test_what_a_run_proves_of_a_childs_mapping_waits_for_the_row_of_it(store: Store, url: str) -> None:
    """A run that writes what it has while a child that goes on has not yet."""
    cme, other = network_of(1, 2)
    cme.certificate = OPEN
    with store.start_run(RunStart()) as run:
        child = run.variant(Variant({"x": 1}, {}, 3, goes_on=True))
        child.yielded((cme, None))
        again = cme.standalone()
        again.certificate = PROVEN
        run.save(again)
        run.save(other)
        run.flush()
        run.yielded((again, None))
    with Lab(url) as lab:
        assert [layer.certificate for layer in lab.layers(run.run_id)] == [PROVEN]
        assert [layer.certificate for layer in lab.layers(child.run_id)] == [PROVEN]


def test_a_better_proof_of_the_same_mapping_replaces_the_old(store: Store, url: str) -> None:
    (cme,) = network_of(1)
    with store.start_run(RunStart()) as run:
        for proof in (OPEN, PROVEN):
            again = cme.standalone()
            again.certificate = proof
            run.save(again)
            run.flush()
        run.finish(total_of([cme]))
    with Lab(url) as lab:
        assert [layer.certificate for layer in lab.layers(run.run_id)] == [PROVEN]
