"""What a run is given: files turned into records before it starts, with what is needed to know them again."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import check_against, check_links
from zigzag_lab.inputs.presets import resolve
from zigzag_lab.inputs.yaml_file import read_bytes
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import AcceleratorParserStage, ONNXModelParserStage, StageCallable, WorkloadParserStage
from zigzag_lab.stages.parsers import any_accelerator, any_workload, mapping_rules
from zigzag_lab.stages.spec import spec_of
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
    "loma_lpf_limit": "lpf_limit",
    "nb_mappings_generated": "n_spatial_mappings",
    "enable_mix_spatial_mapping_generation": "mixed_spatial_mappings",
    "access_same_data_considered_as_no_access": "keep_at_output_pins",
}
"""What keywords of stages are called in the record."""

NONE_MEANS_ALL = ("loma_lpf_limit", "nb_mappings_generated")
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
