"""Code whose results depend on what no key holds: environment, files, the clock, chance, other programs, the network.

What is obvious in the source is found: names that lead there, also by way of imports within functions. Code that reads
such things through objects it is handed, or through libraries, is not: a stage declares it with ``is_pure = False``.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from textwrap import dedent
from types import FunctionType, ModuleType

_FILES, _CHANCE, _CLOCK, _NETWORK = "files", "random numbers without a seed", "the clock", "the network"
_ENVIRONMENT, _MACHINE = "the environment", "the machine"
_LEADS_TO = {
    **dict.fromkeys(("os.environ", "os.environb", "os.getenv", "os.getenvb", "sys.argv", "getpass"), _ENVIRONMENT),
    **dict.fromkeys(("os", "sys.stdin", "platform", "psutil", "resource", "builtins.input"), _MACHINE),
    **dict.fromkeys(("builtins.open", "io.open", "io.FileIO", "os.path", "os.open", "pathlib.Path.cwd"), _FILES),
    **dict.fromkeys(("pathlib.Path.home", "glob", "shutil", "tempfile", "fileinput", "linecache", "mmap"), _FILES),
    **dict.fromkeys(("sqlite3", "numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile"), _FILES),
    **dict.fromkeys(("numpy.memmap", "pandas.read_csv", "pandas.read_json", "pandas.read_parquet"), _FILES),
    **dict.fromkeys(("pandas.read_excel", "pandas.read_pickle", "pandas.read_sql"), _FILES),
    **dict.fromkeys(("time", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"), _CLOCK),
    **dict.fromkeys(("datetime.datetime.today",), _CLOCK),
    **dict.fromkeys(("random", "numpy.random", "secrets", "uuid.uuid1", "uuid.uuid4"), _CHANCE),
    **dict.fromkeys(("subprocess", "os.system", "os.popen", "multiprocessing"), "another program"),
    **dict.fromkeys(("socket", "ssl", "urllib.request", "urllib3", "http.client", "requests", "httpx"), _NETWORK),
    **dict.fromkeys(("aiohttp", "ftplib", "smtplib", "xmlrpc", "socketserver"), _NETWORK),
}
"""Dotted name, with all that stands below it -> what it reads or changes."""

_HARMLESS = frozenset(
    {
        *(f"os.path.{name}" for name in ("join", "basename", "dirname", "split", "splitext", "normpath", "isabs")),
        *("os.path.sep", "os.path.commonprefix", "os.path.commonpath", "os.sep", "os.linesep", "os.fspath", "os.name"),
        *("os.PathLike", "time.sleep", "time.struct_time", "time.strptime", "time.mktime"),
    }
)
_SEEDS_ALL = {"random.seed": "random", "numpy.random.seed": "numpy.random"}
_SEEDED = frozenset(
    {
        *_SEEDS_ALL,
        *("random.Random", "numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.SeedSequence"),
        *(f"numpy.random.{name}" for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")),
    }
)
"""Called with an argument they give the same numbers each time; named, they are types."""

_TYPES = frozenset({"numpy.random.Generator", "numpy.random.BitGenerator"})
_METHODS_OF_FILES = frozenset(
    {
        *("open", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "glob", "exists"),
        *("is_file", "is_dir", "stat", "unlink", "mkdir"),
    }
)
_SAME = {
    "posixpath": "os.path",
    "genericpath": "os.path",
    "ntpath": "os.path",
    "posix": "os",
    "nt": "os",
    "_io": "io",
    "_random": "random",
}


@cache
def impurity(code: type | FunctionType, source: str) -> str:
    """What the results of a class or a function may depend on that no key holds, in words; empty where nothing is seen.

    Args:
        code: to see what its names stand for.
        source: of it.
    """
    try:
        tree = ast.parse(dedent(source))
    except SyntaxError:  # a part of an expression
        return ""
    seen = list(_Look(_globals_of(code)).uses(tree, {}))
    seeded = {_SEEDS_ALL[name] for name, is_seeded in seen if is_seeded and name in _SEEDS_ALL}
    for name, is_seeded in seen:
        what = _what(name)
        if what and not is_seeded and not any(name.startswith(f"{family}.") for family in seeded):
            return f"uses {what} ({name.removeprefix('builtins.')})"
    return ""


def _what(name: str) -> str:
    """What a name leads to, by itself or by what stands above it."""
    if name in _HARMLESS or name in _TYPES:
        return ""
    parts = name.split(".")
    leads = (_LEADS_TO.get(".".join(parts[:n]), "") for n in range(len(parts), 0, -1))
    return next(filter(None, leads), "")


def _globals_of(code: type | FunctionType) -> Mapping[str, object]:
    if isinstance(code, FunctionType):
        return code.__globals__
    return vars(sys.modules.get(code.__module__, builtins))


class _Look:
    """Looks for the names in some code that stand for something outside it."""

    def __init__(self, known: Mapping[str, object]) -> None:
        self.known = known

    def uses(self, node: ast.AST, local: dict[str, str]) -> Iterator[tuple[str, bool]]:
        """Yield dotted names of what is used, and whether it is given a seed.

        Args:
            node: where to look.
            local: name -> what it stands for in this scope: something imported, or empty for a value.
        """
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            local = {**local, **_bound_in(node)}
        if isinstance(node, ast.Call):
            yield from self._called(node, local)
            return
        if isinstance(node, (ast.Attribute, ast.Name)) and (name := self._dotted(node, local)):
            if name not in _SEEDED:  # named, not called: a type
                yield name, False
            return
        for child in ast.iter_child_nodes(node):
            yield from self.uses(child, local)

    def _called(self, node: ast.Call, local: dict[str, str]) -> Iterator[tuple[str, bool]]:
        name, function = self._dotted(node.func, local), node.func
        if name:
            given = [*node.args, *(word.value for word in node.keywords)]
            is_seeded = any(not (isinstance(arg, ast.Constant) and arg.value is None) for arg in given)
            yield name, name in _SEEDED and is_seeded
        elif isinstance(function, ast.Attribute) and function.attr in _METHODS_OF_FILES:
            yield f"builtins.open.{function.attr}", False
        for child in (*([] if name else [function]), *node.args, *node.keywords):
            yield from self.uses(child, local)

    def _dotted(self, node: ast.AST, local: dict[str, str]) -> str:
        """What an expression stands for, such as ``os.environ.get``; empty for values of the code itself."""
        if isinstance(node, ast.Attribute):
            above = self._dotted(node.value, local)
            return f"{above}.{node.attr}" if above else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in local:
            return local[node.id]
        if node.id in self.known:
            return _qualified(self.known[node.id])
        return f"builtins.{node.id}" if hasattr(builtins, node.id) else ""


def _bound_in(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> dict[str, str]:
    """Names that belong to a function -> what they import, empty for values."""
    bound: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            bound[node.arg] = ""
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound[node.id] = ""
        elif isinstance(node, ast.Import):
            whole = {n.asname: n.name for n in node.names if n.asname}
            bound |= whole | {top: top for n in node.names if not n.asname for top in n.name.split(".")[:1]}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            bound |= {n.asname or n.name: f"{node.module}.{n.name}" for n in node.names}
    return bound


def _qualified(value: object) -> str:
    """The dotted name of a module, a class or a function, as the tables here have it; empty for values."""
    if value is os.environ:
        return "os.environ"
    if isinstance(value, ModuleType):
        return _SAME.get(value.__name__, value.__name__)
    name = getattr(value, "__qualname__", "")
    if not isinstance(name, str) or not name:
        return ""
    owner = getattr(value, "__self__", None)
    if owner is not None and not isinstance(owner, (type, ModuleType)):  # a method of a module's hidden object
        module = "numpy.random" if "numpy.random" in type(owner).__module__ else type(owner).__module__
        name = name.rpartition(".")[2]
    else:
        module = getattr(value, "__module__", None) or ""
    return f"{_SAME.get(module, module)}.{name}" if module else ""
