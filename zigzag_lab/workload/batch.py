"""How many inferences a network stands for: the batch of its layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from zigzag_lab.workload.layer import Layer

_MOST_NAMED = 3


@dataclass(frozen=True)
class Inferences:
    """The batch of a network.

    Attributes:
        count: that of most of its layers; the smallest of those that are as frequent.
        others: layers of another one, such as heads of attention, which are a batch too: name -> their batch.
    """

    count: int
    others: dict[str, int]

    def warning(self) -> str:
        """Which layers disagree, in a sentence; empty where none does."""
        if not self.others:
            return ""
        named = ", ".join(f"{name} ({count})" for name, count in list(self.others.items())[:_MOST_NAMED])
        more = len(self.others) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"inferences are counted by the batch of most layers, {self.count}; that of {named}{rest} is another"


def inferences_of(layers: Iterable[Layer]) -> Inferences | None:
    """The batch of some layers; None where there are none."""
    batches = [(layer.name, layer.batch_size) for layer in layers]
    if not batches:
        return None
    frequency = Counter(count for _, count in batches)
    usual = min(frequency, key=lambda count: (-frequency[count], count))
    return Inferences(usual, {name: count for name, count in batches if count != usual})
