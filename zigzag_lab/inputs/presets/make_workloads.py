"""Write the ONNX presets: ``python -m zigzag_lab.inputs.presets.make_workloads [FOLDER]``.

The files are the same byte for byte whenever they are made, and hold shapes, no weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

from zigzag_lab.inputs.presets.networks import NETWORKS


def model_bytes(name: str) -> bytes:
    """The ONNX file of a network, deterministic.

    Args:
        name: such as ``resnet18``.
    """
    return bytes(NETWORKS[name]().SerializeToString(deterministic=True))


def write_workloads(folder: Path) -> list[Path]:
    """Write every network into a folder, which is made where it is missing; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in NETWORKS:
        path = folder / f"{name}.onnx"
        path.write_bytes(model_bytes(name))
        paths.append(path)
    return paths


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "workloads"
    for written in write_workloads(target):
        print(f"{written}: {written.stat().st_size / 1000:.1f} kB")
