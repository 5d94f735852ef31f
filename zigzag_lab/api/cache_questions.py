"""What the cache holds, why it had no answer, and whether its answers are right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zigzag_lab.api.compare import Difference, differences
from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.mapping.spatial import SpatialMapping, UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.stages import StageCallable
from zigzag_lab.stages.answer import Asker, answer_of, json_of
from zigzag_lab.stages.stage import STAGES
from zigzag_lab.store import cache_query
from zigzag_lab.store.cache_query import AskedQuestion, CacheStatistics, Removed
from zigzag_lab.store.database import Database
from zigzag_lab.store.store import Store
from zigzag_lab.vocab import InputError

YAML_KEYS = {
    "read_cost_pj": "r_cost",
    "write_cost_pj": "w_cost",
    "size_bits": "size",
    "bandwidth_min_bits": "bandwidth_min",
    "bandwidth_max_bits": "bandwidth_max",
    "unit_energy_pj": "unit_energy",
    "operand_links": "memory_operand_links",
    "precision_bits": "operand_precision",
    "array": "operational_array",
}
"""What fields of records are called in the user's files."""

_CHANGES_NOTHING = re.compile(
    r"(^|\.)(name|id|sources|area_mm2|unit_area_mm2|latency_cycles|dataflows|auto_cost_extraction|estimated|technology)"
    r"(\.|\[|$)"
)


def cache_statistics(store: Store) -> CacheStatistics:
    """What the cache holds, and what it did."""
    return cache_query.statistics(store.database)


def remove_unused_answers(store: Store, unused_days: float, *, is_dry_run: bool) -> Removed:
    """Remove answers that nobody used for some days, and what only they were made of."""
    return cache_query.remove_unused(store.database, unused_days, is_dry_run=is_dry_run)


@dataclass(frozen=True)
class Reason:
    """Why questions on some layers or networks had no answer, in the words of the user's files.

    The differences are those from the closest question that had one.
    """

    differences: tuple[Difference, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Misses:
    """Why a run computed what it computed, compared with an earlier run where there is one.

    It counts questions about layers, or about the network if none were asked about layers. The reasons are those of the
    ones that missed, most layers first.
    """

    run_id: str
    compared_with: str | None
    n_asked: int
    n_missed: int
    reasons: tuple[Reason, ...]


def why_miss(store: Store, run: str, other: str | None = None) -> Misses:
    """Why a run found no answers, compared with another run: by default the newest earlier one, of its network if any.

    A run within a run stands for the outer one, which looks up its questions.

    Raises:
        InputError: a run looked up nothing in the cache.
    """
    database, number = store.database, cache_query.who_asked(store.database, store.run_number(run))
    asked = cache_query.questions_of(database, number)
    if not asked:
        raise InputError(
            f"run {run}", "it asked the cache nothing", "a run that did", "It may have run with --no-cache."
        )
    earlier = (
        cache_query.earlier_run(database, number)
        if other is None
        else cache_query.who_asked(database, store.run_number(other))
    )
    known = [q for q in cache_query.questions_of(database, earlier) if q.parts] if earlier is not None else []
    kinds = {q.kind for q in known}
    if other is not None and not known:
        raise InputError(f"run {other}", "it asked the cache nothing", "a run that did")
    missed = [q for q in asked if q.outcome == "miss"]
    of_layers = [q for q in missed if q.kind != "network" and q.kind in kinds]
    grouped: dict[tuple[Difference, ...], list[str]] = {}
    documents: dict[str, tuple[str, Any] | None] = {}
    for question in of_layers or [q for q in missed if q.kind in kinds] or missed:
        found = tuple(_why(database, question, known, documents))
        grouped.setdefault(found, []).append(question.label)
    reasons = sorted((Reason(d, tuple(labels)) for d, labels in grouped.items()), key=lambda r: -len(r.labels))
    n_missed, n_asked = (sum(q.kind != "network" for q in some) or len(some) for some in (missed, asked))
    compared = cache_query.run_id_of(database, earlier) if earlier is not None else None
    return Misses(cache_query.run_id_of(database, number), compared, n_asked, n_missed, tuple(reasons))


def _why(
    database: Database,
    question: AskedQuestion,
    known: Sequence[AskedQuestion],
    documents: dict[str, tuple[str, Any] | None],
) -> Iterator[Difference]:
    """The differences from the closest of the stored questions."""
    if not question.parts or not known:
        return

    def closeness(other: AskedQuestion) -> tuple[bool, int, bool]:
        n_same = sum(other.parts.get(name) == digest for name, digest in question.parts.items())
        return question.kind == other.kind, n_same, question.label == other.label

    closest = max(known, key=closeness)
    for name in {**closest.parts, **question.parts}:
        before, after = closest.parts.get(name), question.parts.get(name)
        if before == after:
            continue
        if name in (*KINDS, "pipeline") and before and after:
            yield from _part_differences(database, name, before, after, documents)
        else:
            yield Difference(name, before, after)


def _part_differences(
    database: Database, name: str, before: str, after: str, documents: dict[str, tuple[str, Any] | None]
) -> Iterator[Difference]:
    for digest in (before, after):
        if digest not in documents:
            documents[digest] = cache_query.document(database, digest)
    first, second = documents[before], documents[after]
    if first is None or second is None:
        yield Difference(name, before[:12], after[:12])
        return
    found = list(differences(first[1], second[1], name))
    deciding = [d for d in found if not _CHANGES_NOTHING.search(d.path)]
    for d in deciding or found:
        path = re.sub(r"\w+", lambda word: YAML_KEYS.get(word[0], word[0]), d.path)
        yield Difference(path, _hashable(d.first), _hashable(d.second))


def _hashable(value: object) -> object:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


# -- verification ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verification:
    """What came of computing answers again: how many were equal to the last bit, and the keys of those that were not.

    Some were skipped, for a reason -> how many; ``n_of_others``, of other versions of the program, were not among them.
    """

    n_equal: int
    wrong: tuple[str, ...]
    skipped: dict[str, int]
    n_of_others: int = 0


class _CannotError(Exception):
    """An answer cannot be computed again from what is stored."""


_RECORDS: dict[str, type] = {kind.__name__: kind for kind in (SpatialMapping, TemporalMapping, UnrolledLoops)}


def verify(store: Store, n: int) -> Verification:
    """Compute some answers again, chosen at random among those of this version of the program, and compare."""
    from zigzag_lab.keys import engine_digest

    n_equal, wrong, skipped, engine = 0, [], dict[str, int](), engine_digest()
    for key, _, parts, content in cache_query.random_answers(store.database, n, engine):
        try:
            if _comparable(_computed(store.database, parts)) == _comparable(content):
                n_equal += 1
            else:
                wrong.append(key)
        except _CannotError as reason:
            skipped[str(reason)] = skipped.get(str(reason), 0) + 1
    return Verification(n_equal, tuple(wrong), skipped, cache_query.n_answers_of_others(store.database, engine))


def _computed(database: Database, parts: Mapping[str, str]) -> bytes:
    kwargs: dict[str, object] = {}
    for name in KINDS:
        if name in parts:
            kwargs[name] = record_from(KINDS[name], _document(database, parts[name]))
    pipeline = _document(database, parts["pipeline"])
    kwargs.update({name: _option(value) for name, value in pipeline["options"].items() if name not in kwargs})
    if "mem_update_list" in kwargs:
        raise _CannotError("asked below a stage that keeps data on chip")
    stages = [_stage(name) for name in pipeline["stages"]]
    results = list(stages[0](stages[1:], **kwargs).run())
    return json_of(answer_of(results, Asker.of(kwargs)))


def _comparable(answer: bytes) -> object:
    """An answer without what may differ: how much of it is shared, and the time that exact searches took."""
    parsed = json.loads(answer)
    for cme in parsed["cmes"]:
        cme[0] = parsed["problems"][cme[0]][1:]  # identical layers may stand for each other there
        if isinstance(cme[-1], dict):
            cme[-1].pop("seconds", None)
    return _inlined(parsed["results"], parsed["cmes"]), parsed["records"]


def _inlined(value: object, cmes: list[object]) -> object:
    if isinstance(value, list):
        return ["cme", cmes[value[1]]] if value[:1] == ["cme"] else [_inlined(item, cmes) for item in value]
    return value


def _document(database: Database, digest: str) -> Any:
    found = cache_query.document(database, digest)
    if found is None:
        raise _CannotError("what it was asked is not kept")
    return found[1]


def _stage(name: object) -> StageCallable:
    if not isinstance(name, str) or name not in STAGES.ours:
        raise _CannotError("it needs a stage of the user's")
    return STAGES.ours[name]


def _option(value: object) -> object:
    """A keyword back from its spelling in a key."""
    if isinstance(value, list):
        return [_option(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "pairs" in value:
        return {tuple(name) if isinstance(name, list) else name: _option(item) for name, item in value["pairs"]}
    if value.get("record") in _RECORDS:
        return record_from(_RECORDS[value["record"]], value["says"])
    raise _CannotError("it was asked with objects or files that are not kept")
