"""Rows of layers and of results, put together for one transaction: the one place that writes rows of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zigzag_lab.store.codec import LayerRows
from zigzag_lab.store.database import Database, Row, RowType
from zigzag_lab.store.results import ENERGIES, YieldedResult
from zigzag_lab.store.states import LayerRole, ResultKind
from zigzag_lab.store.tables import (
    CertificateTuple,
    LayerEvaluationTuple,
    MappingTuple,
    MemoryEvaluationTuple,
    ResultTuple,
    RunLayerTuple,
)


@dataclass
class RowBatch:
    """Rows of one or several runs.

    Attributes:
        mappings: rows; the same mapping may be there more than once.
        layers, memories, certificates, results, lists: the values of one row after another, of ``zl_layer_evaluation``
            and the tables that refer to it, of ``zl_result`` and of ``zl_run_layer``.
    """

    mappings: list[Row] = field(default_factory=list)
    layers: list[Any] = field(default_factory=list)
    memories: list[Any] = field(default_factory=list)
    certificates: list[Any] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    lists: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Sequence[LayerRows]) -> RowBatch:
        """Collect the rows of some layers."""
        batch = cls()
        for row in rows:
            batch.add_layer(row)
            batch.certificates += row.certificate or ()
        return batch

    @property
    def n_layers(self) -> int:
        """How many layers it holds."""
        return len(self.layers) // len(LayerEvaluationTuple._fields)

    def numbered(self, run_number: int) -> RowBatch:
        """The same rows with the number of their run filled in."""
        return RowBatch(
            self.mappings,
            _numbered(self.layers, LayerEvaluationTuple, run_number),
            _numbered(self.memories, MemoryEvaluationTuple, run_number),
            _numbered(self.certificates, CertificateTuple, run_number),
        )

    def add_layer(self, rows: LayerRows) -> None:
        """Add the rows of a layer, but for what was proven of it."""
        self.mappings.append(rows.mapping)
        self.layers += rows.layer
        self.memories += rows.memories

    def figures(self, columns: Sequence[str]) -> list[Row]:
        """Some columns of each of its layers, in order."""
        fields = LayerEvaluationTuple._fields
        return [*zip(*(self.layers[fields.index(column) :: len(fields)] for column in columns), strict=True)]

    def add(self, other: RowBatch) -> None:
        """Add the rows of another batch."""
        self.mappings += other.mappings
        self.layers += other.layers
        self.memories += other.memories
        self.certificates += other.certificates

    def add_sum(self, run_number: int, n_layers: int, figures: Mapping[str, Any]) -> None:
        """Add the rows of a run whose one result is the sum of its layers, which all passed a save stage.

        Args:
            run_number: the run.
            n_layers: rows of its layers, from index 0.
            figures: columns of the run.
        """
        energies = {name: figures.get(name) for name in ENERGIES}
        kind = ResultKind.SUM.value
        self.results += ResultTuple(
            run_number=run_number, result_index=0, path="0", kind=kind, n_layers=n_layers, **energies
        )
        for role in LayerRole if n_layers else ():
            self.lists += _stretch(run_number, role, 0, 0, run_number, 0, n_layers, 1.0)

    def write(self, database: Database) -> None:
        """Write all rows, within a transaction."""
        database.insert(MappingTuple, [*map(tuple, {row[0]: row for row in self.mappings}.values())])
        database.append(LayerEvaluationTuple, self.layers)
        database.append(MemoryEvaluationTuple, self.memories)
        database.append(CertificateTuple, self.certificates)
        database.append(ResultTuple, self.results)
        database.append(RunLayerTuple, self.lists)


def _numbered(values: Sequence[Any], kind: RowType, run_number: int) -> list[Any]:
    """The values of rows, with the number of their run, which is the first column of each, filled in."""
    filled, width = [*values], len(kind._fields)
    filled[::width] = [run_number] * (len(filled) // width)
    return filled


def result_rows(results: Sequence[YieldedResult], run_number: int) -> list[ResultTuple]:
    """Rows of ``zl_result``."""
    return [
        ResultTuple(
            run_number=run_number,
            result_index=index,
            path=result.path,
            kind=result.kind.value,
            n_layers=len(result.parts),
            **dict(zip(ENERGIES, result.figures or (), strict=False)),
        )
        for index, result in enumerate(results)
    ]


def role_rows(
    run_number: int, role: LayerRole, parts: Sequence[tuple[Any, ...]], result_index: int = 0
) -> list[RunLayerTuple]:
    """Rows of ``zl_run_layer``: evaluations that follow each other in their run and in the list are one row.

    Args:
        run_number: the run that the list belongs to.
        role: what the list is.
        parts: owner, index, how often it counts, and what else is known, in order.
        result_index: of the result, for lists of results.
    """
    if not parts:
        return []
    owners, indices, times = [*zip(*parts, strict=True)][:3]
    of_list, n = (run_number, role, result_index), len(parts)
    if indices == (*range(indices[0], indices[0] + n),) and {owners.count(owners[0]), times.count(times[0])} == {n}:
        return [_stretch(*of_list, 0, owners[0], indices[0], indices[0] + n, times[0])]  # as of most lists
    rows = []
    first = 0
    for last in range(1, n + 1):
        expected = owners[first], indices[first] + last - first, times[first]
        if last == n or (owners[last], indices[last], times[last]) != expected:
            rows.append(_stretch(*of_list, first, owners[first], indices[first], expected[1], times[first]))
            first = last
    return rows


def _stretch(
    run_number: int,
    role: LayerRole,
    result_index: int,
    position: int,
    owner: int,
    first: int,
    following: int,
    times: float,
) -> RunLayerTuple:
    return RunLayerTuple(
        run_number=run_number,
        role=role.value,
        result_index=result_index,
        position=position,
        owner_number=owner,
        first_index=first,
        last_index=following - 1,
        times=times,
    )
