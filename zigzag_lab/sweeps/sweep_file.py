"""Reading a sweep file: all of it is checked before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from zigzag_lab.inputs import read_accelerator, read_any_workload, read_mapping
from zigzag_lab.inputs.checked import Entry, open_source
from zigzag_lab.inputs.formats.accelerator import ACCELERATOR
from zigzag_lab.inputs.formats.keys import Fields
from zigzag_lab.inputs.formats.paths import without_units
from zigzag_lab.inputs.presets import Kind, preset_names, resolve
from zigzag_lab.inputs.variants import value_in
from zigzag_lab.keys import meaning_digest
from zigzag_lab.store.sweep_points import OBJECTIVES
from zigzag_lab.sweeps import format as declared
from zigzag_lab.sweeps import plan
from zigzag_lab.sweeps.axes import Axis, read_axis, read_zipped
from zigzag_lab.sweeps.expressions import Expression, LookupTable, read_expression, read_table
from zigzag_lab.sweeps.plan import FILES, Adaptive, Base, Sampling, SweepSpec, option_of, root_of
from zigzag_lab.sweeps.units import unit_of
from zigzag_lab.vocab import InputError, nearest

_VARIABLE = re.compile(r"[A-Za-z_]\w*")


def read_sweep(path: str | Path) -> SweepSpec:
    """Read and check a sweep file, or the ``experiment.yaml`` of a folder.

    Raises:
        InputError: something in it cannot be used; with the place, and what to write instead.
    """
    file = Path(path)
    file = file / "experiment.yaml" if file.is_dir() else file
    root = open_source(file, "sweep")
    return _SweepFile(file.parent, root, declared.TOP.fields(root)).sweep()


@dataclass(frozen=True)
class _SweepFile:
    folder: Path
    root: Entry
    keys: Fields

    def sweep(self) -> SweepSpec:
        tables = {name: read_table(entry) for name, entry in self._items("tables").items()}
        given = self._items("options").items()
        checked = {name: declared.OptionValue(option_of(entry.where, name)).read(entry, name) for name, entry in given}
        axes, options = self._axes(tables), {**plan.default_options(), **checked}
        sweep = SweepSpec(
            name=declared.NAME.read(self.keys.get("name", self._at("name", value=self.folder.name))),
            where=self.root.where,
            axes=tuple(self._with_checked_options(axis) for axis in axes),
            derived=tuple(
                (name, read_expression(entry.where, entry.value, tables))
                for name, entry in self._items("derived").items()
            ),
            constraints=tuple(
                read_expression(entry.where, entry.value, tables)
                for entry in self._elements("constraints", "a list of expressions")
            ),
            options=options,
            sampling=read_sampling(self.keys, str(options["objective"])),
            bases={kind: self._bases(kind, axes, options) for kind in FILES},
        )
        _check_names(self, sweep)
        _check_number(self, sweep)
        return sweep

    def _at(self, *path: str | int, value: object = None) -> Entry:
        """A place in the file, for messages."""
        return Entry(self.root.document, path, value)

    def place_of(self, name: str) -> Entry:
        """Where a name of the space is varied or derived."""
        holders = (
            self._items("space"),
            self._items("derived"),
            *(group.items() for group in self._groups()),
        )
        return next((holder[name] for holder in holders if name in holder), self._at(name))

    def _items(self, key: str) -> Mapping[str, Entry]:
        return self.keys[key].items() if key in self.keys else {}

    def _elements(self, key: str, expected: str) -> list[Entry]:
        return self.keys[key].elements(expected) if key in self.keys else []

    def _groups(self) -> list[Entry]:
        return self._elements("zipped", "a list of groups")

    # -- axes ----------------------------------------------------------------------------------------------------------

    def _axes(self, tables: Mapping[str, LookupTable]) -> tuple[Axis, ...]:
        space = [read_axis(entry, name, tables) for name, entry in self._items("space").items()]
        space += [read_zipped(group, tables) for group in self._groups()]
        named = {name for axis in space for name in axis.names}
        return (*self._design_axes(named), *space, *self._file_axis("workload", named))

    def _design_axes(self, named: set[str]) -> list[Axis]:
        if "accelerator" not in named and "mapping" not in named and "mappings" not in self.keys:
            (accelerators,) = self._file_axis("accelerator", named)
            own = [self._own_mapping(str(name)) for (name,) in accelerators.values]
            pairs = tuple((name, mapping) for (name,), mapping in zip(accelerators.values, own, strict=True))
            return [Axis(("accelerator", "mapping"), pairs)]
        return [*self._file_axis("accelerator", named), *self._file_axis("mapping", named)]

    def _own_mapping(self, accelerator: str) -> str:
        if accelerator in preset_names("mapping"):
            return accelerator
        found = f"none is given, and accelerator '{accelerator}' is no preset that has its own"
        raise self._at("mappings").error(found, "a list of mapping files or presets")

    def _file_axis(self, kind: str, named: set[str]) -> list[Axis]:
        key = f"{kind}s"
        if kind in named:
            if key in self.keys:
                raise self.keys[key].error(f"'{kind}' is varied in the space too", "one of the two")
            return []
        if key not in self.keys:
            raise self.root.error(f"'{key}' is missing", f"{key}: a list of files or presets")
        return [read_axis(self.keys[key], kind, {})]

    def _bases(self, kind: Kind, axes: Iterable[Axis], options: Mapping[str, object]) -> dict[str, Base]:
        named = [step[axis.names.index(kind)] for axis in axes if kind in axis.names for step in axis.values]
        names = [name for name in named if isinstance(name, str)]
        if len(names) < len(named):
            wrong = next(name for name in named if not isinstance(name, str))
            raise self._at(f"{kind}s").error(f"found {wrong!r}", "the path of a file, or the name of a preset")
        return {name: self._base(kind, name, options) for name in dict.fromkeys(names)}

    def _base(self, kind: Kind, name: str, options: Mapping[str, Any]) -> Base:
        beside = self.folder / name
        try:
            file = beside if beside.is_file() else resolve(kind, name)
        except InputError as error:
            raise self._at(f"{kind}s").error(error.found, error.expected, error.hint) from None
        if kind == "workload":
            workload = read_any_workload(file, options["input_shapes"] or None, price_all=options["price_all"])
            return Base(meaning_digest(workload), workload, file)
        (read_accelerator if kind == "accelerator" else read_mapping)(file)
        root = open_source(file, kind)
        # expressions speak of the numbers of an accelerator
        document = without_units(root.value, ACCELERATOR.top, root) if kind == "accelerator" else root.value
        text = json.dumps(document, separators=(",", ":"), default=str)
        return Base(sha256(text.encode()).hexdigest(), document, file)

    def _with_checked_options(self, axis: Axis) -> Axis:
        """The axis with values of options in their one form."""
        columns = [list(column) for column in zip(*axis.values, strict=True)]
        for name, column in zip(axis.names, columns, strict=True):
            if root_of(name) == "options":
                path = self.place_of(name).path
                for i, value in enumerate(column):
                    where = self._at(*path, i).where
                    column[i] = option_of(where, name.removeprefix("options.")).checked(value, where)
        return replace(axis, values=tuple(zip(*columns, strict=True)))


def _check_names(reader: _SweepFile, sweep: SweepSpec) -> None:
    """Check that every name is set once, that paths lead somewhere, and that expressions use known names."""
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
        raise reader.place_of(name).error("it is set twice", "each name once")
    root = root_of(name)
    if root == "options":
        option = option_of(reader.place_of(name).where, name.removeprefix("options.")).name
        if option in plan.FILE_WIDE:
            found = f"'{option}' decides how workloads are read"
            raise reader.place_of(name).error(found, "it below 'options', for all points")
    elif root is not None:
        _check_path(reader.place_of(name).where, sweep, root, name)
    elif name not in FILES and not _VARIABLE.fullmatch(name):
        hint = nearest(name.partition(".")[0].partition("[")[0], plan.ROOTS)
        expected = f"a path that starts with {', '.join(plan.ROOTS)}, or the name of a variable"
        raise reader.place_of(name).error("this is neither a path nor a variable", expected, hint)


def _check_path(where: str, sweep: SweepSpec, root: str, path: str) -> None:
    for name, base in sweep.bases[root].items():
        try:
            value_in({root: base.document}, path)
        except InputError as error:
            hint = error.hint or ("A key that is to vary must stand in that file first." if unit_of(path) else "")
            raise InputError(where, f"in {root} '{name}' {error.found}", error.expected, hint) from None


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
        # a search compares designs over all networks, not one network with another
        if not any(axis.names == ("workload",) for axis in sweep.axes):
            expected = "'workloads', as a search adds up each design's figures over all of them"
            raise reader.keys["zipped"].error("'workload' varies together with other names", expected)
    elif sampling.n_points is None and sweep.n_combinations > declared.MAX_POINTS:
        sizes = " x ".join(str(len(axis)) for axis in sweep.axes)
        found = f"{sizes} = {sweep.n_combinations:,} combinations"
        hint = "Write 'sampling: {random: 1000}' to draw some, {optuna: 300} to search, or take fewer values."
        raise reader.root.error(found, f"at most {declared.MAX_POINTS:,} points", hint)


def read_sampling(keys: Fields, objective: str) -> Sampling:
    """Return what the keys ``sampling`` and ``seed`` of a sweep file ask for.

    A search that names no objective has that of the points.

    Raises:
        InputError: they hold something else.
    """
    seed, entry = keys.value(declared.SEED), keys.get(declared.SAMPLING.name)
    if entry is None or entry.value == declared.GRID:
        return Sampling(None, seed)
    if isinstance(entry.value, Mapping) and declared.N_TRIALS.name in entry.value:
        return Sampling(None, seed, _adaptive(entry, objective))
    if not isinstance(entry.value, Mapping) or set(entry.value) != {declared.N_DRAWN.name}:
        raise entry.error(f"found {entry.value!r}", "grid, {random: N} or {optuna: N}")
    return Sampling(declared.DRAWN.fields(entry).value(declared.N_DRAWN), seed)


def _adaptive(entry: Entry, objective: str) -> Adaptive:
    given = declared.ADAPTIVE.fields(entry)
    n_trials = given.value(declared.N_TRIALS)
    sampler, batch = given.value(declared.SAMPLER), given.value(declared.BATCH)
    if "objectives" not in given:
        return Adaptive(n_trials, (objective,), sampler, batch)
    expected = f"a list of one to three of {', '.join(OBJECTIVES)}"
    objectives = tuple(item.choice(OBJECTIVES) for item in given["objectives"].elements(expected))
    if not 1 <= len(objectives) <= 3 or len(set(objectives)) < len(objectives):
        raise given["objectives"].error(f"found {given['objectives'].value!r}", expected)
    return Adaptive(n_trials, objectives, sampler, batch)
