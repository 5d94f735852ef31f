"""What each test uses, read from its source: names, keywords and words, also through the helpers that it calls.

A test *names* a stage or a function, and *gives* a keyword as an argument or as the key of a dictionary. Both count
where they stand in the test, in a helper or constant of any module of tests that it uses, or in one that these use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
Name = tuple[str, str]
"""A module and a name in it; the name is empty for the module itself."""


@dataclass
class Definition:
    """What stands in one function, class or constant at the top of a module.

    Attributes:
        names: what it refers to, in this module or in those that it imports from.
        keywords: names of keyword arguments, and strings that are keys of a dictionary.
        words: other strings.
    """

    names: set[Name] = field(default_factory=set)
    keywords: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


@dataclass
class Uses:
    """What a test uses, each with how many helpers stand between (0: it stands in the test itself)."""

    names: dict[Name, int] = field(default_factory=dict)
    keywords: dict[str, int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)


def uses_by_test(root: Path) -> dict[str, Uses]:
    """Test, as pytest names it without its parameters -> what it uses."""
    modules = {_module_name(path, root): _read(path, root) for path in sorted(root.rglob("*.py"))}
    return {
        f"{root.name}/{path.relative_to(root)}::{name}": _reached((_module_name(path, root), name), modules)
        for path in sorted(root.rglob("test_*.py"))
        for name in modules[_module_name(path, root)]
        if name.startswith("test_")
    }


def _module_name(path: Path, root: Path) -> str:
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(path: Path, root: Path) -> dict[str, Definition]:
    """Top-level name -> what its definition holds."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = dict(_imports(tree))
    module = _module_name(path, root)
    definitions: dict[str, Definition] = {}
    for statement in tree.body:
        for name in _defined(statement):
            definitions[name] = Definition()
            _collect(statement, module, imported, definitions[name])
    return definitions


def _imports(tree: ast.Module) -> Iterator[tuple[str, Name]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, (node.module, alias.name)) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, (alias.name, "")) for alias in node.names)


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _collect(statement: ast.stmt, module: str, imported: dict[str, Name], found: Definition) -> None:
    local = _local_names(statement)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id not in local:
            found.names.add(imported.get(node.id, (module, node.id)))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            home, name = imported[node.value.id]
            found.names.add((f"{home}.{name}".rstrip("."), node.attr))
        elif isinstance(node, ast.keyword) and node.arg:
            found.keywords.add(node.arg)
        elif isinstance(node, ast.Dict):
            found.keywords.update(key.value for key in node.keys if _is_text(key))
        elif _is_text(node):
            found.words.add(node.value)


def _local_names(statement: ast.stmt) -> set[str]:
    """Arguments and variables of a function; they hide what has their name outside."""
    if not isinstance(statement, ast.FunctionDef):
        return set()
    arguments = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    return arguments | {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _reached(start: Name, modules: dict[str, dict[str, Definition]]) -> Uses:
    """Everything that a test uses, through the helpers of any module of tests."""
    uses, waiting, seen = Uses(), [start], {start}
    depth = 0
    while waiting:
        for module, name in waiting:
            definition = modules[module][name]
            for of, found in ((uses.keywords, definition.keywords), (uses.words, definition.words)):
                for word in found:
                    of.setdefault(word, depth)
            for used in definition.names:
                uses.names.setdefault(used, depth)
        following = {n for m, d in waiting for n in modules[m][d].names} - seen
        waiting = sorted(n for n in following if n[1] in modules.get(n[0], {}))
        seen |= following
        depth += 1
    return uses
