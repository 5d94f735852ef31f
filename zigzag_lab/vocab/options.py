"""Options of a run, each declared once: command line, API, sweep files and documentation follow from here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

from zigzag_lab.vocab.errors import InputError, nearest
from zigzag_lab.vocab.names import Objective, TemporalMappingType


class Kind(StrEnum):
    """What values an option takes."""

    WHOLE = "whole number"
    NUMBER = "number"
    FLAG = "true or false"
    WORD = "word"
    SHAPES = "shapes of named tensors"


@dataclass(frozen=True, eq=False)
class Option:
    """An option of a run.

    Attributes:
        name: what the API, sweep files and records call it.
        kind: what values it takes.
        default: what holds where it is not given.
        help: one sentence of documentation.
        keyword: what stages call it; empty where it is no keyword of a stage.
        minimum: the least whole number; other numbers lie above it.
        unit: what a number counts.
        words: the words to choose from.
        unlimited: the word that stands for no limit (None); empty where there must be one.
        flag: what the command line calls it; by default its name.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    keyword: str = ""
    minimum: float = 0
    unit: str = "a number"
    words: tuple[str, ...] = ()
    unlimited: str = ""
    flag: str = ""

    @property
    def expected(self) -> str:
        """The values it takes, in words."""
        texts = {
            Kind.WHOLE: f"a whole number of at least {self.minimum:g}",
            Kind.NUMBER: f"{self.unit} above {self.minimum:g}",
            Kind.FLAG: "true or false",
            Kind.WORD: f"one of {', '.join(self.words)}",
            Kind.SHAPES: "a list of sizes of at least 1 for each input",
        }
        return texts[self.kind] + (f", or {self.unlimited} for no limit" if self.unlimited else "")

    @property
    def command_flag(self) -> str:
        """The flag of the command line, such as ``--lpf-limit``."""
        return self.flag or f"--{self.name.replace('_', '-')}"

    @property
    def parameter(self) -> str:
        """The parameter of MLflow, such as ``lpf_limit``: the flag as a name."""
        return self.command_flag.removeprefix("--").replace("-", "_")

    def checked(self, value: object, where: str = "") -> Any:
        """Return a value in its one form: words in lower case, numbers of their type, None for no limit.

        Raises:
            InputError: the option takes no such value; it names ``where`` (by default the option) as the place.
        """
        if self.unlimited and (value is None or str(value).strip().lower() in _UNLIMITED):
            return None
        found = self._in_one_form(value)
        if found is None:
            hint = nearest(str(value), self.words) if self.words else ""
            raise InputError(where or self.name, f"found {value!r}", self.expected, hint)
        return found

    def _in_one_form(self, value: Any) -> object:
        """The value, or None where the option takes no such value."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        match self.kind:
            case Kind.WHOLE:
                return value if is_number and isinstance(value, int) and value >= self.minimum else None
            case Kind.NUMBER:
                return float(value) if is_number and self.minimum < value < inf else None
            case Kind.FLAG:
                return value if isinstance(value, bool) else None
            case Kind.WORD:
                return next((word for word in self.words if word == str(value).lower()), None)
        return _shapes(value)

    def parsed(self, text: str, where: str = "") -> Any:
        """Return the value that a text of the command line stands for.

        Raises:
            InputError: the option takes no such value.
        """
        value: int | float | str = text.strip()
        if self.kind is Kind.WHOLE and re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
            value = int(value)
        elif self.kind is Kind.NUMBER:
            with suppress(ValueError):
                value = float(value)
        return self.checked(value, where)


_UNLIMITED = ("none", "all")


def _shapes(value: object) -> dict[str, tuple[int, ...]] | None:
    if not isinstance(value, Mapping):
        return None
    shapes = {str(name): tuple(shape) if isinstance(shape, (list, tuple)) else () for name, shape in value.items()}
    sizes = [size for shape in shapes.values() for size in shape]
    are_sound = all(isinstance(size, int) and not isinstance(size, bool) and size >= 1 for size in sizes)
    return shapes if are_sound and all(shapes.values()) else None


OBJECTIVE = Option(
    "objective",
    Kind.WORD,
    Objective.LATENCY,
    "What to minimise.",
    words=tuple(Objective),
    flag="--opt",
)
SEARCH = Option("search", Kind.WORD, "loma", "The temporal mapping search.")
"""The words to choose from are those of :data:`zigzag_lab.stages.methods.SEARCH_METHODS`."""

LPF_LIMIT = Option(
    "lpf_limit",
    Kind.WHOLE,
    6,
    "The most loop prime factors to reorder; none for all orders, with a certificate where merging equal beginnings "
    "is proven to keep the best.",
    keyword="loma_lpf_limit",
    minimum=1,
    unlimited="none",
)
TEMPORAL_MAPPING_TYPE = Option(
    "temporal_mapping_type",
    Kind.WORD,
    TemporalMappingType.UNEVEN,
    "Whether operands that share a memory may keep different loops there.",
    keyword="temporal_mapping_type",
    words=(TemporalMappingType.UNEVEN, TemporalMappingType.EVEN),
    flag="--temporal",
)
N_SPATIAL_MAPPINGS = Option(
    "n_spatial_mappings",
    Kind.WHOLE,
    3,
    "How many generated spatial mappings to try for a layer.",
    keyword="nb_mappings_generated",
    minimum=1,
    unlimited="all",
    flag="--spatial-mappings",
)
SEED = Option("seed", Kind.WHOLE, 0, "Of searches that draw at random; equal seeds give equal results.", keyword="seed")
EXPLOIT_LOCALITY = Option("exploit_locality", Kind.FLAG, False, "Keep data on chip between layers where it fits.")
MIX_SPATIAL = Option(
    "mix_spatial",
    Kind.FLAG,
    False,
    "Let loops share an array dimension; implies --exploit-locality, as in ZigZag.",
    keyword="enable_mix_spatial_mapping_generation",
)
TIME_LIMIT = Option(
    "time_limit",
    Kind.NUMBER,
    10.0,
    "Seconds of an exact search for each layer and spatial mapping.",
    keyword="exact_time_limit",
    unit="seconds",
    unlimited="none",
)
INPUT_SHAPES = Option(
    "input_shapes", Kind.SHAPES, {}, "Shape of a dynamic ONNX input.", keyword="input_shapes", flag="--input-shape"
)
PRICE_ALL = Option(
    "price_all",
    Kind.FLAG,
    False,
    "Price poolings, element-wise operators and reductions of ONNX too.",
    keyword="price_all",
)

PIPELINE_OPTIONS = (
    TEMPORAL_MAPPING_TYPE,
    N_SPATIAL_MAPPINGS,
    EXPLOIT_LOCALITY,
    MIX_SPATIAL,
    INPUT_SHAPES,
    PRICE_ALL,
)
"""Those of every pipeline, whatever searches in it."""

FRONT_OPTIONS = (TIME_LIMIT, N_SPATIAL_MAPPINGS, EXPLOIT_LOCALITY, MIX_SPATIAL, INPUT_SHAPES, PRICE_ALL)
"""Those of a search for trade-offs, which is exact and has no single objective."""

SKIPS_REPEATED_READS = True
"""Whether inputs that the array reads again and again are read from the innermost memory once, as ZigZag has it; the
keyword ``access_same_data_considered_as_no_access`` of stages."""

DEFAULT_EXPERIMENT = "default"
"""The experiment of runs that name none."""

IMPORTED_EXPERIMENT = "imported"
"""That of dumps of ZigZag."""


def default_database() -> str:
    """The URL of the database that holds runs by default: ``ZIGZAG_LAB_DB``, or a file in the working folder."""
    return os.environ.get("ZIGZAG_LAB_DB") or "sqlite:///zigzag_lab.db"
