"""What a run is given: files read into records before it starts, and what a rerun needs to know of its keywords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import check_against, check_links
from zigzag_lab.inputs.presets import resolve
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.keys.sources import NotKeyableError, is_own, source_digest
from zigzag_lab.keys.values import KeptFile, comes_back, value_document
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import AcceleratorParserStage, ONNXModelParserStage, StageCallable, WorkloadParserStage
from zigzag_lab.stages.parsers import any_accelerator, any_workload, mapping_rules
from zigzag_lab.stages.protocols import SERVICES
from zigzag_lab.stages.signature import name_of, parameters_of
from zigzag_lab.stages.spec import spec_of
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import LPF_LIMIT, MIX_SPATIAL, N_SPATIAL_MAPPINGS
from zigzag_lab.workload import Workload

if TYPE_CHECKING:
    from zigzag_lab.store import RunInput
    from zigzag_lab.store.readings import Readings

_READERS: dict[Any, tuple[str, ...]] = {
    ONNXModelParserStage: ("workload", "mapping"),
    WorkloadParserStage: ("workload", "mapping"),
    AcceleratorParserStage: ("accelerator",),
}
RECORDS: dict[str, Any] = {"workload": Workload, "accelerator": Accelerator, "mapping": MappingRules}


OPTION_NAMES = {
    **{option.keyword: option.name for option in (LPF_LIMIT, N_SPATIAL_MAPPINGS)},
    MIX_SPATIAL.keyword: "mixed_spatial_mappings",
    "access_same_data_considered_as_no_access": "keep_at_output_pins",
}
"""What keywords of stages are called in the record."""

NONE_MEANS_ALL = (LPF_LIMIT.keyword, N_SPATIAL_MAPPINGS.keyword)
"""Keywords whose None says something: no limit. That of others says that they were not given."""


def read_given(
    stages: Sequence[StageCallable], kwargs: dict[str, Any], readings: Readings | None = None
) -> dict[str, Any]:
    """The keywords of a pipeline with files read, as far as its parser stages would read them anyway.

    A run is only opened once its inputs are known to be sound; the parser stages then hand the records on. What stages
    above them vary, or may look at, is left to them.

    Args:
        stages: the list.
        kwargs: the keywords as the user gave them.
        readings: remembers what files said before.
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


def recalled(kind: str, kwargs: dict[str, Any], readings: Readings | None) -> Any:
    """What a file says, or said when it was read before."""
    path = _path(kind, kwargs[kind])
    if readings is None or path is None or not path.is_file():
        return _record(kind, kwargs)
    options = [kwargs.get("input_shapes"), bool(kwargs.get("price_all"))] if kind == "workload" else None
    return readings.read(kind, path, options, lambda: _record(kind, kwargs))


def _record(kind: str, kwargs: dict[str, Any]) -> Any:
    if kind == "workload":
        return any_workload(kwargs[kind], kwargs.get("input_shapes"), price_all=bool(kwargs.get("price_all")))
    if kind == "accelerator":
        return any_accelerator(kwargs[kind], kwargs.get("memory_costs"))
    return mapping_rules(kwargs[kind])


def run_inputs(given: dict[str, Any], read: dict[str, Any], readings: Readings | None = None) -> list[RunInput]:
    """The inputs of a run for its record: what was read, and from which file.

    Args:
        given: the keywords as the user gave them.
        read: the same with files read.
        readings: where they may have been read from.
    """
    from zigzag_lab.store import RunInput

    inputs = []
    for kind, record_type in RECORDS.items():
        record = read.get(kind)
        if isinstance(record, record_type):
            path = _path(kind, given.get(kind))
            said = readings.said_by(record) if readings is not None else None
            if said is not None and path is not None:
                inputs.append(said.as_input(str(path)))
                continue
            source = read_bytes(path, f"a file of the {kind}") if path is not None else None
            name = path.stem if path is not None else None
            inputs.append(RunInput.of(record, name=name, file_name=str(path) if path else None, source=source))
    return inputs


def _path(kind: Any, source: Any) -> Path | None:
    return resolve(kind, source) if isinstance(source, (str, Path)) else None


def plain_options(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keywords that are plain data, for the record of a run; files are recorded as inputs, other objects not at all."""
    options: dict[str, Any] = {}
    for name, value in kwargs.items():
        if value is None and name not in NONE_MEANS_ALL:
            continue
        if name not in RECORDS and (plain := _plain(value)) is not _NOT_PLAIN:
            options[OPTION_NAMES.get(name, name)] = plain
    return options


_NOT_PLAIN = object()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        return _NOT_PLAIN if _NOT_PLAIN in items else items
    if isinstance(value, dict):
        pairs = {str(key): _plain(item) for key, item in value.items()}
        return _NOT_PLAIN if _NOT_PLAIN in pairs.values() else pairs
    return _NOT_PLAIN


MOST_BYTES_OF_A_FILE = 256 * 1024
VARIATIONS = ("general_parameter_iterations",)
"""Keywords that give other keywords their values."""


def run_options(given: Mapping[str, Any], stages: Sequence[StageCallable]) -> dict[str, Any]:
    """What a run was asked, for its record: plain keywords, the names of its stages, and the code of the user's."""
    code = kept_code(stages)
    names = [name_of(stage) for stage in stages]
    return {**plain_options(dict(given)), "stages": names, **({"stage_code": code} if code else {})}


def kept_keywords(
    given: Mapping[str, Any], read: Mapping[str, Any], stages: Sequence[StageCallable]
) -> dict[str, Any] | None:
    """The keywords that options and inputs of a run do not give back, as documents; None where they give back all.

    Args:
        given: the keywords of the stages.
        read: the same with files read, as far as that was done.
        stages: the list.
    """
    names = [name for name in given if name not in SERVICES and not _is_an_input(name, read)]
    wanted = [name for name in names if not (name in _written_by(stages) or _is_an_option(name, given, stages))]
    return {name: value_document(_with_files(name, given[name])) for name in wanted} or None


def _is_an_input(name: str, read: Mapping[str, Any]) -> bool:
    """Whether the inputs of a run say a keyword."""
    kind = "workload" if name == "input_shapes" else name  # which the workload was read with
    return kind in RECORDS and isinstance(read.get(kind), RECORDS[kind])


def _written_by(stages: Sequence[StageCallable]) -> set[str]:
    """Keywords by which stages write files, which nobody wants to have written again."""
    return {name for stage in stages for name in spec_of(stage).writes}


def _is_an_option(name: str, given: Mapping[str, Any], stages: Sequence[StageCallable]) -> bool:
    """Whether the options of a run say a keyword as it was, and nothing else under the same name."""
    value = given[name]
    if OPTION_NAMES.get(name) in given or name in OPTION_NAMES.values():
        return False
    if value is None and name not in NONE_MEANS_ALL:
        said = [parameters[name] for parameters in map(parameters_of, stages) if name in parameters]
        return all(parameter.default is None for parameter in said)
    return name not in RECORDS and not _names_files(name, value) and comes_back(value)


def _names_files(name: str, value: Any) -> bool:
    """Whether a keyword gives others their values, some of which may be files."""
    keys = value if name in VARIATIONS and isinstance(value, Mapping) else ()
    return any(kind in RECORDS for key in keys for kind in (key if isinstance(key, tuple) else (key,)))


def _with_files(name: str, value: Any) -> Any:
    """A keyword in which files that stages will read are known by what they say, too."""
    if name in RECORDS:
        return _file(name, value)
    if name not in VARIATIONS or not isinstance(value, Mapping):
        return value
    return {
        key: [_point(key, one) for one in values] if isinstance(values, (list, tuple)) else values
        for key, values in value.items()
    }


def _point(key: Any, value: Any) -> Any:
    if isinstance(key, tuple) and isinstance(value, (tuple, list)):
        return type(value)(_file(name, one) for name, one in zip(key, value, strict=False))
    return _file(key, value)


def _file(kind: Any, value: Any) -> Any:
    if kind not in RECORDS or not isinstance(value, (str, Path)):
        return value
    try:
        content = resolve(kind, value).read_bytes()
        text = content.decode() if len(content) <= MOST_BYTES_OF_A_FILE else None
    except UnicodeDecodeError:
        text = None
    except (InputError, OSError):  # the stage that reads it says what is wrong with it
        return value
    return KeptFile(str(value), sha256(content).hexdigest(), text)


# -- code --------------------------------------------------------------------------------------------------------------


def kept_code(stages: Sequence[StageCallable]) -> list[dict[str, Any]]:
    """Where the stages of a list that are not ours come from, and a digest of their source, as plain data."""
    return list(_code(stages))


def _code(stages: Sequence[StageCallable]) -> Iterator[dict[str, Any]]:
    for position, stage in enumerate(stages):
        code: Any = stage.func if isinstance(stage, partial) else stage
        if is_own(code) and code is stage:
            continue
        found: dict[str, Any] = {"position": position, "stage": name_of(code), "module": str(_module_of(code))}
        if isinstance(stage, partial):
            found["given"] = value_document({"args": list(stage.args), "keywords": dict(stage.keywords)})
        yield {**found, "source": digest_of_code(code)}


def _module_of(code: Any) -> Any:
    return getattr(code, "__module__", None) or type(code).__module__


def digest_of_code(code: Any) -> str | None:
    """The digest of a stage's source, whatever its module is called; None where its source does not say it all."""
    code = code.func if isinstance(code, partial) else code
    try:
        return None if is_own(code) else source_digest(code)
    except NotKeyableError:
        return None
