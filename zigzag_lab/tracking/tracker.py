"""MLflow behind four verbs: open, publish a run, close. All use of its client is here, and the SQLite file it writes.

To be used within :func:`quiet_mlflow`: no telemetry, no advice on git, no log lines, no warnings of libraries below it.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from zigzag_lab.stages.files import unfinished
from zigzag_lab.store.sqlite import journal_mode_for
from zigzag_lab.tracking.content import DatasetRecord, RunContent
from zigzag_lab.tracking.limits import MAX_ENTITIES, MAX_METRICS, PARENT_TAG, chunks
from zigzag_lab.tracking.places import artifact_folder, sqlite_path, sqlite_uri

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Run
    from mlflow.tracking.client import MlflowClient

DOCUMENT_NAME = "run.json"
_OF_RUNS = {"mlflow.experimentKind": "custom_model_development"}
"""Has the user interface open an experiment on its table of runs, not on traces of language models."""

_OF_THE_RUN = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "RESOURCE_DOES_NOT_EXIST"}


class Tracker:
    """MLflow's store at a tracking URI. A SQLite file that is not there is made.

    Raises:
        Exception: whatever MLflow and the libraries below it raise.
    """

    def __init__(self, uri: str) -> None:
        from mlflow.tracking.client import MlflowClient

        path = sqlite_path(uri)
        if path is not None and "?" not in uri:
            make_whole(path, lambda part: _dispose(MlflowClient(tracking_uri=sqlite_uri(part))))
            use_wal(path)
        self._uri = uri
        self._client: MlflowClient = MlflowClient(tracking_uri=uri)
        if path is not None:
            commit_quickly(self._client)
        self._experiments: dict[str, str] = {}
        self._new: set[str] = set()

    def close(self) -> None:
        """Close database connections, so that files can be moved and logs are folded in."""
        _dispose(self._client)

    def publish(self, content: RunContent, known_id: str | None, parent_id: str | None = None) -> str:
        """Bring a run to MLflow, or up to date where it is there already: nothing is ever there twice.

        Returns:
            MLflow's id of it; ``known_id`` is that of an earlier publication, ``parent_id`` that of its parent run.
        """
        experiment_id = self._experiment_id(content.experiment)
        tags = {**content.tags, **({PARENT_TAG: parent_id} if parent_id is not None else {})}
        run = self._known(known_id, content) or self._found(experiment_id, content)
        if run is None:
            run = self._client.create_run(
                experiment_id, start_time=content.started_ms, tags=tags, run_name=content.name or None
            )
        elif run.info.lifecycle_stage == "deleted":
            self._client.restore_run(run.info.run_id)
        self._log(run, content, tags)
        if content.document is not None:
            self._log_text(run, content.document, DOCUMENT_NAME)
        if content.status == "RUNNING":
            self._client.update_run(run.info.run_id, status=content.status)
        else:
            self._client.set_terminated(run.info.run_id, content.status, content.ended_ms)
        return str(run.info.run_id)

    def tag_experiment(self, name: str, key: str, value: str) -> None:
        """Tag an experiment."""
        self._client.set_experiment_tag(self._experiment_id(name), key, value)

    def log_files(self, run_id: str, folder: Path) -> None:
        """Bring the files of a folder to a run, in the place of those of their names."""
        self._client.log_artifacts(run_id, str(folder))

    # -- finding -------------------------------------------------------------------------------------------------------

    def _experiment_id(self, name: str) -> str:
        """The experiment of a name: made when new, restored when deleted."""
        known = self._experiments.get(name)
        if known is not None:
            return known
        experiment = self._client.get_experiment_by_name(name)
        if experiment is None:
            experiment_id = self._new_experiment(name)
            self._new.add(experiment_id)
        else:
            experiment_id = str(experiment.experiment_id)
            if experiment.lifecycle_stage == "deleted":
                self._client.restore_experiment(experiment_id)
        self._experiments[name] = experiment_id
        return experiment_id

    def _new_experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        folder = artifact_folder(self._uri)
        try:
            return str(self._client.create_experiment(name, None if folder is None else folder.as_uri(), _OF_RUNS))
        except MlflowException as error:
            experiment = self._client.get_experiment_by_name(name)
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or experiment is None:
                raise
            return str(experiment.experiment_id)

    def _known(self, mlflow_id: str | None, content: RunContent) -> Run | None:
        """The run of an id, if this store has it and it is ours."""
        from mlflow.exceptions import MlflowException

        if mlflow_id is None:
            return None
        try:
            run = self._client.get_run(mlflow_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return run if run.data.tags.get(content.id_tag) == content.run_id else None

    def _found(self, experiment_id: str, content: RunContent) -> Run | None:
        """The run that carries our id, made by a publisher that could not write it down any more."""
        from mlflow.entities import ViewType

        if experiment_id in self._new:  # made by this call, and no other process writes into it while we hold the lock
            return None
        question = f"tags.`{content.id_tag}` = '{content.run_id}'"
        runs = self._client.search_runs([experiment_id], question, run_view_type=ViewType.ALL, max_results=1)
        return runs[0] if runs else None

    # -- writing -------------------------------------------------------------------------------------------------------

    def _log(self, run: Run, content: RunContent, wanted: Mapping[str, str]) -> None:
        """Parameters and tags that MLflow lacks, all metrics, the inputs."""
        from mlflow.entities import Metric, Param, RunTag

        run_id, there = run.info.run_id, run.data
        # all of one time: logged again, they are the same points
        metrics = [Metric(m.key, m.value, content.measured_ms, m.step) for m in content.metrics]
        params = [Param(k, v) for k, v in content.params.items() if k not in there.params]
        tags = [RunTag(k, v) for k, v in wanted.items() if there.tags.get(k) != v]
        room = min(MAX_METRICS, MAX_ENTITIES - len(params) - len(tags))
        for number, chunk in enumerate(chunks(metrics, room, MAX_METRICS)):
            is_first = number == 0
            self._client.log_batch(run_id, chunk, params if is_first else (), tags if is_first else ())
        for key in there.tags:
            if key.startswith("zl.") and key not in wanted:
                self._client.delete_tag(run_id, key)
        if content.datasets:
            self._client.log_inputs(run_id, datasets=[_dataset_input(d) for d in content.datasets])

    def _log_text(self, run: Run, text: str, name: str) -> None:
        """A file of a run, without asking again where its files go."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            repository = get_artifact_repository(run.info.artifact_uri, self._uri)
            repository.log_artifact(str(path))  # type: ignore[no-untyped-call]


def _dataset_input(given: DatasetRecord) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source, profile = json.dumps({"uri": given.place}), json.dumps({"digest": given.full_digest})
    dataset = Dataset(given.name, given.digest, "local", source, profile=profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", given.role)])


def _dispose(client: MlflowClient) -> None:
    """Close a client's connections, where it has any."""
    engine = getattr(getattr(client._tracking_client, "store", None), "engine", None)
    if engine is not None:
        engine.dispose()


def is_of_the_run(error: BaseException) -> bool:
    """Whether an error concerns one run only, so that the next may still be published."""
    return getattr(error, "error_code", None) in _OF_THE_RUN


# -- its SQLite file ---------------------------------------------------------------------------------------------------


def make_whole(path: Path, make: Callable[[Path], None]) -> None:
    """Make a database under another name and move it in place when it is complete, unless it is there already.

    MLflow takes more than a second for its first database; a process killed meanwhile, or two that start at once,
    would leave one that cannot be used. ``make`` makes it at the path it is given, and closes it.
    """
    if path.exists():
        return
    with unfinished(path) as part:
        use_wal(part)  # before, as it spares MLflow's seventy migrations most of their waiting for the disk
        make(part)
        _put_in_place(part, path)


def _put_in_place(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)
    except FileExistsError:  # another process was first: its database is as good
        return
    except OSError:  # no hard links here
        if not path.exists():
            part.rename(path)


def use_wal(path: Path) -> None:
    """Set a SQLite file to write-ahead logging, in which MLflow writes three times as fast.

    The mode is stored in the file. One that is in use stays as it is, and so does one on a network file system.
    """
    if journal_mode_for(path) != "wal":
        return
    with closing(sqlite3.connect(path, 0.5, isolation_level=None)) as connection:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            return


def commit_quickly(client: MlflowClient) -> None:
    """Set MLflow's client to write to a SQLite file in WAL mode without waiting for the disk at each commit.

    A power failure may then take the last runs off MLflow, never the file's integrity;
    ``zigzag-lab mlflow sync --again`` brings them back.
    """
    from sqlalchemy import event

    engine = client._tracking_client.store.engine

    def on_connect(connection: sqlite3.Connection, _: object) -> None:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(engine, "connect", on_connect)
    engine.dispose()  # connections that were opened before


# -- its noise ---------------------------------------------------------------------------------------------------------


_SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
_PATIENCE = {  # MLflow would try a server that is down for four minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
_MOST_ATTEMPTS = 3
"""How often MLflow may try to open a database: left alone it does so for 100 seconds."""

_LOGGERS = ("mlflow", "alembic", "sqlalchemy", "urllib3", "git")
_SILENT = logging.CRITICAL + 1


@contextmanager
def quiet_mlflow(*, for_database: bool = True) -> Iterator[None]:
    """Within it, MLflow is imported and may be used. What it changes (environment, log levels) is put back afterwards.

    Warnings and the environment belong to the whole process: one thread at a time. For a database more has to be
    imported than for a server.
    """
    fresh = "mlflow" not in sys.modules
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    before = {name: os.environ.get(name) for name in (*_SWITCHES, *_PATIENCE)}
    os.environ.update(_SWITCHES | {n: v for n, v in _PATIENCE.items() if n not in os.environ})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _import_mlflow(for_database)
            if fresh:
                levels["mlflow"] = logging.getLogger("mlflow").level
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(_SILENT)
            with _few_attempts() if for_database else nullcontext():
                yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _import_mlflow(for_database: bool) -> None:
    """Import it with the garbage collector at rest, which takes a fifth off."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        import mlflow.tracking.client

        if for_database:
            import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _few_attempts() -> Iterator[None]:
    from mlflow.store.db import utils

    before = utils.MAX_RETRY_COUNT
    utils.MAX_RETRY_COUNT = _MOST_ATTEMPTS
    try:
        yield
    finally:
        utils.MAX_RETRY_COUNT = before
