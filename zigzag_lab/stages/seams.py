"""What stages speak to without knowing it: a place for results, a counter, a listener."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.stages.files import write_atomically
from zigzag_lab.workload import Layer


@runtime_checkable
class Sink(Protocol):
    """Where results go. Saving the same layer twice keeps one."""

    def save(self, cme: CostModelEvaluationABC) -> None:
        """Keep the result of a layer, or of the whole network."""


@runtime_checkable
class ProgressListener(Protocol):
    """Told which layers are being worked on."""

    def layer_started(self, layer: Layer, index: int, n_layers: int) -> None:
        """The search for a layer begins."""

    def layer_done(self, layer: Layer, index: int, n_layers: int) -> None:
        """The search for a layer has ended."""


@dataclass
class SearchTally:
    """What a run has done so far.

    Attributes:
        n_mappings_evaluated: mappings that were priced.
        n_searches: layers that were searched.
        n_reused: layers that were identical to one searched before.
    """

    n_mappings_evaluated: int = 0
    n_searches: int = 0
    n_reused: int = 0


@dataclass
class RunFiles:
    """Files that the stages of one run write together, layer by layer; each run begins them afresh.

    Attributes:
        texts: file -> the parts written so far.
    """

    texts: dict[Path, list[str]] = field(default_factory=dict)
    _begun: set[Path] = field(default_factory=set)

    def append(self, path: Path, part: str) -> None:
        """Write a part of a file, below those written before in this run."""
        parts = self.texts.setdefault(path, [])
        parts.append(part)
        write_atomically(path, "\n".join(parts).encode())

    def is_first(self, path: Path) -> bool:
        """Whether a file is asked about for the first time in this run."""
        known = path in self._begun
        self._begun.add(path)
        return not known
