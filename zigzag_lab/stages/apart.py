"""Files of the points that a stage runs one after another: a folder of its own for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zigzag_lab.stages.files import file_stem
from zigzag_lab.stages.seams import in_a_word
from zigzag_lab.stages.stage import StageCallable

FOLDER = "dump_folder"


def folders_of(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """A name for each point's folder, such as ``loma_lpf_limit=6,nb_mappings_generated=1``; no two are equal."""
    folders: list[str] = []
    taken: dict[str, int] = {}
    for point in points:
        name = file_stem(",".join(f"{keyword}={in_a_word(value)}" for keyword, value in point.items()))
        name = name.replace("{", "(").replace("}", ")")
        taken[name] = taken.get(name, 0) + 1
        folders.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
    return folders


def files_apart(
    stages: Sequence[StageCallable], kwargs: Mapping[str, Any], point: Mapping[str, Any], folder: str
) -> dict[str, Any]:
    """The keywords by which stages below write files, with a folder of one point's put in.

    Args:
        stages: those below.
        kwargs: what they would be given.
        point: keyword -> value. A file that the point names, or whose name has such a keyword as a field, is its own.
        folder: of the point.
    """
    changed: dict[str, Any] = {}
    for name in {name for stage in stages for name in getattr(stage, "writes", ())}:
        given = kwargs.get(name)
        if given is None or name in point or any(f"{{{keyword}" in str(given) for keyword in point):
            continue
        path = Path(given)
        changed[name] = path / folder if name == FOLDER else path.parent / folder / path.name
    return changed
