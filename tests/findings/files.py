"""Sound files that findings start from, and slips in them, each with the codes of what is then found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.inputs import samples
from tests.sweeps.small import LAYER

Files = dict[str, Any]
"""Kind of file -> its content."""


def sound() -> Files:
    """A small accelerator, a mapping that fills it, and a layer of 64 channels in and out."""
    accelerator = samples.accelerator()
    accelerator["memories"]["rf_o"]["served_dimensions"] = ["D2"]  # which adds up; D1 would ask it for several sums
    return {
        "accelerator": accelerator,
        "mapping": [{"name": "default", "spatial_mapping": {"D1": ["K, 8"], "D2": ["C, 4"]}}],
        "workload": [dict(LAYER)],
    }


def written(files: Files, folder: Path) -> Path:
    """Write files to a folder, and return it."""
    for kind, content in files.items():
        (folder / f"{kind}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def _unrolled(**dimensions: str) -> Callable[[Files], None]:
    def slip(files: Files) -> None:
        for dim, loops in dimensions.items():
            files["mapping"][0]["spatial_mapping"][dim] = [loops]

    return slip


def _hinted(**hints: list[str]) -> Callable[[Files], None]:
    def slip(files: Files) -> None:
        files["mapping"][0] = {"name": "default", "spatial_mapping_hint": hints}

    return slip


def _named(name: str) -> Callable[[Files], None]:
    return lambda files: files["mapping"].append({**files["mapping"][0], "name": name})


def _wide(files: Files) -> None:
    files["accelerator"]["memories"]["rf_w"]["ports"][0].update(bandwidth_min=32, bandwidth_max=32)


def _wide_above(files: Files) -> None:
    files["accelerator"]["memories"]["sram"]["size"] = 1024
    files["accelerator"]["memories"]["sram"]["ports"][1].update(bandwidth_min=4096, bandwidth_max=4096)


def _starved(files: Files) -> None:
    files["accelerator"]["memories"]["rf_o"].update(
        served_dimensions=["D1"], size=64
    )  # four sums of 16 bits, one a cycle
    files["accelerator"]["memories"]["rf_o"]["ports"][1].update(bandwidth_max=64)


def _estimated(files: Files) -> None:
    files["accelerator"]["memories"]["sram"]["estimated"] = "a guess"


SLIPS: dict[str, tuple[Callable[[Files], None], set[str], str]] = {
    "a loop that no layer has": (_unrolled(D2="Q, 4"), {"unknown-loop", "idle-dimension"}, "no loop Q along D2"),
    "hints of no layer": (_hinted(D1=["Q", "R"]), {"unknown-loop"}, "no loop Q R along D1"),
    "an unrolling beyond the array": (_unrolled(D1="K, 16"), {"clamped-unrolling"}, "K 16 asks for 16 units"),
    "an entry for no layer": (_named("Cnov"), {"unmatched-entry"}, "Did you mean 'Conv'"),
    "a smaller array": (_unrolled(D1="K, 4"), {"other-dimensions"}, "4 of them are idle"),
    "an array of more dimensions": (_hinted(D1=["K"], D4=["OX"]), {"other-dimensions"}, "no array dimension D4"),
    "an idle dimension": (_unrolled(D2="C, 1"), {"idle-dimension"}, "4.0 times fewer ideal cycles"),
    "a port of registers that is too wide": (_wide, {"wide-port"}, "costs 4 times the words"),
    "a port above that is too wide": (_wide_above, {"wide-port"}, "Lower bandwidth_min to 1024"),
    "a memory that feeds too few units": (_starved, {"starved-dimension"}, "4 of the 8 units"),
    "estimates": (_estimated, {"estimated-costs"}, "are estimates: memories.sram (a guess)"),
}
"""Slip -> what it does to the files, the codes of all that is then found, and words of it."""
