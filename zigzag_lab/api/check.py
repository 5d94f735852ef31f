"""Checking inputs without running them: all that is wrong or suspicious in some files, each by itself and together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from zigzag_lab.api.formats import FORMATS
from zigzag_lab.api.sweep import check_sweep
from zigzag_lab.findings import CHECKS, Finding, InputSet, Severity, findings_of
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import (
    ONNX_SUFFIXES,
    YAML_SUFFIXES,
    check_against,
    check_links,
    read_accelerator,
    read_any_workload,
    read_mapping,
)
from zigzag_lab.inputs.checked import Entry, open_source
from zigzag_lab.inputs.conversion import kind_and_format
from zigzag_lab.inputs.presets import Kind, preset_names, preset_path
from zigzag_lab.inputs.problems import problems
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.sweeps import format as sweep_format
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.workload import Workload

KINDS: tuple[Kind, ...] = ("workload", "accelerator", "mapping")
SWEEP = "sweep"
_OF_SWEEPS = {key.name for key in sweep_format.TOP.keys} - {"name"}


@dataclass(frozen=True)
class CheckedFile:
    """A file that was looked at.

    Attributes:
        path: where it is.
        kind: workload, accelerator, mapping or sweep; empty where that could not be told.
        record: what it holds; None where it cannot be used.
    """

    path: Path
    kind: str
    record: object = None


@dataclass(frozen=True)
class CheckOutcome:
    """What was found in some files.

    Attributes:
        files: those looked at.
        findings: all that was found, errors first.
    """

    files: tuple[CheckedFile, ...]
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Severity -> how many findings matter that much."""
        return {one.value: sum(finding.severity is one for finding in self.findings) for one in Severity}

    @property
    def n_errors(self) -> int:
        """How many findings are errors."""
        return self.counts[Severity.ERROR]

    @property
    def without(self) -> list[str]:
        """Kinds of inputs of a run that are not among the files, so that some checks could not be done."""
        kinds = {file.kind for file in self.files}
        return [kind for kind in KINDS if kind not in kinds] if kinds != {SWEEP} else []

    def as_dict(self) -> dict[str, object]:
        """It as plain data."""
        return {
            "files": [{"path": str(file.path), "kind": file.kind or None} for file in self.files],
            "n_errors": self.n_errors,
            "n_warnings": self.counts[Severity.WARNING],
            "findings": [finding.as_dict() for finding in self.findings],
        }


def check_files(names: Sequence[str | Path], input_shapes: Mapping[str, tuple[int, ...]] | None = None) -> CheckOutcome:
    """Look at files without running anything.

    Files that belong together are also looked at together: every accelerator with the mapping of its name, or else
    with those of its folder and those that belong to no other, and both with every network.

    Args:
        names: paths of accelerators, mappings, networks and sweeps, of folders of such, and names of presets, each of
            which stands for all the files that it has.
        input_shapes: inputs of ONNX models -> shapes, where those are open.

    Raises:
        InputError: a name is neither that of a file nor of a preset.
    """
    found: list[Finding] = []
    paths = dict.fromkeys(path for name in names for path in _paths(str(name)))
    files = [_checked(path, found, input_shapes) for path in paths]
    for pair in _pairs(files):
        found += _together(*pair, [file for file in files if file.kind == "workload" and file.record is not None])
    rank = list(Severity)
    known: dict[tuple[str, str, str], Finding] = {}  # each once: a sweep reads files that are looked at themselves
    for one in found:
        known.setdefault((one.code, one.where, one.found), one)
    unique = [one for one in known.values() if not any(_is_of_a_point(one, other) for other in found)]
    return CheckOutcome(tuple(files), tuple(sorted(unique, key=lambda finding: rank.index(finding.severity))))


def _is_of_a_point(finding: Finding, other: Finding) -> bool:
    """Whether a finding is what points of a sweep have from a file of which another finding says it."""
    within = other.where.partition(": ")[2]
    is_same = (finding.code, finding.found) == (other.code, other.found)
    return is_same and len(finding.where) > len(other.where) and bool(within) and finding.where.endswith(f": {within}")


def _paths(name: str) -> list[Path]:
    """The files that a name stands for."""
    path = Path(name).expanduser()
    expected = "a file, a folder, or the name of a preset"
    if not name:  # which is the working folder to Path, but rather a variable of the shell that is not set
        raise InputError("check", "nothing was given", expected)
    if path.is_dir():
        suffixes = (*YAML_SUFFIXES, *ONNX_SUFFIXES)
        inside = [one for one in sorted(path.iterdir()) if one.suffix.lower() in suffixes and not one.is_dir()]
        if not inside:
            raise InputError(name, "no YAML and no ONNX file is in this folder", "a folder of inputs, or files")
        return inside
    if path.exists() or path.is_symlink():  # a link to nothing is named as such when it is read
        return [path]
    presets = [preset_path(kind, name) for kind in KINDS if name in preset_names(kind)]
    if not presets:
        known = sorted({preset for kind in KINDS for preset in preset_names(kind)})
        raise InputError("check", f"'{name}' is neither a file nor a preset", expected, nearest(name, known))
    return presets


def _checked(path: Path, found: list[Finding], input_shapes: Mapping[str, tuple[int, ...]] | None) -> CheckedFile:
    """Read a file; what is wrong in it goes to ``found``."""
    is_onnx = path.suffix.lower() in ONNX_SUFFIXES
    try:
        if is_onnx:
            return CheckedFile(path, "workload", read_any_workload(path, input_shapes))
        top = open_source(path, "")
        kind, old_format = _kind_of(top)
    except InputError as error:
        found.append(Finding.of_error(error))
        return CheckedFile(path, "workload" if is_onnx else "")
    try:
        if kind != SWEEP:
            return CheckedFile(path, kind, _READERS[kind](path))
        found += [finding.within(str(path)) for finding in check_sweep(path)]
    except InputError as error:
        declared = [] if old_format else list(problems(FORMATS[kind].top, top, f"a {kind}"))
        known = {one.where for one in declared}
        found += map(Finding.of_error, [*(one for one in (error, *error.others) if one.where not in known), *declared])
    return CheckedFile(path, kind)


_READERS: dict[str, Callable[[Path], object]] = {
    "workload": read_any_workload,
    "accelerator": read_accelerator,
    "mapping": read_mapping,
}


def _kind_of(top: Entry) -> tuple[str, str]:
    """What a file describes, and its format where that is an old one."""
    if isinstance(top.value, dict) and _OF_SWEEPS & top.value.keys():
        return SWEEP, ""
    return kind_and_format(top)


Pair = tuple[CheckedFile | None, CheckedFile | None]


def _pairs(files: Iterable[CheckedFile]) -> Iterator[Pair]:
    """Accelerators and mappings that belong together; None stands for one that is not there."""
    usable = [file for file in files if file.record is not None]
    mappings = [file for file in usable if file.kind == "mapping"]
    accelerators = [file for file in usable if file.kind == "accelerator"]
    named = {one.path: [file for file in mappings if file.path.stem == one.path.stem] for one in accelerators}
    beside = {
        one.path: [file for file in mappings if file.path.parent == one.path.parent and not named[one.path]]
        for one in accelerators
    }
    owned = {file.path for own in (named, beside) for files in own.values() for file in files}
    shared = [file for file in mappings if file.path not in owned]
    for one in accelerators:
        yield from ((one, mapping) for mapping in named[one.path] or [*beside[one.path], *shared] or (None,))
    if not accelerators:
        yield from ((None, mapping) for mapping in mappings or (None,))


def _together(
    accelerator: CheckedFile | None, mapping: CheckedFile | None, workloads: Sequence[CheckedFile]
) -> Iterator[Finding]:
    """What is found where an accelerator and a mapping meet networks."""
    machine = cast("Accelerator | None", accelerator and accelerator.record)
    rules = cast("MappingRules | None", mapping and mapping.record)
    files = {"accelerator": accelerator, "mapping": mapping}
    error = _error_of(lambda: check_against(rules, machine)) if rules and machine else None
    if error is not None and mapping is not None:
        yield Finding.of_error(error.within(str(mapping.path)))
    for file in workloads or (None,):
        workload = cast("Workload | None", file and file.record)
        error = _error_of(lambda: check_links(rules, workload)) if rules and workload else None  # noqa: B023
        if error is not None and mapping is not None:
            yield Finding.of_error(error.within(str(mapping.path)))
        for finding in findings_of(InputSet(workload, machine, rules)):
            home = files.get(CHECKS[finding.code].about)
            where = f"{home.path}: {finding.where}" if home else finding.where
            yield replace(finding, where=where)


def _error_of(check: Callable[[], object]) -> InputError | None:
    try:
        check()
    except InputError as error:
        return error
    return None
