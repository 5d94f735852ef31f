"""The input files of a run, written back as they were."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from zigzag_lab.store.lab import Lab
from zigzag_lab.store.run_questions import input_names
from zigzag_lab.vocab import InputError


@dataclass(frozen=True)
class WrittenInput:
    """An input that was written.

    Attributes:
        kind: ``workload``, ``accelerator`` or ``mapping``.
        path: where it is now.
        is_original: whether these are the bytes of the file that the run read; otherwise all that it said, as JSON.
    """

    kind: str
    path: Path
    is_original: bool


def write_inputs(lab: Lab, run_id: str, folder: Path) -> list[WrittenInput]:
    """Write the inputs of a run: the bytes of its files, in a folder for each kind, under the names they had.

    Args:
        lab: the database.
        run_id: the run's id.
        folder: where to write; made when new. A file that is there and says something else is left alone.

    Raises:
        InputError: such a file is in the way, or the folder cannot be written to.
    """
    written, contents = [], []
    inputs = lab.inputs(run_id)
    names = _file_names(lab, run_id)
    for kind, (name, content, source) in inputs.items():
        as_it_was = source is not None
        file_name = names.get(kind) if as_it_was else None
        path = folder / kind / (file_name or f"{_as_file_name(name) or kind}.json")
        written.append(WrittenInput(kind, path, as_it_was))
        contents.append(source if source is not None else _as_json(content))
    try:
        for one, data in zip(written, contents, strict=True):
            if one.path.exists() and one.path.read_bytes() != data:
                raise InputError(str(one.path), "another file is there already", hint="Name a new folder.")
        for one, data in zip(written, contents, strict=True):
            one.path.parent.mkdir(parents=True, exist_ok=True)
            one.path.write_bytes(data)
    except OSError as error:
        raise InputError(str(folder), f"it cannot be written to ({error.strerror})", "a folder to write to") from error
    return written


def _file_names(lab: Lab, run_id: str) -> dict[str, str]:
    """Kind -> the name that its file had, without its folder."""
    names = input_names(lab, lab.store.run_number(run_id))
    return {given.kind: _as_file_name(given.file_name) for given in names if given.file_name}


def _as_file_name(name: str) -> str:
    """The last part of a path of any system; nothing of it leads out of a folder."""
    last = PurePosixPath(PureWindowsPath(name).name if "\\" in name else name).name
    return "" if last in (".", "..") else last.replace("\0", "")


def _as_json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
