from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.tracking.limits import MAX_KEY, chunks, cut, key_part, key_parts


def accepted_by_mlflow(key: str) -> None:
    from zigzag_lab.tracking.tracker import quiet_mlflow

    with quiet_mlflow(for_database=False):
        from mlflow.utils.validation import _validate_metric_name, _validate_param_name

    _validate_metric_name(key)
    _validate_param_name(key)


def test_keys_that_mlflow_takes() -> None:
    names = ["../..", "/", ".", "", "  ", "sram 64KB [I1, W]", "a/b", "ü%=(", "x" * 999, "\0", "a\nb", "rf:1B"]
    for name in names:
        key = f"breakdown/energy_pj/{key_part(name)}"
        accepted_by_mlflow(key)
        assert len(key) <= MAX_KEY


@given(st.lists(st.text(max_size=4), unique=True))
def test_different_names_have_different_keys(names: list[str]) -> None:
    parts = key_parts(names)
    assert list(parts) == names
    assert len(set(parts.values())) == len(names)


@given(st.text(max_size=200), st.integers(40, 100))
def test_what_is_cut_says_so(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short) <= most
    assert ("characters cut]" in short) == (len(text) > most)
    assert "\0" not in short


def test_halves_of_characters_are_replaced() -> None:
    assert cut("a\ud800b", 50) == "a?b"


@given(st.lists(st.integers(), max_size=40), st.integers(0, 10), st.integers(1, 10))
def test_pieces_make_the_whole(items: list[int], first: int, size: int) -> None:
    pieces = [list(piece) for piece in chunks(items, first, size)]
    assert [item for piece in pieces for item in piece] == items
    assert len(pieces) >= 1
    assert len(pieces[0]) <= first
    assert all(1 <= len(piece) <= size for piece in pieces[1:])
