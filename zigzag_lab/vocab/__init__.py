"""Names, units and errors, which every other package may import."""

from zigzag_lab.vocab.errors import InfeasibleError, InputError, PipelineError, ZigzagLabError, nearest
from zigzag_lab.vocab.names import (
    DEFAULT_LINKS,
    FINAL_OUTPUT,
    INPUT_MEMORY_OPERANDS,
    MEMORY_OPERANDS,
    NO_OBJECTIVE,
    OUTPUT,
    UNSAID_IF_EMPTY,
    Direction,
    Objective,
    Plain,
    TemporalMappingType,
)

__all__ = [
    "DEFAULT_LINKS",
    "FINAL_OUTPUT",
    "INPUT_MEMORY_OPERANDS",
    "MEMORY_OPERANDS",
    "NO_OBJECTIVE",
    "OUTPUT",
    "UNSAID_IF_EMPTY",
    "Direction",
    "InfeasibleError",
    "InputError",
    "Objective",
    "PipelineError",
    "Plain",
    "TemporalMappingType",
    "ZigzagLabError",
    "nearest",
]
