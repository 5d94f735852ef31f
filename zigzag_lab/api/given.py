"""Inputs of a run: files read into records before it starts, and the documents of keywords that a rerun needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from zigzag_lab.findings import Finding, InputSet, findings_of
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import check_against, check_links
from zigzag_lab.inputs.presets import Kind, resolve
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.keys.sources import NotKeyableError, is_own, source_digest
from zigzag_lab.keys.values import KeptFile, comes_back, value_document
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import AcceleratorParserStage, ONNXModelParserStage, StageCallable, WorkloadParserStage
from zigzag_lab.stages.parsers import any_accelerator, any_workload, mapping_rules
from zigzag_lab.stages.protocols import SERVICES
from zigzag_lab.stages.spec import name_of, parameters_of, spec_of
from zigzag_lab.vocab import InputError, Plain
from zigzag_lab.vocab.options import LPF_LIMIT, MIX_SPATIAL, N_SPATIAL_MAPPINGS
from zigzag_lab.workload import Workload

if TYPE_CHECKING:
    from zigzag_lab.store import RunInput
    from zigzag_lab.store.readings import Readings

_READERS: Mapping[object, tuple[Kind, ...]] = {
    ONNXModelParserStage: ("workload", "mapping"),
    WorkloadParserStage: ("workload", "mapping"),
    AcceleratorParserStage: ("accelerator",),
}
RECORDS: Mapping[str, type[Workload | Accelerator | MappingRules]] = {
    "workload": Workload,
    "accelerator": Accelerator,
    "mapping": MappingRules,
}


OPTION_NAMES = {
    **{option.keyword: option.name for option in (LPF_LIMIT, N_SPATIAL_MAPPINGS)},
    MIX_SPATIAL.keyword: "mixed_spatial_mappings",
    "access_same_data_considered_as_no_access": "keep_at_output_pins",
}
"""What keywords of stages are called in the record."""

NONE_MEANS_ALL = (LPF_LIMIT.keyword, N_SPATIAL_MAPPINGS.keyword)
"""Keywords whose None means no limit. That of others means that they were not given."""


def read_given(
    stages: Sequence[StageCallable], kwargs: dict[str, object], readings: Readings | None = None
) -> dict[str, object]:
    """The keywords of a pipeline with files read, as far as its parser stages would read them anyway.

    A run is only opened once its inputs are checked; the parser stages then hand the records on. What stages
    above them vary, or may look at, is left to them.
    """
    read = dict(kwargs)
    left: set[str] = set()
    for stage in stages:
        if stage not in _READERS:
            spec = spec_of(stage)
            if not spec.is_complete:
                break
            left |= {*spec.reads, *spec.provides_from(kwargs)}
        for kind in _READERS.get(stage, ()):
            if kind in read and kind not in left and not isinstance(read[kind], RECORDS[kind]):
                read[kind] = recalled(kind, read, readings)
    rules, accelerator, workload = read.get("mapping"), read.get("accelerator"), read.get("workload")
    if isinstance(rules, MappingRules) and isinstance(workload, Workload):
        check_links(rules, workload)
    if isinstance(rules, MappingRules) and isinstance(accelerator, Accelerator):
        check_against(rules, accelerator)
    return read


def findings_in(read: Mapping[str, object]) -> list[Finding]:
    """Return what the inputs of a run hold that changes its results without being wrong, as far as they are read."""
    records = {kind: read[kind] for kind, record in RECORDS.items() if isinstance(read.get(kind), record)}
    workload, accelerator, rules = (records.get(kind) for kind in ("workload", "accelerator", "mapping"))
    return findings_of(
        InputSet(
            cast("Workload | None", workload),
            cast("Accelerator | None", accelerator),
            cast("MappingRules | None", rules),
        )
    )


def recalled(kind: str, kwargs: dict[str, object], readings: Readings | None) -> object:
    """What a file holds, or held when it was read before."""
    path = _path(kind, kwargs[kind])
    if readings is None or path is None or not path.is_file():
        return _record(kind, kwargs)
    options = [kwargs.get("input_shapes"), bool(kwargs.get("price_all"))] if kind == "workload" else None
    return readings.read(kind, path, options, lambda: _record(kind, kwargs))


def _record(kind: str, kwargs: Mapping[str, Any]) -> Workload | Accelerator | MappingRules:
    if kind == "workload":
        return any_workload(kwargs[kind], kwargs.get("input_shapes"), price_all=bool(kwargs.get("price_all")))
    if kind == "accelerator":
        return any_accelerator(kwargs[kind], kwargs.get("memory_costs"))
    return mapping_rules(kwargs[kind])


def run_inputs(given: dict[str, object], read: dict[str, object], readings: Readings | None = None) -> list[RunInput]:
    """The inputs of a run for its record: what was read of the keywords that were given, and from which file."""
    from zigzag_lab.store import RunInput

    inputs = []
    for kind, record_type in RECORDS.items():
        record = read.get(kind)
        if isinstance(record, record_type):
            path = _path(kind, given.get(kind))
            reading = readings.said_by(record) if readings is not None else None
            if reading is not None and path is not None:
                inputs.append(replace(reading, file_name=str(path)))
                continue
            source = read_bytes(path, f"a file of the {kind}") if path is not None else None
            name = path.stem if path is not None else None
            inputs.append(RunInput.of(record, name=name, file_name=str(path) if path else None, source=source))
    return inputs


def _path(kind: str, source: object) -> Path | None:
    return resolve(cast(Kind, kind), source) if isinstance(source, (str, Path)) else None


def plain_options(kwargs: Mapping[str, object]) -> dict[str, Plain]:
    """Keywords that are plain data, for the record of a run; files are recorded as inputs, other objects not at all."""
    options: dict[str, Plain] = {}
    for name, value in kwargs.items():
        if name not in RECORDS and (value is not None or name in NONE_MEANS_ALL):
            with suppress(_NotPlainError):
                options[OPTION_NAMES.get(name, name)] = _plain(value)
    return options


class _NotPlainError(Exception):
    """A keyword holds an object that no record of options has terms for."""


def _plain(value: object) -> Plain:
    term = value.value if isinstance(value, Enum) else str(value) if isinstance(value, Path) else value
    if isinstance(term, dict):
        return {str(key): _plain(item) for key, item in term.items()}
    if isinstance(term, (list, tuple)):
        return [_plain(item) for item in term]
    if term is None or isinstance(term, (bool, int, float, str)):
        return term
    raise _NotPlainError


MOST_BYTES_OF_A_FILE = 256 * 1024
VARIATIONS = ("general_parameter_iterations",)
"""Keywords that give other keywords their values."""


def run_options(given: Mapping[str, object], stages: Sequence[StageCallable]) -> dict[str, object]:
    """The options of a run, for its record: plain keywords, the names of its stages, and the code of the user's."""
    code = list(_code_of(stages))
    names = [name_of(stage) for stage in stages]
    return {**plain_options(given), "stages": names, **({"stage_code": code} if code else {})}


def kept_keywords(
    given: Mapping[str, object], read: Mapping[str, object], stages: Sequence[StageCallable]
) -> dict[str, object] | None:
    """Keywords that a run's options and inputs do not hold, as documents; None where they hold all."""
    names = [name for name in given if name not in SERVICES and not _is_an_input(name, read)]
    wanted = [name for name in names if not (name in written_by(stages) or _is_an_option(name, given, stages))]
    return {name: value_document(_with_files(name, given[name])) for name in wanted} or None


def _is_an_input(name: str, read: Mapping[str, object]) -> bool:
    """Whether the inputs of a run hold a keyword."""
    kind = "workload" if name == "input_shapes" else name  # which the workload was read with
    return kind in RECORDS and isinstance(read.get(kind), RECORDS[kind])


def written_by(stages: Sequence[StageCallable]) -> set[str]:
    """Keywords by which stages write files, which a rerun does not write again."""
    return {name for stage in stages for name in spec_of(stage).writes}


def _is_an_option(name: str, given: Mapping[str, object], stages: Sequence[StageCallable]) -> bool:
    """Whether the options of a run hold a keyword as it was, and nothing else under the same name."""
    value = given[name]
    if OPTION_NAMES.get(name) in given or name in OPTION_NAMES.values():
        return False
    if value is None and name not in NONE_MEANS_ALL:
        declared = [parameters[name] for parameters in map(parameters_of, stages) if name in parameters]
        return all(parameter.default is None for parameter in declared)
    return name not in RECORDS and not _names_files(name, value) and comes_back(value)


def _names_files(name: str, value: object) -> bool:
    """Whether a keyword gives others their values, some of which may be files."""
    keys = value if name in VARIATIONS and isinstance(value, Mapping) else ()
    return any(kind in RECORDS for key in keys for kind in (key if isinstance(key, tuple) else (key,)))


def _with_files(name: str, value: object) -> object:
    """A keyword in which files that stages will read come with their content."""
    if name in RECORDS:
        return _file(name, value)
    if name not in VARIATIONS or not isinstance(value, Mapping):
        return value
    return {
        key: [_point(key, one) for one in values] if isinstance(values, (list, tuple)) else values
        for key, values in value.items()
    }


def _point(key: object, value: object) -> object:
    if isinstance(key, tuple) and isinstance(value, (tuple, list)):
        return type(value)(_file(name, one) for name, one in zip(key, value, strict=False))
    return _file(key, value)


def _file(kind: object, value: object) -> object:
    if kind not in RECORDS or not isinstance(value, (str, Path)):
        return value
    try:
        content = resolve(cast(Kind, kind), value).read_bytes()
        text = content.decode() if len(content) <= MOST_BYTES_OF_A_FILE else None
    except UnicodeDecodeError:
        text = None
    except (InputError, OSError):  # the stage that reads it raises a better error
        return value
    return KeptFile(str(value), sha256(content).hexdigest(), text)


# -- code --------------------------------------------------------------------------------------------------------------


def _code_of(stages: Sequence[StageCallable]) -> Iterator[dict[str, object]]:
    """Where the stages of a list that are not ours come from, and a digest of their source, as plain data."""
    for position, stage in enumerate(stages):
        code: object = stage.func if isinstance(stage, partial) else stage
        if is_own(code) and code is stage:
            continue
        module = getattr(code, "__module__", None) or type(code).__module__
        found: dict[str, object] = {"position": position, "stage": name_of(code), "module": str(module)}
        if isinstance(stage, partial):
            found["given"] = value_document({"args": list(stage.args), "keywords": dict(stage.keywords)})
        yield {**found, "source": digest_of_code(code)}


def digest_of_code(code: object) -> str | None:
    """The digest of a stage's source, whatever its module is called; None where its source is not all of its code."""
    code = code.func if isinstance(code, partial) else code
    try:
        return None if is_own(code) else source_digest(code)
    except NotKeyableError:
        return None
