"""The tree of errors. Each says where, what was found, what was expected, and what to try."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from math import inf

from zigzag_lab.vocab.masking import masked


class ZigzagLabError(Exception):
    """The root of every error this package raises on purpose.

    Attributes:
        run_id: the id of the run that it ended, where that is on record.
    """

    exit_status = 1
    run_id: str | None = None


class InputError(ZigzagLabError):
    """Something the user handed over cannot be used: a file, a key, an option. Exit status 2. It holds no secret.

    Args:
        where: the file and the place in it, such as ``tpu.yaml: memories.sram.size``.
        found: what stands there.
        expected: what may stand there.
        hint: what to try, as a full sentence.

    Attributes:
        others: errors in other parts of the same file, where reading went on.
    """

    exit_status = 2
    others: tuple[InputError, ...] = ()

    def __init__(self, where: str, found: str, expected: str = "", hint: str = "") -> None:
        self.where, self.found, self.expected, self.hint = where, found, expected, hint
        super().__init__(str(self))

    def within(self, outer: str) -> InputError:
        """The same error, with what its place belongs to, such as the file, in front of it."""
        return type(self)(f"{outer}: {self.where}", self.found, self.expected, self.hint)

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"expected {self.expected}")
        text = "; ".join(parts).rstrip(".") + "."
        return masked(f"{text} {self.hint}" if self.hint else text)

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str, str]]:
        return type(self), (self.where, self.found, self.expected, self.hint)


class PipelineError(InputError):
    """A stage list that cannot run: a wrong order, a missing or a misspelt keyword. Raised before anything runs."""


class InfeasibleError(ZigzagLabError):
    """No mapping fits: the inputs are sound, yet the layer does not fit the memories. Exit status 1.

    Args:
        layer: the layer's name.
        reason: which memory overflows, and by how many bits.
        hint: what to try.
        missing_bits: how many bits the memory lacks, where that is what is wrong; infinite where it is not.
        is_proven: whether no mapping fits for sure, or none was found in an exact search that had to stop; None where
            no exact search was made.
    """

    def __init__(
        self, layer: str, reason: str, hint: str = "", missing_bits: float = inf, is_proven: bool | None = None
    ) -> None:
        self.layer, self.reason, self.hint, self.missing_bits = layer, reason, hint, missing_bits
        self.is_proven = is_proven
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"layer {self.layer}: {self.reason.rstrip('.')}."
        return f"{text} {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[type[InfeasibleError], tuple[str, str, str, float, bool | None]]:
        return type(self), (self.layer, self.reason, self.hint, self.missing_bits, self.is_proven)


def nearest(word: str, allowed: Iterable[str], likeness: float = 0.6) -> str:
    """Return a question that suggests an allowed word, or nothing when none is close.

    >>> nearest("served_dimension", ["size", "served_dimensions"])
    "Did you mean 'served_dimensions'?"
    """
    close = difflib.get_close_matches(str(word), [str(a) for a in allowed], n=1, cutoff=likeness)
    return f"Did you mean '{close[0]}'?" if close else ""
