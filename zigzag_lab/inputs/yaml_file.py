"""YAML files, read with the line of every key at hand, and with duplicate keys refused."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import yaml

from zigzag_lab.vocab import InputError, nearest

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]


class _Loader(_SafeLoader):
    """PyYAML's safe loader without integers that floating point cannot hold."""


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    value: int = loader.construct_yaml_int(node)
    if abs(value) > sys.float_info.max:
        problem = f"a whole number beyond {sys.float_info.max:.1e}"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return value


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)

logger = logging.getLogger(__name__)

PathPart = str | int
"""A key of a mapping, or an index of a list."""

OLD_PORT_KEYS = frozenset({"fh", "tl", "fl", "th"})
MAX_DEPTH = 200
"""Levels of nesting. Parsers differ: some overflow the stack at tens of thousands, some have a limit of their own."""


MOST_BYTES = 1 << 31
"""What ONNX's format can hold, and far more than a YAML file."""

MOST_REPEATED = 1_000_000
"""Values that a file may have where most of them are not written in it, but repeated by aliases."""

_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Document:
    """What a file holds, and where in it each value stands.

    Attributes:
        where: the file, or what to call data that comes from no file.
        data: plain mappings, lists and scalars.
        root: the file's tree of YAML nodes; none for data that comes from no file.
    """

    where: str
    data: object
    root: yaml.Node | None = None

    def line_of(self, path: tuple[PathPart, ...]) -> int | None:
        """The line, from 1, of the value at a path of keys and list indices; none where that is not known."""
        node, line = self.root, None
        for key in path:
            if isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value == str(key)]
                if not found:
                    return line
                line, node = found[-1][0].start_mark.line + 1, found[-1][1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
                node = node.value[key]
                line = node.start_mark.line + 1
            else:
                return line
        return line


def load_yaml(path: str | Path) -> Document:
    """Read one YAML file.

    Raises:
        InputError: the file is missing, a folder, empty, no UTF-8 text, no YAML, or has a key twice in one mapping.
    """
    return parse_yaml(str(path), read_bytes(path, "a YAML file"))


def parse_yaml(where: str, text: bytes) -> Document:
    """Read the text of a YAML file.

    Raises:
        InputError: as :func:`load_yaml`; ``where`` is the file that it names.
    """
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(where, f"byte {error.start} is not UTF-8 text", "a YAML file in UTF-8") from None
    root, data = _parse(where, decoded)
    if root is None or data is None:
        raise InputError(where, "the file is empty", "YAML", "Check that it was saved and copied whole.")
    return Document(where, data, root)


def read_bytes(path: str | Path, expected: str) -> bytes:
    """All bytes of a file, or one error with the reason why there are none."""
    file = Path(path)
    try:
        if file.is_dir():
            raise InputError(str(path), "this is a folder", expected)
        if file.exists() and not file.is_file():  # which may block, or never end
            raise InputError(str(path), "this is a pipe or a device", f"{expected} on a disk")
        if file.exists() and file.stat().st_size > MOST_BYTES:
            raise InputError(str(path), f"this has {file.stat().st_size:,} bytes", f"{expected} of at most 2 GiB")
        return file.read_bytes()
    except FileNotFoundError:
        raise InputError(str(path), "there is no such file", expected, _similar_file(file)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), f"it cannot be read: {reason}", expected) from None


def _similar_file(file: Path) -> str:
    try:
        siblings = sorted(p.name for p in file.parent.iterdir())
    except (OSError, ValueError):
        return f"The folder {file.parent} does not exist either."
    return nearest(file.name, siblings) or "Check the path; it counts from the working folder."


def _parse(where: str, text: str) -> tuple[yaml.Node | None, object]:
    loader = None
    try:
        _refuse_deep(where, text)
        loader = _Loader(text)
        root = loader.get_node() if loader.check_node() else None
        if root is None:
            return None, None
        if loader.check_node():
            raise InputError(where, "it holds more than one document", "a single one", "Write each to its own file.")
        _refuse_bombs(where, root)
        for mapping in _mappings(root):
            _refuse_duplicates(where, mapping)
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise _broken(where, error) from None
    except RecursionError:
        raise InputError(where, "it is nested too deeply to be read", "plain YAML") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        problem = " ".join(str(error).split())
        raise InputError(where, f"it cannot be read as YAML: {problem}", "plain YAML") from None
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_deep(where: str, text: str) -> None:
    """Raise where a text is nested too deeply, also where the parser, which reads ahead, refuses it before we can."""
    try:
        _count_levels(where, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        with contextlib.suppress(yaml.YAMLError):
            _count_levels(where, text[: mark.index] if mark else "")


def _count_levels(where: str, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InputError(f"{where}, line {line}", f"more than {MAX_DEPTH} levels of nesting", "plain YAML")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_bombs(where: str, root: yaml.Node) -> None:
    """Refuse nested aliases whose expansion is too large to read."""
    amounts: dict[int, float] = {}  # of each node, with all that aliases repeat; infinite where one holds itself

    def amount(node: yaml.Node) -> float:
        if id(node) not in amounts:
            amounts[id(node)] = float("inf")
            pairs = isinstance(node, yaml.MappingNode)
            parts = [] if isinstance(node, yaml.ScalarNode) else chain(*node.value) if pairs else node.value
            amounts[id(node)] = 1 + sum(map(amount, parts))
        return amounts[id(node)]

    total = amount(root)
    if total > MOST_REPEATED and total > 2 * len(amounts):
        found = "an alias holds itself" if total == float("inf") else f"its aliases amount to {total:.3g} values"
        raise InputError(where, found, f"at most {MOST_REPEATED:,} values by aliases", "Write out what is meant.")


def _broken(where: str, error: yaml.MarkedYAMLError) -> InputError:
    mark = error.problem_mark or error.context_mark
    place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
    context = f" ({error.context})" if error.context else ""
    hint = "Look at the indentation, colons and brackets of this line and the one above it."
    return InputError(place, f"this is not YAML: {error.problem}{context}", "plain YAML", hint)


def _mappings(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    """Every mapping in a tree of nodes, each once (aliases make it a graph)."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, yaml.ScalarNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            todo.extend(value for _, value in node.value)
        else:
            todo.extend(node.value)


def _refuse_duplicates(where: str, mapping: yaml.MappingNode) -> None:
    """Raise where a key stands twice; drop a ``ports`` list in the notation before 3.9 that a newer one follows."""
    first: dict[tuple[str, str], tuple[yaml.Node, yaml.Node]] = {}
    for pair in list(mapping.value):
        key, value = pair
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            continue
        earlier = first.get((key.tag, key.value))
        first[key.tag, key.value] = pair
        if earlier is None:
            continue
        lines = earlier[0].start_mark.line + 1, key.start_mark.line + 1
        if key.value == "ports" and _replaces_ports(earlier[1], value):
            logger.warning("%s: 'ports' of line %d is in the notation before 3.9 and is ignored; line %d counts",
                           where, *lines)  # fmt: skip
            mapping.value.remove(earlier)
            continue
        found = f"key '{key.value}' stands here and in line {lines[0]} of the same mapping"
        raise InputError(f"{where}, line {lines[1]}", found, "each key once", "Rename or remove one of the two.")


def _replaces_ports(older: yaml.Node, newer: yaml.Node) -> bool:
    """Whether the one is a list of ports in the notation before 3.9, and the other in the newer one."""
    before, after = _keys_of_elements(older), _keys_of_elements(newer)
    is_newer = all(keys <= OLD_PORT_KEYS for keys in before) and all("name" in keys for keys in after)
    return is_newer and bool(before and after)


def _keys_of_elements(node: yaml.Node) -> list[set[str]]:
    """The keys of each element of a list of mappings; none where it is no such list."""
    elements = node.value if isinstance(node, yaml.SequenceNode) else []
    are_mappings = all(isinstance(element, yaml.MappingNode) for element in elements)
    return [{str(key.value) for key, _ in element.value} for element in elements] if are_mappings else []
