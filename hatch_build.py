"""Writes down, in a wheel, the digest of the sources that decide numbers (see ``zigzag_lab/keys/engine.py``)."""

from __future__ import annotations

import runpy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EngineNote(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Adds the note to a wheel; an editable install has none, as its sources are being worked on."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        if version == "editable":
            return
        package = Path(self.root) / "zigzag_lab"
        engine = runpy.run_path(str(package / "keys" / "engine.py"))
        self._folder = TemporaryDirectory(prefix="zigzag_lab_build_")
        note = Path(self._folder.name) / "engine_release.txt"
        digest = engine["digest_of_sources"](package, engine["DECIDING_PACKAGES"])
        note.write_text(digest + "\n", encoding="ascii")
        build_data["force_include"][str(note)] = f"zigzag_lab/{engine['RELEASE_NOTE']}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called once the wheel is there."""
        if version != "editable":
            self._folder.cleanup()
