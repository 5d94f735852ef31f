"""Files are written whole or not at all."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.stages.files import (
    MAX_STEM_BYTES,
    check_file,
    check_folder,
    file_stem,
    unfinished,
    write_atomically,
    write_json,
)
from zigzag_lab.vocab import InputError


def test_a_folder_that_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    check_folder(tmp_path)
    check_file(tmp_path / "c" / "file.pickle")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["/dev/null/x", "/proc/nothing/here", "x" * 300, "null\0byte"])
def test_a_folder_that_cannot_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        check_folder(tmp_path / place)
    with pytest.raises(InputError, match="cannot be written"):
        write_json(tmp_path / place / "file.json", {})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_others_try_too_can_be_written_to(tmp_path: Path) -> None:
    """Workers of one run try the same folder at the same time, and each takes away what it made for that."""
    with ThreadPoolExecutor(4) as threads:
        for number in range(100):
            folder = tmp_path / str(number) / "inner"
            assert list(threads.map(check_folder, [folder] * 4)) == [None] * 4
            list(threads.map(lambda n, at=folder: write_atomically(at / str(n), b"content"), range(4)))  # type: ignore[misc]
            assert len(list(folder.iterdir())) == 4


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        check_file(tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path, b"x")


def test_a_file_replaces_an_older_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "file.json", {"old": 1})
    write_json(tmp_path / "a" / "file.json", {"new": 2})
    assert (tmp_path / "a" / "file.json").read_text() == '{\n    "new": 2\n}'
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file.json"]


def test_what_cannot_be_said_in_json_leaves_the_older_file(tmp_path: Path) -> None:
    write_json(tmp_path / "file.json", {"old": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "file.json", {"new": object()})
    assert "old" in (tmp_path / "file.json").read_text()


def test_files_can_be_read_by_whoever_the_umask_lets(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@given(st.text(max_size=400))
def test_every_name_of_a_layer_makes_a_file_name(name: str) -> None:
    stem = file_stem(name)
    assert "/" not in stem
    assert "\0" not in stem
    assert len(f"{stem}_complete.json".encode()) <= 255


def test_long_names_stay_apart() -> None:
    one, two = (file_stem("x" * 300 + end) for end in "ab")
    assert one != two
    assert file_stem("a/b") == "a_b"
    assert len(file_stem("y" * MAX_STEM_BYTES)) == MAX_STEM_BYTES


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path: Path) -> None:
    program = "import sys, os, signal; from pathlib import Path; from zigzag_lab.stages.files import unfinished\n"
    program += (
        "with unfinished(Path(sys.argv[1])) as part:\n    part.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "conv.json")], check=False)
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(r"\.conv\.json-[0-9a-f]{8}\.part-\d+", left.name)
    write_json(tmp_path / "another.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["another.json"]


def test_what_is_being_written_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "film.part").write_text("")
    (tmp_path / ".hidden").write_text("")
    with unfinished(tmp_path / "one") as part:
        write_json(tmp_path / "two.json", {})
        assert part.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"film.part", ".hidden", "two.json"}
