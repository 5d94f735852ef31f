"""Reading a sweep file: everything it says is checked before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from zigzag_lab.inputs import read_accelerator, read_any_workload, read_mapping
from zigzag_lab.inputs.presets import preset_names, resolve
from zigzag_lab.inputs.variants import value_in
from zigzag_lab.inputs.yaml_file import Document, load_yaml
from zigzag_lab.keys import workload_digest
from zigzag_lab.sweeps.axes import Axis, read_axis, read_zipped
from zigzag_lab.sweeps.expansion import MAX_POINTS
from zigzag_lab.sweeps.expressions import Expression, LookupTable, read_expression, read_table
from zigzag_lab.sweeps.options import check_varied, checked_option, default_options, option_of
from zigzag_lab.sweeps.plan import FILES, ROOTS, Base, SweepSpec, root_of
from zigzag_lab.sweeps.sampling import read_sampling
from zigzag_lab.vocab import InputError, nearest

_KEYS = (
    *("name", "question", "workloads", "accelerators", "mappings", "options"),
    *("tables", "space", "zipped", "derived", "constraints", "sampling", "seed"),
)
_NAME = re.compile(r"[\w][\w .-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_]\w*")


def read_sweep(path: str | Path) -> SweepSpec:
    """Read and check a sweep file.

    Args:
        path: the file, or the folder of an experiment, whose ``experiment.yaml`` is read.

    Raises:
        InputError: something in it cannot be used; says where, and what to write instead.
    """
    file = Path(path)
    file = file / "experiment.yaml" if file.is_dir() else file
    document = load_yaml(file)
    if not isinstance(document.data, Mapping):
        raise InputError(str(file), f"found {type(document.data).__name__}", "keys such as name, workloads, space")
    return _SweepFile(str(file), file.parent, document, document.data).sweep()


@dataclass(frozen=True)
class _SweepFile:
    where: str
    folder: Path
    document: Document
    data: Mapping[str, Any]

    def sweep(self) -> SweepSpec:
        for key in self.data:
            if key not in _KEYS:
                raise InputError(
                    self._at(key), "this key is unknown", f"one of {', '.join(_KEYS)}", nearest(key, _KEYS)
                )
        tables = {str(k): read_table(self._at(f"tables.{k}"), v) for k, v in self._mapping("tables").items()}
        axes = self._axes(tables)
        derived = tuple(
            (str(name), read_expression(self._at(f"derived.{name}"), text, tables))
            for name, text in self._mapping("derived").items()
        )
        options = self._options()
        sweep = SweepSpec(
            name=self._name(),
            where=self.where,
            axes=axes,
            derived=derived,
            constraints=self._constraints(tables),
            options=options,
            sampling=read_sampling(self._at, self.data, options["objective"]),
            bases={kind: self._bases(kind, axes, options) for kind in FILES},
        )
        sweep = replace(sweep, axes=tuple(_checked_options(self, axis) for axis in sweep.axes))
        _check_names(self, sweep)
        _check_number(self, sweep)
        return sweep

    def _at(self, key: Any) -> str:
        """Return the place of a key, such as ``experiment.yaml (line 12): space.rows``."""
        head, _, rest = str(key).partition(".")
        places = ((head, rest), ("space", key), ("derived", key), (head.partition("[")[0],))
        line = next((n for place in places if self._has(place) and (n := self.document.line_of(place))), None)
        return f"{self.where} (line {line}): {key}" if line else f"{self.where}: {key}"

    def _has(self, place: tuple[str, ...]) -> bool:
        inner = self.data.get(place[0])
        return place[0] in self.data if len(place) == 1 else isinstance(inner, Mapping) and place[1] in inner

    def _mapping(self, key: str) -> Mapping[str, Any]:
        given = self.data.get(key)
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            raise InputError(self._at(key), f"found {given!r}", "a mapping of names to what they are")
        return given

    def _name(self) -> str:
        name = self.data.get("name", self.folder.name)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputError(self._at("name"), f"found {name!r}", "letters, digits, spaces, dots and dashes")
        return name

    def _options(self) -> dict[str, Any]:
        given = self._mapping("options")
        checked = {k: checked_option(self._at(f"options.{k}"), str(k), v) for k, v in given.items()}
        return {**default_options(), **checked}

    def _constraints(self, tables: Mapping[str, LookupTable]) -> tuple[Expression, ...]:
        given = self.data.get("constraints") or []
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise InputError(self._at("constraints"), f"found {given!r}", "a list of expressions")
        return tuple(read_expression(self._at(f"constraints[{i}]"), text, tables) for i, text in enumerate(given))

    # -- axes ----------------------------------------------------------------------------------------------------------

    def _axes(self, tables: Mapping[str, LookupTable]) -> tuple[Axis, ...]:
        space = [
            read_axis(self._at(f"space.{name}"), str(name), given, tables)
            for name, given in self._mapping("space").items()
        ]
        groups = self.data.get("zipped") or []
        if not isinstance(groups, Sequence) or isinstance(groups, str):
            raise InputError(self._at("zipped"), f"found {groups!r}", "a list of groups")
        space += [read_zipped(self._at(f"zipped[{i}]"), group, tables) for i, group in enumerate(groups)]
        named = {name for axis in space for name in axis.names}
        return (*self._design_axes(named), *space, *self._file_axis("workload", named))

    def _design_axes(self, named: set[str]) -> list[Axis]:
        if "accelerator" not in named and "mapping" not in named and "mappings" not in self.data:
            (accelerators,) = self._file_axis("accelerator", named)
            own = [self._own_mapping(name) for (name,) in accelerators.values]
            pairs = tuple((name, mapping) for (name,), mapping in zip(accelerators.values, own, strict=True))
            return [Axis(("accelerator", "mapping"), pairs)]
        return [*self._file_axis("accelerator", named), *self._file_axis("mapping", named)]

    def _own_mapping(self, accelerator: str) -> str:
        if accelerator in preset_names("mapping"):
            return accelerator
        found = f"none is given, and accelerator '{accelerator}' is no preset that has its own"
        raise InputError(self._at("mappings"), found, "a list of mapping files or presets")

    def _file_axis(self, kind: str, named: set[str]) -> list[Axis]:
        key = f"{kind}s"
        if kind in named:
            if key in self.data:
                raise InputError(self._at(key), f"'{kind}' is varied in the space too", "one of the two")
            return []
        if key not in self.data:
            raise InputError(self.where, f"'{key}' is missing", f"{key}: a list of files or presets")
        axis = read_axis(self._at(key), kind, self.data[key], {})
        return [axis]

    def _bases(self, kind: Any, axes: Iterable[Axis], options: Mapping[str, Any]) -> dict[str, Base]:
        names = [step[axis.names.index(kind)] for axis in axes if kind in axis.names for step in axis.values]
        for name in names:
            if not isinstance(name, str):
                raise InputError(self._at(f"{kind}s"), f"found {name!r}", "the path of a file, or the name of a preset")
        return {name: self._base(kind, name, options) for name in dict.fromkeys(names)}

    def _base(self, kind: Any, name: str, options: Mapping[str, Any]) -> Base:
        beside = self.folder / name
        try:
            file = beside if beside.is_file() else resolve(kind, name)
        except InputError as error:
            raise InputError(self._at(f"{kind}s"), error.found, error.expected, error.hint) from None
        if kind == "workload":
            workload = read_any_workload(file, options["input_shapes"] or None, price_all=options["price_all"])
            return Base(workload_digest(workload), workload, file)
        (read_accelerator if kind == "accelerator" else read_mapping)(file)
        document = load_yaml(file).data
        text = json.dumps(document, separators=(",", ":"), default=str)
        return Base(sha256(text.encode()).hexdigest(), document, file)


def _checked_options(reader: _SweepFile, axis: Axis) -> Axis:
    """The axis with values of options checked."""
    if not any(root_of(name) == "options" for name in axis.names):
        return axis
    steps = []
    for i, step in enumerate(axis.values):
        where = reader._at(f"space.{axis.names[0]}[{i}]")
        steps.append(
            tuple(
                checked_option(where, name.removeprefix("options."), v) if root_of(name) == "options" else v
                for name, v in zip(axis.names, step, strict=True)
            )
        )
    return replace(axis, values=tuple(steps))


def _check_names(reader: _SweepFile, sweep: SweepSpec) -> None:
    """See that every name is set once, that paths lead somewhere, and that expressions speak of what is known."""
    known: set[str] = set()
    for axis in sweep.axes:
        if axis.when is not None:
            if any(name in FILES for name in axis.names):
                raise InputError(axis.when.where, "files vary everywhere", "no condition on them")
            _check_spoken_of(reader, sweep, axis.when, known)
        for name in axis.names:
            _check_new(reader, sweep, name, known)
        known |= set(axis.names)
    for name, expression in sweep.derived:
        _check_spoken_of(reader, sweep, expression, known)
        _check_new(reader, sweep, name, known)
        known.add(name)
    for constraint in sweep.constraints:
        _check_spoken_of(reader, sweep, constraint, known)


def _check_new(reader: _SweepFile, sweep: SweepSpec, name: str, known: set[str]) -> None:
    if name in known:
        raise InputError(reader._at(name), "it is set twice", "each name once")
    root = root_of(name)
    if root == "options":
        check_varied(reader._at(name), name.removeprefix("options."))
    elif root is not None:
        _check_path(reader._at(name), sweep, root, name)
    elif name not in FILES and not _VARIABLE.fullmatch(name):
        hint = nearest(name.partition(".")[0].partition("[")[0], ROOTS)
        expected = f"a path that starts with {', '.join(ROOTS)}, or the name of a variable"
        raise InputError(reader._at(name), "this is neither a path nor a variable", expected, hint)


def _check_path(where: str, sweep: SweepSpec, root: str, path: str) -> None:
    for name, base in sweep.bases[root].items():
        try:
            value_in({root: base.document}, path)
        except InputError as error:
            raise InputError(where, f"in {root} '{name}' {error.found}", error.expected, error.hint) from None


def _check_spoken_of(reader: _SweepFile, sweep: SweepSpec, expression: Expression, known: set[str]) -> None:
    for name in sorted(expression.names - known):
        root = root_of(name)
        if root == "options":
            option_of(expression.where, name.removeprefix("options."))
        elif root is not None:
            _check_path(expression.where, sweep, root, name)
        else:
            expected = "a variable or a path that has its value by then"
            raise InputError(expression.where, f"'{name}' is not known here", expected, nearest(name, known))


def _check_number(reader: _SweepFile, sweep: SweepSpec) -> None:
    sampling = sweep.sampling
    if sampling.adaptive is not None:
        _check_networks(reader, sweep)
    elif sampling.n_points is None and sweep.n_combinations > MAX_POINTS:
        sizes = " x ".join(str(len(axis)) for axis in sweep.axes)
        found = f"{sizes} = {sweep.n_combinations:,} combinations"
        hint = "Write 'sampling: {random: 1000}' to draw some, {optuna: 300} to search, or take fewer values."
        raise InputError(reader._at("space"), found, f"at most {MAX_POINTS:,} points", hint)


def _check_networks(reader: _SweepFile, sweep: SweepSpec) -> None:
    """See that a search compares designs over all networks, not one network with another."""
    if not any(axis.names == ("workload",) for axis in sweep.axes):
        expected = "'workloads', as a search adds up each design's figures over all of them"
        raise InputError(reader._at("zipped"), "'workload' varies together with other names", expected)
