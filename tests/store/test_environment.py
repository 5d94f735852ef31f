from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zigzag_lab.store import RunStart, open_store
from zigzag_lab.store.codec import unpacked
from zigzag_lab.store.environment import environment, git_state, working_diff


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_the_state_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZIGZAG_LAB_GIT_DIFF")
    git(tmp_path, "init", "--initial-branch=trunk")
    (tmp_path / "tpu.yaml").write_text("a: 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--no-verify", "-m", "first")
    below = tmp_path / "below"
    below.mkdir()
    clean = git_state(below)
    assert clean is not None
    assert (clean["branch"], clean["dirty"], len(clean["commit"])) == ("trunk", False, 40)
    (tmp_path / "tpu.yaml").write_text("a: 2\n")
    changed = git_state(below)
    assert changed is not None
    diff = working_diff(below)
    assert changed == {**clean, "dirty": True, "diff": changed["diff"], "diff_bytes": len(diff or b"")}
    assert b"-a: 1\n+a: 2" in (diff or b"")


def test_differences_are_kept_once_without_passwords_unless_they_are_large_or_unwanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZIGZAG_LAB_GIT_DIFF")
    git(tmp_path, "init")
    (tmp_path / "a.txt").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--no-verify", "-m", "first")
    (tmp_path / "a.txt").write_text("postgresql://me:s3cret@host/db\n")
    monkeypatch.chdir(tmp_path)
    for cached in (environment, working_diff):
        cached.cache_clear()
    with open_store("sqlite://") as store:
        for _ in range(2):
            store.start_run(RunStart()).fail(ValueError("no"))
        row = store.database.select("SELECT digest, content FROM zl_source").rows
        state = environment()["git"]
    assert [digest for digest, _ in row] == [state["diff"]]
    assert b"+postgresql://me:***@host/db" in unpacked(row[0][1])
    working_diff.cache_clear()
    monkeypatch.setattr("zigzag_lab.store.environment.MOST_DIFF_BYTES", 10)
    assert "diff" not in (git_state(tmp_path) or {})
    monkeypatch.setattr("zigzag_lab.store.environment.MOST_DIFF_BYTES", 1000)
    monkeypatch.setenv("ZIGZAG_LAB_GIT_DIFF", "off")
    working_diff.cache_clear()
    assert "diff" not in (git_state(tmp_path) or {})
    for cached in (environment, working_diff):
        cached.cache_clear()


def test_no_repository_no_state(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None


def test_command_lines_lose_their_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["zigzag-lab", "run", "--db", "postgresql://me:s3cret@host/db"])
    environment.cache_clear()
    found = environment()
    environment.cache_clear()
    assert found["argv"] == ["zigzag-lab", "run", "--db", "postgresql://me:***@host/db"]
    assert found["versions"]["zigzag_lab"]
    assert found["python"].startswith("3.")


def test_looking_at_a_repository_runs_nothing_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Monitors, filters (also of odd names and included files), hooks, drivers: what a stranger can name."""
    monkeypatch.delenv("ZIGZAG_LAB_GIT_DIFF")
    folder, proof = tmp_path / "theirs", tmp_path / "ran"
    folder.mkdir()
    git(folder, "init")
    (folder / "a.txt").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "--no-verify", "-m", "first")
    program = tmp_path / "program.sh"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {proof}\ncat\n")
    program.chmod(0o755)
    included = tmp_path / "included"
    included.write_text(f'[filter "a=b.c"]\n\tclean = {program}\n\tsmudge = {program}\n\trequired = true\n')
    config = folder / ".git" / "config"
    config.write_text(
        config.read_text() + f"[core]\n\tfsmonitor = {program}\n\thooksPath = {tmp_path}/hooks\n"
        f"[diff]\n\texternal = {program}\n[include]\n\tpath = {included}\n"
        + "".join(
            f'[filter "{name}"]\n\tclean = {program}\n\tprocess = {program}\n\trequired = true\n'
            f'[diff "{name}"]\n\tcommand = {program}\n\ttextconv = {program}\n'
            for name in ("mine", "Mine")
        )
    )
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (tmp_path / "hooks" / hook).symlink_to(program)
    names = ("mine", "Mine", "a=b.c")
    (folder / ".git" / "info" / "attributes").write_text("".join(f"{n}.txt filter={n} diff={n}\n" for n in names))
    (folder / ".gitattributes").write_text("a.txt filter=mine diff=mine\n")
    (folder / "a.txt").write_text("2\n")
    git_state.__globals__["_settings"].cache_clear()
    working_diff.cache_clear()
    state = git_state(folder)
    assert state is not None
    assert state["dirty"]
    assert b"-1\n+2" in (working_diff(folder) or b"")
    assert not proof.exists(), proof.read_text()
    subprocess.run(["git", "status"], cwd=folder, check=False, capture_output=True)
    assert proof.exists()  # an ordinary question would have run them


def test_a_git_that_cannot_be_kept_from_running_others_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init")
    old = tmp_path / "git"
    old.write_text(f'#!/bin/sh\nGIT_CONFIG_COUNT=0 exec {shutil.which("git")} "$@"\n')  # as git before 2.31
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert git_state(tmp_path) is None
