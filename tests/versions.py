"""Versions of what we depend on: pin them, or run the tests with the newest or the oldest that are allowed.

    python -m tests.versions pin                       # makes constraints.txt anew, for every Python and platform
    python -m tests.versions newest [--python 3.13]    # all tests with the newest versions, apart from this environment
    python -m tests.versions oldest [pytest's words]   # the same with the oldest that pyproject.toml allows
    python -m tests.versions pinned                    # the same with constraints.txt

It resolves with uv, which must be installed beside it: ``pip install uv``. What is run is a copy of what is committed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
PROJECT = ROOT / "pyproject.toml"
HEADER = "# Versions that the tests passed with. Made by 'python -m tests.versions pin'; do not edit.\n"
PIN_COMMAND = "pip install -c constraints.txt -e '.[test]'"
FLAVOURS = {"newest": ["--upgrade"], "oldest": ["--resolution", "lowest-direct"], "pinned": ["-c", str(CONSTRAINTS)]}


def requirements() -> list[Requirement]:
    """All that pyproject.toml asks for, extras and what builds the wheel included."""
    document = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    project = document["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    return [Requirement(one) for one in (*document["build-system"]["requires"], *project["dependencies"], *extras)]


def pins() -> list[Requirement]:
    """The lines of constraints.txt."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def differences() -> list[str]:
    """What is installed here in another version than constraints.txt has, a line each."""
    found = []
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate():
            try:
                installed = version(pin.name)
            except PackageNotFoundError:
                continue
            if not pin.specifier.contains(installed, prereleases=True):
                found.append(f"{canonicalize_name(pin.name)} {installed} (pinned: {str(pin.specifier).strip('=')})")
    return found


def pin() -> None:
    """Write constraints.txt, with the newest versions of today, and the builder's version to pyproject.toml."""
    words = ["--universal", "--all-extras", "--upgrade", "--no-annotate", "--no-header", "--quiet"]
    asked = str(re.findall(r'requires-python = ">=([\d.]+)"', PROJECT.read_text(encoding="utf-8"))[0])
    uv("pip", "compile", *words, "--python-version", asked, str(PROJECT), "--output-file", str(CONSTRAINTS))
    text = HEADER + CONSTRAINTS.read_text(encoding="utf-8")
    CONSTRAINTS.write_text(text, encoding="utf-8")
    builder = next(str(one) for one in pins() if one.name == "hatchling")
    project = re.sub(
        r'requires = \["hatchling[^"]*"\]', f'requires = ["{builder}"]', PROJECT.read_text(encoding="utf-8")
    )
    PROJECT.write_text(project, encoding="utf-8")


def run(flavour: str, python: str, words: list[str]) -> int:
    """Run the tests on a copy of the last commit, in an environment of their own.

    Returns:
        pytest's exit status.
    """
    with TemporaryDirectory(prefix="zigzag_lab_versions_") as folder:
        checkout, environment = Path(folder) / "checkout", Path(folder) / "environment"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        uv("venv", "--quiet", "--python", python, str(environment))
        program = environment / "bin" / "python"
        uv("pip", "install", "--quiet", "--python", str(program), *FLAVOURS[flavour], "-e", f"{checkout}[test]")
        said = "from tests.versions import differences; print('\\n'.join(differences()) or 'as pinned')"
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        path = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])
        for command in (["-c", said], ["-m", "pytest", *(words or ["-n", "2"])]):
            done = subprocess.run([program, *command], cwd=checkout, env={**clean, "PATH": path}, check=False)
        return done.returncode


def uv(*words: str) -> None:
    """Run uv."""
    if find_spec("uv") is None:
        sys.exit("uv is not installed here; 'pip install uv' brings it.")
    if subprocess.run([sys.executable, "-m", "uv", *words], check=False, cwd=ROOT).returncode:
        sys.exit(f"'uv {' '.join(words[:2])}' failed.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["pin", *FLAVOURS])
    parser.add_argument("--python", default=sys.executable, help="a version or an interpreter; by default this one")
    known, words = parser.parse_known_args()
    sys.exit(pin() if known.what == "pin" else run(known.what, known.python, words))


if __name__ == "__main__":
    main()
