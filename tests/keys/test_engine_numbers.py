"""The engine's label stands for numbers, not for somebody's memory of having raised it."""

from __future__ import annotations

import json

from tests import engine_numbers
from zigzag_lab.keys.engine import COMPATIBILITY

HINT = (
    "Answers of earlier releases would be taken for those of this one: raise COMPATIBILITY in "
    "zigzag_lab/keys/engine.py, and write the new numbers down with 'python -m tests.engine_numbers'."
)


def test_the_numbers_of_the_label_are_what_comes_out() -> None:
    kept, found = json.loads(engine_numbers.FILE.read_text()), engine_numbers.numbers()
    changed = [name for name in {**kept["numbers"], **found} if found.get(name) != kept["numbers"].get(name)]
    assert not changed, f"{', '.join(changed)}: other numbers than label {COMPATIBILITY} stands for. {HINT}"
    assert kept["label"] == COMPATIBILITY
