"""Results as JSON and back: what a cache stores in place of objects.

Every term of a CME is written with all its digits, so that it comes back equal to the last bit. Layers, accelerators
and constraints of the pipeline that asks are written as references, and come back as the records of the pipeline that
reads: with their names and ids. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from zigzag_lab.cost import (
    Certificate,
    CostModelEvaluation,
    CostModelEvaluationABC,
    CumulativeCME,
    FrontCertificate,
)
from zigzag_lab.cost.breakdown import Breakdown, FourWay, PortStall
from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys import described
from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import Loop, LoopLevels, SpatialMapping, UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.stages.protocols import Variant, in_a_word
from zigzag_lab.stages.recording import SinkLog
from zigzag_lab.stages.spec import Keywords
from zigzag_lab.stages.stage import Result
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType, ZigzagLabError
from zigzag_lab.workload import Layer, Workload

Levels = Mapping[str, Sequence[Sequence[Loop]]]
"""Operand -> loops per level, innermost first; in JSON all lists."""

FourWays = Mapping[str, Sequence[Sequence[float]]]
"""Operand -> per level, a figure for each direction."""

R = TypeVar("R")

FORMAT = "zigzag_lab.answer/1"
MAX_SAVED = 20_000
"""CMEs that save stages below a cache may save, for what they saved to be part of an answer."""

_FOUR_WAYS = ("accesses", "access_energy_pj", "allowed_cycles", "needed_cycles")
_FIGURES = (
    *("utilisation", "shared_utilisation", "effective_utilisation", "shared_effective_utilisation"),
    "double_buffered",
)
_DERIVED = ("port_stalls", "static_pj_per_cycle")
_TERMS = tuple(f.name for f in fields(Breakdown) if f.name not in (*_FOUR_WAYS, *_FIGURES, *_DERIVED))
_CME_STATE = frozenset(
    {
        *("problem", "layer", "accelerator", "breakdown", "certificate"),
        *("_temporal_mapping", "_batch", "_index", "_kind", "_energy", "_latency", "_original", "_identity"),
    }
)
_PARTS_OF_SUMS = ("_parts", "_summands", "_times")
_OF_VARIANTS = ("position", "occurrence", "goes_on")
_RECORDS: dict[str, type] = {"layer": Layer, "accelerator": Accelerator, "constraints": MappingConstraints}
_CERTIFICATE = cast("type[Certificate | FrontCertificate]", Certificate | FrontCertificate)


class NotStorableError(ZigzagLabError):
    """A result that has no form as plain data, so that no cache can store it."""


@dataclass(frozen=True)
class Asker:
    """The records of whoever asks, which an answer refers to: layers in their order, each with its constraints."""

    layers: tuple[Layer, ...] = ()
    constraints: tuple[MappingConstraints, ...] = ()
    accelerator: Accelerator | None = None

    @classmethod
    def of(cls, kwargs: Keywords) -> Asker:
        """The asker whose stage has these keywords."""
        accelerator, layer = kwargs.get("accelerator"), kwargs.get("layer")
        workload, rules = kwargs.get("workload"), kwargs.get("mapping")
        known = accelerator if isinstance(accelerator, Accelerator) else None
        if isinstance(layer, Layer):
            asked = kwargs.get("constraints")
            return cls((layer,), (asked,) if isinstance(asked, MappingConstraints) else (), known)
        layers = tuple(n for n in workload.nodes if isinstance(n, Layer)) if isinstance(workload, Workload) else ()
        chosen = tuple(rules.for_layer(layer) for layer in layers) if isinstance(rules, MappingRules) else ()
        return cls(layers, chosen, known)

    def records(self) -> dict[type, tuple[object, ...]]:
        """What can be referred to, by class."""
        accelerators = () if self.accelerator is None else (self.accelerator,)
        return {Layer: self.layers, MappingConstraints: self.constraints, Accelerator: accelerators}


NOBODY = Asker()
"""Answers written for nobody hold all that they need."""


def answer_of(results: Sequence[Result], asker: Asker = NOBODY, log: SinkLog | None = None) -> dict[str, object]:
    """Return results as plain data, with what the stages that found them put on record besides.

    Raises:
        NotStorableError: some of it has no form as plain data, or it is too much.
    """
    if log is not None and log.count() > MAX_SAVED:
        raise NotStorableError(f"save stages below saved {log.count():,} CMEs, and answers hold at most {MAX_SAVED:,}")
    writer = _AnswerWriter(asker)
    written = [[writer.value(cme), writer.value(extra_info)] for cme, extra_info in results]
    logged = {"log": writer.log(log)} if log is not None and log.events else {}
    return {"format": FORMAT, "results": written, **logged, **writer.tables}


def recorded_results_of(answer: Mapping[str, Any], asker: Asker = NOBODY) -> tuple[list[Result], SinkLog]:
    """Return results from plain data, and the log of what was put on record while they were found."""
    reader = _AnswerReader(answer, asker)
    results = [(reader.cme(cme), reader.value(extra_info)) for cme, extra_info in answer["results"]]
    return results, reader.log(answer.get("log", ()))


def json_of(answer: Mapping[str, object]) -> bytes:
    """Return an answer as JSON."""
    return json.dumps(answer, separators=(",", ":"), default=lambda number: number.item()).encode()


class _AnswerWriter:
    """Writes values; objects that occur several times are written once."""

    def __init__(self, asker: Asker) -> None:
        self.asked, self.layers = asker.records(), asker.layers
        self.tables: dict[str, list[object]] = {"records": [], "problems": [], "cmes": []}
        self._known: dict[int, int] = {}
        self._kept_alive: list[object] = []

    def value(self, value: object) -> object:
        """A value: plain data as it is, anything else as a list that starts with its kind."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) is list or type(value) is tuple:
            return [type(value).__name__, *(self.value(item) for item in value)]
        if type(value) is dict:
            return ["dict", *([self.value(key), self.value(item)] for key, item in value.items())]
        if type(value) is CostModelEvaluation:
            return ["cme", self._once("cmes", value, self._cme, value.identity)]
        if type(value) is CumulativeCME:
            return ["sum", self._sum(value)]
        if type(value) is SpatialMapping:
            return ["spatial", _unrollings(value)]
        if type(value) is TemporalMapping:
            return ["temporal", value.levels, value.kind.value]
        for kind, of in _RECORDS.items():
            if type(value) is of:
                return [kind, self._reference(value)]
        raise NotStorableError(f"results hold an object of type {type(value).__name__}, which has no plain form")

    def log(self, log: SinkLog) -> list[object]:
        """What was put on record, event by event."""
        return [self._event(*event) for event in log.events]

    def _event(self, name: str, *given: Any) -> list[object]:
        match name, given:
            case "save", (cme,):
                return ["save", self.value(cme)]
            case "warn", (warning,):
                return ["warn", warning]
            case "save_front", (points, chosen):
                return ["save_front", [self.value(cme) for cme in points], chosen]
            case "read", (kind, record, file):
                return ["read_input", kind, described(record), None if file is None else str(file)]
            case "variant", (variant, log):
                return self._variant(variant, log)
        raise NotStorableError(f"a stage below started a pipeline of its own (run {given[0]})")

    def _variant(self, variant: Variant, log: SinkLog) -> list[object]:
        if log.error is not None and not isinstance(log.error, InfeasibleError):
            raise NotStorableError(f"the combination {variant.label} ended with an error")
        spec = {
            "settings": [[name, self._plain(value, in_a_word(value))] for name, value in variant.settings.items()],
            "changes": [[name, self._plain(value, None)] for name, value in variant.changes.items()],
            **{name: getattr(variant, name) for name in _OF_VARIANTS},
        }
        error = None if log.error is None else list(log.error.__reduce__()[1])
        results = [self.value(r[0] if isinstance(r, tuple) else r) for r in log.results]
        return ["variant", spec, self.log(log), results, log.has_ended, error]

    def _plain(self, value: object, otherwise: object) -> object:
        """A value that a combination sets, as far as it has a plain form."""
        kind = next((kind for kind, of in KINDS.items() if type(value) is of and kind not in _RECORDS), None)
        try:
            return [kind, described(value)] if kind is not None else self.value(value)
        except NotStorableError:
            return otherwise

    def _once(self, table: str, value: R, write: Callable[[R], object], identity: object = None) -> int:
        key = id(value if identity is None else identity)
        known = self._known.get(key)
        if known is None:
            written = write(value)
            self.tables[table].append(written)
            known = self._known[key] = len(self.tables[table]) - 1
            self._kept_alive.append(value)
        return known

    def _reference(self, record: object) -> int:
        """A number from 0 on for a record of the asker's, below 0 for one that is written here."""
        known = self._known.get(id(record))
        if known is None:
            asked = self.asked[type(record)]
            found = next((i for i, one in enumerate(asked) if one is record), None)
            if found is None:
                found = next((i for i, one in enumerate(asked) if one == record), None)
            if found is None:
                self.tables["records"].append(described(record))
                found = -len(self.tables["records"])
            known = self._known[id(record)] = found
            self._kept_alive.append(record)
        return known

    def _cme(self, cme: CostModelEvaluation) -> list[object]:
        more = set(vars(cme)) - _CME_STATE
        if more:
            raise NotStorableError(f"a CME carries attributes of the user's: {', '.join(sorted(more))}")
        problem, temporal = cme.problem, cme.temporal_mapping
        return [
            self._once("problems", problem, self._problem),
            [temporal.levels, temporal.kind.value],
            problem.skip_repeated_reads,
            _written_terms(cme.breakdown, problem.accelerator),
            self._reference(cme.layer),
            cme._energy,
            cme._latency,
            None if cme.certificate is None else described(cme.certificate),
        ]

    def _problem(self, problem: Problem) -> list[object]:
        integer = problem.integer.loops
        return [
            *map(self._reference, (problem.layer, problem.accelerator, problem.constraints)),
            _unrollings(problem.spatial_mapping),
            problem.fractional.loops.levels,
            None if integer is problem.fractional.loops else integer.levels,
        ]

    def _sum(self, total: CumulativeCME) -> dict[str, object]:
        state = dict(vars(total.added_up()))
        accelerator, ids, *_ = (state.pop(name) for name in ("accelerator", "_layer_ids", *_PARTS_OF_SUMS))
        places = {layer.id: i for i, layer in enumerate(self.layers)}
        if not state["_static"]:  # answers without it are as they have always been
            del state["_static"]
        four_ways = {n: _written_levels(state.pop(n)) for n in ("mem_energy_breakdown_further", "memory_word_access")}
        return {
            "terms": state,
            "four_ways": four_ways,
            "accelerator": None if accelerator is None else self._reference(accelerator),
            "layers": [[places[i]] if i in places else i for i in ids],
            "parts": [[self.value(cme), times] for cme, times in total.components()],
        }


def _unrollings(mapping: SpatialMapping) -> list[tuple[str, list[tuple[str, int]]]]:
    return [(d, list(unrolled.items())) for d, unrolled in mapping.unrollings.items()]


def _written_levels(levels: Mapping[str, Sequence[FourWay]]) -> FourWays:
    return {op: [[f.to_low, f.from_low, f.to_high, f.from_high] for f in of_level] for op, of_level in levels.items()}


def _ports(accelerator: Accelerator) -> list[tuple[str, str]]:
    return [(memory.name, port.name) for memory in accelerator.memories for port in memory.ports]


def _written_terms(terms: Breakdown, accelerator: Accelerator) -> dict[str, object]:
    place = {names: i for i, names in enumerate(_ports(accelerator))}
    return {
        **{name: getattr(terms, name) for name in (*_TERMS, *_FIGURES)},
        **{name: _written_levels(getattr(terms, name)) for name in _FOUR_WAYS},
        "port_stalls": [[place[stall.memory, stall.port], stall.stall_cycles] for stall in terms.port_stalls],
    }


class _AnswerReader:
    """Reads what :class:`_AnswerWriter` wrote, for another asker."""

    def __init__(self, answer: Mapping[str, Any], asker: Asker) -> None:
        self.answer, self.asked, self.layers = answer, asker.records(), asker.layers
        self._read: dict[tuple[str, int], object] = {}

    def value(self, written: object) -> object:
        """The value that was written."""
        if not isinstance(written, list):
            return written
        kind, *rest = written
        if kind in ("workload", "mapping"):
            return record_from(KINDS[kind], rest[0])
        if kind in ("list", "tuple"):
            items = [self.value(item) for item in rest]
            return items if kind == "list" else tuple(items)
        if kind == "dict":
            return {self.value(key): self.value(item) for key, item in rest}
        if kind == "cme":
            return self._once("cmes", rest[0], self._cme)
        if kind == "sum":
            return self._sum(**rest[0])
        if kind == "spatial":
            return _spatial(rest[0])
        if kind == "temporal":
            return _temporal(*rest)
        return self._record(_RECORDS[kind], rest[0])

    def cme(self, written: object) -> CostModelEvaluationABC:
        """The price that was written; whatever a stage yielded in the place of one."""
        return cast(CostModelEvaluationABC, self.value(written))

    def log(self, events: Sequence[Sequence[Any]]) -> SinkLog:
        """What was put on record, to be replayed."""
        log = SinkLog()
        for event in events:
            match event:
                case "save", cme:
                    log.save(self.cme(cme))
                case "warn", warning:
                    log.warn(warning)
                case "save_front", points, chosen:
                    log.save_front([cast(CostModelEvaluation, self.value(cme)) for cme in points], chosen)
                case "read_input", kind, record, file:
                    log.read(kind, record_from(KINDS[kind], record), None if file is None else Path(file))
                case "variant", *variant:
                    self._variant(log, *variant)
                case _:
                    raise ValueError(f"no event that was put on record: {event!r}")
        return log

    def _variant(
        self,
        log: SinkLog,
        spec: Mapping[str, Any],
        events: Sequence[Sequence[Any]],
        results: Sequence[object],
        has_ended: bool,
        error: Sequence[Any] | None,
    ) -> None:
        settings, changes = ({n: self.value(v) for n, v in spec[part]} for part in ("settings", "changes"))
        inner = self.log(events)
        inner.results, inner.has_ended = [(self.cme(one), None) for one in results], has_ended
        inner.error = None if error is None else InfeasibleError(*error)
        log.events.append(("variant", Variant(settings, changes, **{n: spec[n] for n in _OF_VARIANTS}), inner))

    def _summand(self, written: object, times: float) -> CostModelEvaluationABC:
        part = self.cme(written)
        if times == 1:
            return part
        scaled = CumulativeCME()
        scaled._summands, scaled._times = (part,), times
        return scaled

    def _once(self, table: str, number: int, read: Callable[[Any], R]) -> R:
        if (table, number) not in self._read:
            self._read[table, number] = read(self.answer[table][number])
        return cast(R, self._read[table, number])

    def _record(self, kind: type[R], reference: int) -> R:
        if reference >= 0:
            return cast(R, self.asked[kind][reference])
        return self._once("records", -reference - 1, lambda data: self._as_asked(record_from(kind, data)))

    def _as_asked(self, record: R) -> R:
        """A part of the asker's accelerator with the clock and the technology of that, which are in no key."""
        whole = next(iter(self.asked[Accelerator]), None)
        if isinstance(record, Accelerator) and isinstance(whole, Accelerator):
            return replace(record, given_clock_ns=whole.given_clock_ns, technology=whole.technology)
        return record

    def _cme(self, written: Sequence[Any]) -> CostModelEvaluation:
        problem_number, temporal, is_skipping, terms, layer, energy, latency, certificate = written
        read = self._once("problems", problem_number, self._problem)
        problem = read.with_repeated_reads(skipped=is_skipping)
        cme = CostModelEvaluation(
            problem,
            _temporal(*temporal),
            breakdown=_terms(terms, problem.accelerator),
            layer=self._record(Layer, layer),
        )
        cme._energy, cme._latency = energy, latency
        cme.certificate = None if certificate is None else record_from(_CERTIFICATE, certificate)
        return cme

    def _problem(self, written: Sequence[Any]) -> Problem:
        layer, accelerator, constraints, unrollings, fractional, integer = written
        spatial = _spatial(unrollings)
        first = UnrolledLoops(_levels(fractional), spatial)
        second = first if integer is None else UnrolledLoops(_levels(integer), spatial)
        records = (
            self._record(Layer, layer),
            self._record(Accelerator, accelerator),
            self._record(MappingConstraints, constraints),
        )
        return Problem.of_unrolled(*records, first, second)

    def _sum(
        self,
        terms: Mapping[str, object],
        four_ways: Mapping[str, FourWays],
        accelerator: int | None,
        layers: Sequence[int | list[int]],
        parts: Sequence[tuple[object, float]] = (),
    ) -> CumulativeCME:
        total = CumulativeCME()
        for name, term in terms.items():
            setattr(total, name, term)
        for name, levels in four_ways.items():
            setattr(total, name, {op: [FourWay(*f) for f in of_level] for op, of_level in levels.items()})
        total.accelerator = None if accelerator is None else self._record(Accelerator, accelerator)
        total._summands = tuple(self._summand(*part) for part in parts)
        total._layer_ids = [self.layers[i[0]].id if isinstance(i, list) else i for i in layers]
        return total


def _spatial(unrollings: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> SpatialMapping:
    return SpatialMapping({d: dict(unrolled) for d, unrolled in unrollings})


def _levels(written: Levels) -> dict[str, LoopLevels]:
    return {op: tuple(tuple((dim, size) for dim, size in level) for level in of_op) for op, of_op in written.items()}


def _temporal(levels: Levels, kind: str) -> TemporalMapping:
    return TemporalMapping(_levels(levels), TemporalMappingType(kind))


def _terms(written: Mapping[str, Any], accelerator: Accelerator) -> Breakdown:
    ports = _ports(accelerator)
    terms = {name: written[name] for name in _TERMS}
    for name in _FIGURES:
        terms[name] = {op: tuple(levels) for op, levels in written[name].items()}
    for name in _FOUR_WAYS:
        terms[name] = {op: tuple(FourWay(*f) for f in of_level) for op, of_level in written[name].items()}
    stalls = ((ports[i], cycles) for i, cycles in written["port_stalls"])
    port_stalls = tuple(PortStall(memory, port, n) for (memory, port), n in stalls)
    return Breakdown(**terms, port_stalls=port_stalls, static_pj_per_cycle=accelerator.static_pj_per_cycle)
