"""Files of older versions and of Stream, converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zigzag_lab.inputs.conversion import Conversion, convert
from zigzag_lab.stages.files import write_atomically
from zigzag_lab.vocab import InputError


@dataclass(frozen=True)
class Converted:
    """A file that was looked at, and the one that was written; none where it is in today's notation already."""

    conversion: Conversion
    path: Path | None


def convert_files(sources: Sequence[Path], folder: Path | None = None) -> list[Converted]:
    """Write files of older versions in today's notation: all of them, or none.

    Args:
        sources: accelerators, mappings and workloads; Python modules are named, never run.
        folder: where to write, under the same names; made if need be. Else each goes beside its source, as
            ``NAME.converted.yaml``.

    Raises:
        InputError: a file cannot be converted without a guess, another file is in the way, or nothing can be written.
    """
    found = [Converted(one, _target(one, folder)) for one in map(convert, dict.fromkeys(sources))]
    targets: dict[Path, Path] = {}
    for one in found:
        if one.path is None:
            continue
        if one.path in targets:
            raise InputError(
                str(one.path), f"both {targets[one.path]} and {one.conversion.source} would go there",
                "a file for each", "Convert them into two folders.",
            )  # fmt: skip
        if one.path.exists() or one.path.is_symlink():
            raise InputError(str(one.path), "a file is there already", "a new file", "Name a new folder with --to.")
        targets[one.path] = one.conversion.source
    write_all([(one.path, one.conversion.text) for one in found if one.path])
    return found


def _target(conversion: Conversion, folder: Path | None) -> Path | None:
    source = conversion.source
    if not conversion.text:
        return None
    return folder / source.name if folder else source.with_name(f"{source.stem}.converted{source.suffix}")


def write_all(files: Sequence[tuple[Path, str]]) -> None:
    """Write files; those already written are removed again where one cannot be."""
    written: list[Path] = []
    try:
        for path, text in files:
            write_atomically(path, text.encode())
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
