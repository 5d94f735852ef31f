"""The pinned versions: complete, in range, good for every Python that is allowed, and of no place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests import versions

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LINE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*==[\w.+!]+( ; [a-zA-Z_0-9 .'<>=!()]+)?")


def pinned(name: str, python: str, platform: str = "linux") -> list[str]:
    """The versions that hold for a package on a Python."""
    where = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": platform}
    lines = [one for one in versions.pins() if canonicalize_name(one.name) == canonicalize_name(name)]
    return [str(one.specifier)[2:] for one in lines if one.marker is None or one.marker.evaluate(where)]


def test_it_holds_versions_only() -> None:
    lines = versions.CONSTRAINTS.read_text().splitlines()
    assert lines[0] + "\n" == versions.HEADER
    assert [line for line in lines[1:] if not LINE.fullmatch(line)] == []
    assert len(lines) > 100


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_has_one_version_that_it_allows(python: str, platform: str) -> None:
    for requirement in versions.requirements():
        [found] = pinned(requirement.name, python, platform)
        assert requirement.specifier.contains(found, prereleases=True), requirement


def test_no_package_has_two_versions_at_once() -> None:
    for python in PYTHONS:
        for one in versions.pins():
            assert len(pinned(one.name, python)) <= 1


def test_the_commands_of_the_readme_use_it() -> None:
    commands = re.findall(r"^python3 -m venv .*$", (versions.ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(commands) == 2
    assert all("pip install -q -c constraints.txt " in command for command in commands)


def test_failures_name_other_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "constraints.txt"
    other.write_text(
        f"# made\npytest=={pytest.__version__}\nPyYAML==0.1\nno-such-package==1\nrich==0.1 ; python_version < '3'\n"
    )
    monkeypatch.setattr(versions, "CONSTRAINTS", other)
    [line] = versions.differences()
    assert re.fullmatch(r"pyyaml [\d.]+ \(pinned: 0\.1\)", line)
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert False\n")
    (tmp_path / "conftest.py").write_text(
        "from pathlib import Path\nfrom tests import versions\nfrom tests.conftest import pytest_terminal_summary\n"
        f"versions.CONSTRAINTS = Path({str(other)!r})\n"
    )
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(words, cwd=versions.ROOT, capture_output=True, text=True, check=False)
    assert line in done.stdout
    assert versions.PIN_COMMAND in done.stdout


def test_pinning_without_uv_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install uv"):
        versions.pin()
