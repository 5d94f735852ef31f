"""The keys of mapping files."""

from __future__ import annotations

from zigzag_lab.inputs.formats.accelerator import DIMENSION as DIMENSION
from zigzag_lab.inputs.formats.keys import ALWAYS, Format, Key, Level
from zigzag_lab.inputs.formats.values import Choice, Either, FreeText, Listed, Named, Row, Whole
from zigzag_lab.vocab import DEFAULT_LINKS, MEMORY_OPERANDS

DEFAULT = "default"
"""The entry of layers that no other entry names."""

ANY = "*"
"""In an order of loops: any loop, or any number of iterations."""

UNROLLING = FreeText(
    "a loop and its unrolling, such as 'K, 32'",
    r"[A-Z_][A-Z0-9_]*\s*,\s*\d+",
    "Write the loop in capitals, a comma, and a whole number.",
)
HINT = FreeText("a loop dimension such as K", r"[A-Z_][A-Z0-9_]*", "Write it in capitals, without a size.")
LOOP = FreeText('a loop dimension such as K, or "*"', r"[A-Za-z_]\w*|\*")
ITERATIONS = Whole(1)
MEMORY_NAME = FreeText("the name of a memory")
_LOOP_OF_ANY_SIZE = Row((LOOP, Either((ITERATIONS, Choice((ANY,))))))
_SIZED_LOOP = Row((LOOP, ITERATIONS))

NAME = Key(
    "name",
    "a layer's name, an operator type, or 'default'",
    FreeText("text", usual=(DEFAULT,)),
    DEFAULT,
    ALWAYS,
    more="A layer takes the entry of its name, else that of its operator type, else the default.",
)
SPATIAL_MAPPING = Key(
    "spatial_mapping",
    "array dimension -> loops unrolled along it",
    Named("array dimensions", Listed(UNROLLING), DIMENSION.pattern),
    {"D1": ["K, 16"], "D2": ["C, 8", "FX, 2"]},
    otherwise="all dimensions are searched",
    more="Dimensions that it leaves out are searched. A loop that a layer lacks is passed over, an unrolling above "
    "the loop, the dimension or what the innermost memories feed is cut to it, and loops are left out until their "
    "product fits the dimension.",
)
SPATIAL_HINT = Key(
    "spatial_mapping_hint",
    "array dimension -> loops worth unrolling along it",
    Named("array dimensions", Listed(HINT), DIMENSION.pattern),
    {"D1": ["K"], "D2": ["C", "FX"]},
    otherwise="any loop is tried along any dimension",
    more="For dimensions that spatial_mapping leaves out; the search picks the sizes. Where a layer has none of "
    "the loops, any is tried.",
)
LINKS = Key(
    "memory_operand_links",
    "layer operand -> memory operand",
    Named("layer operands", Choice(MEMORY_OPERANDS), minimum=1),
    {"O": "O", "W": "I2", "I": "I1"},
    otherwise=", ".join(f"{operand}: {memory}" for operand, memory in DEFAULT_LINKS.items()),
    more="Each layer operand has a memory operand of its own, the result O.",
)
ORDERING = Key(
    "temporal_ordering",
    "loops from the innermost outwards",
    Listed(_LOOP_OF_ANY_SIZE),
    [["C", 4], ["K", ANY], [ANY, ANY]],
    otherwise="orders of loops are searched",
    more='"*" as a size takes all iterations that are left of the loop; one ["*", "*"] is a gap that the search fills.',
)
TEMPORAL_MAPPING = Key(
    "temporal_mapping",
    "layer operand -> loops per memory, a whole mapping to replay",
    Named("layer operands", Listed(Listed(_SIZED_LOOP))),
    {"W": [[["C", 4]], [["K", 8]]], "I": [[], [["C", 4], ["K", 8]]], "O": [[["C", 4], ["K", 8]], []]},
    otherwise="temporal mappings are searched",
    more="For each operand a list of its memories from the innermost, each with its loops from the innermost. It does "
    "not stand beside temporal_ordering.",
)
BYPASS = Key(
    "bypass",
    "layer operand -> memories that it may skip",
    Named("layer operands", Listed(MEMORY_NAME)),
    {"I": ["sram"]},
    otherwise="no memories but those of the accelerator's own bypass",
    more="Exact search tries with and without.",
)
ENTRY = Level(
    "an entry",
    (NAME, SPATIAL_MAPPING, SPATIAL_HINT, LINKS, ORDERING, TEMPORAL_MAPPING, BYPASS),
    "A file is a list of entries, one of which is the `default`.",
)
_DEFAULT_ENTRY = {"required": ["name"], "properties": {"name": {"const": DEFAULT}}}
MAPPING = Format("mapping", "Mapping file of zigzag-lab", Listed(ENTRY, 1, contains=_DEFAULT_ENTRY))
