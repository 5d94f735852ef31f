"""Where in a user's files the values stand that an explanation advises to change."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass

from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs.yaml_file import Document, PathPart, parse_yaml
from zigzag_lab.vocab import InputError

PortName = tuple[str, str]
"""A memory and one of its ports."""


@dataclass(frozen=True)
class Change:
    """A value of an accelerator file, and what to write in its place.

    Attributes:
        path: of the value in its file, as in sweep files, such as ``memories.sram.size``.
        before, after: the value as it was read, in the units of :mod:`zigzag_lab.hardware`, and the new one.
        line: of the file; None where the accelerator was not read from one.
    """

    path: str
    before: float
    after: float
    line: int | None

    @property
    def where(self) -> str:
        """Its key and its line, such as ``size in line 12``; its whole path where there is no file."""
        return f"{self._key} in line {self.line}" if self.line else self.path

    @property
    def words(self) -> str:
        """What to write, such as ``size: 1024 in line 12``; under its whole path where there is no file."""
        value = int(self.after) if self.after == int(self.after) else f"{self.after:.6g}"
        return f"{self._key}: {value} in line {self.line}" if self.line else f"{self.path}: {value}"

    @property
    def _key(self) -> str:
        return self.path.rpartition(".")[2]

    def as_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Places:
    """Files that a run was given, as they were then; both None where it was given none.

    Attributes:
        accelerator, mapping: the documents of the files.
    """

    accelerator: Document | None = None
    mapping: Document | None = None

    @classmethod
    def of(cls, accelerator: tuple[str, bytes] | None, mapping: tuple[str, bytes] | None) -> Places:
        """Parse files, each given by its name and its bytes; what cannot be parsed has no lines."""
        return cls(_parsed(accelerator), _parsed(mapping))

    @property
    def name(self) -> str:
        """The name of the accelerator's file, without its folder; empty where there is none."""
        where = "" if self.accelerator is None else self.accelerator.where
        return where.replace("\\", "/").rpartition("/")[2]

    def size(self, accelerator: Accelerator, memory: str, bits: int) -> Change:
        """Another capacity of a memory."""
        before = accelerator.memory_named(memory).size_bits
        return self._change(("memories", memory, "size"), before, bits)

    def width(self, accelerator: Accelerator, place: PortName, bits_per_cycle: int) -> Change:
        """Another width of a port."""
        memory, name = place
        ports = accelerator.memory_named(memory).ports
        known = [port.name for port in ports]
        with suppress(TypeError, KeyError, IndexError):  # the record leaves out ports that nothing passes
            listed = self._document.data["memories"][memory]["ports"]  # type: ignore[index]
            known = [str(port["name"]) for port in listed if isinstance(port, Mapping)]
        index = known.index(name) if name in known else 0
        before = next(port.bandwidth_max_bits for port in ports if port.name == name)
        return self._change(("memories", memory, "ports", index, "bandwidth_max"), before, bits_per_cycle)

    def costs(self, accelerator: Accelerator, name: str, read: float = 1.0, write: float = 1.0) -> tuple[Change, ...]:
        """Costs of an access to a memory, multiplied; none where a tool prices the memory, or nothing changes."""
        memory = accelerator.memory_named(name)
        if memory.auto_cost_extraction:
            return ()
        costs = ("r_cost", memory.read_cost_pj, read), ("w_cost", memory.write_cost_pj, write)
        return tuple(self._change(("memories", name, key), pj, pj * factor) for key, pj, factor in costs if factor != 1)

    def unrolling(self, entry: str, dimension: str) -> int | None:
        """The line of a mapping file that fixes what an entry unrolls over an array dimension."""
        document = self.mapping
        if document is None or not isinstance(document.data, list):
            return None
        for index, found in enumerate(document.data):
            if isinstance(found, Mapping) and found.get("name") == entry:
                return document.line_of((index, "spatial_mapping", dimension))
        return None

    @property
    def _document(self) -> Document:
        return self.accelerator or Document("", None)

    def _change(self, path: tuple[PathPart, ...], before: float, after: float) -> Change:
        spelt = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        return Change(spelt, before, after, self._document.line_of(path))


def _parsed(file: tuple[str, bytes] | None) -> Document | None:
    if file is not None:
        with suppress(InputError):
            return parse_yaml(*file)
    return None
