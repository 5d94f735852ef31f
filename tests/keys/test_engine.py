from __future__ import annotations

from pathlib import Path

import zigzag_lab
from zigzag_lab.keys import engine_digest
from zigzag_lab.keys.engine import DECIDING_PACKAGES, digest_of_sources


def sources(root: Path, text: str, name: str = "price.py") -> str:
    (root / "cost").mkdir(parents=True, exist_ok=True)
    (root / "cost" / name).write_bytes(text.encode())
    return digest_of_sources(root, ("cost", "search"))


def test_every_deciding_package_is_there() -> None:
    root = Path(zigzag_lab.__file__).parent
    assert all((root / package / "__init__.py").is_file() for package in DECIDING_PACKAGES)


def test_a_changed_line_a_new_file_and_a_new_name_change_the_digest(tmp_path: Path) -> None:
    first = sources(tmp_path / "a", "x = 1\n")
    assert sources(tmp_path / "b", "x = 1\n") == first
    assert sources(tmp_path / "c", "x = 2\n") != first
    assert sources(tmp_path / "d", "x = 1\n", "other.py") != first
    assert sources(tmp_path / "a", "", "more.py") != first


def test_line_ends_and_other_files_do_not_change_it(tmp_path: Path) -> None:
    first = sources(tmp_path / "a", "x = 1\ny = 2\n")
    assert sources(tmp_path / "b", "x = 1\r\ny = 2\r\n") == first
    (tmp_path / "a" / "cost" / "notes.txt").write_text("nothing")
    assert digest_of_sources(tmp_path / "a", ("cost", "search")) == first


def test_it_is_worked_out_once_a_process() -> None:
    first = engine_digest()
    assert len(first) == 64
    assert engine_digest() is first
    assert engine_digest.cache_info().misses == 1
