"""Finding Chromium, or installing it where that is possible: a test that needs it never passes by without it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
VARIABLE = "ZIGZAG_LAB_BROWSER"


def chromium_path() -> str:
    """The path of a Chromium or Chrome: named by ``ZIGZAG_LAB_BROWSER``, on the PATH, or installed now by apt.

    Raises:
        RuntimeError: there is none, and none can be installed.
    """
    return os.environ.get(VARIABLE) or _on_path() or _installed()


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _installed() -> str:
    """Have Debian's package installed, one process at a time."""
    with (Path(tempfile.gettempdir()) / "zigzag-lab-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        problem = "apt-get is not here, or this is not root"
        if not _on_path() and shutil.which("apt-get") and os.geteuid() == 0:
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
                done = subprocess.run(["apt-get", *words], env=environment, capture_output=True, text=True)
                problem = (done.stderr or done.stdout).strip()[-500:]
    path = _on_path()
    if path is None:
        raise RuntimeError(f"browser tests need Chromium or Chrome on the PATH, or in {VARIABLE}: {problem}")
    return path
