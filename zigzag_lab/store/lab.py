"""Questions to a database: runs, layers, memories, and SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.store.codec import StoredLevel, unpacked
from zigzag_lab.store.connect import connect
from zigzag_lab.store.database import Answer, Database
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.results import OBJECTIVE_COLUMNS, WITHIN
from zigzag_lab.store.row_checks import (
    LAYER_TYPES,
    TEXT,
    certificate_of,
    check_finite,
    check_types,
    checked,
    from_json,
    mapping_of,
    memory_of,
    object_of,
    point_of,
    reading,
    time_of,
)
from zigzag_lab.store.run_records import RunDetails, RunRecord, StoredLayer, StoredPoint, StoredResult, layer_rows
from zigzag_lab.store.sqlite import is_writable
from zigzag_lab.store.states import LayerRole, RunStatus
from zigzag_lab.store.store import Store, open_store
from zigzag_lab.store.url import SQLITE, DatabaseUrl
from zigzag_lab.vocab import InputError, Objective, nearest
from zigzag_lab.vocab.options import OBJECTIVE, default_database

if TYPE_CHECKING:
    import pandas as pd


_NO_CHILD = ("v.parent_number IS NULL",)
_Condition = tuple[Any, ...]
"""SQL, and the values of its question marks."""

_RUN_COLUMNS = ", ".join(f"v.{f.name}" for f in fields(RunRecord))


class Lab:
    """A database of runs, to query.

    Args:
        url: ``sqlite:///FILE``, ``postgresql+psycopg://...``, or the path of a SQLite file, which must exist; by
            default ``ZIGZAG_LAB_DB``, or ``zigzag_lab.db`` in the working folder.

    Raises:
        StoreError: there is no database.
    """

    def __init__(self, url: str | Path | None = None) -> None:
        url = default_database() if url is None else url
        self.url = DatabaseUrl.parse(url)
        if self.url.is_in_memory:
            raise StoreError(str(self.url), "a database in memory holds no runs", "a file or a server")
        if self.url.path is not None and not self.url.path.exists():
            raise StoreError(
                str(self.url), "the file does not exist", hint="'zigzag-lab run' makes it, or name another."
            )
        cannot_be_written = self.url.path is not None and not is_writable(self.url.path)
        self.store: Store = open_store(url, read_only=cannot_be_written)
        self._reader: Database = connect(self.url, read_only=True)

    @classmethod
    def over(cls, store: Store) -> Lab:
        """The same questions on the connection of an open store; not to be closed."""
        lab = cls.__new__(cls)
        lab.url, lab.store, lab._reader = store.url, store, store.database
        return lab

    # -- runs ----------------------------------------------------------------------------------------------------------

    def runs(
        self,
        *,
        experiment: str | None = None,
        status: str | RunStatus | None = None,
        workload: str | None = None,
        accelerator: str | None = None,
        objective: str | None = None,
        since: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        limit: int | None = 50,
        children: bool = False,
    ) -> list[RunRecord]:
        """Runs that meet all conditions, newest first.

        Args:
            experiment: its name.
            status: where it stands.
            workload: its name.
            accelerator: its name.
            objective: what it minimised.
            since: started at this time or later; taken for UTC where it names no zone.
            tags: words that the run carries.
            limit: at most so many; None for all.
            children: whether runs within runs are listed, too.
        """
        if status is not None and str(status) not in set(RunStatus):
            raise InputError("status", f"'{status}'", " or ".join(RunStatus), nearest(str(status), RunStatus))
        equal = {
            "v.experiment": experiment,
            "v.status": None if status is None else str(status),
            "v.workload": workload,
            "v.accelerator": accelerator,
            "v.objective": None if objective is None else str(objective),
        }
        wanted: list[_Condition] = [(f"{column} = ?", v) for column, v in equal.items() if v is not None]
        wanted += [] if children else [_NO_CHILD]
        if since is not None:
            wanted.append(("v.started_at >= ?", self._as_time(since)))
        has_tag = "v.run_number IN (SELECT run_number FROM zl_tag WHERE key = ? AND value = ?)"
        wanted += [(has_tag, key, str(value)) for key, value in (tags or {}).items()]
        return self._runs(wanted, "v.run_number DESC", limit)

    def best(
        self,
        objective: str | Objective = OBJECTIVE.default,
        *,
        limit: int | None = 1,
        children: bool = False,
        **filters: str | None,
    ) -> list[RunRecord]:
        """The finished runs with the least energy, latency or energy-delay product, best first.

        Runs without a single total are left out.

        Args:
            objective: what to compare.
            limit: how many; None for all.
            children: whether runs within runs are compared, too.
            filters: ``experiment``, ``workload``, ``accelerator``: names to be equal to.
        """
        objective = OBJECTIVE.checked(objective)
        allowed = ("experiment", "workload", "accelerator")
        for name in filters:
            if name not in allowed:
                raise InputError("best", f"a filter '{name}'", " or ".join(allowed), nearest(name, allowed))
        wanted: list[_Condition] = [("v.status = ?", "finished"), *([] if children else [_NO_CHILD])]
        column, experiment = OBJECTIVE_COLUMNS[str(objective)], filters.pop("experiment", None)
        wanted.append((f"v.{column} IS NOT NULL",))
        wanted += [(f"v.{name} = ?", value) for name, value in filters.items() if value is not None]
        if experiment is None:
            return self._runs(wanted, f"v.{column}, v.run_number", limit)
        # said so, the best ones are read off the index that has the runs of an experiment in this order
        wanted.append(("x.experiment_number = (SELECT number FROM zl_experiment WHERE name = ?)", experiment))
        source = "zl_run x JOIN zl_v_all_runs v ON v.run_number = x.number"
        return self._runs(wanted, f"x.{column}, x.number", limit, source)

    def _runs(
        self, wanted: Sequence[_Condition], order: str, limit: int | None, source: str = "zl_v_all_runs v"
    ) -> list[RunRecord]:
        values = [value for _, *of_one in wanted for value in of_one]
        where = f"WHERE {' AND '.join(condition for condition, *_ in wanted)}" if wanted else ""
        most = "" if limit is None else f"LIMIT {int(limit)}"
        answer = self._reader.select(f"SELECT {_RUN_COLUMNS} FROM {source} {where} ORDER BY {order} {most}", values)
        return [_run_from(row) for row in answer.as_dicts()]

    def _as_time(self, moment: datetime) -> Any:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if self.url.kind == SQLITE else moment

    def run(self, run_id: str) -> RunRecord:
        """A run by its id, or by the start of it.

        Raises:
            InputError: no run, or several, are called so.
        """
        found = self._runs([("v.run_number = ?", self.store.run_number(run_id))], "v.run_number", 1)
        if not found:
            hint = f"'zigzag-lab delete --restore {run_id}' brings it back."
            raise InputError(f"run '{run_id}'", "it was deleted", "a run that is there", hint)
        return found[0]

    def children(self, run_id: str, *, all_levels: bool = False) -> list[RunRecord]:
        """The runs within a run, in the order in which they were started; those within these, too, on request."""
        number = self.store.run_number(run_id)
        where = f"v.run_number IN ({WITHIN})" if all_levels else "v.parent_number = ?"
        return self._runs([(where, number)], "v.child_index, v.run_number", None)

    def results(self, run_id: str) -> list[StoredResult]:
        """What a run yielded, in order."""
        answer = self._reader.select(
            "SELECT result_index, path, kind, energy_pj, latency_cycles FROM zl_result WHERE run_number = ? "
            "ORDER BY result_index",
            (self.store.run_number(run_id),),
        )
        return [checked(StoredResult, row, "zl_result", result_index=row["result_index"]) for row in answer.as_dicts()]

    def details(self, run_id: str) -> RunDetails:
        """The options of a run, and what went wrong."""
        number = self.store.run_number(run_id)
        row = self._reader.select(
            "SELECT r.options, e.content, r.engine_digest, r.error, r.traceback, r.environment_digest, r.keywords "
            "FROM zl_run r LEFT JOIN zl_environment e ON e.digest = r.environment_digest WHERE r.number = ?",
            (number,),
        ).rows[0]
        tags = self._reader.select("SELECT key, value FROM zl_tag WHERE run_number = ? ORDER BY key", (number,)).rows
        with reading("zl_run", number=number):
            options = object_of(row[0])
            keywords = None if row[6] is None else object_of(row[6])
        with reading("zl_environment", digest=row[5]):
            said = object_of(row[1])
        hung = {str(k): str(v) for k, v in tags}
        known = {"options": options, "tags": hung, "environment": said, "keywords": keywords}
        words = dict(zip(("engine_digest", "error", "traceback"), row[2:5], strict=True))
        return checked(RunDetails, {**known, **words}, "zl_run", number=number)

    def layers(
        self, run_id: str, role: LayerRole = LayerRole.CHOSEN, *, result_index: int | None = None
    ) -> list[StoredLayer]:
        """Priced layers of a run in order, each with its mapping and its memories.

        Args:
            run_id: the run.
            role: which of them: those that it chose, those that passed its save stages, or those of its results.
            result_index: of which result; by default of all.
        """
        number = self.store.run_number(run_id)
        layers, memory_rows, proof_rows = layer_rows(self._reader, number, role, result_index)
        memories: dict[tuple[int, int], list[StoredLevel]] = {}
        for row in memory_rows:
            memories.setdefault((row[0], row[1]), []).append(memory_of(row))
        proofs = {(row[0], row[1]): certificate_of(row) for row in proof_rows}
        keys = [(layer["run_number"], layer["layer_index"]) for layer in layers]
        return [
            _layer_from(index, layer, tuple(memories.get(key, ())), proofs.get(key))
            for index, (key, layer) in enumerate(zip(keys, layers, strict=True))
        ]

    def fronts(self, run_id: str) -> dict[int, tuple[StoredPoint, ...]]:
        """Index of a layer -> its front, energy ascending; empty where no front was searched."""
        rows = self._reader.select(
            "SELECT f.layer_index, f.point_index, f.energy_pj, f.latency_cycles, f.is_proven, f.memories, "
            "m.spatial_text, m.content, f.mapping_digest "
            "FROM zl_front_point f LEFT JOIN zl_mapping m ON m.digest = f.mapping_digest "
            "WHERE f.run_number = ? ORDER BY f.layer_index, f.point_index",
            (self.store.run_number(run_id),),
        ).rows
        found: dict[int, list[StoredPoint]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(StoredPoint(*point_of(row)))
        return {index: tuple(points) for index, points in found.items()}

    def inputs(self, run_id: str) -> dict[str, tuple[str, dict[str, Any], bytes | None]]:
        """Kind -> (name, the content of the input, the bytes of its file where it had one)."""
        return self.inputs_of(self.store.run_number(run_id))

    def inputs_of(self, run_number: int) -> dict[str, tuple[str, dict[str, Any], bytes | None]]:
        """The same of the run of a number, such as the one that holds the row of a layer."""
        rows = self._reader.select(
            "SELECT g.kind, g.name, i.content, s.content, g.digest, g.source_digest, g.file_name "
            "FROM zl_run_input g LEFT JOIN zl_input i ON i.digest = g.digest "
            "LEFT JOIN zl_source s ON s.digest = g.source_digest WHERE g.run_number = ? ORDER BY g.kind",
            (run_number,),
        ).rows
        found: dict[str, tuple[str, dict[str, Any], bytes | None]] = {}
        for kind, name, content, source, digest, source_digest, file_name in rows:
            named = {"kind": kind, "name": name, "file_name": file_name or ""}
            check_types(named, dict.fromkeys(named, TEXT), "zl_run_input", run_number=run_number, digest=digest)
            with reading("zl_input", digest=digest):
                said = json.loads(unpacked(content))
            with reading("zl_source", digest=source_digest):
                found[kind] = (name, said, None if source is None else unpacked(source))
        return found

    def input_records(self, run_id: str) -> dict[str, Any]:
        """Kind -> the record of each input that a run was given; what its stages put in their place is left out."""
        found: dict[str, Any] = {}
        for kind, (name, said, _) in self.inputs(run_id).items():
            if kind in KINDS:
                with reading("zl_input", kind=kind, name=name):
                    found[kind] = record_from(KINDS[kind], said)
        return found

    def tag(self, run_id: str, **tags: str) -> None:
        """Set tags on a run, in place of tags of the same name."""
        self.store.tag(run_id, **tags)

    # -- SQL -----------------------------------------------------------------------------------------------------------

    def sql(self, text: str, parameters: Sequence[Any] = ()) -> Answer:
        """Query in SQL, on a connection that refuses to write.

        Args:
            text: one statement. The views ``zl_v_runs``, ``zl_v_layers`` and ``zl_v_memory`` answer most questions.
            parameters: values for the question marks in it.

        Raises:
            StoreError: the database does not understand it, or it would write.
        """
        return self._reader.select(text, parameters)

    def frame(self, text: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """The answer to a question in SQL as a pandas ``DataFrame``."""
        import pandas as pd

        answer = self.sql(text, parameters)
        return pd.DataFrame(answer.rows, columns=list(answer.columns))

    def stream(self, text: str, parameters: Sequence[Any] = ()) -> Iterator[Answer]:
        """Query in SQL more rows than fit into memory: portions of the answer, one after the other."""
        return self._reader.stream(text, parameters)

    def close(self) -> None:
        """End the connections."""
        self._reader.close()
        self.store.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Lab('{self.url}')"


def _run_from(row: dict[str, Any]) -> RunRecord:
    known = dict(row)
    for name, read in _READ.items():
        with reading("zl_run", id=row["run_id"], column=name):
            known[name] = read(row[name])
    return checked(RunRecord, known, "zl_run", id=row["run_id"])


def _count_of(value: Any) -> int | None:
    """A count, which SQLite holds as a float where it is beyond 64 bits."""
    return None if value is None else int(value)


_READ: dict[str, Any] = {
    **dict.fromkeys(("started_at", "ended_at"), time_of),
    **dict.fromkeys(("settings", "warnings"), from_json),
    "n_macs": _count_of,
}


def _layer_from(
    index: int, row: dict[str, Any], memories: tuple[StoredLevel, ...], certificate: Certificate | None
) -> StoredLayer:
    text, times = row.pop("spatial_text"), row.pop("times")
    mapping = mapping_of(row.pop("content"), text, row["mapping_digest"])
    del row["place"]
    key = {"run_number": row["run_number"], "layer_index": row["layer_index"]}
    check_types(row, LAYER_TYPES, "zl_layer_evaluation", **key)
    check_finite(row, "zl_layer_evaluation", **key)
    return StoredLayer(index, row["layer_id"], row["name"], row, text, mapping, memories, certificate, times)


__all__ = ["Lab", "RunDetails", "RunRecord", "StoredLayer", "StoredPoint", "StoredResult"]
