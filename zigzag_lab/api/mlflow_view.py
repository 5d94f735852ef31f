"""MLflow: what waits to be published, publishing it, and its own user interface on what was."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import FrameType
from typing import IO, TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from zigzag_lab.api.ask import open_lab
from zigzag_lab.api.databases import default_database
from zigzag_lab.store.choice import last_publication_error, publication_counts
from zigzag_lab.store.sweep_questions import sweep_names
from zigzag_lab.tracking.limits import VIEW_ID, VIEW_TAG
from zigzag_lab.tracking.places import artifact_folder, mlflow_uri_for, sqlite_path
from zigzag_lab.vocab import InputError, ZigzagLabError
from zigzag_lab.vocab.masking import masked

if TYPE_CHECKING:
    from zigzag_lab.tracking import PublishReport

DEFAULT_PORT = 5000
N_PORTS = 20
START_SECONDS = 60.0
STOP_SECONDS = 5.0


class ServerError(ZigzagLabError):
    """MLflow's server does not start. Exit status 1."""


@dataclass(frozen=True)
class PublishingState:
    """The outbox in figures: state -> how many runs, and why the last one that failed did.

    The tracking URI has no password; it is None where publishing is off.
    """

    uri: str | None
    counts: dict[str, int]
    last_error: str | None


def publication_state(database: str | None, mlflow: str | None) -> PublishingState:
    """What MLflow has, and what it lacks."""
    with open_lab(database) as lab:
        uri = mlflow_uri_for(lab.url, mlflow)
        counts, error = publication_counts(lab.store.database), last_publication_error(lab.store.database)
    return PublishingState(masked(uri) if uri else None, counts, error)


def uri_of(database: str | None, mlflow: str | None) -> str:
    """Where runs of a database are published to. It may carry a password.

    Raises:
        InputError: publishing is off.
    """
    with open_lab(database) as lab:
        uri = mlflow_uri_for(lab.url, mlflow)
    if uri is None:
        found = "publishing is off" if mlflow else "publishing is off (MLFLOW_TRACKING_URI)"
        raise InputError("MLflow", found, hint="Name its store: --mlflow sqlite:///mlflow.db.")
    return uri


def sync(
    database: str | None,
    mlflow: str | None,
    *,
    again: bool = False,
    policy: str | None = None,
    sweeps: Sequence[str] = (),
    may_be_off: bool = False,
) -> PublishReport | None:
    """Publish what waits.

    Args:
        database: the URL of ours.
        mlflow: MLflow's tracking URI.
        again: also bring up to date what was published, as for a new MLflow store.
        policy: which points of sweeps are published from now on (:class:`zigzag_lab.store.choice.Policy`);
            what suits their number where only sweeps are named.
        sweeps: names; all of them where only a policy is given.
        may_be_off: whether publishing may be off; what was chosen waits then.

    Returns:
        What was published, and what could not be; None where publishing is off.

    Raises:
        InputError: publishing is off and may not be, there is no such policy or sweep.
    """
    from zigzag_lab.store.choice import Policy
    from zigzag_lab.store.sweep_questions import ask_to_publish_sweep
    from zigzag_lab.tracking import publish_pending

    uri = mlflow_uri_for(database or default_database(), mlflow) if may_be_off else uri_of(database, mlflow)
    chosen = None if policy is None else Policy.read(policy)
    with open_lab(database) as lab:
        if chosen is not None and not sweeps:
            sweeps = sweep_names(lab.store.database)
        for name in sweeps:
            ask_to_publish_sweep(lab.store, name, chosen)
        return None if uri is None else publish_pending(lab.store, uri, again=again)


def check_publishing(database: str, mlflow: str | None, policy: str | None) -> None:
    """Check, before anything runs, that the options of publishing can be used.

    Raises:
        InputError: the tracking URI or the policy is none.
    """
    from zigzag_lab.store.choice import Policy

    mlflow_uri_for(database, mlflow)
    if policy is not None:
        Policy.read(policy)


# -- the user interface ------------------------------------------------------------------------------------------------


_SERVER = """
import os, signal, threading

def end_with_its_starter():
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=end_with_its_starter, daemon=True).start()
from mlflow.cli import cli
cli(prog_name="mlflow")
"""
"""MLflow's command in a group of processes that ends with the one that started it, also where that one is killed."""


@contextmanager
def mlflow_server(
    uri: str, host: str = "127.0.0.1", port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """MLflow's own server on a store, in a process group of its own that ends with the block.

    The store's URI goes to it through its environment, as it may carry a password. Its port is by default the first
    free one from 5000 on.

    Yields:
        The address to open, and the process.

    Raises:
        InputError: the port is taken.
        ServerError: the server does not start.
    """
    port = _free_port(host, port)
    words = ["server", "--host", host, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    with _stopped_by_signals(), TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *words],
            env=_environment(uri),
            start_new_session=True,
            stdin=subprocess.PIPE,  # closed when this process ends, however it ends
            stdout=output,
            stderr=output,
        )
        try:
            at = f"[{host}]" if ":" in host else host
            address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else at}:{port}"
            _wait_for(address, process, output)
            yield address, process
        finally:
            _stop(process)


def page_of_runs(address: str, database: str | None) -> str:
    """The page of the newest run's experiment, with the charts of its sweep where there is one.

    The front page of the user interface, whose address is given, where MLflow does not have the experiment.
    """
    with open_lab(database) as lab:
        newest = lab.runs(limit=1)
    if not newest:
        return address
    question = f"api/2.0/mlflow/experiments/get-by-name?experiment_name={quote(newest[0].experiment, safe='')}"
    try:
        with urlopen(f"{address.rstrip('/')}/{question}", timeout=5) as answer:
            found = json.load(answer)["experiment"]
            number, tags = found["experiment_id"], {tag["key"] for tag in found.get("tags", ())}
    except (OSError, ValueError, KeyError, TypeError):
        return address
    view = f"&viewStateShareKey={VIEW_ID}&compareRunsMode=CHART" if VIEW_TAG in tags else ""
    return f"{address.rstrip('/')}/#/experiments/{number}/runs?workflowType=machine_learning{view}"


def _environment(uri: str) -> dict[str, str]:
    """The server's environment: where its store is, and nothing beside that runs jobs or calls home."""
    folder, path = artifact_folder(uri), sqlite_path(uri)
    ours = {
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }
    if folder is not None:
        ours["MLFLOW_DEFAULT_ARTIFACT_ROOT"] = ours["MLFLOW_ARTIFACTS_DESTINATION"] = folder.as_uri()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    return {**{k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}, **ours}


def _free_port(host: str, wanted: int | None) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in [wanted] if wanted is not None else range(DEFAULT_PORT, DEFAULT_PORT + N_PORTS):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except socket.gaierror as error:
                raise InputError("--host", f"'{host}' is no address of this machine", "such as 127.0.0.1") from error
            except (OSError, OverflowError) as error:
                problem = error
                continue
        return port
    where = f"port {wanted}" if wanted is not None else f"ports {DEFAULT_PORT} to {DEFAULT_PORT + N_PORTS - 1}"
    found = f"not free on {host} ({getattr(problem, 'strerror', None) or problem})"
    raise InputError(where, found, hint="Name another with --port.") from problem


def _wait_for(address: str, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            output.seek(0)
            last = output.read().decode(errors="replace").strip().splitlines()[-1:]
            raise ServerError(masked(" ".join(["MLflow's server did not start. It says:", *last])))
        with suppress(URLError, OSError), urlopen(f"{address}/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise ServerError(f"MLflow's server did not answer at {address} within {START_SECONDS:.0f} s.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and the workers it started."""
    for word in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, word)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            break
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Raise exceptions for signals that end a process, so that the blocks it is in are left in order."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
