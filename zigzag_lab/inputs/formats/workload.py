"""The keys of workload files: layers written by hand."""

from __future__ import annotations

from zigzag_lab.inputs.formats.keys import ALWAYS, Format, Key, Level
from zigzag_lab.inputs.formats.values import NOTHING, Choice, Either, FreeText, Listed, Named, Row, Whole
from zigzag_lab.vocab.units import BITS

_OPERATORS = """
    Conv Conv_downsample Gemm Add Max Pool Pooling MaxPool AveragePool GlobalAveragePool MatMul ConvTranspose Einsum Mul
    Relu Softmax LSTM
"""
OPERATOR_TYPES = tuple(_OPERATORS.split())
LARGEST_ID = 2**31 - 1
"""What a column of every database holds."""

EQUATION_FORM = "such as O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]"
_OPERAND = r"\s*(\w+?)((?:\s*\[\s*\w*\s*\])+)\s*"
OPERAND_TERM = _OPERAND
SIDES = r"([^=+]*)\+?\s*=(?!\s*=)([^=]*)"
RELATION = FreeText(
    "a relation such as ix=2*ox+1*fx",
    r"\s*(\w+)\s*=\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*\+\s*(?:(\d+)\s*\*\s*)?([A-Za-z]\w*)\s*",
)
LOOP = FreeText("a loop dimension such as K", r"\w+")
DATA_DIMENSION = FreeText("a data dimension such as IX")
ITERATIONS = Whole(1)
ELEMENTS = Whole(1)
PADDING_ELEMENTS = Whole(0)
ID_OF_LAYER = Whole()
BITS_OF_ELEMENT = Whole(0, unit=BITS)

ID = Key("id", "a number of its own", Whole(-LARGEST_ID, LARGEST_ID), 1, ALWAYS)
NAME = Key(
    "name",
    "a name of its own",
    FreeText(),
    "fc",
    otherwise="Layer and the id",
    more="Entries of a mapping file name it.",
)
OPERATOR = Key(
    "operator_type",
    "an operator type",
    Choice(OPERATOR_TYPES),
    "Gemm",
    ALWAYS,
    more="Entries of a mapping file may name it.",
)
EQUATION = Key(
    "equation",
    f"an equation {EQUATION_FORM}",
    FreeText(f"an equation {EQUATION_FORM}", SIDES),
    "O[b][k]+=I[b][c]*W[c][k]",
    ALWAYS,
    more="The result, += or =, and one input or more, all multiplied or all added, of any names; each index in "
    "brackets. Layers of more than two inputs become chains of layers of two.",
)
LOOP_DIMS = Key("loop_dims", "a list of loop dimensions", Listed(LOOP), ["B", "K", "C"], ALWAYS)
LOOP_SIZES = Key("loop_sizes", "iterations of each loop", Listed(ITERATIONS), [1, 1000, 512], ALWAYS)
PRECISION = Key(
    "operand_precision",
    "width of an element of each operand",
    Named("operands", BITS_OF_ELEMENT),
    {"I": 8, "W": 8, "O": 16, "O_final": 8},
    ALWAYS,
    more="Under the name of the output the width of a partial sum, under that with _final the one of a result.",
)
SOURCES = Key(
    "operand_source",
    "id of the layer that makes an input",
    Named("operands", Either((ID_OF_LAYER, NOTHING))),
    {"I": 0, "W": 1},
    otherwise="inputs of the network",
    more="The layer's own id stands for constants, such as weights.",
)
RELATIONS = Key(
    "dimension_relations",
    "sliding windows such as ix=2*ox+1*fx",
    Listed(RELATION),
    ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
    otherwise="none",
    more="A data dimension, which is no loop, as the sum of two loops with a stride and a dilation.",
)
DATA_DIMS = Key(
    "pr_loop_dims", "data dimensions such as [IX, IY]", Listed(DATA_DIMENSION), ["IX", "IY"], otherwise="none"
)
DATA_SIZES = Key(
    "pr_loop_sizes",
    "elements along each of pr_loop_dims, without padding",
    Listed(ELEMENTS),
    [224, 224],
    otherwise="those that the loops reach less the padding",
)
PADDING = Key(
    "padding",
    "elements before and after, for each of pr_loop_dims",
    Listed(Row((PADDING_ELEMENTS, PADDING_ELEMENTS))),
    [[1, 1], [1, 1]],
    otherwise="none",
    more="It does not count among the elements of a data dimension.",
)
LAYER = Level(
    "a layer",
    (
        *(ID, NAME, OPERATOR, EQUATION, LOOP_DIMS, LOOP_SIZES, PRECISION, SOURCES),
        *(RELATIONS, DATA_DIMS, DATA_SIZES, PADDING),
    ),
    "A file is a list of layers in any order.",
)
WORKLOAD = Format("workload", "Workload of zigzag-lab", Listed(LAYER, 1))
