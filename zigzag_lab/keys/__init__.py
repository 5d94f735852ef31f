"""Canonical documents and their digests: the names under which answers are kept and found again."""

from zigzag_lab.keys.canonical import canonical_json, digest
from zigzag_lab.keys.documents import (
    accelerator_digest,
    accelerator_document,
    constraints_digest,
    constraints_document,
    described,
    layer_digest,
    layer_document,
    rules_digest,
    rules_document,
    workload_digest,
    workload_document,
)
from zigzag_lab.keys.engine import engine_digest

__all__ = [
    "accelerator_digest",
    "accelerator_document",
    "canonical_json",
    "constraints_digest",
    "constraints_document",
    "described",
    "digest",
    "engine_digest",
    "layer_digest",
    "layer_document",
    "rules_digest",
    "rules_document",
    "workload_digest",
    "workload_document",
]
