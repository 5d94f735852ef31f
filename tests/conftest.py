"""What every test shares: hypothesis does not mind a busy machine; failures name versions that are not those pinned."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.versions import PIN_COMMAND, differences

settings.register_profile("zigzag_lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zigzag_lab")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; commands would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a test are recorded in its own folder, and MLflow is told of them only where a test asks for it."""
    monkeypatch.setenv("ZIGZAG_LAB_DB", f"sqlite:///{tmp_path}/zigzag_lab.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "off")
    monkeypatch.setenv("ZIGZAG_LAB_GIT_DIFF", "off")  # else every database of a test holds what is being worked on


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Where tests fail, say which packages are not of the versions that the tests passed with."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED and (others := differences()):
        terminalreporter.section("other versions than those that the tests passed with")
        terminalreporter.write_line(", ".join(others))
        terminalreporter.write_line(f"'{PIN_COMMAND}' installs the pinned ones.")
