"""A sweep that is cheap: one small layer on small variants of a preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.yaml_file import Document

LAYER = {
    "id": 0,
    "name": "only",
    "operator_type": "Conv",
    "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
    "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
    "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
    "loop_sizes": [1, 64, 64, 8, 8, 1, 1],
    "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
    "operand_source": {"I": 0, "W": 0},
}
SIZE = "accelerator.memories.sram_2MB.size"
R_COST = "accelerator.memories.sram_2MB.r_cost"


def entry(value: Any, where: str = "here") -> Entry:
    """A value that is all there is of a document."""
    return Entry(Document(where, value), (), value)


def sweep_file(folder: Path, *, layers: int = 1, **keys: Any) -> Path:
    """A sweep file and its workload in a folder; keys replace what it says, None takes them out."""
    network = [{**LAYER, "id": i, "name": f"layer {i}", "operand_source": {"I": i, "W": i}} for i in range(layers)]
    (folder / "one.yaml").write_text(yaml.safe_dump(network, sort_keys=False))
    said = {
        "name": "small",
        "workloads": ["one.yaml"],
        "accelerators": ["tpu_like"],
        "options": {"lpf_limit": 4, "n_spatial_mappings": 1},
        "space": {SIZE: ["64 KiB", "128 KiB", "256 KiB"], R_COST: [100, 200]},
        **keys,
    }
    file = folder / "experiment.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in said.items() if v is not None}, sort_keys=False))
    return file
