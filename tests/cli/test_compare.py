from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.recorded import ask
from tests.stages.small import written
from zigzag_lab import api
from zigzag_lab.api.compare import Difference, differences

PLAIN = st.recursive(
    st.none() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """A database with two runs whose accelerators differ in one cost."""
    folder = tmp_path_factory.mktemp("pair")
    url, paths = f"sqlite:///{folder / 'pair.db'}", written(folder)
    ids = [api.run(api.RunRequest(**paths, lpf_limit=3), store=url, mlflow="off").run_id]
    text = Path(paths["accelerator"]).read_text()
    assert "r_cost: " in text
    first = text.index("r_cost: ") + len("r_cost: ")
    changed = folder / "changed.yaml"
    changed.write_text(text[:first] + "77" + text[first:].lstrip("0123456789."))
    request = api.RunRequest(**{**paths, "accelerator": changed}, lpf_limit=4)
    ids.append(api.run(request, store=url, mlflow="off").run_id)
    return url, str(ids[0]), str(ids[1])


def test_two_runs_are_put_side_by_side(pair: tuple[str, str, str]) -> None:
    url, first, second = pair
    answer = ask("compare", first, "last", database=url)
    assert answer.exit_code == 0, answer.output
    for part in (first, second, "Totals", "Energy by layer", "Cycles by layer", "Energy by memory", "stem", "dram"):
        assert part in answer.stdout
    assert "accelerator: memories." in answer.stdout
    assert "r_cost" in answer.stdout
    assert "option lpf_limit" in answer.stdout
    assert "Where they ran: the same." in answer.stdout


def test_the_figures_in_json_add_up(pair: tuple[str, str, str]) -> None:
    url, first, second = pair
    page = json.loads(ask("compare", first, second, "--json", database=url).stdout)
    energy = next(pair for pair in page["totals"] if pair["what"] == "energy_pj")
    assert energy["difference"] == pytest.approx(sum(layer["difference"] for layer in page["layer_energy_pj"]))
    assert energy["ratio"] == pytest.approx(energy["second"] / energy["first"])
    memory = next(pair for pair in page["totals"] if pair["what"] == "memory_energy_pj")
    assert memory["first"] == pytest.approx(sum(row["first"] for row in page["memory_energy_pj"]))
    costs = [one for one in page["inputs"] if one["path"].endswith("r_cost")]
    assert [(one["kind"], one["second"]) for one in costs] == [("accelerator", 77)]
    assert [one["path"] for one in page["options"]] == ["lpf_limit"]


def test_a_run_equals_itself(pair: tuple[str, str, str]) -> None:
    url, first, _ = pair
    answer = ask("compare", first, first, database=url)
    assert "What they were given: the same." in answer.stdout


def test_named_things_are_compared_by_name() -> None:
    first = {"ports": [{"name": "a", "width": 1}, {"name": "b", "width": 2}], "pairs": [["K", 1], ["C", 2]]}
    second = {"ports": [{"name": "b", "width": 3}], "pairs": [["C", 2], ["K", 4]]}
    assert list(differences(first, second)) == [
        Difference("ports.a", {"name": "a", "width": 1}, None),
        Difference("ports.b.width", 2, 3),
        Difference("pairs.K", 1, 4),
    ]


@given(PLAIN, PLAIN)
def test_trees_differ_in_nothing_only_when_they_are_equal(first: object, second: object) -> None:
    assert list(differences(first, first)) == []
    if type(first) is type(second) and isinstance(first, (int, str, type(None))):
        assert (list(differences(first, second)) == []) == (first == second)
