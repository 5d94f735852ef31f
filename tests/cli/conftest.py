"""One small database for all tests that only ask."""

from __future__ import annotations

import pytest

from tests.cli.recorded import two_runs


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """The URL of a database with two runs, and their ids; not to be written to."""
    return two_runs(tmp_path_factory.mktemp("two"))
