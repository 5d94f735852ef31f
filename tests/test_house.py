"""The measures of the house, on a small package whose faults are known, and on ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import HERE, House, table

FILES = {
    "__init__.py": "",
    "store/__init__.py": "",
    "store/one.py": 'from box.store.two import B\nSQL = "SELECT 1"\nclass A: ...\nclass Twice: ...\n',
    "store/two.py": "def late():\n    from box.store.one import A\n    return A\nclass B: ...\nclass Twice: ...\n",
    "api/__init__.py": "",
    "api/ask.py": (
        "from typing import TYPE_CHECKING, Any\nfrom box.store import one\n"
        "if TYPE_CHECKING:\n    from box.api.rows import Row\n"
        'def ask(what: Any) -> Any:\n    """SELECT is a word here."""\n'
        '    return f"DELETE FROM t WHERE {what}", "SELECTED"\n'
    ),
    "api/rows.py": "from box.api.ask import ask\nclass Row:\n    def read(self):\n        def inner(): ...\n",
}
EXPECTED = {
    "source files": 7,
    "import cycles of modules, at run time": 1,
    "import cycles of modules, with imports for types": 2,
    "import cycles of packages, with imports for types": 0,
    "class names that stand twice": 1,
    "SQL statements outside store": 1,
    "uses of Any": 3,
    "modules with one importer": 3,
    "public functions without docstring": 2,
}


@pytest.fixture
def box(tmp_path: Path) -> House:
    for name, text in FILES.items():
        path = tmp_path / "box" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return House(tmp_path, "box")


def test_known_faults_are_counted(box: House) -> None:
    found = {measure.name: measure.value for measure in box.measures()}
    assert {name: found[name] for name in EXPECTED} == EXPECTED


def test_findings_name_their_places(box: House) -> None:
    findings = {measure.name: measure.findings for measure in box.measures()}
    assert findings["import cycles of modules, at run time"] == ["box.store.one - box.store.two"]
    assert findings["class names that stand twice"] == ["Twice: box.store.one, box.store.two"]
    assert findings["public functions without docstring"] == ["box.api.rows:Row.read", "box.store.two:late"]


def test_two_checkouts_stand_beside_each_other(box: House) -> None:
    text = table(box.measures(), box.measures())
    assert text.splitlines()[0].split() == ["measure", "before", "after", "change"]
    assert "+0" in text


def test_the_command_lists_what_a_measure_found() -> None:
    command = [sys.executable, "-m", "tests.house", "--list", "longest function"]
    printed = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("lines of the longest function: ")
    assert "zigzag_lab." in printed


def test_no_cycles_and_no_class_name_that_stands_twice() -> None:
    found = {m.name: m.findings for m in House(HERE).measures() if m.name.startswith(("import cycles", "class names"))}
    assert len(found) == 5
    assert not any(found.values()), found
