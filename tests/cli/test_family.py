"""Runs of every kind, asked through every command: nothing breaks, and no figure stands where there is none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.api.run_kinds import KINDS, recorded
from tests.cli.recorded import ask
from zigzag_lab.cli.export import TABLES
from zigzag_lab.store import Lab
from zigzag_lab.store.lab import RunRecord

Kinds = tuple[str, dict[str, str]]
NO_TOTAL = ("iterator", "cached", "nested", "variants", "fronts", "thousand", "words")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Kinds:
    return recorded(tmp_path_factory.mktemp("kinds"))


def family(kinds: Kinds, kind: str) -> list[RunRecord]:
    """A run, a child of it and a grandchild, as far as there are any."""
    with Lab(kinds[0]) as lab:
        found = [lab.run(kinds[1][kind])]
        while below := lab.children(found[-1].run_id):
            found.append(below[-1])
    return found


def shown(kinds: Kinds, kind: str, *words: str) -> str:
    answer = ask("show", kinds[1][kind], *words, database=kinds[0])
    assert answer.exit_code == 0, answer.stderr
    return str(answer.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_takes_every_run(kinds: Kinds, kind: str, tmp_path: Path) -> None:
    database, ids = kinds
    picture, page = str(tmp_path / "p.png"), str(tmp_path / "r.html")
    for run in family(kinds, kind):
        commands = [["show"], ["show", "--json"], ["show", "--points"], ["show", "--layer", "0"], ["explain"], ["tag"]]
        commands += [["note"], ["compare", ids["standard"]], ["report", "-o", page], ["export", "runs", "--run"]]
        commands += [["export", table, "--points", "--run"] for table in TABLES[1:]]
        commands += [["plot", word, "-o", picture] for word in ("hierarchy", "pareto")] + [["front"], ["pareto"]]
        for words in commands:
            at = 2 if words[0] in ("compare", "plot") else len(words) if words[0] == "export" else 1
            answer = ask(*words[:at], run.run_id, *words[at:], database=database)
            assert answer.exit_code in (0, 2), (words, answer.output)
            assert answer.exit_code == 0 or answer.stderr.startswith("Error: "), (words, answer.stderr)
            text = answer.stdout.partition("Traceback")[0]
            text = re.sub(r'"traceback": ".*', "", text)
            assert not re.search(r"\b(None|nan)\b", text), (words, text)
            if words[0] in ("show", "export", "tag", "note", "compare", "report") and "--layer" not in words:
                assert answer.exit_code == 0, (words, answer.stderr)
        assert (
            "None" not in Path(page).read_text(encoding="utf-8").partition('id="content">')[2].partition("Traceback")[0]
        )


@pytest.mark.parametrize("kind", ["nested", "by layer", "another", "fronts", "designs", "infeasible child"])
def test_pictures_are_drawn_of_parents_and_children(kinds: Kinds, kind: str, tmp_path: Path) -> None:
    for run in family(kinds, kind):
        if run.status == "infeasible":
            continue
        for word in ("energy", "nest"):
            path = tmp_path / f"{run.run_id} {word}.svg"
            layer = ["--layer", "0"] if word == "nest" else []
            answer = ask("plot", word, run.run_id, "-o", str(path), *layer, database=kinds[0])
            assert answer.exit_code == 0, answer.stderr
            assert path.stat().st_size > 1000


def test_what_was_chosen_is_said(kinds: Kinds) -> None:
    run, child = family(kinds, "chosen")
    assert f"chosen      loma_lpf_limit=4 (run {child.run_id})" in shown(kinds, "chosen")
    page = json.loads(shown(kinds, "chosen", "--json"))
    assert page["chosen"] == [child.run_id]
    assert [one["settings"]["loma_lpf_limit"] for one in page["children"]] == [2, 3, 4]
    assert [one["n_chosen_by_parent"] for one in page["children"]] == [0, 0, 3]
    assert (run.energy_pj, run.latency_cycles) == (child.energy_pj, child.latency_cycles)
    assert "chosen      layer by layer: 1 of loma_lpf_limit=2; 2 of loma_lpf_limit=4" in shown(kinds, "by layer")
    assert "chosen      all that its 3 children found" in shown(kinds, "summed")
    assert "chosen      memories.sram.size=1 KiB (run " in shown(kinds, "designs")


@pytest.mark.parametrize("kind", NO_TOTAL)
def test_a_run_without_a_single_total_shows_its_results(kinds: Kinds, kind: str) -> None:
    text = shown(kinds, kind)
    assert "total       none: its " in text
    assert re.search(r"\nResults \(\d+\)\n", text)
    assert "Energy by memory" not in text
    page = json.loads(shown(kinds, kind, "--json"))
    assert (page["energy_pj"], page["latency_cycles"], page["energy_breakdown_pj"]) == (None, None, None)
    assert len(page["results"]) == page["n_results"] > 1


def test_results_say_which_child_they_come_from(kinds: Kinds) -> None:
    with Lab(kinds[0]) as lab:
        children = lab.children(kinds[1]["variants"])
    results = json.loads(shown(kinds, "variants", "--json"))["results"]
    assert [one["child_run_id"] for one in results] == [child.run_id for child in children]
    assert [one["energy_pj"] for one in results] == [child.energy_pj for child in children]


def test_children_say_whose_they_are(kinds: Kinds) -> None:
    run, child, grandchild = family(kinds, "nested")
    for one, parent, settings in ((child, run, "loma_lpf_limit=3"), (grandchild, child, "sram_bits=8192")):
        text = ask("show", one.run_id, database=kinds[0]).stdout
        assert f"child of    {parent.run_id}\nsettings    {settings}\n" in text
    assert grandchild.run_id not in shown(kinds, "nested")
    assert f"  {grandchild.run_id}" in shown(kinds, "nested", "--points")


def test_warnings_and_saved_evaluations_are_shown(kinds: Kinds) -> None:
    assert "warning     3 of 3 layer evaluations count 2 times in the total" in shown(kinds, "twice")
    assert "warning     1 of 2 results are no cost-model evaluations" in shown(kinds, "words")
    with Lab(kinds[0]) as lab:
        n = lab.run(kinds[1]["thousand"]).n_results
    assert f"saved       {n} layer evaluations passed save stages" in shown(kinds, "thousand")
    assert "saved       9 layer evaluations passed save stages, with the runs within it" in shown(kinds, "chosen")
    assert "saved  " not in shown(kinds, "standard")


def test_energies_that_count_twice_add_up_to_the_total(kinds: Kinds) -> None:
    page = json.loads(shown(kinds, "twice", "--json"))
    parts = [pj for row in page["energy_breakdown_pj"]["memories"].values() for pj in row.values()]
    assert sum(parts) + page["energy_breakdown_pj"]["mac"] == pytest.approx(page["energy_pj"], rel=1e-12)


def test_lists_hold_children_only_where_asked_for(kinds: Kinds) -> None:
    database, ids = kinds
    for words in (["ls", "--limit", "all"], ["best", "--limit", "all"]):
        plain, points = (
            json.loads(ask(*words, *more, "--json", database=database).stdout) for more in ([], ["--points"])
        )
        assert {run["run_id"] for run in plain} <= set(ids.values())
        assert {run["parent_run_id"] for run in plain} == {None}
        below = [run for run in points if run["parent_run_id"]]
        assert len(points) == len(plain) + len(below) > len(plain)
        assert "  within  " in ask(*words, "--points", database=database).stdout
    assert not set(NO_TOTAL) & {run["name"] for run in plain}


def test_inputs_that_all_children_read_are_those_of_the_run(kinds: Kinds) -> None:
    (run, child) = family(kinds, "infeasible child")
    assert (run.workload, run.mapping, run.accelerator) == ("workload", "mapping", None)
    assert (child.name, child.status, child.settings) == (
        "workload (accelerator=tight)",
        "infeasible",
        {"accelerator": "tight"},
    )


def test_runs_within_runs_are_compared(kinds: Kinds) -> None:
    database, ids = kinds
    both = json.loads(ask("compare", ids["iterator"], ids["chosen"], "--json", database=database).stdout)
    assert [pair["what"] for pair in both["child_energy_pj"]] == [f"loma_lpf_limit={n}" for n in (2, 3, 4)]
    assert {pair["ratio"] for pair in both["child_energy_pj"]} == {1.0}
    assert both["layer_energy_pj"][0]["first"] is None
    with Lab(database) as lab:
        first, second, _ = (child.run_id for child in lab.children(ids["iterator"]))
    text = ask("compare", first, second, database=database).stdout
    assert re.search(r"setting loma_lpf_limit +2 +3\n", text)
    assert "no single total: 3 results" in ask("compare", ids["iterator"], database=database).stdout


def test_fronts_are_those_of_the_innermost_runs(kinds: Kinds) -> None:
    database, ids = kinds
    points = json.loads(ask("pareto", ids["nested"], "--json", database=database).stdout)
    assert {tuple(point["settings"]) for point in points} == {("loma_lpf_limit", "sram_bits")}
    refused = ask("pareto", ids["standard"], database=database)
    assert (refused.exit_code, "no runs are within it" in refused.stderr) == (2, True)


def test_what_has_no_total_is_not_explained(kinds: Kinds) -> None:
    refused = ask("explain", kinds[1]["variants"], database=kinds[0])
    assert (refused.exit_code, "it has no single total: its 2 results" in refused.stderr) == (2, True)
    assert ask("explain", kinds[1]["variants"], "--layer", "4", database=kinds[0]).exit_code == 0


def test_what_a_child_asked_the_cache_is_noted_with_its_parent(tmp_path: Path) -> None:
    database, ids = recorded(tmp_path, "cached")
    for run in family((database, ids), "cached"):
        answer = ask("cache", "why-miss", run.run_id, database=database)
        assert (answer.exit_code, ids["cached"] in answer.stdout) == (0, True), answer.output


def test_children_live_with_their_parents(tmp_path: Path) -> None:
    database, ids = recorded(tmp_path, "nested", "standard")
    run, child, grandchild = family((database, ids), "nested")
    for one in (child, grandchild):
        refused = ask("delete", one.run_id, database=database)
        assert refused.exit_code == 2
        assert f"Delete {run.run_id}, with its children." in refused.stderr
    assert ask("delete", run.run_id, grandchild.run_id, database=database).exit_code == 0
    rows = "SELECT COUNT(*) FROM zl_v_all_runs"
    with Lab(database) as lab:
        assert lab.sql(rows).rows == [(1,)]
    refused = ask("delete", "--restore", child.run_id, database=database)
    assert (refused.exit_code, f"Restore {run.run_id}" in refused.stderr) == (2, True)
    assert ask("delete", "--restore", run.run_id, database=database).exit_code == 0
    with Lab(database) as lab:
        assert lab.sql(rows).rows == [(8,)]
    ask("delete", run.run_id, database=database)
    assert "Removed 7 runs" in ask("gc", database=database).stdout
    with Lab(database) as lab:
        assert lab.sql("SELECT COUNT(*) FROM zl_layer_evaluation").rows == [(3,)]


def test_memories_that_a_layer_left_out_are_shown(tmp_path: Path) -> None:
    from tests.stages import small
    from zigzag_lab import api

    database = f"sqlite:///{tmp_path / 'lab.db'}"
    request = api.RunRequest(**small.written(tmp_path), lpf_limit=2, exploit_locality=True)
    api.run(request, store=database, mlflow="off")
    page = json.loads(ask("show", "--json", database=database).stdout)
    left_out = [layer["memories_left_out"] for layer in page["layers"] if "memories_left_out" in layer]
    assert left_out
    assert {memory["memory"] for memories in left_out for memory in memories} == {"dram"}
    index = next(layer["layer_index"] for layer in page["layers"] if "memories_left_out" in layer)
    assert re.search(r"left out +[IWO] of dram", ask("show", "--layer", str(index), database=database).stdout)
    assert re.search(r"dram: [IWO]", ask("show", database=database).stdout)
