"""``zigzag-lab run`` with its cache, and ``zigzag-lab cache``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import invoked
from tests.cli.recorded import ask
from tests.stages import small
from zigzag_lab.store import open_store


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'lab.db'}"


def priced(inputs: dict[str, Any], database: str, *more: str) -> dict[str, Any]:
    result = invoked(inputs, "--db", database, "--mlflow", "off", "--json", *more)
    assert result.exit_code == 0, result.stderr
    outcome: dict[str, Any] = json.loads(result.stdout)
    return outcome


def test_resnets_share_layers(database: str) -> None:
    presets = {"workload": "resnet18", "accelerator": "tpu_like", "mapping": "tpu_like"}
    first, second = priced(presets, database), priced(presets, database)
    assert first["cache"] == {"hits": 0, "misses": 12}
    assert second["cache"] == {"hits": 12, "misses": 0}
    assert second["n_mappings_evaluated"] == 0
    decided = ("energy_pj", "latency_cycles", "edp_pj_cycles", "n_layers", "layers")
    assert [second[name] for name in decided] == [first[name] for name in decided]
    larger = priced({**presets, "workload": "resnet50"}, database)
    assert larger["cache"]["hits"] == 5
    assert ask("cache", "verify", "5", database=database).stdout.startswith("5 answers came out the same")


def test_the_printed_result_says_what_came_from_the_cache(database: str, tmp_path: Path) -> None:
    inputs = small.written(tmp_path)
    assert "from the cache" not in invoked(inputs, "--db", database, "--mlflow", "off").stdout
    again = invoked(inputs, "--db", database, "--mlflow", "off").stdout
    assert "2 of 2 distinct layers came from the cache" in again
    computed = priced(inputs, database, "--no-cache")
    assert computed["cache"] == {"hits": 0, "misses": 0}
    assert computed["n_mappings_evaluated"] > 0


def test_a_run_answered_from_the_cache_loads_no_reader_of_models(database: str) -> None:
    """That is what makes it quick: networks are recalled, and graphs are sorted without networkx."""
    priced({"workload": "resnet18", "accelerator": "tpu_like", "mapping": "tpu_like"}, database)
    words = ["run", "--workload", "resnet18", "--accelerator", "tpu_like", "--mapping", "tpu_like", "--json"]
    program = (
        "import sys; from zigzag_lab.cli.main import main; from contextlib import suppress\n"
        f"with suppress(SystemExit): main([*{words!r}, '--db', {database!r}, '--mlflow', 'off'])\n"
        "print(sorted({'onnx', 'networkx', 'sqlalchemy', 'mlflow', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    outcome, loaded = done.stdout.splitlines()
    assert json.loads(outcome)["cache"] == {"hits": 12, "misses": 0}
    assert loaded == "[]"


def test_why_miss_names_the_key_of_the_file(database: str, tmp_path: Path) -> None:
    inputs = small.written(tmp_path)
    priced(inputs, database)
    assert priced(inputs, database)["cache"]["misses"] == 0
    accelerator = small.accelerator()
    accelerator["memories"]["sram"]["r_cost"] = 3.25
    changed = small.written(tmp_path, accelerator=accelerator)
    assert priced(changed, database)["cache"] == {"hits": 0, "misses": 2}
    said = ask("cache", "why-miss", "last", database=database)
    assert said.exit_code == 0, said.stderr
    assert "2 of 2 questions were not answered" in said.stdout
    differences = re.findall(r"^  (.*)$", said.stdout, re.MULTILINE)
    assert differences == ["accelerator.memories.sram.r_cost: 1.5 became 3.25"]


def test_why_miss_of_layers(database: str, tmp_path: Path) -> None:
    first = priced(small.written(tmp_path), database)["run_id"]
    more = [*small.network(), small.layer(3, "new", loop_sizes=[1, 4, 4, 2, 2, 1, 1])]
    second = priced(small.written(tmp_path, workload=more), database, "--temporal", "even")["run_id"]
    said = ask("cache", "why-miss", second, first, database=database).stdout
    assert "stem, wide:\n  pipeline.options.temporal_mapping_type: uneven became even\n" in said
    assert "new:\n" in said
    assert "layer.loop_sizes.K" in said
    nothing = ask("cache", "why-miss", priced(small.written(tmp_path), database)["run_id"], database=database).stdout
    assert "missed nothing" in nothing


def test_why_miss_of_a_run_without_questions(database: str, tmp_path: Path) -> None:
    run_id = priced(small.written(tmp_path), database, "--no-cache")["run_id"]
    said = ask("cache", "why-miss", run_id, database=database)
    assert said.exit_code == 2
    assert "it asked the cache nothing" in said.stderr


def test_why_miss_of_the_first_run(database: str, tmp_path: Path) -> None:
    priced(small.written(tmp_path), database)
    assert "No earlier run asked the cache anything" in ask("cache", "why-miss", "last", database=database).stdout


def test_stats(database: str, tmp_path: Path) -> None:
    inputs = small.written(tmp_path)
    for _ in range(2):
        priced(inputs, database)
    said = ask("cache", "stats", database=database).stdout
    assert "2 of kind layer, 1 of kind network" in said
    assert "1 hit, 0 shared, 3 miss" in said
    assert "that need not be read again" in said


def test_gc(database: str, tmp_path: Path) -> None:
    priced(small.written(tmp_path), database)
    assert ask("cache", "gc", database=database).stdout.startswith("Removed 0 answers")
    with open_store(database) as store, store.database.write():
        store.database.execute("UPDATE zl_cache_entry SET used_at = '2001-01-01 00:00:00.000'")
    assert ask("cache", "gc", "--dry-run", database=database).stdout.startswith("Would remove 3 answers")
    assert ask("cache", "gc", database=database).stdout.startswith("Removed 3 answers")
    assert "answers    none" in ask("cache", "stats", database=database).stdout


def test_verify_finds_an_answer_that_is_wrong(database: str, tmp_path: Path) -> None:
    import zlib

    priced(small.written(tmp_path), database)
    assert ask("cache", "verify", "9", database=database).stdout == "3 answers came out the same, to the last bit.\n"
    with open_store(database) as store, store.database.write():
        (key, content), *_ = store.database.execute("SELECT key, content FROM zl_cache_entry WHERE kind = 'layer'")
        wrong = json.loads(zlib.decompress(content))
        wrong["cmes"][0][5] += 1.0
        packed = zlib.compress(json.dumps(wrong).encode())
        store.database.execute("UPDATE zl_cache_entry SET content = ? WHERE key = ?", (packed, key))
    said = ask("cache", "verify", "9", database=database)
    assert said.exit_code == 1
    assert f"differs: {key}" in said.stdout


def test_verify_leaves_out_what_other_versions_computed(database: str, tmp_path: Path) -> None:
    priced(small.written(tmp_path), database)
    with open_store(database) as store, store.database.write():
        store.database.execute("UPDATE zl_cache_entry SET engine_digest = 'older' WHERE kind = 'layer'")
    assert ask("cache", "verify", "9", database=database).stdout.splitlines() == [
        "1 answers came out the same, to the last bit.",
        "2 of other versions of the program were left out: this one never uses them.",
    ]
