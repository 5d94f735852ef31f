"""What is found in inputs, and the registry of the checks that find it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from zigzag_lab.findings.design import InputSet
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.masking import masked


class Severity(StrEnum):
    """How much a finding matters: an error ends a run, a warning changes its results, a note explains them."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, suspicious, or worth knowing about the inputs of a run. It holds no secret.

    Attributes:
        code: name of the check that found it, such as ``unknown-loop``; of an error ``error``.
        where: the place, such as ``mapping entry 'default': spatial_mapping.D1``.
        found: what is there.
        why: what it does to results; of an error, what was expected.
        hint: what to try, as a full sentence.
        severity: how much it matters.
    """

    code: str
    where: str
    found: str
    why: str
    hint: str = ""
    severity: Severity = Severity.WARNING

    @classmethod
    def of_error(cls, error: InputError) -> Finding:
        """Return the finding that an input cannot be used."""
        expected = f"expected {error.expected}" if error.expected else ""
        return cls("error", masked(error.where), masked(error.found), masked(expected), error.hint, Severity.ERROR)

    def within(self, outer: str) -> Finding:
        """The same finding, with what its place belongs to, such as the file, in front of it."""
        return type(self)(self.code, f"{outer}: {self.where}", self.found, self.why, self.hint, self.severity)

    def as_dict(self) -> dict[str, str]:
        """Its attributes as plain data."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "where": self.where,
            "found": self.found,
            "why": self.why,
            "hint": self.hint,
        }

    @property
    def line(self) -> str:
        """It as a line for a terminal, with its severity in front."""
        return f"{self.severity.value.capitalize()}: {self}"

    def __str__(self) -> str:
        text = "; ".join(part for part in (f"{self.where}: {self.found}", self.why) if part).rstrip(".") + "."
        return masked(f"{text} {self.hint}".rstrip())


@dataclass(frozen=True, slots=True)
class Check:
    """A check of inputs.

    Attributes:
        code: its name, the code of what it finds.
        finds: what it finds, for people.
        about: the kind of file that it finds fault with.
        severity: of what it finds.
        needs: attributes of a :class:`InputSet` without which it does not run.
        finder: yields (where, found, why, hint) of each finding.
    """

    code: str
    finds: str
    about: str
    severity: Severity
    needs: tuple[str, ...]
    finder: Callable[[InputSet], Iterable[tuple[str, str, str, str]]]

    def findings(self, design: InputSet) -> Iterator[Finding]:
        """Yield what is found in a design; nothing where it lacks what the check needs."""
        if all(getattr(design, name) for name in self.needs):
            for where, found, why, hint in self.finder(design):
                yield Finding(self.code, masked(where), masked(found), masked(why), masked(hint), self.severity)


CHECKS: dict[str, Check] = {}
"""Code -> check, in the order in which they run."""

Places = Iterator[tuple[str, str, str, str]]
"""What a check yields for each finding: where, found, why, hint."""


def check(
    code: str, finds: str, *needs: str, about: str, severity: Severity = Severity.WARNING
) -> Callable[[Callable[[InputSet], Places]], Callable[[InputSet], Places]]:
    """Register a function as a check."""

    def registered(finder: Callable[[InputSet], Places]) -> Callable[[InputSet], Places]:
        CHECKS[code] = Check(code, finds, about, severity, needs, finder)
        return finder

    return registered


def findings_of(design: InputSet) -> list[Finding]:
    """Return all that the checks find in a design, each once."""
    return list(dict.fromkeys(one for each in CHECKS.values() for one in each.findings(design)))
