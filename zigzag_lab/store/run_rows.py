"""The rows of one run while it goes on: each CME once, written in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.cost.evaluation import CostModelEvaluation, Identity
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.store.codec import certificate_row, front_rows, rows_of
from zigzag_lab.store.database import Database, Row, flat
from zigzag_lab.store.designs import Designs
from zigzag_lab.store.results import ENERGIES, Part, YieldedResult
from zigzag_lab.store.row_batch import RowBatch, result_rows, role_rows
from zigzag_lab.store.states import LayerRole, ResultKind
from zigzag_lab.store.tables import CertificateTuple, FrontPointTuple, MappingTuple, ResultTuple, RunLayerTuple

_RESULT_COLUMNS = ("layer_id", "n_macs", *ENERGIES)


Place = tuple["RunRows", int]
"""Where the row of a CME is: the rows of the run that holds it, and the index of the row there."""


@dataclass(eq=False)
class Tree:
    """A run with all that was started within it.

    Attributes:
        is_closed: whether the run has ended, after which no CME is looked for in it.
        elsewhere: places of CMEs whose own note names a run of another tree that goes on.
    """

    is_closed: bool = False
    elsewhere: dict[Identity, Place] = field(default_factory=dict)


class RunRows:
    """The rows of a run that are not in the database yet, and what is known of those that are.

    Args:
        number: the run.
        digests: of records.
        designs: what its CMEs were priced on.
        tree: the runs that it belongs to.

    Attributes:
        tree: see there.
        n_rows: of layer evaluations, those in the database included.
        n_pending: of these, how many are not in the database yet.
        saved: (owner, index) of what passed save stages, in order.
        layer_ids: of the layers that it holds.
        proofs: index of a row -> the certificate that its CME had when it was last met.
    """

    def __init__(self, number: int, digests: RecordDigests, designs: Designs, tree: Tree) -> None:
        self.number, self.designs = number, designs
        self._digests, self.tree = digests, tree
        self.n_rows = self.n_pending = 0
        self.saved: dict[tuple[int, int], None] = {}
        self.layer_ids: set[int] = set()
        self.pending = RowBatch()
        self.proofs: dict[int, object] = {}
        self._certificates: dict[tuple[int, int], CertificateTuple | None] = {}
        self._fronts: list[tuple[Sequence[CostModelEvaluation], int]] = []
        self._has_lists = False

    def place(self, cme: CostModelEvaluation) -> tuple[int, int]:
        """Where the row of a CME is: the number of the run that holds it, and its index; made where there is none."""
        identity, tree = cme.identity, self.tree
        place: Place | None = identity.place
        if place is not None and place[0].tree is not tree:
            is_free = place[0].tree.is_closed
            place = tree.elsewhere.get(identity)
        else:
            is_free = True
        if place is None:
            place = self, self.n_rows
            self._add(cme)
            if is_free:
                identity.place = place
            else:
                tree.elsewhere[identity] = place
            return self.number, place[1]
        owner, index = place
        if cme.certificate is not owner.proofs.get(index) and cme.certificate != owner.proofs.get(index):
            owner.proofs[index] = cme.certificate  # the owner writes the proof of a row that is not written yet
            (owner if index >= owner.n_written else self).certify((owner.number, index), cme.certificate)
        return owner.number, index

    @property
    def n_written(self) -> int:
        """How many rows are in the database."""
        return self.n_rows - self.n_pending

    def certify(self, place: tuple[int, int], proof: Any) -> None:
        """Note what is proven of a row."""
        self._certificates[place] = certificate_row(proof, *place) if isinstance(proof, Certificate) else None

    def _add(self, cme: CostModelEvaluation) -> None:
        layer, index, pending = cme.layer, self.n_rows, self.pending
        rows = rows_of(cme, self.number, index, self._digests.of_meaning(layer), self.designs.of(cme))
        pending.mappings.append(rows.mapping)
        pending.layers += rows.layer
        pending.memories += rows.memories
        if cme.certificate is not None:
            self.proofs[index] = cme.certificate
            self._certificates[self.number, index] = rows.certificate
        self.n_rows += 1
        self.n_pending += 1
        self.layer_ids.add(layer.id)

    def save(self, cme: CostModelEvaluation) -> None:
        """Store a CME that passes a save stage."""
        self.saved[self.place(cme)] = None

    def save_front(self, points: Sequence[CostModelEvaluation], chosen: int) -> None:
        """Store the front of a layer; a front belongs to a row of its run."""
        if self.place(points[chosen])[0] != self.number:
            points[chosen].identity.place = self, self.n_rows
            self._add(points[chosen])
        self._fronts.append((points, chosen))

    def saved_results(self, database: Database) -> list[YieldedResult]:
        """What passed save stages, as results of the run, in order."""
        rows = self._saved_figures(database)
        return [
            YieldedResult(str(path), ResultKind.LAYER, row[2:], (part,))
            for path, (part, row) in enumerate(zip(self._parts(rows), rows, strict=True))
        ]

    def saved_parts(self, database: Database) -> tuple[Part, ...]:
        """The same as parts of one result."""
        return tuple(self._parts(self._saved_figures(database)))

    def _parts(self, rows: Sequence[Row]) -> Iterator[Part]:
        owners, indices = zip(*self.saved, strict=True) if self.saved else ((), ())
        layer_ids, n_macs, energies, _, _, latencies = zip(*rows, strict=True) if rows else [()] * 6
        return map(Part._make, zip(owners, indices, repeat(1.0), layer_ids, n_macs, energies, latencies, strict=False))

    def _saved_figures(self, database: Database) -> list[Row]:
        """Columns of what passed save stages: the layer, its MACs, and its price."""
        first, pending = self.n_written, self.pending.figures(_RESULT_COLUMNS)
        elsewhere = {owner for owner, index in self.saved if owner != self.number or index < first}
        stored: dict[tuple[int, int], Row] = {}
        for owner in elsewhere:
            sql = f"SELECT layer_index, {', '.join(_RESULT_COLUMNS)} FROM zl_layer_evaluation WHERE run_number = ?"
            stored |= {(owner, row[0]): row[1:] for row in database.select(sql, (owner,)).rows}
        if not stored:
            return [pending[index - first] for _, index in self.saved]
        return [stored.get(place) or pending[place[1] - first] for place in self.saved]

    @property
    def chosen_of_fronts(self) -> list[CostModelEvaluation]:
        """The mapping of each layer that stands for its front."""
        return [points[chosen] for points, chosen in self._fronts]

    # -- writing; each within a transaction --------------------------------------------------------------------------

    def write(self, database: Database) -> None:
        """Write what is pending; the caller notes it once it is committed."""
        self.pending.write(database)
        for owner, index in self._certificates:
            if owner != self.number or index < self.n_written:
                where = "run_number = ? AND layer_index = ?"
                database.execute(f"DELETE FROM zl_certificate WHERE {where}", (owner, index))
        database.append(CertificateTuple, flat(row for row in self._certificates.values() if row is not None))

    def write_lists_so_far(self, database: Database) -> None:
        """Write lists of the rows of a run that goes on, or that did not reach its end: all of them are chosen."""
        self._remove_lists(database)
        own = [(self.number, index, 1.0) for index in range(self.n_rows)]
        rows = role_rows(self.number, LayerRole.CHOSEN, own) + self._saved_list()
        database.append(RunLayerTuple, flat(rows))

    def write_results(
        self, database: Database, results: Sequence[YieldedResult], chosen: Sequence[Part] | None
    ) -> None:
        """Write the results of a run, what they are made of, and what the run chose and saved.

        Args:
            database: where to.
            results: in order.
            chosen: what the total is made of; None for all rows of a run that did not reach its end.
        """
        if chosen is None:
            self.write_lists_so_far(database)
            rows = []
        else:
            self._remove_lists(database)
            of_chosen = role_rows(self.number, LayerRole.CHOSEN, chosen)
            rows = of_chosen + self._saved_list()
        for index, result in enumerate(results):
            if result.parts is chosen:
                rows += [row._replace(role=LayerRole.RESULT.value, result_index=index) for row in of_chosen]
            else:
                rows += role_rows(self.number, LayerRole.RESULT, result.parts, index)
        database.append(RunLayerTuple, flat(rows))
        database.append(ResultTuple, flat(result_rows(results, self.number)))
        for points, chosen_point in self._fronts:
            front, mappings = front_rows(points, *self.place(points[chosen_point]))
            database.insert(MappingTuple, mappings)
            database.append(FrontPointTuple, flat(front))

    def _saved_list(self) -> list[RunLayerTuple]:
        return role_rows(self.number, LayerRole.SAVED, [(*place, 1.0) for place in self.saved])

    def _remove_lists(self, database: Database) -> None:
        if self._has_lists:
            database.execute("DELETE FROM zl_run_layer WHERE run_number = ?", (self.number,))

    def written(self, *, with_lists: bool) -> None:
        """Note that pending rows are committed."""
        self._has_lists = self._has_lists or with_lists
        self.pending = RowBatch()
        self.n_pending = 0
        self._certificates.clear()
        self.designs.new.clear()

    def release(self) -> None:
        """Drop what is of no use once the run is closed: its CMEs, which refer to it, may live on for long."""
        self.saved, self.layer_ids, self._fronts = {}, set(), []
