from __future__ import annotations

from pathlib import Path

from tests.cli.recorded import ask, two_runs


def test_runs_are_deleted_restored_and_removed(tmp_path: Path) -> None:
    url, (first, second) = two_runs(tmp_path)
    assert f"Deleted: {first}." in ask("delete", first, database=url).stdout
    assert first not in ask("ls", database=url).stdout
    assert "was deleted" in ask("show", first, database=url).stderr
    assert "Would remove 1 runs" in ask("gc", "--dry-run", database=url).stdout
    assert "Removed nothing" in ask("gc", "--older-than", "1d", database=url).stdout
    assert f"Restored: {first}." in ask("delete", "--restore", first, database=url).stdout
    assert first in ask("ls", database=url).stdout
    assert ask("delete", first, second, database=url).exit_code == 0
    assert "Removed 2 runs" in ask("gc", "--compact", database=url).stdout
    assert "No such runs" in ask("ls", database=url).stderr
    assert ask("delete", first, database=url).exit_code == 2


def test_a_note_is_written_shown_and_taken_off(tmp_path: Path) -> None:
    url, (first, _) = two_runs(tmp_path)
    assert ask("note", first, "the good one", database=url).stdout == f"{first}: the good one\n"
    assert ask("note", first, database=url).stdout == f"{first}: the good one\n"
    assert "the good one" in ask("show", first, "--json", database=url).stdout
    assert "has no note" in ask("note", first, "", database=url).stdout
