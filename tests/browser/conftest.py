"""One browser for all tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import Chromium, chromium_path


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """A running browser; a machine without one gets it installed, or the test fails."""
    with Chromium(chromium_path()) as running:
        yield running
