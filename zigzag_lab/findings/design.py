"""The inputs of a run as checks look at them: what runs where, under which entry of the mapping file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload


@dataclass(frozen=True)
class Use:
    """A layer, or several alike, under the entry that applies to it.

    Attributes:
        layer: the first of them.
        entry: of the mapping file.
        n_layers: how many are alike.
    """

    layer: Layer
    entry: MappingConstraints
    n_layers: int

    @property
    def n_macs(self) -> int:
        """Operations of all of them."""
        return self.n_layers * self.layer.n_macs


@dataclass(frozen=True)
class InputSet:
    """Inputs that belong together; what is not known is None.

    Attributes:
        workload: the network.
        accelerator: where it runs.
        rules: the mapping file.
        wants_area: whether the area of the accelerator is asked for.
    """

    workload: Workload | None = None
    accelerator: Accelerator | None = None
    rules: MappingRules | None = None
    wants_area: bool = False

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """The layers of the network, those that are alike together, each with its entry; none without both files."""
        if self.workload is None or self.rules is None:
            return ()
        found: dict[object, Use] = {}
        for layer in self.workload.layers:
            entry = self.rules.for_layer(layer)
            fields = layer.loop_sizes, layer.operand_dims, layer.precision_bits
            alike = (entry.name, *(tuple(field.items()) for field in fields))
            known = found.get(alike)
            found[alike] = replace(known, n_layers=known.n_layers + 1) if known else Use(layer, entry, 1)
        return tuple(found.values())

    @property
    def entries(self) -> tuple[MappingConstraints, ...]:
        """The entries of the mapping file; none without one."""
        return tuple(self.rules.entries.values()) if self.rules else ()

    @property
    def sizes(self) -> dict[str, int]:
        """Array dimension -> units along it; none without an accelerator."""
        return self.accelerator.array.sizes if self.accelerator else {}

    def entries_in_use(self) -> Iterator[tuple[MappingConstraints, list[Use]]]:
        """Each entry of the mapping file that applies to a layer, with the layers."""
        for entry in self.entries:
            uses = [use for use in self.uses if use.entry is entry]
            if uses:
                yield entry, uses

    @cached_property
    def unrolled(self) -> tuple[tuple[Use, SpatialMapping], ...]:
        """Each of :attr:`uses` with the most promising spatial mapping under its entry."""
        found = ((use, self._best(use.layer, use.entry)) for use in self.uses)
        return tuple((use, mapping) for use, mapping in found if mapping is not None)

    def unrolled_freely(self, layer: Layer, entry: MappingConstraints) -> SpatialMapping | None:
        """The most promising spatial mapping if the entry left all array dimensions to the search."""
        return self._best(layer, replace(entry, spatial_mapping={}, spatial_hints={}))

    def _best(self, layer: Layer, entry: MappingConstraints) -> SpatialMapping | None:
        """None where none fits: the run ends there with an error of its own.

        A loop has an array dimension to itself here, which is found at once. Where loops may share one, the same
        dimensions are idle: along the others a loop alone would do.
        """
        if self.accelerator is None:
            return None
        try:
            return spatial_mappings(layer, self.accelerator, entry, 1)[0]
        except InputError:
            return None
