"""Files of a new chip, or copies of a preset, for a user to go on from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from zigzag_lab.api.convert import write_all
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping
from zigzag_lab.inputs.cacti import default_provider
from zigzag_lab.inputs.chip import ChipSpec, array_sizes, dram, memory_spec
from zigzag_lab.inputs.formats.shipped import with_schema_found
from zigzag_lab.inputs.memory_costs import MemoryCostProvider
from zigzag_lab.inputs.presets import Kind, preset_path, resolve
from zigzag_lab.inputs.template import (
    Varied,
    accelerator_text,
    mapping_text,
    plain_name,
    sweep_text,
    varied,
    varied_by_rule,
    workload_text,
)
from zigzag_lab.vocab import InputError

ARRAY, CLOCK = "16x16", "1 GHz"
MEMORIES = ("weights=16 B,W,unit", "sums=2 B,O,unit", "scratchpad=256 KiB,IWO")
"""The chip that is written where nothing is asked for."""

WORKLOAD = "resnet18"
_FILES = ("workload", "mapping", "experiment")
SMALL_BITS = 8 * 16 * 2**20
"""On-chip memories of presets and new chips are at most as large; a design with nothing larger has no DRAM."""


@dataclass(frozen=True)
class NewFiles:
    """What was written.

    Attributes:
        folder: where.
        files: kind of file -> its path.
        workload: what to price with them: a preset, or a path.
        sources: where the estimates in them come from.
    """

    folder: Path
    files: Mapping[str, Path]
    workload: str
    sources: tuple[str, ...] = ()


def init_chip(
    folder: str | Path,
    *,
    array: str = ARRAY,
    memories: Sequence[str] = MEMORIES,
    has_dram: bool = True,
    clock: str = CLOCK,
    workload: str | None = None,
    name: str | None = None,
) -> NewFiles:
    """Write an accelerator, a mapping and a sweep for a chip that does not exist yet.

    Args:
        folder: where to write; made if need be. A file that is there is never replaced.
        array: units along each dimension, such as ``16x16``.
        memories: innermost first, as :func:`zigzag_lab.inputs.chip.memory_spec` reads them.
        has_dram: whether a DRAM stands behind the chip.
        clock: its frequency or period, such as ``1 GHz``.
        workload: the network of the sweep: a preset or a file; resnet18 by default.
        name: of the chip; by default that of the folder.

    Raises:
        InputError: a description cannot be used, or a file is in the way.
    """
    target, sizes = Path(folder).expanduser(), array_sizes(array)
    specs = [*(memory_spec(text, sizes) for text in memories), *([dram(sizes)] if has_dram else [])]
    chip = ChipSpec(name or target.resolve().name, sizes, tuple(specs), clock.strip())
    provider = _cacti()
    texts = {"accelerator": accelerator_text(chip, provider), "mapping": mapping_text(chip)}
    accelerator = read_accelerator(yaml.safe_load(texts["accelerator"]))
    return _written(target, texts, accelerator, varied(chip, provider), workload, ("D", "C", "K"))


def init_from_preset(folder: str | Path, preset: str, *, workload: str | None = None) -> NewFiles:
    """Write a preset's accelerator and mapping, and a sweep of it, to a folder; as :func:`init_chip` writes files.

    Raises:
        InputError: there is no such preset, or a file is in the way.
    """
    kinds: tuple[Kind, ...] = ("accelerator", "mapping")
    target = Path(folder).expanduser()
    copies = {kind: with_schema_found(kind, preset_path(kind, preset).read_bytes(), target) for kind in kinds}
    texts: dict[str, str] = {kind: copy.decode() for kind, copy in copies.items()}
    accelerator = read_accelerator(preset_path("accelerator", preset))
    loops = {
        loop
        for loops in read_mapping(preset_path("mapping", preset)).entries["default"].spatial_mapping.values()
        for loop in loops
    }
    names = ("D0", "D2", "D1") if loops >= {"D0", "D1", "D2"} else ("D", "C", "K")
    return _written(target, texts, accelerator, _varied_of(accelerator), workload, names)


def _cacti() -> MemoryCostProvider | None:
    """CACTI, where it is found."""
    try:
        return default_provider()
    except InputError:
        return None


def _varied_of(accelerator: Accelerator) -> Varied:
    """The largest memory of an accelerator but the one behind it."""
    inside = [memory for memory in accelerator.memories if memory.size_bits <= SMALL_BITS and memory.served_dimensions]
    memory = max(inside or accelerator.memories, key=lambda one: one.size_bits)
    return varied_by_rule(memory.name, memory.size_bits, memory.read_cost_pj, memory.write_cost_pj, memory.area_mm2)


def _written(
    folder: Path,
    texts: dict[str, str],
    accelerator: Accelerator,
    one: Varied | None,
    workload: str | None,
    loops: tuple[str, str, str],
) -> NewFiles:
    """Write all files, or none."""
    network = WORKLOAD if workload is None else _beside(folder, workload)
    if workload is None and max(memory.size_bits for memory in accelerator.memories) <= SMALL_BITS:
        texts, network = {**texts, "workload": workload_text(*loops)}, "workload.yaml"
    name = plain_name(folder.resolve().name)
    stem = "accelerator" if name.lower() in _FILES else name  # runs are listed by the name of this file
    if one is not None:
        texts = {**texts, "experiment": sweep_text(name, f"{stem}.yaml", one, network)}
    paths = {kind: folder / f"{stem if kind == 'accelerator' else kind}.yaml" for kind in texts}
    if taken := next((path for path in paths.values() if path.exists() or path.is_symlink()), None):
        raise InputError(str(taken), "a file is there already", "a new file", "Name a new folder.")
    write_all([(paths[kind], text) for kind, text in texts.items()])
    sources = [accelerator.array.estimated, *(memory.estimated for memory in accelerator.memories)]
    shown = network if workload is None and "workload" not in texts else str(workload or paths["workload"])
    return NewFiles(folder, paths, shown, tuple(dict.fromkeys(source for source in sources if source)))


def _beside(folder: Path, workload: str) -> str:
    """A network as a sweep file in a folder names it: a preset by its name, a file by its path from there.

    Raises:
        InputError: it is neither.
    """
    path = resolve("workload", workload)
    return workload if path == _preset(workload) else Path(os.path.relpath(path, folder)).as_posix()


def _preset(name: str) -> Path | None:
    try:
        return preset_path("workload", name)
    except InputError:
        return None
