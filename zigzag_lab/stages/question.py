"""Keys of the questions that stages ask of those below: equal in any process, on any machine, for equal questions.

In the key: the layer or the network, the accelerator and the constraints; the stages below with the keywords they
read; the version of the key's form; the digest of our code; the user's salt. Records count by their meaning, so
that names change nothing; by all fields where stages of the user's, which may read names, stand below, and
for whole networks, whose answers hold names. Not in it: whatever changes no result, as stages declare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import cast

import numpy as np

from zigzag_lab.inputs.arrays import ARRAY_MODELS
from zigzag_lab.inputs.presets import Kind, resolve
from zigzag_lab.keys import canonical_json, described, digest, engine_digest
from zigzag_lab.keys.canonical import KEY_VERSION, digest_of_bytes
from zigzag_lab.keys.engine import digest_of_package, digest_of_sources
from zigzag_lab.keys.records import KINDS, RecordDigests
from zigzag_lab.keys.sources import NotKeyableError, code_document
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages.protocols import SERVICES, Cache, Question
from zigzag_lab.stages.spec import Keywords, is_ours, name_of, parameters_of, spec_of
from zigzag_lab.stages.stage import StageCallable
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload

RECORD_VERSION = "1"
"""Of what answers hold beside results, for lists that put more on record."""

_ASKS_A_TOOL = re.compile(rb"auto_cost_extraction(?!['\"]?\s*[:,]\s*(?:false|no|off)\b)", re.IGNORECASE)

_DERIVED = {"problem": ("layer", "accelerator", "constraints", "spatial_mapping", "spatial_mapping_int")}
"""Keyword -> those that it follows from."""


def question_of(stages: Sequence[StageCallable], kwargs: Keywords, asked: Cache) -> Question:
    """Return the question that a list of stages answers when run with some keywords.

    Raises:
        NotKeyableError: the answer may depend on something that has no key.
    """
    below = [stage for stage in stages if not spec_of(stage).is_cache]
    is_all_ours = all(is_ours(stage) for stage in below)
    _refuse_writers(below, kwargs)
    _refuse_unread(below, kwargs)
    options = _deciding(below, kwargs, is_all_ours)
    kind = "network"
    if isinstance(options.get("layer"), Layer):
        kind = "step" if "spatial_mapping" in options or "temporal_mapping" in options else "layer"
    exact, digests = kind == "network" or not is_all_ours, asked.digests
    parts: dict[str, str] = {}
    records: dict[str, tuple[str, object]] = {}
    for name, of in KINDS.items():
        if isinstance(options.get(name), of):
            record = options.pop(name)
            parts[name] = digests.of_description(record) if exact else digests.of_meaning(record)
            records[parts[name]] = (name, record)
    pipeline = {"stages": [_stage_document(s) for s in below], "options": _options_document(options, below, kwargs)}
    parts["pipeline"] = _key(pipeline, "pipeline")
    records[parts["pipeline"]] = ("pipeline", pipeline)
    parts["engine"] = engine_digest()
    parts["key_version"], parts["salt"] = str(KEY_VERSION), asked.salt
    if not is_all_ours or any(spec_of(stage).leaves_records for stage in below):
        parts["record"] = RECORD_VERSION
    key = digest(parts, "question")
    within_reach = _in_this_process(stages) if asked.elsewhere() is None else stages
    has_inner = any(spec_of(stage).is_cache for stage in within_reach)
    subject = kwargs.get("layer") or kwargs.get("workload")
    label = subject.name if isinstance(subject, (Layer, Workload)) else str(subject or "")
    return Question(key, kind, label, parts, records, _n_layers(kind, kwargs, digests), has_inner)


def _in_this_process(stages: Sequence[StageCallable]) -> Iterator[StageCallable]:
    """The stages above the one, if any, that hands those below it to other processes."""
    for stage in stages:
        if "multiprocessing_callback" in spec_of(stage).consumes:
            return
        yield stage


def _refuse_writers(below: Sequence[StageCallable], kwargs: Keywords) -> None:
    """Refuse stages that write files: an answer from a cache would leave them unwritten."""
    for stage in below:
        for name in spec_of(stage).writes:
            if kwargs.get(name) is not None:
                raise NotKeyableError(f"{name_of(stage)} below writes files ('{name}')")


def _refuse_unread(below: Sequence[StageCallable], kwargs: Keywords) -> None:
    """Refuse stages that name files to readers further below: these are unknown until they are read."""
    unread = {name for stage in below for name in spec_of(stage).reads}
    for stage in below:
        for name in spec_of(stage).provides_from(kwargs):
            if name in unread:
                raise NotKeyableError(f"{name_of(stage)} below tries several files ('{name}')")


def _deciding(below: Sequence[StageCallable], kwargs: Keywords, is_all_ours: bool) -> dict[str, object]:
    """Return keywords that can influence the result; all of them if a stage does not declare what it reads."""
    silent = {*SERVICES, *(name for stage in below for name in _silent(stage))}
    chosen = {name: value for name, value in kwargs.items() if name not in silent}
    for name, others in _DERIVED.items():
        if name in chosen and all(chosen.get(other) is not None for other in others):
            del chosen[name]
    if not is_all_ours:
        return chosen
    read = {name for stage in below for name in parameters_of(stage)}
    return {name: value for name, value in chosen.items() if name in read}


def _silent(stage: StageCallable) -> Sequence[str]:
    """Keywords of a stage that change no result."""
    return *spec_of(stage).changes_nothing, *spec_of(stage).writes


def _key(document: object, domain: str) -> str:
    try:
        return digest_of_bytes(canonical_json(document), domain)
    except InputError as error:
        raise NotKeyableError(f"{error.where}: {error.found}") from None


_document_of_class = cache(code_document)


def _stage_document(stage: StageCallable) -> object:
    if is_ours(stage):
        return name_of(stage)
    return _document_of_class(stage) if isinstance(stage, type) else code_document(stage)


# -- keywords ----------------------------------------------------------------------------------------------------------


def _options_document(
    options: dict[str, object], below: Sequence[StageCallable], kwargs: Keywords
) -> dict[str, object]:
    defaults = _defaults(below, kwargs)
    layer = kwargs.get("layer")
    document: dict[str, object] = {}
    for name, value in {**defaults, **options}.items():
        if name == "mem_update_list" and isinstance(layer, Layer) and isinstance(value, Mapping):
            value = [layer.id, value.get(layer.id)]
        if name == "hardware_parameters":
            _refuse_tools(name, str(value).encode())
        if value is not None:
            is_unread = any(name in spec_of(stage).reads for stage in below) and not is_dataclass(value)
            document[name] = _input_document(name, value) if is_unread else _plain(value)
    return document


def _defaults(below: Sequence[StageCallable], kwargs: Keywords) -> dict[str, object]:
    """Defaults of keywords that are not given; a list where stages differ."""
    found: dict[str, set[object]] = {}
    for stage in below:
        if not is_ours(stage):
            continue
        silent = {*SERVICES, *_silent(stage)}
        for name, parameter in parameters_of(stage).items():
            plain = parameter.default is None or isinstance(parameter.default, (bool, int, float, str))
            if name not in kwargs and name not in silent and plain:
                found.setdefault(name, set()).add(parameter.default)
    return {n: next(iter(v)) if len(v) == 1 else sorted(v, key=repr) for n, v in found.items()}


def _input_document(name: str, value: object) -> object:
    """Return a document of an input that is not read yet: of a file by its bytes, of plain data by all of it."""
    if isinstance(value, (str, Path)):
        path = resolve(cast(Kind, name), value)
        content = path.read_bytes() if path.is_file() else str(value).encode()
        found: object = {"file": sha256(content).hexdigest(), "stem": path.stem}
    else:
        found = _plain(value)
        content = str(found).encode()
    _refuse_tools(name, content)
    return {"unread": found, "readers": reading_digest()}


def _refuse_tools(name: str, content: bytes) -> None:
    """Refuse to key accelerators whose memory costs come from an external tool (CACTI): its output may change."""
    if _ASKS_A_TOOL.search(content):
        raise NotKeyableError(f"'{name}' leaves the costs of memories to a tool outside")


@cache
def reading_digest() -> str:
    """Return the digest of the code that reads files, the array models of installed packages included."""
    ours = digest_of_sources(Path(__file__).parents[1], ("hardware", "inputs", "mapping", "vocab", "workload"))
    added = code_of_added_array_models()
    return _key([ours, added], "readers") if added else ours


def code_of_added_array_models() -> dict[str, str]:
    """Return the digests of the packages that add array models, by the name of the model."""
    added = (model for name, model in ARRAY_MODELS.items() if not ARRAY_MODELS.is_ours(name))
    return {model.name: digest_of_package(model.read.__module__) for model in added}


def _plain(value: object) -> object:
    """Return a keyword's value as plain data that distinguishes it from every other value.

    Raises:
        NotKeyableError: it is an object that has no key.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {"pairs": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((_plain(item) for item in value), key=repr)}
    if is_dataclass(value) and type(value).__module__.startswith("zigzag_lab."):
        return {"record": type(value).__name__, "says": described(value)}
    if isinstance(value, (np.generic, np.ndarray)) and value.shape == ():
        return value.item()
    if callable(value):
        return {"code": code_document(value)}
    raise NotKeyableError(f"an object of type {type(value).__name__} has no key")


# -- words and counts --------------------------------------------------------------------------------------------------


def _n_layers(kind: str, kwargs: Keywords, digests: RecordDigests) -> int:
    """How many distinct layers a question is about."""
    workload, rules, accelerator = kwargs.get("workload"), kwargs.get("mapping"), kwargs.get("accelerator")
    if kind != "network" or not isinstance(workload, Workload):
        return 1
    from zigzag_lab.stages.iterators import layers_priced

    layers = layers_priced(workload, accelerator)
    chosen = [rules.for_layer(layer) if isinstance(rules, MappingRules) else None for layer in layers]
    asked = {
        (digests.of_meaning(layer), digests.of_meaning(entry) if entry else "")
        for layer, entry in zip(layers, chosen, strict=True)
    }
    return max(1, len(asked))
