"""Files of older versions and of Stream as files of today: which kind each is, and its text in today's notation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from zigzag_lab.inputs.accelerator import read_accelerator
from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.mapping import read_mapping
from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
from zigzag_lab.inputs.old_accelerator import rewritten_accelerator
from zigzag_lab.inputs.old_formats import format_of_accelerator, format_of_mapping_entry, refuse_system
from zigzag_lab.inputs.old_mapping import is_of_stream, rewritten_mapping
from zigzag_lab.inputs.python_modules import refuse_module
from zigzag_lab.inputs.yaml_file import load_yaml
from zigzag_lab.vocab import InputError

_KINDS = "an accelerator, a mapping or a workload of ZigZag 3 or Stream, as YAML"
_LINE = 120


@dataclass(frozen=True, slots=True)
class Conversion:
    """A file in today's notation.

    Attributes:
        source: the file that was read.
        kind: ``accelerator``, ``mapping`` or ``workload``.
        found_format: the format that it has; empty where that is today's.
        text: its content in today's notation, with what was assumed and left out in comments; empty where nothing
            has to change.
        assumed: what the file left open, or cannot be stated today, and how it was taken.
        left_out: what has no counterpart.
    """

    source: Path
    kind: str
    found_format: str = ""
    text: str = ""
    assumed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def convert(source: str | Path) -> Conversion:
    """Rewrite a file in today's notation; nothing is written.

    Raises:
        InputError: the file cannot be read, is none that ZigZag or Stream reads, or needs a guess.
    """
    path = Path(source)
    refuse_module(path, "")
    if path.suffix.lower() == ".onnx":
        return Conversion(path, "workload")
    top = Entry(document := load_yaml(path), (), document.data)
    refuse_system(top)
    kind, name = kind_and_format(top)
    if not name:
        return Conversion(path, kind)
    rewritten = rewritten_accelerator(top) if kind == "accelerator" else rewritten_mapping(top)
    _require_readable(path, kind, rewritten.content)
    left_out = rewritten.left_out + (("comments of the file",) if _has_comments(path) else ())
    text = _comments(path.name, name, rewritten.assumed, left_out) + as_yaml(rewritten.content)
    return Conversion(path, kind, name, text, rewritten.assumed, left_out)


def kind_and_format(top: Entry) -> tuple[str, str]:
    """Return what a file describes, and the name of its format; empty where that is today's.

    Raises:
        InputError: it is no accelerator, mapping or workload that ZigZag or Stream could read.
    """
    data = top.value
    if isinstance(data, Mapping):
        if is_of_stream(data):
            return "mapping", "Stream, which maps layers onto cores"
        if any(key in data for key in ("memories", "multipliers", "operational_array")):
            return "accelerator", format_of_accelerator(data)
        if "memory" in data and "type" in data:
            hint = "Leave it out: no layer runs there."
            raise top.error("this is a core of Stream that holds or moves data, without an array", _KINDS, hint)
    if isinstance(data, list) and data and all(isinstance(entry, Mapping) for entry in data):
        if any("equation" in entry or "loop_dims" in entry for entry in data):
            return "workload", ""
        if any("name" in entry for entry in data):
            return "mapping", min(filter(None, map(format_of_mapping_entry, data)), default="")  # Stream before ZigZag
    raise top.error("the format is not known", _KINDS)


class _Free:
    """Prices of memories whose costs are computed, where only the notation is checked."""

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        """No costs."""
        return MemoryCosts(0.0, 0.0, 0.0, 0.0)


def _require_readable(path: Path, kind: str, content: object) -> None:
    """Check that the reader of today takes what was made.

    Raises:
        InputError: it does not; the place is that in the file as it would have become.
    """
    try:
        if kind == "accelerator" and isinstance(content, dict):
            read_accelerator(content, costs=_Free())
        elif isinstance(content, list):
            read_mapping(content)
    except InputError as error:
        raise error.within(f"{path}, in today's notation") from error


def _has_comments(path: Path) -> bool:
    """Whether a YAML file has comments; a number sign in quotes counts too, which does no harm."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return any(line.lstrip().startswith("#") or " #" in line for line in lines)


def _comments(name: str, found_format: str, assumed: tuple[str, ...], left_out: tuple[str, ...]) -> str:
    lines = [f"Converted by zigzag-lab from {name}, in the format of {found_format}."]
    for heading, notes in (("Assumed:", assumed), ("Left out:", left_out)):
        lines += [heading, *(f"- {note}" for note in notes)] if notes else []
    printable = ("".join(c if c.isprintable() else "?" for c in line) for line in lines)
    return "".join(f"# {line}\n" for line in printable)


class _Dumper(yaml.SafeDumper):
    """YAML in the manner of the presets: short lists on one line, no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Write everything out."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)


def _list(dumper: yaml.SafeDumper, values: list[object]) -> yaml.Node:
    is_plain = all(not isinstance(v, (list, dict)) and not (isinstance(v, str) and "," in v) for v in values)
    pairs = all(isinstance(v, list) and len(v) == 2 for v in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=is_plain or pairs)


_Dumper.add_representer(list, _list)


def as_yaml(content: object) -> str:
    """Return plain data as a YAML file.

    >>> print(as_yaml({"operands": ["I1", "O"], "ports": [{"allocation": ["I1, tl"]}]}), end="")
    operands: [I1, O]
    ports:
      - allocation:
          - I1, tl
    """
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE)
    return text
