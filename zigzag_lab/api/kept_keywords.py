"""What the stages of a run were given, kept so that they can be given it again, and whose code they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from zigzag_lab.api.given import NONE_MEANS_ALL, OPTION_NAMES, RECORDS, plain_options
from zigzag_lab.inputs.presets import resolve
from zigzag_lab.keys.sources import NotKeyableError, is_own, source_digest
from zigzag_lab.keys.values import KeptFile, comes_back, value_document
from zigzag_lab.stages import StageCallable
from zigzag_lab.stages.protocols import SERVICES
from zigzag_lab.stages.signature import name_of, parameters_of
from zigzag_lab.stages.spec import spec_of
from zigzag_lab.vocab import InputError

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
