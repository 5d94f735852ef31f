"""Run again what a record holds, with stages of the user's from the modules that they name, and compare the numbers."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from ast import literal_eval
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, get_args

from zigzag_lab.api.given import OPTION_NAMES, RECORDS, digest_of_code, written_by
from zigzag_lab.api.same_numbers import Comparing, Disagreement
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs.presets import Kind, resolve
from zigzag_lab.keys import engine_digest
from zigzag_lab.keys.records import record_from
from zigzag_lab.keys.sources import is_own
from zigzag_lab.keys.values import KeptFile, unknown_in, value_from
from zigzag_lab.stages import BUILTIN_STAGES, Stage, StageCallable
from zigzag_lab.stages.pipeline import ALIASES
from zigzag_lab.stages.spec import needed_keywords, parameters_of, spec_of
from zigzag_lab.stages.stage import STAGES
from zigzag_lab.store import StoreError
from zigzag_lab.store.codec import unpacked
from zigzag_lab.store.families import accelerators_of_child, source_content
from zigzag_lab.store.imported import IMPORTED
from zigzag_lab.store.lab import Lab, RunDetails
from zigzag_lab.store.row_checks import reading
from zigzag_lab.store.states import RunStatus
from zigzag_lab.vocab import InputError

RERUN_OF = "rerun_of"
"""The tag of a run that was done again: the id of the first."""


@dataclass(frozen=True)
class Rerun:
    """How a run that was done again compares.

    Attributes:
        run_id: the run that was done again.
        new_run_id: the new one.
        disagreements: none where the numbers agree.
        is_same_engine: whether the code that decides numbers is what it was.
        n_compared: figures that were compared, those of children included.
        n_children: runs within the run that were compared.
        status, new_status: how the two ended.
        reason: why the new one has no results, where it has none.
        changed_stages: stages of the user's whose source is not what it was.
        unknown_stages: those of which that is not known.
    """

    run_id: str
    new_run_id: str
    disagreements: tuple[Disagreement, ...]
    is_same_engine: bool
    n_compared: int = 0
    n_children: int = 0
    status: str = "finished"
    new_status: str = "finished"
    reason: str | None = None
    changed_stages: tuple[str, ...] = ()
    unknown_stages: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every number is what it was."""
        return not self.disagreements


def rerun(lab: Lab, run_id: str, *, stages: Mapping[str, StageCallable] | None = None) -> Rerun:
    """Do a run again from its record: no file of the first run is needed. The new run is recorded beside it.

    Its results are compared one by one, in order, then its layers, what passed its save stages, its fronts, and its
    children likewise. Stages of the user's that it used are given by their names.

    Raises:
        InputError: the run goes on; or the record is not enough: an input came from code, or a stage is not known.
    """
    from zigzag_lab.api.main_stage import MainStage

    before, details = lab.run(run_id), lab.details(run_id)
    if before.status == RunStatus.RUNNING:
        hint = "Wait until 'zigzag-lab ls' shows how it ended."
        raise InputError(f"run {before.run_id}", "it is still running", "a run that has ended", hint)
    with TemporaryDirectory(prefix="zigzag_lab_rerun_") as folder:
        given = given_again(lab, before.run_id, stages or {}, Path(folder))
        pipeline = MainStage(
            given.stages,
            store=lab.store,
            experiment=before.experiment,
            run_name=before.name,
            tags={**details.tags, RERUN_OF: before.run_id},
            mlflow="off",
            cache=False,
            without_effect=given.keywords,
            **given.keywords,
        )
        try:
            pipeline.run()
        except StoreError:
            raise
        except Exception:  # is on record as well, and compared with how the first one ended
            if pipeline.run_id is None:
                raise
    now = lab.run(pipeline.run_id or "")
    comparing = Comparing(lab)
    found = tuple(comparing.runs(before, now))
    return Rerun(
        before.run_id,
        now.run_id,
        found,
        is_same_engine=details.engine_digest == engine_digest(),
        n_compared=comparing.n_compared,
        n_children=comparing.n_children,
        status=before.status,
        new_status=now.status,
        reason=now.reason,
        changed_stages=tuple(given.changed_code),
        unknown_stages=tuple(given.unknown_code),
    )


_OF_THE_RECORD = ("stages", "stage_code")
"""Options of a run that are no keywords."""

_BY_TUPLES = ("general_parameter_iterations", "hardware_parameters")
"""Keywords whose keys may be tuples, which older records spell as Python does."""


@dataclass(frozen=True)
class GivenAgain:
    """What a run is done again with: its stages, without those that would look answers up, and their keywords.

    Of stages of the user's, those whose source is not what it was, and those of which that is not known.
    """

    stages: list[StageCallable]
    keywords: dict[str, Any]
    changed_code: list[str] = field(default_factory=list)
    unknown_code: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Code:
    """What is recorded of a stage that is not ours; see :func:`zigzag_lab.api.given.run_options`."""

    position: int
    stage: str
    module: str
    source: str | None = None
    given: object = None

    @property
    def is_ours(self) -> bool:
        return self.module.split(".")[0] == "zigzag_lab"


def given_again(lab: Lab, run_id: str, own: Mapping[str, StageCallable], folder: Path) -> GivenAgain:
    """The stages of a run, of them the user's own by name, and their keywords.

    Files that stages read themselves and that are no longer what they were are written to an empty folder.

    Raises:
        InputError: the record is not enough.
    """
    details = lab.details(run_id)
    if IMPORTED in details.tags:
        raise InputError(f"run {run_id}", "it was imported", "a run of a pipeline", "Its files name no inputs.")
    names = [str(name) for name in details.options.get("stages", ())]
    if not names:
        hint = "Runs without a pipeline, and points of sweeps that failed before they began, cannot be done again."
        raise InputError(f"run {run_id}", "its record names no stages", "a run of a pipeline", hint)
    with reading("zl_run", id=run_id):
        code = {int(one["position"]): _Code(**one) for one in details.options.get("stage_code", ())}
    made = [_stage(run_id, name, code.get(place), own) for place, name in enumerate(names)]
    stages = [stage for stage in made if not spec_of(stage).is_cache]
    given = GivenAgain(stages, _keywords(lab, run_id, details, stages, folder))
    _check_needs(run_id, given)
    for place, one in code.items():
        now = digest_of_code(made[place])
        if one.is_ours:
            continue
        if one.source is None:
            given.unknown_code.append(names[place])
        elif one.source != now:
            given.changed_code.append(names[place])
    given.unknown_code.extend(n for i, n in enumerate(names) if i not in code and made[i] is not STAGES.ours.get(n))
    return given


def _stage(run_id: str, name: str, code: _Code | None, own: Mapping[str, StageCallable]) -> StageCallable:
    """Return a stage by its name and module: ours, one that the user names, or one of an installed package."""
    stage: StageCallable | None = STAGES.ours.get(name) if code is None or code.is_ours else None
    stage = stage or own.get(name)
    if stage is None and code is not None and name in STAGES and STAGES[name].__module__ == code.module:
        stage = STAGES[name]
    if stage is None:
        module = f" of module {code.module}" if code else ""
        file = "FILE.py" if code is None or code.module == "__main__" else code.module
        hint = f"Name its module: 'zigzag-lab rerun {run_id} --stages {file}'; in Python give stages=."
        found = f"its stage {name}{module} is not one of ours, and the database does not hold its code"
        raise InputError(f"run {run_id}", found, hint=hint)
    if code is None or code.given is None or isinstance(stage, partial):
        return stage
    with reading("zl_run", id=run_id):
        given = value_from(code.given)
        return partial(stage, *given["args"], **given["keywords"])


# -- keywords ----------------------------------------------------------------------------------------------------------


def _keywords(
    lab: Lab, run_id: str, details: RunDetails, stages: Sequence[StageCallable], folder: Path
) -> dict[str, object]:
    recorded = details.keywords or {}
    for name, document in recorded.items():
        if (unknown := unknown_in(document)) is not None:
            found = f"its keyword '{name}' held an object of type {unknown}, which no database holds"
            raise InputError(f"run {run_id}", found, "plain data, files and records")
    files = _Files(lab, run_id, folder)
    with reading("zl_run", id=run_id):
        values = {name: value_from(document) for name, document in recorded.items()}
    restored = {name: files.put_into(value) for name, value in values.items()}
    readers = {name for stage in stages for name in parameters_of(stage)}
    options = {_keyword_of(name, readers): value for name, value in _options(details.options, {*recorded}).items()}
    inputs = {kind: record for kind, record in lab.input_records(run_id).items() if kind in RECORDS}
    inputs |= _design_of_child(lab, run_id)
    files_written = {"dump_folder", "pickle_filename", *written_by(stages)}
    given = {**{name: value for name, value in options.items() if name not in files_written}, **inputs, **restored}
    if "workload" in inputs and "workload" not in restored:
        given.pop("input_shapes", None)  # the workload was read with them
    if not all(spec_of(stage).is_complete for stage in stages):  # those of the user may read what they do not name
        ours = {name for stage in BUILTIN_STAGES for name in parameters_of(stage)}
        readers |= given.keys() - ours - ALIASES.keys()
    return {name: value for name, value in given.items() if name in readers or name in RECORDS}


def _design_of_child(lab: Lab, run_id: str) -> dict[str, object]:
    """The accelerator of a child where a stage of the user's above it passed another one than its parent's."""
    met = accelerators_of_child(lab, run_id)
    if len(met) != 1 or met[0] is None:
        return {}
    with reading("zl_input", kind=met[0]):
        return {"accelerator": record_from(Accelerator, lab.inputs(run_id)[met[0]][1])}


def _options(options: Mapping[str, object], recorded: set[str]) -> dict[str, object]:
    """Options as they were given, but for those whose keywords are recorded as they were."""
    instead = {OPTION_NAMES.get(name, name) for name in recorded}
    return {
        name: {_tuple_from(key): item for key, item in value.items()}
        if name in _BY_TUPLES and isinstance(value, dict)
        else value
        for name, value in options.items()
        if name not in instead and name not in _OF_THE_RECORD
    }


def _keyword_of(name: str, readers: set[str]) -> str:
    """The keyword that was recorded under a name."""
    keyword = next((keyword for keyword, recorded in OPTION_NAMES.items() if recorded == name), name)
    return name if name in readers and keyword not in readers else keyword


def _tuple_from(key: str) -> object:
    if not key.startswith("("):
        return key
    try:
        found = literal_eval(key)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return key
    return found if isinstance(found, tuple) and all(isinstance(part, str) for part in found) else key


def _check_needs(run_id: str, given: GivenAgain) -> None:
    wanted = {name for stage in given.stages[:1] for name in needed_keywords(stage)} & set(RECORDS)
    needed = [kind for kind in RECORDS if kind in wanted and kind not in given.keywords]
    if needed:
        hint = "Only runs whose inputs are files, presets or records can be done again."
        raise InputError(f"run {run_id}", f"its record holds no {' and no '.join(needed)}", hint=hint)


# -- files -------------------------------------------------------------------------------------------------------------


class _Files:
    """Files that stages read themselves: those of the user while they are what they were, else copies."""

    def __init__(self, lab: Lab, run_id: str, folder: Path) -> None:
        self.lab, self.run_id, self.folder = lab, run_id, folder
        self._copies: dict[tuple[str, str], Path] = {}

    def put_into(self, value: object) -> object:
        """A value with its files put in."""
        if isinstance(value, KeptFile):
            return self._path(value)
        if type(value) is list or type(value) is tuple:
            return type(value)(map(self.put_into, value))
        if type(value) is dict:
            return {key: self.put_into(item) for key, item in value.items()}
        return value

    def _path(self, file: KeptFile) -> str | Path:
        if any(_is_unchanged(kind, file) for kind in get_args(Kind)):
            return file.path
        key = Path(file.path).name, file.digest
        if key not in self._copies:
            content = self._content(file)
            copy = self.folder / str(len(self._copies)) / (key[0] or "file")
            copy.parent.mkdir()
            copy.write_bytes(content)
            self._copies[key] = copy
        return self._copies[key]

    def _content(self, file: KeptFile) -> bytes:
        text = (file.text or "").encode()
        if sha256(text).hexdigest() == file.digest:  # it may have been masked
            return text
        content = source_content(self.lab, file.digest)
        if content is None:
            found = f"its file {file.path} is not what it was, and was not kept"
            raise InputError(f"run {self.run_id}", found, f"a file with the SHA-256 {file.digest}")
        return unpacked(content)


def _is_unchanged(kind: Kind, file: KeptFile) -> bool:
    """Whether a file is still what it was."""
    try:
        return sha256(resolve(kind, file.path).read_bytes()).hexdigest() == file.digest
    except (InputError, OSError):
        return False


# -- stages of the user's ----------------------------------------------------------------------------------------------


WHERE = "--stages"


def stages_of_modules(modules: Sequence[str]) -> dict[str, StageCallable]:
    """Name -> the stages that modules (dotted names, or Python files) define, or import from elsewhere.

    Raises:
        InputError: one cannot be imported, has no stages, or names two stages as another one does.
    """
    found: dict[str, StageCallable] = {}
    for name in modules:
        module = _module(name)
        stages: dict[str, StageCallable] = {}
        for value in vars(module).values():
            is_stage = isinstance(value, type) and issubclass(value, Stage)
            is_function = inspect.isfunction(value) and value.__module__ == module.__name__
            if (is_stage or is_function) and not is_own(value):
                stages[value.__name__] = value
        if not stages:
            raise InputError(WHERE, f"{name} has no stages", "a module with classes derived from Stage")
        for called, stage in stages.items():
            if found.setdefault(called, stage) is not stage:
                raise InputError(WHERE, f"{name} and a module before it both have a stage {called}", "one of them")
    return found


def _module(name: str) -> ModuleType:
    try:
        return _from_file(Path(name)) if name.endswith(".py") else importlib.import_module(name)
    except FileNotFoundError:
        raise InputError(WHERE, f"there is no file {name}", "a module or a Python file") from None
    except ModuleNotFoundError as error:
        hint = f"Is it {name}.py?" if Path(f"{name}.py").is_file() else ""
        raise InputError(WHERE, f"{name} cannot be imported: {error}", "a module or a Python file", hint) from error
    except Exception as error:  # whatever the code of the user's does
        found = f"{name} cannot be imported: {type(error).__name__}: {error}"
        raise InputError(WHERE, found, "a module that can") from error


def _from_file(path: Path) -> ModuleType:
    """A file as the module of its name, which worker processes find beside it."""
    path = path.resolve()
    if not path.is_file():
        raise FileNotFoundError(path)
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None:
        raise InputError(WHERE, f"{path.name} is called like a module that is loaded already", "another file name")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(WHERE, f"{path} is no Python file", "a module or a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module
