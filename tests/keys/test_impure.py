"""Code that reads what no key holds has no key, and a warning says so; what only looks like it has one."""

from __future__ import annotations

import datetime
import glob
import logging
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from datetime import datetime as moment
from os import environ as surroundings
from os import getenv
from os.path import exists, join
from pathlib import Path
from random import random as drawn
from time import perf_counter, sleep
from typing import Any

import numpy as np
import pytest

from zigzag_lab.keys.sources import NotKeyableError, code_document, impurity
from zigzag_lab.stages import Stage

LIMIT = float(os.environ.get("A_LIMIT", 3))

IMPURE = """
os.environ["X"] | the environment (os.environ)
os.environ.get("X", "3") | the environment (os.environ.get)
os.getenv("X") | the environment
getenv("X") | the environment (os.getenv)
surroundings.get("X") | the environment (os.environ.get)
float(os.environ["X"]) if x else 3 | the environment
[os.environ[n] for n in x] | the environment
sys.argv[1] | the environment
open("limit.txt").read() | files (open)
open(x) | files
input() | the machine
Path("limit.txt").read_text() | files
x.read_bytes() | files
(x / "limit").exists() | files
os.path.exists(x) | files
exists(x) | files (os.path.exists)
os.listdir(".") | the machine
os.getpid() | the machine
glob.glob("*") | files
np.load(x) | files
np.loadtxt("limit.csv") | files
time.time() | the clock
perf_counter() | the clock (time.perf_counter)
datetime.datetime.now() | the clock
moment.now() | the clock (datetime.datetime.now)
datetime.date.today().year | the clock
random.random() | random numbers
random.choice(x) | random numbers
drawn() | random numbers
random.Random().random() | random numbers
random.Random(None).random() | random numbers
np.random.rand(3) | random numbers
np.random.default_rng().random() | random numbers
uuid.uuid4().int | random numbers
random.Random(time.time()).random() | the clock
subprocess.run(["date"]) | another program
os.popen("date").read() | another program
socket.gethostname() | the network
urllib.request.urlopen(x) | the network
sorted(x, key=lambda i: random.random()) | random numbers
"""

PURE = """
x + 1
max(x, key=lambda time: time)
os.path.join(x, "limit")
join(x, "limit")
Path("a") / "b"
random.Random(5).random()
np.random.default_rng(x).random()
np.random.default_rng(seed=3)
[random.seed(3), random.random()]
[np.random.seed(3), np.random.rand()]
sleep(0.01)
np.mean(x)
datetime.timedelta(days=x)
moment(2020, 1, 1)
x.open_ports
x.time
print(x)
sum(open for open in x)
isinstance(x, np.random.Generator)
isinstance(x, random.Random)
"""
NAMES = (
    datetime,
    glob,
    random,
    socket,
    subprocess,
    sys,
    time,
    urllib,
    uuid,
    moment,
    surroundings,
    getenv,
    exists,
    join,
)
MORE = (drawn, perf_counter, sleep, np, Path)


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def function(expression: str) -> str:
    return f"def made(x):\n    return {expression}\n"


@pytest.mark.parametrize("line", lines(IMPURE))
def test_what_is_obvious_is_found(line: str) -> None:
    expression, _, what = line.rpartition(" | ")
    assert f"uses {what}" in impurity(lines, function(expression))  # type: ignore[arg-type]


@pytest.mark.parametrize("expression", lines(PURE))
def test_what_is_the_same_each_time_is_left_alone(expression: str) -> None:
    assert impurity(lines, function(expression)) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import os as system\n    return system.environ['X']",
        "def f():\n    from time import time as now\n    return now()",
        "def f():\n    import urllib.request\n    return urllib.request.urlopen('http://x')",
        "class C:\n    limit = float(os.environ['X'])",
        "class C:\n    def run(self, limit=os.getenv('X')):\n        yield limit",
        "    def indented(self):\n        with open('x') as file:\n            yield from file",
        "def f(time):\n    def inner():\n        return random.random()\n    return inner() + time.time()",
        "async def f():\n    return os.environ",
    ],
)
def test_wherever_it_stands(source: str) -> None:
    assert impurity(lines, source).startswith("uses ")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source", ["def f(os, open):\n    return os.environ, open(3)", "x = (", "def f():\n    from . import os"]
)
def test_names_of_its_own_are_no_modules(source: str) -> None:
    assert impurity(lines, source) == ""  # type: ignore[arg-type]


# -- stages ------------------------------------------------------------------------------------------------------------


def limit() -> float:
    return float(os.environ.get("A_LIMIT", 3))


class ByItself(Stage):
    def run(self) -> Any:
        for cme, extra in self.substage().run():
            if cme.energy_total < float(os.environ.get("A_LIMIT", 3)):
                yield cme, extra


class ByWhatItCalls(Stage):
    def run(self) -> Any:
        for cme, extra in self.substage().run():
            if cme.energy_total < limit():
                yield cme, extra


class ByItsBase(ByWhatItCalls):
    pass


class VouchedFor(ByWhatItCalls):
    is_pure = True


class Disowned(Stage):
    is_pure = False

    def run(self) -> Any:
        yield from self.substage().run()


class HeirOfDisowned(Disowned):
    pass


class ByAGlobal(Stage):
    def run(self) -> Any:
        yield LIMIT, self.substage()


@pytest.mark.parametrize("stage", [ByItself, ByWhatItCalls, ByItsBase])
def test_such_a_stage_has_no_key_and_a_warning_says_so(stage: type[Stage], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(NotKeyableError, match=r"uses the environment \(os\.environ"):
        code_document(stage)
    assert all("say is_pure = True in the class" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("stage", [Disowned, HeirOfDisowned])
def test_a_stage_that_says_it_is_not_pure_has_no_key(stage: type[Stage]) -> None:
    with pytest.raises(NotKeyableError, match="is not pure"):
        code_document(stage)


@pytest.mark.parametrize("stage", [VouchedFor, ByAGlobal])
def test_a_stage_that_vouches_for_itself_or_reads_a_plain_global_has_one(stage: type[Stage]) -> None:
    assert code_document(stage)["name"].endswith(stage.__name__)


def test_modules_of_the_user_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_stage_of_old.py").write_text("import my_helpers\n\ndef stage(x):\n    return my_helpers.limit(x)\n")
    documents = []
    for body in ("x + 1", "x + 2", "open(x)"):
        (tmp_path / "my_helpers.py").write_text(f"def limit(x):\n    return {body}\n")
        for name in ("my_helpers", "my_stage_of_old"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        import linecache

        linecache.clearcache()
        stage = __import__("my_stage_of_old").stage
        if "open" in body:
            with pytest.raises(NotKeyableError, match=r"my_helpers\.limit uses files"):
                code_document(stage)
        else:
            documents.append(code_document(stage))
    assert documents[0] != documents[1]
