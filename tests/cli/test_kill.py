from __future__ import annotations

from pathlib import Path

from tests.cli.kill import main


def test_runs_killed_at_random_moments_leave_nothing_torn(tmp_path: Path) -> None:
    main(3, 5, tmp_path)  # which looks at the whole database after each kill
