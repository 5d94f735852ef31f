"""Protocols and counters through which stages reach their surroundings: sinks, caches, listeners, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from zigzag_lab.cost import Certificate, CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.stages.files import file_stem, write_atomically
from zigzag_lab.vocab import Objective
from zigzag_lab.workload import Layer

Result = tuple[CostModelEvaluationABC, object]
"""A CME and the extra information of the stages below."""

SERVICES = ("cache", "tally", "sink", "progress", "layer_memo", "run_files", "memory_costs")
"""Keywords through which stages reach their surroundings; they change no result."""

SUM_STEM = "overall"
"""What the names of files about sums start with."""


@runtime_checkable
class Sink(Protocol):
    """Stores the results that save stages pass on. The same CME is stored once, however many save stages see it."""

    def save(self, cme: CostModelEvaluationABC) -> None:
        """Store a result: the price of a layer, or a sum of prices."""


def sink_in(keywords: Mapping[str, object]) -> Sink | None:
    """Return the sink among the keywords of a stage that hands it on without naming it."""
    sink = keywords.get("sink")
    return sink if isinstance(sink, Sink) else None


@runtime_checkable
class FrontSink(Sink, Protocol):
    """Stores fronts, too."""

    def save_front(self, points: Sequence[CostModelEvaluation], chosen: int) -> None:
        """Store the trade-offs of a layer, and which of them stands for the layer in the run's total."""


@dataclass(frozen=True)
class Variant:
    """One of the combinations that an iterating stage tries: what a child run is made for.

    Attributes:
        settings: what is varied -> its value in this combination.
        changes: keywords that the combination changes for the stages below.
        position: of the iterating stage, counted from the end of the list.
        occurrence: how often the stage has tried the same settings before.
        goes_on: whether more results of the combination may follow, those of other layers.
    """

    settings: Mapping[str, object]
    changes: Mapping[str, object]
    position: int
    occurrence: int = 0
    goes_on: bool = False

    @property
    def label(self) -> str:
        """Its settings as people write them: ``loma_lpf_limit=6, nb_mappings_generated=1``."""
        return ", ".join(f"{name}={in_a_word(value)}" for name, value in self.settings.items())

    @property
    def key(self) -> tuple[int, str, int]:
        """Identity among the variants of a run."""
        return self.position, self.label, self.occurrence


def in_a_word(value: object) -> str:
    """A value that is varied, for names: a file by its stem, a record or a document by its name."""
    if isinstance(value, Path):
        return value.stem
    return str(value.get("name", value) if isinstance(value, Mapping) else getattr(value, "name", value))


@runtime_checkable
class RunSink(Sink, Protocol):
    """The record of a run, or of one combination within a run."""

    def read(self, kind: str, record: object, file: Path | None) -> None:
        """Note an input that a stage has read for the stages below it."""

    def warn(self, warning: str) -> None:
        """Note what a reader of the record should know."""

    def variant(self, variant: Variant) -> RunSink:
        """The record of a combination: a child run; of one whose results go on, the child that is there already."""

    def yielded(self, result: object) -> None:
        """Note what a stage yields as a result of the run, in order."""

    def count_with(self, tally: SearchTally) -> None:
        """Take from a tally, at the end, how many mappings were priced."""

    def end(self, error: BaseException | None = None) -> None:
        """Close the record of a combination."""

    def adopt(self, run_id: str) -> None:
        """Make the run of a pipeline that was started within this one its child."""


@dataclass(frozen=True)
class RunPlace:
    """Which run of a database (its URL without passwords) something belongs to, for processes without its record."""

    database: str
    number: int


CURRENT_SINK: ContextVar[Sink | None] = ContextVar("zigzag_lab_current_sink", default=None)
"""The record of the run, or of the combination, at work: pipelines that are started inside a stage belong to it."""


@runtime_checkable
class ProgressListener(Protocol):
    """Receives events of the start and the end of layers."""

    def layer_started(self, layer: Layer, index: int, n_layers: int) -> None:
        """The search for a layer begins."""

    def layer_done(self, layer: Layer, index: int, n_layers: int) -> None:
        """The search for a layer has ended."""


@dataclass
class SearchTally:
    """Counts of a run: mappings priced, layers searched, and layers identical to one searched before.

    Attributes:
        warnings: of searches, where a list is given for them: they are not logged then, as those of the points of a
            sweep would drown all else.
    """

    n_mappings_evaluated: int = 0
    n_searches: int = 0
    n_reused: int = 0
    warnings: list[str] | None = None

    def add(self, other: SearchTally) -> None:
        """Count what was done elsewhere."""
        self.n_mappings_evaluated += other.n_mappings_evaluated
        self.n_searches += other.n_searches
        self.n_reused += other.n_reused


class PartialTally(SearchTally):
    """Counts a part of a run's work, and counts it for the whole run too.

    Args:
        whole: the tally of the run.
    """

    def __init__(self, whole: SearchTally) -> None:
        self.__dict__["whole"] = whole
        super().__init__(warnings=whole.warnings)

    def __setattr__(self, name: str, value: Any) -> None:
        whole = self.__dict__["whole"]
        if name != "warnings":  # which both have in one list
            setattr(whole, name, getattr(whole, name) + value - self.__dict__.get(name, 0))
        self.__dict__[name] = value


@dataclass
class Incumbent:
    """The incumbent of a layer, and proofs of what cannot beat it.

    Attributes:
        objective: what is minimised.
        value: the least found so far.
        discarded: proofs for spatial mappings that were given up, as nothing under them is better.
        designs: identities of the accelerators that those proofs cover.
    """

    objective: Objective
    value: float = inf
    discarded: list[Certificate] = field(default_factory=list)
    designs: set[int] = field(default_factory=set)

    def discard(self, proof: Certificate, problem: Problem) -> None:
        """Add a proof that nothing under the spatial mapping of a problem is better."""
        self.discarded.append(proof)
        self.designs.add(id(problem.accelerator))


@dataclass
class RunFiles:
    """Files that the stages of one run write, layer by layer; each run begins them afresh.

    Attributes:
        stems: layer id -> what the names of its files start with, where its own name is ambiguous.
        texts: file -> the parts written so far.
    """

    stems: dict[int, str] = field(default_factory=dict)
    texts: dict[Path, list[str]] = field(default_factory=dict)
    _n_written: dict[Path, int] = field(default_factory=dict)

    @classmethod
    def of_layers(cls, layers: Sequence[Layer]) -> RunFiles:
        """Return the files of a network, with distinct stems for layers whose names or file names are equal."""
        stems: dict[int, str] = {}
        taken = {SUM_STEM}
        for layer in layers:
            stem = file_stem(layer.name)
            while stem in taken:
                stem = f"{stem}_{layer.id}"
            stems[layer.id] = stem
            taken.add(stem)
        return cls(stems)

    def fresh(self, path: Path) -> Path:
        """The path; where this run has written that file already, another one with a number before its suffix."""
        n = self._n_written[path] = self._n_written.get(path, 0) + 1
        if n == 1:
            return path
        return self.fresh(path.with_name(f"{path.stem}_{n}{path.suffix}"))

    def append(self, path: Path, part: str) -> None:
        """Write a part of a file, below those written before in this run."""
        parts = self.texts.setdefault(path, [])
        parts.append(part)
        write_atomically(path, "\n".join(parts).encode())


@dataclass(frozen=True)
class Question:
    """A look-up in a cache.

    Attributes:
        key: the digest that equal questions share.
        kind: ``network``, ``layer``, or ``step`` of a layer's search.
        label: what it is about, for people.
        parts: what it is made of -> the digest of each.
        records: digest -> its kind and the record or document behind it, for those who store it.
        n_layers: how many distinct layers it stands for.
        has_inner: whether layers are asked for one by one where it has no answer.
    """

    key: str
    kind: str
    label: str
    parts: Mapping[str, str]
    records: Mapping[str, tuple[str, object]]
    n_layers: int = 1
    has_inner: bool = False


class AnswerClaim(Protocol):
    """The exclusive claim to compute an answer."""

    def keep(self, answer: bytes, seconds: float) -> None:
        """Store the answer, and how long it took."""

    def drop(self) -> None:
        """Release the claim: the next process that needs the answer computes it."""


HIT, SHARED, MISS = "hit", "shared", "miss"


@dataclass(frozen=True)
class Asked:
    """A look-up in a cache, ``hit``, ``shared`` (somebody else was computing it) or ``miss``; see :class:`Question`.

    Seconds are those that an answer which was there took to compute.
    """

    kind: str
    label: str
    outcome: str
    n_layers: int = 1
    has_inner: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class CacheReport:
    """Look-ups of a cache in another process, for the one that it was opened for: key -> the outcome.

    What was computed and not stored has a reason among ``not_kept``.
    """

    asked: Mapping[str, Asked] = field(default_factory=dict)
    not_kept: tuple[str, ...] = ()


@runtime_checkable
class Cache(Protocol):
    """A store of answers.

    Attributes:
        salt: the user's word that separates keys.
        digests: digests of records, each computed once.
    """

    salt: str
    digests: RecordDigests

    def ask(self, question: Question) -> bytes | AnswerClaim | None:
        """Return the answer; or a claim to compute it; or None: compute it, and store nothing."""

    def discard(self, key: str) -> None:
        """Remove an answer that cannot be read: the next to ask computes it."""

    def not_kept(self, reason: str) -> None:
        """Note that something is computed and not stored."""

    def elsewhere(self) -> Callable[[], Cache] | None:
        """Return a picklable function that opens it in another process; None where it cannot be reached from there."""
        return None

    def report(self) -> CacheReport:
        """Return the look-ups so far."""
        return CacheReport()

    def add(self, report: CacheReport) -> None:
        """Add the look-ups of another process."""
