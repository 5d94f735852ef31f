from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import zigzag_lab
from tests.cli.recorded import two_runs
from zigzag_lab.api import Lab, ask
from zigzag_lab.store import StoreError
from zigzag_lab.vocab import InputError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_lab_is_offered_at_the_top() -> None:
    assert zigzag_lab.Lab is Lab


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5 H", 5400), ("3d", 259_200), ("1w", 604_800)]
)
def test_ages_count_back_from_now(text: str, seconds: float) -> None:
    assert ask.moment(text, NOW) == NOW - timedelta(seconds=seconds)


def test_dates_are_of_this_machine_unless_they_name_a_zone() -> None:
    assert ask.moment("2026-11-22") == datetime(2026, 11, 22).astimezone()
    assert ask.moment("2026-11-22T09:30+02:00") == datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-2h", "2026-13-01", "99999999999w"])
def test_other_words_are_no_times(text: str) -> None:
    with pytest.raises(InputError, match="--since"):
        ask.moment(text, NOW)


def test_runs_are_found_by_id_by_its_start_and_as_the_last(tmp_path: Path) -> None:
    database, ids = two_runs(tmp_path)
    with ask.open_lab(database) as lab:
        assert ask.find_run(lab, ids[0]).run_id == ids[0]
        assert ask.find_run(lab, ids[1][:11]).run_id == ids[1]
        assert ask.find_run(lab, "last").run_id == ids[1]
        with pytest.raises(InputError, match="several runs start with it"):
            ask.find_run(lab, ids[0][:4])


def test_a_fault_of_the_database_is_not_blamed_on_the_question(tmp_path: Path) -> None:
    database, _ = two_runs(tmp_path)
    with ask.open_lab(database) as lab:
        lab.store.close()
        path = Path(database.removeprefix("sqlite:///"))
        path.write_bytes(b"no database at all" * 1000)
        with pytest.raises(StoreError) as raised:
            next(ask.query(lab, "SELECT * FROM zl_v_runs"))
    assert not str(raised.value).startswith("SQL:")
