from __future__ import annotations

import json

import pytest

from tests.cli.recorded import ask
from zigzag_lab.store import Lab

HEADINGS = "run age status workload accelerator best energy cycles EDP layers mappings"
Two = tuple[str, list[str]]


def listed(database: str, *words: str) -> list[str]:
    answer = ask("ls", *words, "--json", database=database)
    assert answer.exit_code == 0, answer.stderr
    return [run["run_id"] for run in json.loads(answer.stdout)]


def test_the_newest_run_comes_first_with_its_figures(two: Two) -> None:
    database, (first, second) = two
    answer = ask("ls", database=database)
    heading, *lines = answer.stdout.splitlines()
    assert heading.split() == HEADINGS.split()
    assert [line.split()[0] for line in lines] == [second, first]
    assert "  finished  workload  accelerator  energy  " in lines[0]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [1, 0]),
        (("--experiment", "first"), [0]),
        (("--objective", "Energy"), [1]),
        (("--objective", "none"), []),
        (("--tag", "for=first"), [0]),
        (("--status", "finished", "--workload", "workload", "--accelerator", "accelerator"), [1, 0]),
        (("--status", "lost"), []),
        (("--since", "2h"), [1, 0]),
        (("--since", "2999-01-01"), []),
        (("--limit", "1"), [1]),
        (("--limit", "all"), [1, 0]),
    ],
)
def test_filters(two: Two, words: tuple[str, ...], expected: list[int]) -> None:
    database, ids = two
    assert listed(database, *words) == [ids[i] for i in expected]


def test_json_has_every_digit(two: Two) -> None:
    database, ids = two
    runs = json.loads(ask("ls", "--json", database=database).stdout)
    with Lab(database) as lab:
        assert runs[0]["energy_pj"] == lab.run(ids[1]).energy_pj


def test_what_is_left_out_or_not_there_is_said_beside_the_table(two: Two) -> None:
    answer = ask("ls", "--limit", "1", database=two[0])
    assert answer.stderr == "The 1 newest; '--limit all' lists the others.\n"
    answer = ask("ls", "--workload", "nothing", database=two[0])
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "No such runs.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--status", "finishd"), "Did you mean 'finished'?"),
        (("--objective", "latncy"), "Did you mean 'latency'?"),
        (("--since", "yesterday"), "an age such as 90s"),
        (("--limit", "0"), "not a whole number of at least 1, or all for no limit"),
        (("--tag", "x"), "not of the form KEY=VALUE"),
    ],
)
def test_bad_filters_are_refused(two: Two, words: tuple[str, ...], said: str) -> None:
    answer = ask("ls", *words, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_a_database_that_is_not_there_is_not_made() -> None:
    answer = ask("ls")
    assert answer.exit_code == 2
    assert "the file does not exist" in answer.stderr


@pytest.mark.parametrize("objective", ["latency", "energy", "edp"])
def test_best_runs_come_first(two: Two, objective: str) -> None:
    column = {"latency": "latency_cycles", "energy": "energy_pj", "edp": "edp_pj_cycles"}[objective]
    answer = ask("best", "--opt", objective, "--limit", "all", "--json", database=two[0])
    figures = [run[column] for run in json.loads(answer.stdout)]
    assert len(figures) == 2
    assert figures == sorted(figures)
    assert len(json.loads(ask("best", "--limit", "1", "--json", database=two[0]).stdout)) == 1
    assert json.loads(ask("best", "--experiment", "none", "--json", database=two[0]).stdout) == []
    both = ask("best", "--experiment", "one", "--sweep", "other", database=two[0])
    assert (both.exit_code, "do not go together" in both.stderr) == (2, True)
