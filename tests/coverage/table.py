"""Every stage and every option, with a test that exercises it.

``python -m tests.coverage.table`` writes ``tests/STAGES.md``; a test holds it against the code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from click import Context

from tests.coverage.scan import TESTS, Name, Uses, uses_by_test
from zigzag_lab import api, stages
from zigzag_lab.cli.run import run_command
from zigzag_lab.stages.spec import parameters_of

TABLE = TESTS / "STAGES.md"
HOMES = ("zigzag_lab.stages", "zigzag_lab.api", "zigzag_lab")
"""Where tests import stages and functions from; or from the module that defines them."""

IMC = "get_hardware_performance_zigzag_imc"
BY_COMMAND = "zigzag-lab run"


@dataclass(frozen=True)
class Item:
    """A stage or an entry point (no option), or one of its options."""

    owner: str
    option: str = ""


def items() -> Iterator[Item]:
    """Everything that needs a test, from the code."""
    for stage in stages.BUILTIN_STAGES:
        yield Item(stage.__name__)
        yield from (Item(stage.__name__, name) for name in parameters_of(stage))
    options = _keywords(api.get_hardware_performance_zigzag)
    for owner, names in (
        ("MainStage", _keywords(api.MainStage)),
        ("get_hardware_performance_zigzag", options),
        (IMC, [name for name in options if name != "in_memory_compute"]),
    ):
        yield Item(owner)
        yield from (Item(owner, name) for name in names)
    yield Item(BY_COMMAND)
    parameters = run_command.get_params(Context(run_command))
    yield from (Item(BY_COMMAND, parameter.opts[0]) for parameter in parameters if parameter.expose_value)


def _keywords(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def exercised(item: Item, tests: Mapping[str, Uses]) -> list[str]:
    """The tests that exercise an item, the most direct first."""
    ranked = ((rank, test) for test, uses in tests.items() if (rank := _rank(item, test, uses)) is not None)
    return [test for _, test in sorted(ranked)]


def _rank(item: Item, test: str, uses: Uses) -> tuple[bool, bool, int] | None:
    """How far a test is from what it exercises, smaller is nearer; None where it does not.

    Tests of what is refused come last, then those of other modules, then those that use it through helpers.
    """
    if item.owner == BY_COMMAND:
        found = [uses.words.get("run"), uses.words.get(item.option or "run")]
        is_own = test.startswith("tests/cli/test_run")
    else:
        found = [min((uses.names[name] for name in _names(item.owner) if name in uses.names), default=None)]
        if item.option:
            found.append(uses.keywords.get(item.option))
        is_own = Path(test.partition("::")[0]).stem == f"test_{_module(item.owner).rpartition('.')[2]}"
    distances = [distance for distance in found if distance is not None]
    refuses = uses.names.get(("pytest", "raises")) == 0
    return (refuses, not is_own, sum(distances)) if len(distances) == len(found) else None


@cache
def _names(owner: str) -> set[Name]:
    """The names under which a test may import a stage or function, other names for the same stage among them."""
    homes = tuple(
        home for home in HOMES if owner != "MainStage" or home != stages.__name__
    )  # which has one without store
    found = _object(owner)
    aliases = [name for name in stages.__all__ if getattr(stages, name) is found]
    return {(home, name) for name in (owner, *aliases) for home in (*homes, _module(owner))}


def _object(owner: str) -> Any:
    return getattr(api, owner) if owner in api.__all__ else getattr(stages, owner)


def _module(owner: str) -> str:
    return str(_object(owner).__module__)


def lines(chosen: Mapping[Item, str]) -> Iterator[str]:
    """The table, as Markdown."""
    yield "# Every stage and option, and a test that exercises it"
    yield ""
    yield "Written by `python -m tests.coverage.table` from the code; `tests/coverage/test_table.py` fails where a"
    yield "stage or an option is missing, or where the test named for it does not exercise it."
    for item, test in chosen.items():
        if not item.option:
            yield from ("", f"## {item.owner}", "", "| option | test |", "|---|---|")
        yield f"| {f'`{item.option}`' if item.option else '(itself)'} | `{test.removeprefix('tests/')}` |"


def written(text: str) -> dict[Item, str]:
    """Item -> test of a table that was written."""
    found: dict[Item, str] = {}
    owner = ""
    for line in text.splitlines():
        if line.startswith("## "):
            owner = line[3:]
        elif line.startswith(("| `", "| (")):
            option, test = (cell.strip(" `") for cell in line.strip("|").split("|"))
            found[Item(owner, "" if option == "(itself)" else option)] = f"tests/{test}"
    return found


def main() -> int:
    """Write the table; say what has no test."""
    tests = uses_by_test(TESTS)
    found = {item: exercised(item, tests) for item in items()}
    for item in (item for item, by in found.items() if not by):
        print(f"no test: {item.owner} {item.option}")
    chosen = {item: by[0] if by else "none" for item, by in found.items()}
    TABLE.write_text("\n".join(lines(chosen)) + "\n", encoding="utf-8")
    print(f"{len(chosen)} stages and options")
    return int(not all(found.values()))


if __name__ == "__main__":
    import sys

    sys.exit(main())
