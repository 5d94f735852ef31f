"""The rows of one run while it goes on: each CME once, written in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.cost.evaluation import CostModelEvaluation, Identity
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.store.codec import LayerRows, certificate_row, front_rows, rows_of
from zigzag_lab.store.database import Database, Row, flat
from zigzag_lab.store.designs import Designs
from zigzag_lab.store.results import ENERGIES, Figures, Part, YieldedResult
from zigzag_lab.store.row_batch import RowBatch, result_rows, role_rows
from zigzag_lab.store.states import LayerRole, ResultKind
from zigzag_lab.store.tables import CertificateTuple, FrontPointTuple, MappingTuple, ResultTuple, RunLayerTuple

_RESULT_COLUMNS = ("layer_id", "n_macs", *ENERGIES)
_of_result = attrgetter(*_RESULT_COLUMNS)


@dataclass(slots=True)
class Place:
    """Where the row of a CME is.

    Attributes:
        rows: those of the run that holds the row.
        index: of the row there.
        certificate: what the row says was proven.
    """

    rows: RunRows
    index: int
    certificate: Any


@dataclass(eq=False)
class Tree:
    """A run with all that was started within it.

    Attributes:
        elsewhere: places of CMEs whose own note speaks of another tree.
    """

    elsewhere: dict[Identity, Place] = field(default_factory=dict)

    def place_of(self, identity: Identity) -> Place | None:
        """Where a CME is stored; None where it is not."""
        place: Place | None = identity.place
        return place if place is not None and place.rows.tree is self else self.elsewhere.get(identity)

    def note(self, identity: Identity, place: Place) -> None:
        """Note where a CME is stored."""
        if identity.place is None or identity.place.rows.tree is self:
            identity.place = place
        else:
            self.elsewhere[identity] = place


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
        saved: (owner, index) of what passed save stages, in order.
        layer_ids: of the layers that it holds.
    """

    def __init__(self, number: int, digests: RecordDigests, designs: Designs, tree: Tree) -> None:
        self.number, self.designs = number, designs
        self._digests, self.tree = digests, tree
        self.n_rows = 0
        self.saved: dict[tuple[int, int], None] = {}
        self.layer_ids: set[int] = set()
        self.pending: list[LayerRows] = []
        self._certificates: dict[tuple[int, int], Any] = {}
        self._fronts: list[tuple[Sequence[CostModelEvaluation], int]] = []
        self._has_lists = False

    def place(self, cme: CostModelEvaluation) -> tuple[int, int]:
        """Where the row of a CME is: the number of the run that holds it, and its index; made where there is none."""
        place = self.tree.place_of(cme.identity)
        if place is None:
            return self._add(cme)
        if cme.certificate is not place.certificate and cme.certificate != place.certificate:
            place.certificate = cme.certificate
            if not place.rows.certify(place.index, cme.certificate):
                self._certificates[place.rows.number, place.index] = cme.certificate
        return place.rows.number, place.index

    def certify(self, index: int, proof: Any) -> bool:
        """Note what is proven of a row that is not in the database yet; whether it is not."""
        at = index - (self.n_rows - len(self.pending))
        if at < 0:
            return False
        certified = certificate_row(proof, self.number, index) if isinstance(proof, Certificate) else None
        self.pending[at] = self.pending[at]._replace(certificate=certified)
        return True

    def _add(self, cme: CostModelEvaluation) -> tuple[int, int]:
        index = self.n_rows
        digest, design = self._digests.of_meaning(cme.layer), self.designs.of(cme)
        self.pending.append(rows_of(cme, self.number, index, digest, design))
        self.tree.note(cme.identity, Place(self, index, cme.certificate))
        self.n_rows += 1
        self.layer_ids.add(cme.layer.id)
        return self.number, index

    def save(self, cme: CostModelEvaluation) -> None:
        """Store a CME that passes a save stage."""
        self.saved[self.place(cme)] = None

    def save_front(self, points: Sequence[CostModelEvaluation], chosen: int) -> None:
        """Store the front of a layer; a front belongs to a row of its run."""
        if self.place(points[chosen])[0] != self.number:
            self._add(points[chosen])
        self._fronts.append((points, chosen))

    def saved_results(self, database: Database) -> list[YieldedResult]:
        """What passed save stages, as results of the run, in order."""
        return [
            YieldedResult(str(path), ResultKind.LAYER, figures, (part,))
            for path, (part, figures) in enumerate(self.saved_parts(database))
        ]

    def saved_parts(self, database: Database) -> Iterator[tuple[Part, Figures]]:
        """The same as parts of one result, each with its figures."""
        first = self.n_rows - len(self.pending)
        elsewhere = {owner for owner, index in self.saved if owner != self.number or index < first}
        stored: dict[tuple[int, int], Row] = {}
        for owner in elsewhere:
            sql = f"SELECT layer_index, {', '.join(_RESULT_COLUMNS)} FROM zl_layer_evaluation WHERE run_number = ?"
            stored |= {(owner, row[0]): row[1:] for row in database.select(sql, (owner,)).rows}
        for place in self.saved:
            figures = stored.get(place) or _of_result(self.pending[place[1] - first].layer)
            layer_id, n_macs, energy, mac_energy, memory_energy, latency = figures
            part = Part(place[0], place[1], 1.0, layer_id, n_macs, energy, latency)
            yield part, (energy, mac_energy, memory_energy, latency)

    @property
    def chosen_of_fronts(self) -> list[CostModelEvaluation]:
        """The mapping of each layer that stands for its front."""
        return [points[chosen] for points, chosen in self._fronts]

    # -- writing; each within a transaction --------------------------------------------------------------------------

    def write(self, database: Database) -> None:
        """Write what is pending; the caller notes it once it is kept."""
        RowBatch.of(self.pending).write(database)
        for (owner, index), proof in self._certificates.items():
            where = "run_number = ? AND layer_index = ?"
            database.execute(f"DELETE FROM zl_certificate WHERE {where}", (owner, index))
            if isinstance(proof, Certificate):
                database.append(CertificateTuple, [*certificate_row(proof, owner, index)])

    def write_lists_so_far(self, database: Database) -> None:
        """Write lists of the rows of a run that goes on, or that did not reach its end: all of them are chosen."""
        self._remove_lists(database)
        rows = [*role_rows(self.number, LayerRole.CHOSEN, ((self.number, i, 1.0) for i in range(self.n_rows)))]
        rows += role_rows(self.number, LayerRole.SAVED, ((*place, 1.0) for place in self.saved))
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
            of_chosen = [*role_rows(self.number, LayerRole.CHOSEN, (part[:3] for part in chosen))]
            rows = [*of_chosen]
            rows += role_rows(self.number, LayerRole.SAVED, ((*place, 1.0) for place in self.saved))
        for index, result in enumerate(results):
            if result.parts is chosen:
                rows += [row._replace(role=LayerRole.RESULT.value, result_index=index) for row in of_chosen]
            else:
                rows += role_rows(self.number, LayerRole.RESULT, (part[:3] for part in result.parts), index)
        database.append(RunLayerTuple, flat(rows))
        database.append(ResultTuple, flat(result_rows(results, self.number)))
        for points, chosen_point in self._fronts:
            front, mappings = front_rows(points, *self.place(points[chosen_point]))
            database.insert(MappingTuple, mappings)
            database.append(FrontPointTuple, flat(front))

    def _remove_lists(self, database: Database) -> None:
        if self._has_lists:
            database.execute("DELETE FROM zl_run_layer WHERE run_number = ?", (self.number,))

    def written(self, *, with_lists: bool) -> None:
        """Note that what was pending is kept."""
        self._has_lists = self._has_lists or with_lists
        self.pending.clear()
        self._certificates.clear()
        self.designs.new.clear()
