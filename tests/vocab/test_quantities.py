from __future__ import annotations

from zigzag_lab.vocab.quantities import tally


def test_what_all_share_stands_once_and_else_with_how_many_have_it() -> None:
    assert tally([]) == ""
    assert tally(["a", "a"]) == "a"
    assert tally(["b", "a", "a"]) == "a in 2 layers; b in 1 layer"
    assert tally(["b", "a", "a"], "run") == "a in 2 runs; b in 1 run"
