"""Certificates: what a search proved of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from zigzag_lab.vocab import Objective

TOLERANCE = 1e-9
"""Relative; values closer than this are equal (sums of floats in another order differ by less)."""

ALL_UNEVEN, ALL_EVEN = (f"all {kind} mappings under one spatial mapping" for kind in ("uneven", "even"))
_TIES = {
    Objective.ENERGY: ", and of equal ones the fastest",
    Objective.LATENCY: ", and of equal ones that of least energy",
}
_OF_LOMA = "all allowed orders of all loop prime factors, as LOMA allocates them"
ALL_ORDERS = f"{_OF_LOMA}, under one spatial mapping"
_ONE = "one spatial mapping"
_SEVERAL = "each of {n} spatial mappings"
_SEVERAL_AND_SKIPS = "each of {n} choices of spatial mapping and skipped memories"


def _together(
    space: str, certificates: Sequence[Certificate | FrontCertificate], n_designs: int
) -> tuple[str, float, int, float]:
    """Name of a space under one spatial mapping -> its name together with those under others, on each design.

    With it come the mappings of all, those that were priced, and the seconds.
    """
    several = (_SEVERAL if n_designs == 1 else _SEVERAL_AND_SKIPS).format(n=len(certificates))
    n_mappings, n_priced = sum(c.n_mappings for c in certificates), sum(c.n_priced for c in certificates)
    return space.replace(_ONE, several), n_mappings, n_priced, sum(c.seconds for c in certificates)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A lower bound and the best mapping found.

    Attributes:
        objective: what was minimised.
        lower_bound: no mapping of the space is better; pJ, cycles, or their product.
        best: the best mapping found, as the cost model prices it.
        space: the mappings that the bound covers.
        n_mappings: how many mappings the space holds; 0 where they were not counted.
        n_priced: how many were priced one by one; bounds dealt with the others.
        seconds: how long it took.
    """

    objective: Objective
    lower_bound: float
    best: float
    space: str
    n_mappings: float
    n_priced: int
    seconds: float

    @property
    def gap(self) -> float:
        """How much better a mapping could be at most, as a share of the best one found; 0 where it is proven best."""
        if self.is_proven or not self.best:
            return 0.0
        return 1 - self.lower_bound / self.best

    @property
    def is_proven(self) -> bool:
        """Whether no mapping of the space is better."""
        return self.lower_bound >= self.best * (1 - TOLERANCE)

    def with_ties_settled(self) -> Certificate:
        """This proof, if it is one, and that of equal mappings none is better in what was not minimised."""
        return replace(self, space=self.space + _TIES.get(self.objective, "")) if self.is_proven else self

    def over(self, certificates: Sequence[Certificate], *, n_designs: int = 1) -> Certificate:
        """Return the certificate of this mapping over the spaces of several certificates (of its own among them).

        Args:
            certificates: one for each spatial mapping that was searched, on each design.
            n_designs: how many choices of skipped memories there were.
        """
        lower_bound = min(self.best, *(c.lower_bound for c in certificates))
        work = _together(self.space.removesuffix(_TIES.get(self.objective, "")), certificates, n_designs)
        return Certificate(self.objective, lower_bound, self.best, *work)

    def sentence(self) -> str:
        """The proof in a sentence."""
        if self.is_proven:
            return f"proven best {self.objective.value} of {self.space}"
        return f"at most {self.gap:.3%} of its {self.objective.value} could be saved by another of {self.space}"

    def as_dict(self) -> dict[str, object]:
        """The fields as plain data, the gap included."""
        return {**asdict(self), "objective": self.objective.value, "gap": self.gap, "is_proven": self.is_proven}


@dataclass(frozen=True, slots=True)
class FrontCertificate:
    """Certificate of a front of energy and latency, and so of each mapping on it.

    Attributes:
        is_proven: whether no mapping of the space beats a point of the front, or lies beside it unbeaten.
        space, n_mappings, n_priced, seconds: as in :class:`Certificate`.
    """

    is_proven: bool
    space: str
    n_mappings: float
    n_priced: int
    seconds: float

    @classmethod
    def over(cls, certificates: Sequence[FrontCertificate], *, n_designs: int = 1) -> FrontCertificate:
        """Return the certificate of the front of several fronts, one for each spatial mapping on each design."""
        if len(certificates) == 1:
            return certificates[0]
        work = _together(certificates[0].space, certificates, n_designs)
        return cls(all(c.is_proven for c in certificates), *work)

    def as_dict(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ProofSummary:
    """Summary of the certificates of a network's layers.

    Attributes:
        n_layers: all layers.
        n_certified: those that were searched exactly.
        n_proven: those whose mapping is proven best.
        worst_gap: the largest gap of a layer.
        is_of_loma: whether some of them were compared with what LOMA allocates only, not with all uneven mappings.
    """

    n_layers: int
    n_certified: int
    n_proven: int
    worst_gap: float
    is_of_loma: bool = False

    @classmethod
    def of(cls, certificates: Sequence[Certificate | FrontCertificate | None]) -> ProofSummary | None:
        """The summary of the certificates of all layers; None where no layer has one of its own."""
        proofs = [c for c in certificates if isinstance(c, Certificate)]
        if not proofs:
            return None
        n_proven = sum(c.is_proven for c in proofs)
        is_of_loma = any(c.space.startswith(_OF_LOMA) for c in proofs)
        return cls(len(certificates), len(proofs), n_proven, max(c.gap for c in proofs), is_of_loma)

    def sentence(self) -> str:
        """The summary in words."""
        text = f"{self.n_proven} of {self.n_layers} layers are proven best"
        if self.is_of_loma:
            text += " of what LOMA finds in any order"
        if self.n_certified > self.n_proven:
            text += f"; the largest gap of the others is {self.worst_gap:.2%}"
        if missing := self.n_layers - self.n_certified:
            text += f"; {missing} {'was' if missing == 1 else 'were'} not searched exactly"
        return text

    def as_dict(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)
