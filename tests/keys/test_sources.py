"""Code of users by its source: what changes its key, and what has none."""

from __future__ import annotations

import importlib.util
import linecache
import logging
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from zigzag_lab.keys.sources import NotKeyableError, code_document
from zigzag_lab.stages import (
    CostModelStage,
    DumpStage,
    ListifyStage,
    Stage,
    SumStage,
    TemporalOrderingConversionStage,
)

log = logging.getLogger(__name__)
COUNTER: list[Any] = [object()]

MODULE = '''
from zigzag_lab.stages import Stage

FACTOR = {factor}

def helper(x):
    return {helper}

class Base(Stage):
    def shown(self):
        return {base}

class Mine(Base):
    """{doc}"""
    def run(self):
        for cme, extra in self.substage().run():
            yield cme, helper(extra) * FACTOR

class Unrelated:
    word = {unrelated}
'''
PLAIN = {"factor": 2, "helper": "x", "base": 1, "doc": "", "unrelated": 0}


def module(folder: Path, **changes: Any) -> ModuleType:
    """A user's module, loaded afresh under the same name."""
    path = folder / f"users_module_{abs(hash(tuple(changes.items())))}.py"
    path.write_text(MODULE.format(**{**PLAIN, **changes}))
    spec = importlib.util.spec_from_file_location("users_module", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["users_module"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("changed", [{"factor": 3}, {"helper": "x + 1"}, {"base": 2}, {"doc": "Says more."}])
def test_what_a_class_is_made_of_is_in_its_key(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert code_document(module(tmp_path).Mine) != code_document(module(tmp_path, **changed).Mine)


def test_the_rest_of_its_module_is_not(tmp_path: Path) -> None:
    before = code_document(module(tmp_path).Mine)
    assert before == code_document(module(tmp_path, unrelated=1).Mine)
    assert set(before) == {"name", "source"}


@pytest.mark.parametrize(
    ("stage", "home"),
    [
        (CostModelStage, "mappers"),
        (TemporalOrderingConversionStage, "orders"),
        (DumpStage, "collectors"),
        (ListifyStage, "collectors"),
        (SumStage, "reducers"),
    ],
)
def test_ours_go_by_the_name_of_their_first_home(stage: type[Stage], home: str) -> None:
    assert code_document(stage) == f"zigzag_lab.stages.{home}.{stage.__name__}"


class Logging(Stage):
    def run(self) -> Any:
        log.info("running")
        yield from self.substage().run()


class Versioned(Stage):
    cache_version = 3

    def run(self) -> Any:
        yield COUNTER


class Derived(Versioned):
    pass


class Counting(Stage):
    def run(self) -> Any:
        yield COUNTER


def test_a_logger_is_no_obstacle() -> None:
    assert code_document(Logging)["name"].endswith("Logging")


def test_a_version_stands_for_the_source() -> None:
    assert code_document(Versioned) == {"name": f"{__name__}.Versioned", "version": "3"}


def test_a_version_does_not_speak_for_subclasses() -> None:
    with pytest.raises(NotKeyableError):
        code_document(Derived)


def test_a_partial_is_known_by_what_it_is_given() -> None:
    one, two = (code_document(partial(Logging, share=share)) for share in (0.1, 0.2))
    assert one != two
    with pytest.raises(NotKeyableError, match="objects"):
        code_document(partial(Logging, share=object()))


def test_globals_that_are_objects_have_no_key() -> None:
    with pytest.raises(NotKeyableError, match="reads the global 'COUNTER'"):
        code_document(Counting)


def test_closures_lambdas_and_objects_have_no_key() -> None:
    seen: list[int] = []

    def closing() -> None:
        seen.append(1)

    with pytest.raises(NotKeyableError, match="closes over seen"):
        code_document(closing)
    with pytest.raises(NotKeyableError, match="lambda"):
        code_document(lambda: None)
    with pytest.raises(NotKeyableError, match="neither a class nor a function"):
        code_document(object())


def test_code_without_a_source_has_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["def made(): return 2\n"]  # as Python 3.13 finds for a program given by -c
    monkeypatch.setitem(linecache.cache, "<string>", (len(lines[0]), None, lines, "<string>"))
    space: dict[str, Any] = {"__name__": "made_up"}
    exec("def made(): return 1", space)
    with pytest.raises(NotKeyableError, match="cannot be read"):
        code_document(space["made"])
