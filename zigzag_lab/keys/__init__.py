"""Canonical documents and their digests: the names under which answers are stored and found again."""

from zigzag_lab.keys.canonical import canonical_json, digest
from zigzag_lab.keys.engine import engine_digest
from zigzag_lab.keys.records import described, meaning_digest

__all__ = ["canonical_json", "described", "digest", "engine_digest", "meaning_digest"]
