"""What is measured: zigzag-dse's own files and its default settings."""

from __future__ import annotations

from pathlib import Path

import zigzag

INPUTS = Path(zigzag.__file__).parent / "inputs"
WORKLOAD = INPUTS / "workload" / "resnet18.onnx"
ACCELERATOR = INPUTS / "hardware" / "tpu_like.yaml"
MAPPING = INPUTS / "mapping" / "tpu_like.yaml"
LPF_LIMIT = 6
N_SPATIAL = 3
