from __future__ import annotations

from pathlib import Path

from tests.cli.recorded import ask, two_runs
from zigzag_lab.store import open_store


def test_tags_are_hung_listed_and_taken_off(tmp_path: Path) -> None:
    database, (first, _) = two_runs(tmp_path)
    assert ask("tag", first, "paper=yes no", "for=it", database=database).stdout == f"{first}: for=it, paper=yes no\n"
    assert ask("tag", first, database=database).stdout == f"{first}: for=it, paper=yes no\n"
    assert first in ask("ls", "--tag", "paper=yes no", database=database).stdout
    assert ask("tag", first, "--remove", "paper", "--remove", "for", database=database).stdout == f"{first}: no tags\n"
    refused = ask("tag", first, "--remove", "paper", database=database)
    assert refused.exit_code == 2
    assert "no tag 'paper'" in refused.stderr
    assert ask("tag", first, "paper", database=database).exit_code == 2


def test_mlflow_is_told_anew_of_a_run_it_knows(tmp_path: Path) -> None:
    database, ids = two_runs(tmp_path)
    with open_store(database) as store:
        store.record_publication(ids[0], "0" * 32)
        store.record_publication(ids[1], "1" * 32)
    ask("tag", ids[0], "a=b", database=database)
    with open_store(database) as store:
        assert [entry.run_id for entry in store.publications("pending")] == [ids[0]]
