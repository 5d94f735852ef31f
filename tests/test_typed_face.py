"""What a type checker sees of the package from outside: explicit types, no ``Any``, and nothing loaded for it."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import zigzag_lab

ROOT = Path(__file__).parent.parent
HOMES = ("zigzag_lab.api", "zigzag_lab.stages", "zigzag_lab.cost", "zigzag_lab.vocab")
SCRIPT = """
from typing import reveal_type

from zigzag_lab import CostModelStage, Lab, MainStage, Stage

class OwnStage(Stage): ...

reveal_type(MainStage)
reveal_type(CostModelStage)
reveal_type(Lab)
main = MainStage([OwnStage, CostModelStage, None], workload="resnet18", store=None)
reveal_type(main)
for cme, _ in main.run():
    reveal_type(cme)
    reveal_type(cme.energy_pj)
lab = Lab("sqlite:///x.db")
for run in lab.runs():
    reveal_type(run)
    reveal_type(run.energy_pj)
"""
CONSTRUCTED = {
    "zigzag_lab.api.main_stage.MainStage",
    "zigzag_lab.stages.cost_model.CostModelStage",
    "zigzag_lab.store.lab.Lab",
}


def checked(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(text)
    # the configuration of the repository shares the cache of its own check: seconds in place of a minute
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml", str(script)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_strict_script_sees_types(tmp_path: Path) -> None:
    found = checked(tmp_path, SCRIPT)
    assert found.returncode == 0, found.stdout
    revealed = re.findall(r'Revealed type is "(.*)"', found.stdout)
    assert len(revealed) == SCRIPT.count("reveal_type(")
    constructed = {kind.rpartition("-> ")[2] for kind in revealed if kind.startswith("def ")}
    assert constructed >= CONSTRUCTED
    # constructors take the keywords of all stages below them, and these alone may be anything
    assert not [kind for kind in revealed if re.search(r"\bAny\b", kind) and not kind.startswith("def ")]


def test_a_name_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    found = checked(tmp_path, "from zigzag_lab import MianStage\n")
    assert 'has no attribute "MianStage"' in found.stdout


def test_no_name_has_two_homes() -> None:
    offered = [(name, home) for home in HOMES for name in import_module(home).__all__]
    assert len({name for name, _ in offered}) == len(offered)
    for name, home in offered:
        assert getattr(zigzag_lab, name) is getattr(import_module(home), name)
    assert {name for name, _ in offered} <= set(dir(zigzag_lab))


def test_an_import_of_all_names_gives_every_export() -> None:
    names: dict[str, object] = {}
    exec("from zigzag_lab import *", names)
    offered = {name for home in HOMES for name in import_module(home).__all__}
    assert names.keys() - {"__builtins__"} == {"__version__", *offered} == set(zigzag_lab.__all__)
    assert all(value is getattr(zigzag_lab, name) for name, value in names.items() if name in offered)


def test_importing_the_package_loads_nothing_of_it() -> None:
    command = "import sys, zigzag_lab; print([n for n in sys.modules if n.startswith('zigzag_lab.') or n == 'numpy'])"
    printed = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "['zigzag_lab.version']"
