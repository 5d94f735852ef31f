"""User constraints on the mapping of a layer, and the rules of a mapping file that choose a layer's."""

from __future__ import annotations

from dataclasses import dataclass, field

from zigzag_lab.vocab import DEFAULT_LINKS, UNSAID_IF_EMPTY
from zigzag_lab.workload import Layer


@dataclass(frozen=True)
class MappingConstraints:
    """The entry of a mapping file that applies to a layer.

    Attributes:
        name: the entry's name: a layer's, an operator type, or ``default``.
        spatial_mapping: array dimension -> {loop dimension: unrolling}; dimensions that are absent are searched.
        spatial_hints: array dimension -> loop dimensions worth unrolling there.
        operand_links: layer operand -> memory operand, in the order of the file.
        temporal_ordering: (loop dimension, size) from the innermost outwards; a size of None is ``*``: any size; the
            entry (``*``, None) is a gap, behind which positions count from the outside.
        temporal_mapping: operand -> loops (dimension, size) per memory, both from the innermost: a whole mapping to
            replay; empty where it is searched.
        bypass: operand -> names of memories that it may skip, beside those that the accelerator lets it skip.
    """

    name: str = "default"
    spatial_mapping: dict[str, dict[str, int]] = field(default_factory=dict)
    spatial_hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    operand_links: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_LINKS))
    temporal_ordering: tuple[tuple[str, int | None], ...] = ()
    temporal_mapping: dict[str, tuple[tuple[tuple[str, int], ...], ...]] = field(default_factory=dict)
    bypass: dict[str, tuple[str, ...]] = field(default_factory=dict, metadata=UNSAID_IF_EMPTY)

    def meaning(self) -> dict[str, object]:
        """Return the fields that decide a search, as plain data: everything but the entry's name."""
        return {
            "spatial_mapping": [
                [d, [list(u) for u in unrolled.items()]] for d, unrolled in self.spatial_mapping.items()
            ],
            "spatial_hints": {d: list(hints) for d, hints in self.spatial_hints.items()},
            "operand_links": [list(link) for link in self.operand_links.items()],
            "temporal_ordering": [list(loop) for loop in self.temporal_ordering],
            **self._pinned(),
            **({"bypass": {op: sorted(names) for op, names in self.bypass.items()}} if self.bypass else {}),
        }

    def _pinned(self) -> dict[str, object]:
        levels = [
            [op, [[list(loop) for loop in level] for level in of_op]] for op, of_op in self.temporal_mapping.items()
        ]
        return {"temporal_mapping": levels} if levels else {}


@dataclass(frozen=True)
class MappingRules:
    """A mapping file: its entries, chosen by a layer's name, else its operator type, else ``default``."""

    entries: dict[str, MappingConstraints]

    def for_layer(self, layer: Layer) -> MappingConstraints:
        """The entry that applies to a layer."""
        return self.named(layer.name, layer.operator_type)

    def named(self, name: str, operator_type: str) -> MappingConstraints:
        """The entry that applies to a layer of that name and type."""
        for key in (name, operator_type):
            if key in self.entries:
                return self.entries[key]
        return self.entries["default"]
