"""Code of users by its source: what a class or a function of theirs would do.

A class is identified by its own source and that of its bases outside this package, by the functions and classes of
its module that they name, and by the plain values of globals that they read. What cannot be identified so (a lambda,
a closure, a global object) has no key; a class may declare ``cache_version = "..."`` instead. Nor has a class that
declares ``is_pure = False``, or whose code obviously reads what no key holds (:func:`impurity`: environment, files, the
clock, chance, other programs, the network), unless it vouches for its results by ``is_pure = True``.

What is obvious in the source is found: names that lead there, also by way of imports within functions. Code that reads
such things through objects it is handed, or through libraries, is not: a stage declares it with ``is_pure = False``.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from sysconfig import get_path
from textwrap import dedent
from types import CodeType, FunctionType, ModuleType

from zigzag_lab.keys.canonical import canonical_json
from zigzag_lab.vocab import InputError, Plain, ZigzagLabError
from zigzag_lab.vocab.options import Option

log = logging.getLogger(__name__)

OWN = "zigzag_lab"


class NotKeyableError(ZigzagLabError):
    """Something has no key: questions that depend on it are computed each time."""


def is_own(code: object) -> bool:
    """Whether a class or function ships with this package, whose code the engine digest covers."""
    module = getattr(code, "__module__", None) or ""
    return module == OWN or module.startswith(OWN + ".")


def code_document(code: object) -> Plain:
    """What a callable of a user does, as plain data.

    Raises:
        NotKeyableError: its source does not say it all.
    """
    if isinstance(code, partial):
        if any(not _is_plain(value) for value in (*code.args, *code.keywords.values())):
            raise NotKeyableError(f"{_name(code.func)} is given objects that have no key")
        return {"partial": code_document(code.func), "given": [list(code.args), dict(code.keywords)]}
    if isinstance(code, (type, FunctionType)):
        if _declared_purity(code) is False:
            raise NotKeyableError(f"{_name(code)} says that it is not pure (is_pure = False)")
        return _document(code)
    raise NotKeyableError(f"{code!r} is neither a class nor a function")


def _declared_purity(code: object) -> bool | None:
    """The ``is_pure`` of a user's class, or of the nearest of its bases that has one; None if none does."""
    classes = code.__mro__ if isinstance(code, type) and not is_own(code) else ()
    declared = (vars(c).get("is_pure") for c in classes if not is_own(c))
    return next((is_pure for is_pure in declared if is_pure is not None), None)


@cache
def _document(code: type | FunctionType) -> Plain:
    if is_own(code):
        return _name(code)
    version = vars(code).get("cache_version") if isinstance(code, type) else None
    if version is not None:
        return {"name": _name(code), "version": str(version)}
    found: dict[str, str] = {}
    _collect(code, found, is_vouched_for=bool(_declared_purity(code)))
    text = "\n".join(f"{name}\0{source}" for name, source in sorted(found.items()))
    return {"name": _name(code), "source": sha256(text.encode()).hexdigest()}


def _collect(code: type | FunctionType, found: dict[str, str], *, is_vouched_for: bool) -> None:
    """Note the source of something, and of what it names, once each."""
    name = _name(code)
    if name in found or is_own(code) or code.__module__ == "builtins":
        return
    found[name] = _source(code)
    if not is_vouched_for and (use := impurity(code, found[name])):
        _warn_of(name, use)
        raise NotKeyableError(f"{name} {use}, which no key holds")
    if isinstance(code, type):
        for base in code.__mro__[1:]:
            if _is_users(base, code):
                _collect(base, found, is_vouched_for=is_vouched_for)
        functions = [f for member in vars(code).values() for f in _functions_in(member)]
    else:
        functions = [code]
    for function in functions:
        _collect_globals(function, found, is_vouched_for=is_vouched_for)


@cache
def _warn_of(name: str, use: str) -> None:
    """Warn, once, that something is computed each time, and why."""
    hint = "say is_pure = True in the class if its results do not depend on that, and is_pure = False if they do"
    log.warning("%s %s: what depends on it is computed each time, not taken from the cache; %s", name, use, hint)


def _functions_in(member: object) -> list[FunctionType]:
    candidates = (member, getattr(member, "__func__", None), getattr(member, "fget", None), getattr(member, "func", 0))
    return [inspect.unwrap(f) for f in candidates if isinstance(f, FunctionType)]


def _collect_globals(function: FunctionType, found: dict[str, str], *, is_vouched_for: bool) -> None:
    closed = set(function.__code__.co_freevars) - {"__class__"}
    if closed:
        raise NotKeyableError(f"{_name(function)} closes over {', '.join(sorted(closed))}")
    for label, value in _named_by(function):
        if isinstance(value, (type, FunctionType)):
            if _is_users(value, function):
                _collect(value, found, is_vouched_for=is_vouched_for)
        elif isinstance(value, Option):
            found[label] = repr(value)
        elif _is_plain(value):
            found[label] = canonical_json(value).decode()
        elif not _is_passive(value):
            name = label.rpartition(":")[2]
            raise NotKeyableError(f"{_name(function)} reads the global '{name}', which has no key")


def _named_by(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Label and value of each global that a function names, and of what it names of the user's modules."""
    names = _names(function.__code__)
    for name in sorted(names & set(function.__globals__)):
        value = function.__globals__[name]
        if not isinstance(value, ModuleType):
            yield f"{function.__module__}:{name}", value
        elif _is_users(value, function):
            inner = ((name, vars(value)[name]) for name in sorted(names & set(vars(value))))
            yield from ((f"{value.__name__}:{name}", one) for name, one in inner if not isinstance(one, ModuleType))


def _names(code: CodeType) -> set[str]:
    nested = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*(_names(c) for c in nested))


def _is_users(code: object, near: object) -> bool:
    """Whether a class, function or module is of the user's own making, as what names it.

    That is: of the same top package, or the script; or of a file that was not installed.
    """
    name = code.__name__ if isinstance(code, ModuleType) else getattr(code, "__module__", "") or ""
    if not name or name.partition(".")[0] == OWN:
        return False
    return name.partition(".")[0] == (near.__module__ or "").partition(".")[0] or not _is_installed(name)


@cache
def _is_installed(module: str) -> bool:
    """Whether a module came with Python or with a package, as also those without a file did."""
    file = getattr(sys.modules.get(module), "__file__", None)
    homes = [get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return file is None or any(Path(home) in Path(file).parents for home in homes)


def _is_passive(value: object) -> bool:
    """Loggers, built-in functions and things of typing change no result."""
    module = type(value).__module__.split(".")[0]
    return module in ("logging", "typing", "__future__") or inspect.isbuiltin(value)


def _is_plain(value: object) -> bool:
    try:
        canonical_json(value)
    except InputError:
        return False
    return True


def _source(code: type | FunctionType) -> str:
    if "<lambda>" in code.__qualname__:
        raise NotKeyableError("a lambda has no key")
    try:
        if isinstance(code, FunctionType) and code.__code__.co_filename == "<string>":
            raise OSError  # any executed text; Python 3.13 finds that of the command line instead
        return inspect.getsource(code)
    except (OSError, TypeError):
        raise NotKeyableError(f"the source of {_name(code)} cannot be read") from None


_COLLECTORS = ("reducers.ListifyStage", "reducers.RemoveExtraInfoStage", "reducers.CacheBeforeYieldStage")
_HOMES_IN_KEYS = {
    **{f"{OWN}.stages.{module}": f"{OWN}.stages.mappers" for module in ("cost_model", "spatial", "temporal")},
    **{f"{OWN}.stages.{stage}": f"{OWN}.stages.collectors" for stage in (*_COLLECTORS, "savers.DumpStage")},
    f"{OWN}.stages.temporal.TemporalOrderingConversionStage": f"{OWN}.stages.orders",
}
"""Stage, or module -> the module that keys name in its place, since answers were stored before stages moved there."""


def _name(code: object) -> str:
    module, name = str(getattr(code, "__module__", "?")), getattr(code, "__qualname__", repr(code))
    home = _HOMES_IN_KEYS.get(f"{module}.{name}") or _HOMES_IN_KEYS.get(module, module)
    return f"{home}.{name}"


def source_digest(code: object) -> str:
    """The digest of the source of a class or a function and of what it names, whatever their module is called.

    Raises:
        NotKeyableError: its source does not say it all.
    """
    if not isinstance(code, (type, FunctionType)):
        raise NotKeyableError(f"{code!r} is neither a class nor a function")
    found: dict[str, str] = {}
    _collect(code, found, is_vouched_for=True)
    sources = sorted((name.removeprefix(code.__module__), source) for name, source in found.items())
    return sha256("\n".join(f"{name}\0{source}" for name, source in sources).encode()).hexdigest()


# -- what no key holds -------------------------------------------------------------------------------------------------

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
