"""The keys of accelerator files."""

from __future__ import annotations

from zigzag_lab.hardware.imc import ImcKind
from zigzag_lab.inputs.formats.keys import ALWAYS, Case, Format, Key, Level
from zigzag_lab.inputs.formats.values import Choice, ClockPeriod, Flag, FreeText, Listed, Named, Number, Whole, WordList
from zigzag_lab.inputs.memory_costs import KINDS
from zigzag_lab.vocab import MEMORY_OPERANDS, Direction
from zigzag_lab.vocab.units import AREA, BITS, CYCLES, ENERGY, POWER

DIMENSION = FreeText("D and one digit, such as D1", r"D\d", "Array dimensions are called D1, D2, ...")
UNITS_ALONG = Whole(1)
PORT_NAME = r"r?w?_port_\d+"
TRANSFER = FreeText(
    "a memory operand and a direction, such as 'I1, tl'",
    rf"\s*({'|'.join(MEMORY_OPERANDS)})\s*,\s*({'|'.join(d.short for d in Direction)})\s*",
    "Directions are tl, fl, th, fh.",
)
DATAFLOW_LOOP = FreeText("a loop and its unrolling, such as 'K, 16'", r"[A-Z]+, [0-9]+")
MOST_BITS = 64
"""Of activations, weights, converters: more than any circuit has."""

WIDTH = Whole(1, MOST_BITS, BITS, takes_floats=True)

_UNUSED = "The cost model does not use it."

ESTIMATED = Key(
    "estimated",
    "where costs and area come from, if they are estimates",
    FreeText(),
    "CACTI 7 at 22 nm",
    otherwise="they are figures of your own",
    more="Results that build on it are called estimates, too. It changes no number.",
)

# -- a port ------------------------------------------------------------------------------------------------------------

PORT_NAMED = Key(
    "name",
    "a name such as r_port_1, w_port_1 or rw_port_1",
    FreeText(
        "a name such as r_port_1, w_port_1 or rw_port_1",
        PORT_NAME,
        "Port names are r, w or rw, then _port_ and a number.",
    ),
    "rw_port_1",
    ALWAYS,
    more="Each port of a memory has a name of its own.",
)
PORT_KIND = Key("type", "what passes through the port", Choice(("read", "write", "read_write")), "read_write", ALWAYS)
BANDWIDTH_MIN = Key(
    "bandwidth_min",
    "smallest access",
    Whole(1, unit=BITS),
    64,
    ALWAYS,
    more="At most bandwidth_max. Accesses move multiples of it, and cost that share of one of the widest.",
)
BANDWIDTH_MAX = Key(
    "bandwidth_max",
    "widest access, one a cycle,",
    Whole(1, unit=BITS),
    "64 B",
    ALWAYS,
    more="r_cost and w_cost are those of an access of this width.",
)
ALLOCATION = Key(
    "allocation",
    "transfers that use the port",
    Listed(TRANSFER),
    ["I1, tl", "I2, tl", "O, fl", "O, tl"],
    ALWAYS,
    more="Directions as the memory sees them: tl to low (read towards the array), fl from low (written from below), "
    "th to high (read towards the memory above), fh from high (written from above). Inputs need tl, and fh where a "
    "memory further out holds them too; outputs need tl and fl, and th and fh there. The last port that names a "
    "transfer has it.",
)
PORT = Level("a port", (PORT_NAMED, PORT_KIND, BANDWIDTH_MIN, BANDWIDTH_MAX, ALLOCATION))

# -- a memory ----------------------------------------------------------------------------------------------------------

PRICED = Case((("auto_cost_extraction", True),), is_met=False)
OPERANDS = Key(
    "operands",
    "what the memory holds",
    WordList("memory operands", MEMORY_OPERANDS, minimum=1),
    ["I1", "I2", "O"],
    ALWAYS,
    more="Layers' operands are linked to these by memory_operand_links of the mapping file: usually I to I1, W to I2.",
)
SERVED = Key(
    "served_dimensions",
    "array dimensions that one instance feeds; [] for one instance a unit",
    WordList("array dimensions", pattern=DIMENSION.pattern),
    ["D1", "D2"],
    ALWAYS,
    more="There are as many instances as the array has units along the other dimensions.",
)
SIZE = Key("size", "capacity", Whole(1, unit=BITS), "256 KiB", ALWAYS, more="It is that of one instance.")
LATENCY = Key("latency", "time of an access", Whole(0, unit=CYCLES), 1, ALWAYS, more=_UNUSED)
READ_COST = Key(
    "r_cost",
    "energy of a read",
    Number(unit=ENERGY),
    12.5,
    PRICED,
    more="It is that of one instance and an access of bandwidth_max; narrower accesses cost their share.",
)
WRITE_COST = Key(
    "w_cost", "energy of a write", Number(unit=ENERGY), "12.5 pJ", PRICED, more="It counts as r_cost does."
)
_NOT_KNOWN = "not known, as with 0; then that of the design is not known either"
MEMORY_AREA = Key(
    "area",
    "area of one instance",
    Number(unit=AREA),
    "0.6 mm2",
    default=0.0,
    otherwise=_NOT_KNOWN,
    more="The outermost memory may have none: it is off the chip then.",
)
MEMORY_STATIC_POWER = Key(
    "static_power",
    "power of one instance that does nothing",
    Number(unit=POWER),
    "1.5 mW",
    default=0.0,
    more="It is drawn all the time by all instances, also of memories that a layer does without.",
)
PORTS = Key("ports", "a list of ports", Listed(PORT), [PORT.example()], ALWAYS)
MEMORY_KIND = Key(
    "mem_type",
    "what the memory is: sram, dram or rf",
    FreeText("text", usual=KINDS),
    "dram",
    default="sram",
    more="It decides what auto_cost_extraction asks for; a register file (rf) is priced as a small SRAM.",
)
ASK_FOR_COSTS = Key(
    "auto_cost_extraction",
    "whether CACTI is asked for the costs",
    Flag(),
    True,
    default=False,
    more="r_cost, w_cost and area need not be given then, and do not count.",
)
DOUBLE_BUFFERING = Key(
    "force_double_buffering",
    "whether twice the tile is reserved",
    Flag(),
    True,
    default=False,
    more="The next tile is then loaded while the present one is worked on.",
)
BYPASS = Key(
    "bypass",
    "operands that may skip the memory",
    WordList("operands of the memory", MEMORY_OPERANDS),
    ["I1"],
    default=(),
    more="Exact search tries with and without. A memory further out must hold them too.",
)
MEMORY = Level(
    "a memory",
    (
        *(OPERANDS, SERVED, SIZE, READ_COST, WRITE_COST, MEMORY_STATIC_POWER, MEMORY_AREA, LATENCY, PORTS),
        *(MEMORY_KIND, ASK_FOR_COSTS, DOUBLE_BUFFERING, BYPASS, ESTIMATED),
    ),
    "Memories stand from the innermost to the outermost; each operand must be in one at least. In an in-memory array "
    "the one called `cells` is the grid of cells: it holds [I2], serves no dimension, and its area is that of one cell "
    "group.",
)

# -- the array ---------------------------------------------------------------------------------------------------------

IN_MEMORY = Case((("is_imc", True), ("model", "imc")))
PLAIN = Case((("is_imc", True), ("model", "imc")), is_met=False)
MODELS = ("units", "imc")
"""Array models that ship with the package; others are read by the package that brings them."""

DIMENSIONS = Key(
    "dimensions",
    "names of the array's dimensions",
    Listed(DIMENSION, 1, is_set=True),
    ["D1", "D2"],
    ALWAYS,
)
SIZES = Key("sizes", "units along each dimension", Listed(UNITS_ALONG, 1), [16, 16], ALWAYS)
MODEL = Key(
    "model",
    "how the array is priced",
    FreeText("text", usual=MODELS),
    "units",
    otherwise="imc with is_imc: true, else units",
    more="An installed package may add models, with keys of their own.",
)
UNIT_ENERGY = Key("unit_energy", "energy of one operation", Number(unit=ENERGY), 0.04, PLAIN)
UNIT_AREA = Key("unit_area", "area of one unit", Number(unit=AREA), "500 um2", default=0.0, otherwise=_NOT_KNOWN)
UNIT_STATIC_POWER = Key(
    "unit_static_power",
    "power of one unit that does nothing",
    Number(unit=POWER),
    "2 uW",
    default=0.0,
    more="It is drawn all the time by all units.",
)
SYSTOLIC = Key(
    "systolic_dimensions",
    "dimensions along which data moves one unit a cycle",
    WordList("array dimensions", pattern=DIMENSION.pattern),
    ["D1"],
    default=(),
    more="Results leave the array later by the units they pass. In-memory arrays have none.",
)
IS_IMC = Key("is_imc", "whether the array computes in memory", Flag(), True, default=False)
IMC_KIND = Key(
    "imc_type",
    "how columns add up, analog or digital",
    Choice(tuple(kind.value for kind in ImcKind)),
    "analog",
    IN_MEMORY,
    more="In-memory computing only.",
)
INPUT_PRECISION = Key(
    "input_precision",
    "two widths, of activations and weights,",
    Listed(WIDTH, 2, 2),
    [8, 8],
    IN_MEMORY,
    more="Powers of 2. In-memory computing only; elsewhere it is accepted and not used.",
)
SERIAL_BITS = Key(
    "bit_serial_precision",
    "part of an activation that is fed in one cycle (in-memory computing),",
    Whole(0, MOST_BITS, BITS, takes_floats=True),
    2,
    IN_MEMORY,
    more="A power of 2, at most the width of activations.",
)
ADC_BITS = Key(
    "adc_resolution",
    "resolution of a column's converter (analog in-memory computing)",
    Whole(0, MOST_BITS, BITS, takes_floats=True),
    8,
    default=0,
    more="0 in a digital array.",
)
ARRAY = Level(
    "the operational array",
    (
        *(DIMENSIONS, SIZES, MODEL, UNIT_ENERGY, UNIT_STATIC_POWER, UNIT_AREA, SYSTOLIC, ESTIMATED),
        *(IS_IMC, IMC_KIND, INPUT_PRECISION, SERIAL_BITS, ADC_BITS),
    ),
    "One unit does one operation a cycle: a multiply-accumulate (MAC), which TOPS count twice. An in-memory array has "
    "two dimensions or more: in the order of their names the wordline, the bitline, and banks.",
    open_by=("model", MODELS),
)

# -- the file ----------------------------------------------------------------------------------------------------------

NAME = Key("name", "the accelerator's name", FreeText(), "my_chip", ALWAYS)
CLOCK = Key(
    "clock",
    "frequency or period of the clock",
    ClockPeriod(),
    "800 MHz",
    otherwise="that of the array's circuits, if its model has one, else times and powers are not known",
    more="Times, powers and TOPS follow from it. Static power needs one.",
)
TECHNOLOGY = Key("technology", "technology that the figures are for", FreeText(), "28 nm", more="It changes no number.")
OPERATIONAL_ARRAY = Key("operational_array", "the array", ARRAY, ARRAY.example(PLAIN), ALWAYS)
MEMORIES = Key(
    "memories",
    "memories, innermost first",
    Named("names of memories", MEMORY, minimum=1),
    {"scratchpad": MEMORY.example(PRICED)},
    ALWAYS,
)
DATAFLOWS = Key(
    "dataflows",
    "loops along each dimension",
    Named("array dimensions", Listed(DATAFLOW_LOOP)),
    {"D1": ["K, 16"]},
    more=f"{_UNUSED} The mapping file decides.",
)
TOP = Level("an accelerator", (NAME, CLOCK, TECHNOLOGY, OPERATIONAL_ARRAY, MEMORIES, DATAFLOWS))
ACCELERATOR = Format("accelerator", "Accelerator of zigzag-lab", TOP)
