"""Measure the shape of the source: ``python -m tests.house [CHECKOUT_BEFORE] [--list MEASURE]``.

Prints a table of measures of ``zigzag_lab``; with the path of another checkout, both beside each other. ``--list``
prints what a measure found (part of its name is enough), one finding a line.
"""

from __future__ import annotations

import argparse
import ast
import re
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import networkx as nx

ROOT = "zigzag_lab"
HERE = Path(__file__).resolve().parent.parent
_SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\S+\s+(\w+\s+)?SET\s|DELETE\s+FROM\s|WITH\s+(RECURSIVE\s+)?\w+[\s(]"
    r"|(CREATE|DROP|ALTER)\s+(OR\s+REPLACE\s+|TEMP(ORARY)?\s+|UNIQUE\s+)*(TABLE|VIEW|INDEX)\s|PRAGMA\s|VACUUM\b|ANALYZE\b"
    r"|BEGIN\s+(IMMEDIATE|EXCLUSIVE)|LOCK\s+TABLE|TRUNCATE\s|COPY\s\S+\s+(FROM|\())"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, path and syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def n_lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def package(self) -> str:
        """First name below the root package; empty for the modules of the root itself."""
        below = self.name.split(".")[1:]
        is_below = self.path.name == "__init__.py" or len(below) > 1
        return below[0] if below and is_below else ""


@dataclass(frozen=True)
class Import:
    """An import of one of our modules by another; `is_typing` if a type checker alone carries it out."""

    importer: str
    imported: str
    is_typing: bool


class Measure(NamedTuple):
    """What was counted, the number, and the findings behind it."""

    name: str
    value: int
    findings: list[str]


class House:
    """The modules of one checkout, and what they import of each other.

    Args:
        checkout: folder that holds the package.
        root: name of the package.
    """

    def __init__(self, checkout: Path, root: str = ROOT) -> None:
        self.checkout, self.root = checkout, root
        self.modules = {module.name: module for module in _modules(checkout, root)}
        self.imports = [found for module in self.modules.values() for found in self._imports(module)]

    def measures(self) -> list[Measure]:
        """All measures, in the order of the table."""
        return [measure for group in _GROUPS for measure in group(self)]

    def functions(self) -> Iterator[tuple[Module, str, Function]]:
        """Each function and method, with its module and its qualified name."""
        for module in self.modules.values():
            for name, node in _definitions(module.tree):
                if isinstance(node, Function):
                    yield module, name, node

    def _imports(self, module: Module) -> Iterator[Import]:
        typing_only = {id(below) for block in ast.walk(module.tree) if _is_typing(block) for below in ast.walk(block)}
        for node in ast.walk(module.tree):
            for target in self._targets(node):
                if target != module.name:
                    yield Import(module.name, target, id(node) in typing_only)

    def _targets(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in self.modules)
        elif isinstance(node, ast.ImportFrom) and node.module in self.modules:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in self.modules else node.module


def _modules(checkout: Path, root: str) -> Iterator[Module]:
    for path in sorted((checkout / root).rglob("*.py")):
        parts = path.relative_to(checkout).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING"


def _definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Classes and functions at any depth, with their qualified names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            yield prefix + node.name, node
            inside = "" if isinstance(node, ast.ClassDef) else "<locals>."
            yield from _definitions(node, f"{prefix}{node.name}.{inside}")
        else:
            yield from _definitions(node, prefix)


def _sizes(house: House) -> Iterator[Measure]:
    lengths = sorted(((module.n_lines, name) for name, module in house.modules.items()), reverse=True)
    yield Measure("source files", len(lengths), [f"{n:5} {name}" for n, name in lengths])
    yield Measure("source lines", sum(n for n, _ in lengths), [f"{n:6} {name}" for name, n in _by_package(house)])
    yield Measure("lines of the longest file", lengths[0][0], [f"{n:5} {name}" for n, name in lengths[:20]])
    short = [(n, name) for n, name in lengths if n < 60 and house.modules[name].path.name != "__init__.py"]
    yield Measure("files under 60 lines", len(short), [f"{n:5} {name}" for n, name in short])
    spans = ((_span(node), f"{module.name}:{name}") for module, name, node in house.functions())
    longest = sorted(spans, reverse=True)[:20]
    yield Measure(
        "lines of the longest function", longest[0][0] if longest else 0, [f"{n:5} {at}" for n, at in longest]
    )


def _by_package(house: House) -> list[tuple[str, int]]:
    lines: dict[str, int] = defaultdict(int)
    for module in house.modules.values():
        lines[module.package or house.root] += module.n_lines
    return sorted(lines.items(), key=lambda item: -item[1])


def _span(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _cycles(house: House) -> Iterator[Measure]:
    for reach, which in (("at run time", (False,)), ("with imports for types", (False, True))):
        chosen = [found for found in house.imports if found.is_typing in which]
        modules = _knots((found.importer, found.imported) for found in chosen)
        yield Measure(f"import cycles of modules, {reach}", len(modules), modules)
        crossing = ((house.modules[f.importer].package, house.modules[f.imported].package) for f in chosen)
        packages = _knots((one, other) for one, other in crossing if one and other and one != other)
        yield Measure(f"import cycles of packages, {reach}", len(packages), packages)


def _knots(edges: Iterable[tuple[str, str]]) -> list[str]:
    """Groups of nodes that all reach each other."""
    groups = nx.strongly_connected_components(nx.DiGraph(list(edges)))
    return sorted(" - ".join(sorted(group)) for group in groups if len(group) > 1)


def _names(house: House) -> Iterator[Measure]:
    homes: dict[str, list[str]] = defaultdict(list)
    for module in house.modules.values():
        for name, node in _definitions(module.tree):
            if isinstance(node, ast.ClassDef):
                homes[name.split(".")[-1]].append(module.name)
    twice = [f"{name}: {', '.join(where)}" for name, where in sorted(homes.items()) if len(where) > 1]
    yield Measure("class names that stand twice", len(twice), twice)


def _sql(house: House) -> Iterator[Measure]:
    outside = (module for module in house.modules.values() if module.package != "store")
    found = [f"{module.name}:{line} {text[:60]!r}" for module in outside for line, text in _statements(module.tree)]
    yield Measure("SQL statements outside store", len(found), found)


def _statements(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and beginning of each string that starts as an SQL statement does, documentation left out."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values[1:]}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in documented | within and _SQL.match(node.value):
            yield node.lineno, " ".join(node.value.split())


def _anys(house: House) -> Iterator[Measure]:
    found = []
    for module in house.modules.values():
        with tokenize.open(module.path) as file:
            tokens = tokenize.generate_tokens(file.readline)
            found += [f"{module.name}:{t.start[0]}" for t in tokens if t.type == tokenize.NAME and t.string == "Any"]
    yield Measure("uses of Any", len(found), found)


def _importers(house: House) -> Iterator[Measure]:
    importers: dict[str, set[str]] = defaultdict(set)
    for found in house.imports:
        importers[found.imported].add(found.importer)
    single = [
        f"{house.modules[name].n_lines:5} {name} <- {min(by)}"
        for name, by in sorted(importers.items())
        if len(by) == 1 and house.modules[name].path.name != "__init__.py"
    ]
    yield Measure("modules with one importer", len(single), single)


def _docstrings(house: House) -> Iterator[Measure]:
    bare = [
        f"{module.name}:{name}"
        for module, name, node in house.functions()
        if not any(part.startswith(("_", "<")) for part in name.split(".")) and not ast.get_docstring(node)
        if "overload" not in map(ast.unparse, node.decorator_list)  # what is overloaded has the docstring
    ]
    yield Measure("public functions without docstring", len(bare), bare)


_GROUPS: tuple[Callable[[House], Iterator[Measure]], ...] = (
    _sizes,
    _cycles,
    _names,
    _sql,
    _anys,
    _importers,
    _docstrings,
)


def table(after: list[Measure], before: list[Measure] | None = None) -> str:
    """The measures as aligned text, with those of a checkout before and the difference where these are given."""
    heads = ["measure", "now"] if before is None else ["measure", "before", "after", "change"]
    rows = [heads]
    for index, (name, value, _) in enumerate(after):
        earlier = [] if before is None else [before[index].value]
        rows.append([name, *(f"{n:,}" for n in (*earlier, value)), *(f"{value - n:+,}" for n in earlier)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(n) for cell, n in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )
    return "\n".join(lines)


def main() -> None:
    """Print the table, or what stands behind one measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.house", description=__doc__)
    parser.add_argument("before", nargs="?", type=Path, help="another checkout, to compare with")
    parser.add_argument("--list", dest="listed", metavar="MEASURE", help="print what this measure found")
    asked = parser.parse_args()
    after = House(HERE).measures()
    if asked.listed:
        for measure in after:
            if asked.listed in measure.name:
                print(f"{measure.name}: {measure.value}", *measure.findings, sep="\n  ")
        return
    print(table(after, House(asked.before).measures() if asked.before else None))


if __name__ == "__main__":
    main()
