"""Sixty damaged databases: whoever asks gets an answer or one error that names the row; the cache mends itself."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.recorded import ask
from tests.stages.small import written
from zigzag_lab.store import readings

NESTED = "[" * 3000
BLOBS = (b"", b"\x00\xff", zlib.compress(b"no json"), zlib.compress(b"[]"), "text")
TEXTS = ("", "[]", NESTED, b"\xff")
CACHES = ("zl_cache_entry.content", "zl_cache_entry.n_bytes", "zl_cache_entry.seconds", "zl_reading.content")
QUESTIONS = {
    "zl_cache_entry": ("cache stats",),
    "zl_reading": ("cache stats",),
    "zl_cache_part": ("cache why-miss last",),
    "zl_input": ("show last", "explain last", "show last --inputs {out}/inputs"),
    "zl_source": ("show last --inputs {out}/inputs",),
    "zl_mapping": ("show last --layer 0", "front last --layer 0", "plot nest last --layer 0 -o {out}/n.svg"),
    "zl_environment": ("show last --json", "compare last last"),
    "zl_run": ("ls", "best", "show last", "export runs --out {out}/r.parquet", "report -o {out}/r.html"),
    "zl_run_input": ("ls", "show last"),
    "zl_front_point": ("front last", "front last --layer 0"),
    "zl_layer_evaluation": ("show last", "compare last last", "export layers --out {out}/l.parquet"),
    "zl_memory_evaluation": ("show last --layer 0", "explain last"),
    "zl_certificate": ("show", "show {exact}"),
}
"""Table -> what reads it."""

SECOND = "SELECT id FROM zl_run WHERE number = 2"

DAMAGE: list[tuple[str, Any]] = [
    *((place, bad) for place in ("zl_cache_entry.content", "zl_reading.content", "zl_input.content") for bad in BLOBS),
    *(("zl_source.content", bad) for bad in BLOBS[:3]),
    *(("zl_cache_part.content", bad) for bad in BLOBS[:4]),
    *((f"{table}.content", bad) for table in ("zl_mapping", "zl_environment") for bad in TEXTS),
    *(("zl_run.options", bad) for bad in TEXTS),
    *(("zl_front_point.memories", bad) for bad in TEXTS),
    *((f"zl_run.{when}", bad) for when in ("started_at", "ended_at") for bad in ("", "yesterday", 5, b"\xff")),
    *((f"zl_run.{figure}", "text") for figure in ("energy_pj", "latency_cycles", "n_layers", "seconds")),
    *((f"zl_layer_evaluation.{column}", b"\xff") for column in ("name", "energy_pj")),
    ("zl_memory_evaluation.utilisation", "text"), ("zl_certificate.lower_bound", "text"),
    ("zl_mapping.spatial_text", 5),
    ("zl_certificate.objective", "beauty"), ("zl_cache_entry.n_bytes", 1), ("zl_cache_entry.seconds", "text"),
    ("zl_reading.digest", "x"), ("zl_run_input.name", b"\xff"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], float]:
    """A database with a front's run, the options of that run's inputs, and the energy of another run of them."""
    folder = tmp_path_factory.mktemp("sound")
    inputs = [word for name, path in written(folder).items() for word in (f"--{name}", path)]
    url = f"sqlite:///{folder / 'lab.db'}"
    priced = ask("run", *inputs, "--lpf-limit", "3", "--json", database=url)
    searched = ask("run", *inputs, "--search", "exact", "--opt", "energy", database=url)
    found = ask("front", *inputs, database=url)
    assert (priced.exit_code, searched.exit_code, found.exit_code) == (0, 0, 0), found.output
    return folder / "lab.db", inputs, json.loads(priced.stdout)["energy_pj"]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What this process knows of files would hide what the database says of them."""
    readings._known.clear()
    yield
    readings._known.clear()


def damaged(sound: Path, folder: Path, place: str, bad: Any) -> str:
    """The URL of a copy in which a column holds something else in every row."""
    table, _, column = place.partition(".")
    copy = folder / "damaged.db"
    with sqlite3.connect(sound) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("PRAGMA ignore_check_constraints = ON")
        n = target.execute(f"UPDATE {table} SET {column} = ?", (bad,)).rowcount
    assert n
    return f"sqlite:///{copy}"


def test_there_are_sixty() -> None:
    assert len(DAMAGE) >= 60


@pytest.mark.parametrize(("place", "bad"), DAMAGE, ids=[f"{place}-{i}" for i, (place, _) in enumerate(DAMAGE)])
def test_a_damaged_row_is_named_or_made_anew(
    sound: tuple[Path, list[str], float], place: str, bad: Any, tmp_path: Path
) -> None:
    url = damaged(sound[0], tmp_path, place, bad)
    table = place.partition(".")[0]
    said = []
    exact = json.loads(ask("sql", SECOND, "--format", "json", database=url).stdout)[0]["id"]
    for question in QUESTIONS[table]:
        words = question.format(out=tmp_path, exact=exact).split(" ")
        answer = ask(*words, database=url)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (question, answer.exception)
        assert answer.exit_code in (0, 1, 2)
        said.append(answer.stderr)
    run = ask("run", *sound[1], "--lpf-limit", "3", "--json", database=url)
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["energy_pj"] == sound[2]
    examined = ask("doctor", "--deep", database=url)
    assert examined.exception is None or isinstance(examined.exception, SystemExit), examined.exception
    if place in CACHES or table == "zl_reading":
        assert not any(table in one for one in said)
        again = json.loads(ask("run", *sound[1], "--lpf-limit", "3", "--json", database=url).stdout)
        assert (again["energy_pj"], again["cache"]["misses"]) == (sound[2], 0)
    elif place != "zl_certificate.objective":  # which is a word, though none that is known
        assert f"table {table}" in examined.stdout, examined.stdout
        assert examined.exit_code == 1


def test_what_to_do_works(sound: tuple[Path, list[str], float], tmp_path: Path) -> None:
    url = damaged(sound[0], tmp_path, "zl_mapping.content", "[]")
    refused = ask("show", "last", database=url)
    assert refused.exit_code == 2
    assert "table zl_mapping, row digest = '" in refused.stderr
    assert "zigzag-lab delete RUN" in refused.stderr
    ids = [run["run_id"] for run in json.loads(ask("ls", "--json", database=url).stdout)]
    assert ask("delete", *ids, database=url).exit_code == 0
    assert ask("gc", database=url).exit_code == 0
    assert "every row can be read" in ask("doctor", "--deep", database=url).stdout
    assert ask("run", *sound[1], "--lpf-limit", "3", database=url).exit_code == 0
    assert ask("show", "last", database=url).exit_code == 0


def test_a_sound_database_is_called_so(sound: tuple[Path, list[str], float]) -> None:
    answer = ask("doctor", "--deep", database=f"sqlite:///{sound[0]}")
    assert answer.exit_code == 0, answer.output
    assert "every row can be read" in answer.stdout


def test_a_bomb_is_damage(sound: tuple[Path, list[str], float], tmp_path: Path) -> None:
    bomb = zlib.compress(b" " * (1 << 29), 9)
    url = damaged(sound[0], tmp_path, "zl_input.content", bomb)
    answer = ask("show", "last", database=url)
    assert answer.exit_code == 2
    assert "table zl_input" in answer.stderr


def test_a_file_of_any_bytes_is_said_to_be_damaged(sound: tuple[Path, list[str], float], tmp_path: Path) -> None:
    copy = tmp_path / "torn.db"
    shutil.copy(sound[0], copy)
    content = bytearray(copy.read_bytes())
    content[4096:40960] = b"\xa5" * (40960 - 4096)
    copy.write_bytes(content)
    for command in ("ls", "show last", "doctor --deep", "export layers", "db check"):
        answer = ask(*command.split(" "), database=f"sqlite:///{copy}")
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (command, answer.exception)
        assert answer.exit_code in (1, 2)
