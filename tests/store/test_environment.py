from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zigzag_lab.store.environment import environment, git_state


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_the_state_of_a_repository(tmp_path: Path) -> None:
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
    assert changed == {**clean, "dirty": True}


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
