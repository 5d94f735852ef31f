"""Pictures follow matplotlib's settings, which users may change; zigzag-dse changes some when it is imported."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest


@pytest.fixture(autouse=True)
def _settings_as_shipped() -> Iterator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("agg")
        yield
