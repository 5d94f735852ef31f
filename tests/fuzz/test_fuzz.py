"""A few hundred spoilt inputs; the long form is ``python -m tests.fuzz MINUTES``."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz import child, seeds
from tests.fuzz.cases import KINDS, Case, made

NUMBERS = range(80)


def test_spoilt_inputs_are_priced_or_refused() -> None:
    seeds.load()
    found = list(child.endings(NUMBERS))
    assert [ending.number for ending in found] == list(NUMBERS)
    assert [ending for ending in found if ending.outcome == "fault"] == []
    outcomes = Counter(ending.outcome for ending in found)
    assert outcomes["priced"] > len(NUMBERS) / 10
    assert outcomes["refused"] > len(NUMBERS) / 10


def test_a_number_is_always_the_same_case(tmp_path: Path) -> None:
    cases = [made(number, tmp_path) for number in range(40)]
    assert {case.kind for case in cases} == set(KINDS)
    last = max(number for number, case in enumerate(cases) if isinstance(case, Case))
    content = {name: file.read_bytes() for name, file in made(last, tmp_path).files.items()}  # type: ignore[union-attr]
    again = made(last, tmp_path)
    assert again == cases[last]
    assert {name: file.read_bytes() for name, file in again.files.items()} == content  # type: ignore[union-attr]


class Faulty(Case):
    """Cases that end in the ways that are looked for."""

    def run(self) -> str:
        if self.kind == "raises":
            raise ZeroDivisionError("by nobody")
        if self.kind == "hangs":
            signal.raise_signal(signal.SIGPROF)  # what the end of its time amounts to
        if self.kind == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        return "priced"


def test_faults_of_every_kind_are_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ["fine", "raises", "fine", "hangs", "dies", "fine"]
    monkeypatch.setattr(child, "made", lambda number, *_: Faulty(kinds[number], {}, {}))
    found = list(child.endings(range(len(kinds))))
    assert [ending.outcome == "fault" for ending in found] == [kind != "fine" for kind in kinds]
    assert "ZeroDivisionError: by nobody" in found[1].detail
    assert f"ended with -{int(signal.SIGPROF)}" in found[3].detail
    assert f"ended with -{int(signal.SIGKILL)}" in found[4].detail
