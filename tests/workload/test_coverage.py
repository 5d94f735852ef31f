from __future__ import annotations

from tests.workload.test_graph import layer
from zigzag_lab.workload import FreeNode, Workload, operations_left_out


def network(*free: FreeNode) -> Workload:
    return Workload("net", (layer(0), *free))  # 8 operations


def test_shares_are_of_all_known_operations() -> None:
    relu = [FreeNode(i, f"relu{i}", "Relu", (), 3) for i in (1, 2)]
    coverage = operations_left_out(network(*relu, FreeNode(3, "r", "Reshape"), FreeNode(4, "p", "MaxPool", (), 2)))
    assert (coverage.n_operations, coverage.n_operations_left_out, coverage.share) == (8, 8, 0.5)
    assert [(e.operator_type, e.n_nodes, e.n_operations, e.share) for e in coverage.left_out] == [
        ("Relu", 2, 6, 0.375), ("MaxPool", 1, 2, 0.125),
    ]  # fmt: skip
    assert coverage.sentence() == "50.00% of the operations are free: Relu 37.50% (2), MaxPool 12.50% (1)"
    assert coverage.as_dict()["operators"][1]["n_operations"] == 2


def test_nothing_left_out_says_nothing() -> None:
    coverage = operations_left_out(network(FreeNode(1, "r", "Reshape")))
    assert (coverage.left_out, coverage.sentence(), coverage.share) == ((), "", 0)


def test_what_cannot_be_counted_is_listed_all_the_same() -> None:
    coverage = operations_left_out(network(FreeNode(1, "l", "Loop", (), None)))
    assert coverage.left_out[0].n_uncounted == 1
    assert coverage.sentence() == "not counted: Loop (1)"
    relu = [FreeNode(2, "a", "Relu", (), 2), FreeNode(3, "b", "Relu", (), None)]
    both = operations_left_out(network(FreeNode(1, "l", "Loop", (), None), *relu))
    assert both.sentence() == "20.00% of the operations are free: Relu 20.00% (2); not counted: Relu (1), Loop (1)"


def test_long_lists_are_cut() -> None:
    many = [FreeNode(i, f"n{i}", f"Kind{i}", (), i) for i in range(1, 8)]
    assert operations_left_out(network(*many)).sentence().endswith(", and 3 other operators")
