from __future__ import annotations

import json

import pytest

from tests.cli.recorded import ask

Two = tuple[str, list[str]]


def test_a_run_is_explained_in_a_few_lines(two: Two) -> None:
    database, ids = two
    answer = ask("explain", ids[0], database=database)
    assert answer.exit_code == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0] == f"workload on accelerator, best latency (run {ids[0]})"
    topics = [line.split("  ")[0] for line in lines[1:] if not line.startswith(" ")]
    assert topics[:2] == ["total", "energy"]
    assert {"latency", "stalls", "loading", "array", "layers"} <= set(topics)
    assert len(topics) <= 14
    assert topics[-1] == "to try it"


def test_json_has_the_figures_behind_each_sentence(two: Two) -> None:
    database, ids = two
    found = json.loads(ask("explain", ids[0], "--json", database=database).stdout)
    shown = json.loads(ask("show", ids[0], "--json", database=database).stdout)
    figures = {claim["topic"]: claim["figures"] for claim in found["claims"]}
    assert figures["total"]["energy_pj"] == pytest.approx(shown["energy_pj"], rel=1e-12)
    assert figures["total"]["latency_cycles"] == shown["latency_cycles"]


def test_a_layer_is_explained_alone(two: Two) -> None:
    database, _ = two
    answer = ask("explain", "last", "--layer", "wide", database=database)
    assert answer.stdout.startswith("wide  (layer 1 of run ")
    assert "of the run's energy" in " ".join(answer.stdout.split())


@pytest.mark.parametrize(
    ("words", "said"), [(("nothing",), "no run is called so"), (("last", "--layer", "wild"), "Did you mean 'wide'?")]
)
def test_what_is_not_there_is_said(two: Two, words: tuple[str, ...], said: str) -> None:
    answer = ask("explain", *words, database=two[0])
    assert answer.exit_code == 2
    assert said in answer.stderr
