"""The wheel as it is installed elsewhere: complete, able to upgrade a database of its own, and known by its label."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from zigzag_lab.keys.engine import COMPATIBILITY, digest_of_engine
from zigzag_lab.store.migrate import current
from zigzag_lab.store.schema import HEAD, REVISIONS

ROOT = Path(__file__).parents[1]
LABEL = sha256(f"zl-engine-label\0{COMPATIBILITY}".encode()).hexdigest()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the checkout that holds the built package and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, cwd: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_upgrades_a_database_of_its_own(installed: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(ROOT / "tests" / "store" / "released" / f"{REVISIONS[0]}.db", tmp_path / "lab.db"))
    url = f"sqlite:///{path}"
    command = "from zigzag_lab.cli import main; main()"  # what the installed script does
    said = run(installed, tmp_path, "-c", command, "ls", "--db", url)
    assert said.count("27.05 nJ") == 1
    assert current(url) == HEAD
    assert current(f"{url}.backup-{REVISIONS[0]}") == REVISIONS[0]
    program = "import zigzag_lab.store.migrate as m; print(m.migrations_folder())"
    assert Path(run(installed, tmp_path, "-c", program).strip()) == installed / "zigzag_lab" / "migrations"


def test_it_is_known_by_its_label_as_long_as_nobody_changed_it(installed: Path, tmp_path: Path) -> None:
    assert digest_of_engine(ROOT / "zigzag_lab") != LABEL  # a checkout speaks by its sources
    assert digest_of_engine(installed / "zigzag_lab") == LABEL
    changed = Path(shutil.copytree(installed / "zigzag_lab", tmp_path / "zigzag_lab"))
    with (changed / "cost" / "kernel.py").open("a") as file:
        file.write("# mine\n")
    assert digest_of_engine(changed) != LABEL


def test_presets_find_their_schemas_in_it(installed: Path, tmp_path: Path) -> None:
    presets = sorted((installed / "zigzag_lab" / "inputs" / "presets").glob("*/*.yaml"))
    assert len(presets) == 18
    for preset in presets:
        named = preset.read_text("utf-8").splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert (preset.parent / named).is_file()
    printed = run(installed, tmp_path, "-c", "from zigzag_lab.cli import main; main()", "schema", "accelerator")
    assert printed == (ROOT / "zigzag_lab" / "schemas" / "accelerator.json").read_text("utf-8")
