"""Parts of the documents that follow from the code, and the page that finds tests.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``; ``python -m tests.docs`` writes all anew.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.house import House

ROOT = Path(__file__).resolve().parents[2]
CORE = ("vocab", "workload", "hardware", "mapping", "search", "cost", "exact", "keys", "stages")
"""Packages whose public classes the glossary lists."""

MOST_TESTS = 5
_PART = re.compile(r"<!-- generated: (\w+) -->\n.*?<!-- end: \1 -->", re.DOTALL)


def documents() -> dict[Path, str]:
    """Path of each document with generated parts -> its text as it should be."""
    house = House(ROOT)
    found = {ROOT / "tests" / "WHERE.md": _where(house), **schemas()}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if _PART.search(text):
            found[path] = _PART.sub(lambda part: _filled(part[1], house), text)
    return found


def schemas() -> dict[Path, str]:
    """Path of each JSON Schema that ships with the package -> its text as it should be."""
    from zigzag_lab.api.formats import FORMATS
    from zigzag_lab.inputs.formats.shipped import SCHEMAS

    texts = {kind: json.dumps(one.schema(), indent=1, ensure_ascii=False) for kind, one in FORMATS.items()}
    return {SCHEMAS / f"{kind}.json": f"{text}\n" for kind, text in texts.items()}


def _filled(name: str, house: House) -> str:
    return f"<!-- generated: {name} -->\n{_PARTS[name](house)}\n<!-- end: {name} -->"


def packages(house: House) -> str:
    """The packages from the top down, with what each holds and the first it may not import."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contract if one["type"] == "layers")
    lines = ["| layer | holds | modules |", "|---|---|---|"]
    for layer in layers:
        for package in layer.split(" | "):
            name = f"{house.root}.{package}"
            n_modules = sum(module == name or module.startswith(f"{name}.") for module in house.modules)
            beside = "" if " | " not in layer else f" (beside {', '.join(set_without(layer.split(' | '), package))})"
            lines.append(f"| `{package}`{beside} | {_summary(house.modules[name].tree)} | {n_modules} |")
    return "\n".join(lines)


def set_without(names: Iterable[str], one: str) -> list[str]:
    """The other names, in code style."""
    return [f"`{name}`" for name in names if name != one]


def classes(house: House) -> str:
    """Every public class of the core, by package, with the first sentence of its docstring."""
    lines = []
    for package in CORE:
        lines += [f"### {package}", "", "| class | is | module |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {_summary(node)} | `{module}` |"
            for name, module, node in sorted(core_classes(house, package), key=lambda found: found[:2])
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def core_classes(house: House, package: str) -> Iterator[tuple[str, str, ast.ClassDef]]:
    """The public classes of a package: name, module, syntax tree."""
    for name, module in house.modules.items():
        if module.package == package:
            for node in module.tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, name.removeprefix(f"{house.root}."), node


def tables(house: House) -> str:
    """The tables and their foreign keys as a mermaid diagram, from the SQLModel classes."""
    from zigzag_lab.store.models import Table

    lines = ["```mermaid", "erDiagram"]
    for table in sorted(Table.metadata.tables.values(), key=lambda table: table.name):
        lines.append(f"    {table.name} {{")
        lines += [f"        {_type(column)} {column.name}{_marks(column)}" for column in table.columns]
        lines.append("    }")
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name)):
            columns = ", ".join(column.name for column in key.columns)
            lines.append(f'    {key.referred_table.name} ||--o{{ {table.name} : "{columns}"')
    return "\n".join([*lines, "```"])


def columns(_: House) -> str:
    """The columns of the views, with their types and meanings."""
    from tests.docs.columns import table

    return table()


def format_part(kind: str) -> Callable[[House], str]:
    """The part of a document with the keys of a kind of file."""

    def keys(_: House) -> str:
        from tests.docs.formats import tables
        from zigzag_lab.api.formats import FORMATS

        return tables(FORMATS[kind])

    return keys


def _type(column: Any) -> str:
    return str(column.type).split("(")[0].replace(" ", "_").lower()


def _marks(column: Any) -> str:
    marks = [mark for mark, is_so in (("PK", column.primary_key), ("FK", column.foreign_keys)) if is_so]
    return f" {', '.join(marks)}" if marks else ""


def findings(_: House) -> str:
    """The checks of inputs, with what each finds."""
    from zigzag_lab.findings import CHECKS

    lines = ["| code | is found where | is a |", "|---|---|---|"]
    lines += [f"| `{check.code}` | {check.finds} | {check.severity.value} |" for check in CHECKS.values()]
    return "\n".join(lines)


_PARTS: dict[str, Callable[[House], str]] = {
    "packages": packages,
    "classes": classes,
    "tables": tables,
    "columns": columns,
    "findings": findings,
    **{f"keys_of_{kind}": format_part(kind) for kind in ("accelerator", "mapping", "workload", "sweep")},
}


def _summary(tree: Any) -> str:
    """The first paragraph of a docstring up to its first full stop, fit for a table."""
    text = " ".join((ast.get_docstring(tree) or "").split("\n\n")[0].split())
    sentence = re.split(r"(?<=\.)\s", text)[0].rstrip(".")
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", sentence).replace("``", "`").replace("|", r"\|")


def _where(house: House) -> str:
    """The page that says for each module which tests are nearest to it."""
    tests = House(ROOT, "tests")
    direct: dict[str, set[str]] = defaultdict(set)
    for module in tests.modules.values():
        for target in _imported(module.tree, house):
            direct[target].add(module.path.relative_to(ROOT / "tests").as_posix())
    namesakes = sorted(test for module in tests.modules.values() for test in _tests_of(module.path))
    importers: dict[str, set[str]] = defaultdict(set)
    for found in house.imports:
        importers[found.imported].add(found.importer)
    lines = [
        "# Where is it tested?",
        "",
        f"For each module the nearest tests, at most {MOST_TESTS}: those of the same name first, then those that",
        "import it, then those that import what imports it (bracketed). Written by `python -m tests.docs`.",
        "",
    ]
    package = None
    for name, module in house.modules.items():
        if module.package != package:
            package = module.package
            lines += [f"## {package or house.root}", ""] if len(lines) < 7 else ["", f"## {package or house.root}", ""]
        found_tests = _nearest(name, namesakes, direct, importers)
        lines.append(f"- `{name.removeprefix(f'{house.root}.')}`: {', '.join(found_tests) or 'none'}")
    return "\n".join(lines) + "\n"


def _imported(tree: ast.Module, house: House) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in house.modules:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in house.modules else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in house.modules)


def _tests_of(path: Path) -> list[str]:
    return [path.relative_to(ROOT / "tests").as_posix()] if path.name.startswith("test_") else []


def _nearest(name: str, tests: list[str], direct: dict[str, set[str]], importers: dict[str, set[str]]) -> list[str]:
    *_, package, stem = ("", *name.split("."))
    namesakes = [test for test in tests if Path(test).stem.removeprefix("test_").strip("_") in (stem, f"{stem}s")]
    namesakes = [test for test in namesakes if f"{package}/" in test] or namesakes
    seen, ring, is_direct = {name}, {name}, True
    while ring:
        found = {test for module in ring for test in direct[module] if test in tests}.difference(namesakes)
        if found or (is_direct and namesakes):
            ranked = sorted(found, key=lambda test: (f"{package}/" not in test, test))
            further = ranked if is_direct else [f"({test})" for test in ranked]
            return [*namesakes, *further][:MOST_TESTS]
        ring = {above for module in ring for above in importers[module]} - seen
        seen |= ring
        is_direct = False
    return []
