"""A sentence about a price, with the figures it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """One line of an explanation.

    Attributes:
        topic: what it speaks of, in a word or two.
        text: the sentence.
        figures: the numbers in it, in full.
    """

    topic: str
    text: str
    figures: Mapping[str, Any]
