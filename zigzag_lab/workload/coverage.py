"""Coverage of a network: the nodes that are priced, and free nodes with their share of the operations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zigzag_lab.workload.graph import FreeNode, Workload

_N_NAMED = 4


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The free nodes of one operator type that compute something.

    Attributes:
        operator_type: such as ``Relu``.
        n_nodes: how many there are.
        n_operations: their operations, as far as they are known.
        n_uncounted: nodes among them whose operations are not known (a loop, an open shape).
        share: of all operations that are known, priced or not; 0 to 1.
    """

    operator_type: str
    n_nodes: int
    n_operations: int
    n_uncounted: int
    share: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a network its layers cover.

    Attributes:
        n_operations: operations that the layers price; a multiply-accumulate is one.
        left_out: operator types that are not priced, the largest share first.
    """

    n_operations: int
    left_out: tuple[LeftOut, ...]

    @property
    def n_operations_left_out(self) -> int:
        """Operations that no layer prices, as far as they are known."""
        return sum(entry.n_operations for entry in self.left_out)

    @property
    def share(self) -> float:
        """Share of the known operations that is left out, 0 to 1."""
        return sum(entry.share for entry in self.left_out)

    def as_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return {
            "share": self.share,
            "n_operations": self.n_operations_left_out,
            "operators": [
                {
                    "operator_type": entry.operator_type,
                    "n_nodes": entry.n_nodes,
                    "n_operations": entry.n_operations,
                    "n_uncounted": entry.n_uncounted,
                    "share": entry.share,
                }
                for entry in self.left_out
            ],
        }

    def sentence(self) -> str:
        """Describe what is left out, with what of it is not counted, in one line; empty if nothing is.

        Such as ``0.3% of the operations are free: Relu 0.2% (17), MaxPool 0.1% (1); not counted: Resize (2)``.
        """
        counted = [entry for entry in self.left_out if entry.n_uncounted < entry.n_nodes]
        named = [f"{entry.operator_type} {entry.share:.2%} ({entry.n_nodes})" for entry in counted[:_N_NAMED]]
        rest = len(counted) - _N_NAMED
        others = f", and {rest} other operators" if rest > 0 else ""
        free = f"{self.share:.2%} of the operations are free: {', '.join(named)}{others}" if counted else ""
        unknown = ", ".join(f"{e.operator_type} ({e.n_uncounted})" for e in self.left_out if e.n_uncounted)
        return "; ".join(part for part in (free, f"not counted: {unknown}" if unknown else "") if part)


def operations_left_out(workload: Workload) -> Coverage:
    """Return what a workload prices and what it leaves out.

    Free nodes that only move or rename data compute nothing and are not listed.
    """
    priced = sum(layer.n_macs for layer in workload.layers)
    free = [node for node in workload.nodes if isinstance(node, FreeNode) and node.n_operations != 0]
    total = priced + sum(node.n_operations or 0 for node in free)
    by_type: dict[str, list[FreeNode]] = {}
    for node in free:
        by_type.setdefault(node.operator_type, []).append(node)
    entries = [_entry(kind, nodes, total) for kind, nodes in by_type.items()]
    return Coverage(priced, tuple(sorted(entries, key=lambda e: (-e.n_operations, e.operator_type))))


def _entry(kind: str, nodes: Iterable[FreeNode], total: int) -> LeftOut:
    counts = [node.n_operations for node in nodes]
    known = sum(count for count in counts if count is not None)
    return LeftOut(kind, len(counts), known, counts.count(None), known / total if total else 0.0)
