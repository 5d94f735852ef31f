"""The keys of sweep files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats.keys import ALWAYS, Format, Key, Level
from zigzag_lab.inputs.formats.values import (
    NOTHING,
    Anything,
    Choice,
    Either,
    FreeText,
    Listed,
    Named,
    Schema,
    Value,
    Whole,
    WordList,
)
from zigzag_lab.stages.methods import SEARCH_METHODS, run_options
from zigzag_lab.store.sweep_points import OBJECTIVES
from zigzag_lab.vocab.options import SEARCH, Kind, Option
from zigzag_lab.vocab.units import SECONDS

MAX_POINTS = 1_000_000
"""More is refused as a mistake: at a tenth of a second a point, a day and more."""

MAX_TRIALS = 100_000
SAMPLERS = ("tpe", "nsga2")
LARGEST_SEED = 2**32 - 1
GRID = "grid"

EXPRESSION = Anything("an expression", ("string", "number", "boolean", "array"))

# -- values that vary --------------------------------------------------------------------------------------------------

NUMBER = Anything("a number, or one with a unit", ("number", "string"))
VALUES = Listed(Anything(), 1)
ENDS = Listed(NUMBER, 2, 2)
COUNT = Key("count", "how many values, both ends included", Whole(2), 5, more="Not beside step or factor.")
WHEN = Key(
    "when",
    "a condition on names above, an expression",
    EXPRESSION,
    "rows > 16",
    otherwise="it varies everywhere",
    more="Where it does not hold, the base file's value stays.",
)
LIST = Level("a list with a condition", (Key("values", "a list of values", VALUES, [1, 2, 4], ALWAYS), WHEN))
RANGE = Level(
    "a range of numbers at equal distances",
    (
        Key("range", "its two ends, such as [64 KiB, 4 MiB]", ENDS, [500, 900], ALWAYS),
        Key("step", "distance of two values", NUMBER, 100, more="Either step or count is needed."),
        COUNT,
        WHEN,
    ),
)
LOG_RANGE = Level(
    "a range of numbers at equal ratios",
    (
        Key("log_range", "its two ends, above 0", ENDS, ["64 KiB", "8 MiB"], ALWAYS),
        Key("factor", "ratio of two values", Anything("a number above 1", ("number",)), 4, otherwise="2, or by count"),
        COUNT,
        WHEN,
    ),
)
AXES = {"values": LIST, "range": RANGE, "log_range": LOG_RANGE}
"""Key of an axis -> the form that it stands for."""

AXIS = Either((VALUES, *AXES.values()), "list of values; or one of the forms below")
GROUPED = Either((VALUES, *AXES.values(), Anything(types=("string",))), f"{AXIS.words}; for the key `when` a condition")

# -- tables and sampling -----------------------------------------------------------------------------------------------

TABLE_X = Key("x", "rising numbers", Listed(NUMBER, 2), ["64 KiB", "1 MiB", "8 MiB"], ALWAYS)
TABLE_Y = Key("y", "a number for each x", Listed(NUMBER, 2), [60, 270, 830], ALWAYS)
SCALE = Key(
    "scale", "linear or log", Choice(("linear", "log")), "log", default="linear", more="Lines are straight over it."
)
TABLE = Level("a table", (TABLE_X, TABLE_Y, SCALE), "A function of expressions, by points with lines between them.")

N_DRAWN = Key("random", "points to draw at random", Whole(1, MAX_POINTS), 1000, ALWAYS)
N_TRIALS = Key("optuna", "a number of trials", Whole(1, MAX_TRIALS), 300, ALWAYS, more="Designs, all different.")
SAMPLER = Key("sampler", "a sampler of Optuna", Choice(SAMPLERS), "nsga2", default="tpe")
BATCH = Key("batch", "how many designs are proposed together", Whole(1, MAX_TRIALS), 16, default=10)
SOUGHT = Key(
    "objectives",
    "one to three objectives",
    WordList("objectives", tuple(OBJECTIVES), minimum=1),
    ["energy", "latency"],
    otherwise="the objective of options",
)
DRAWN = Level("a random choice", (N_DRAWN,))
ADAPTIVE = Level("a search", (N_TRIALS, SOUGHT, SAMPLER, BATCH))

# -- options -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class OptionValue(Value[Any]):
    """The value of an option of runs."""

    option: Option

    def read(self, entry: Entry, meaning: str) -> Any:
        """Read the value in its one form; a time may have a unit.

        Raises:
            InputError: the option takes no such value.
        """
        is_time = self.option.unit == SECONDS.name
        return self.option.checked(entry.in_base(SECONDS.factors) if is_time else entry.value, entry.where)

    def schema(self) -> Schema:
        """The values that the option takes."""
        option = self.option
        kinds: dict[Kind, Schema] = {
            Kind.WHOLE: {"type": "integer", "minimum": int(option.minimum)},
            Kind.NUMBER: {"type": ["number", "string"], "exclusiveMinimum": option.minimum},
            Kind.FLAG: {"type": "boolean"},
            Kind.WORD: {"enum": [str(word) for word in _words(option)]},
            Kind.SHAPES: {"type": "object", "additionalProperties": Listed(Whole(1), 1).schema()},
        }
        forms = [kinds[option.kind]]
        return {"anyOf": [*forms, {"enum": [option.unlimited]}, NOTHING.schema()]} if option.unlimited else forms[0]

    @property
    def limits(self) -> str:
        """The values that it takes, in words."""
        return Choice(_words(self.option)).limits if self.option.words else self.option.expected


def _words(option: Option) -> tuple[str, ...]:
    """The words to choose from, without the searches of installed packages."""
    return tuple(SEARCH_METHODS.ours) if option.name == SEARCH.name else tuple(map(str, option.words))


_ALIKE = {Kind.SHAPES: {"x": [1, 3, 224, 224]}, Kind.FLAG: True}
_OF_OURS = {option.name for method in SEARCH_METHODS.ours.values() for option in method.options}
_OF_OTHERS = {option.name for method in SEARCH_METHODS.values() for option in method.options} - _OF_OURS


def _key_of(option: Option) -> Key[Any]:
    example = _ALIKE.get(option.kind, str(option.default) if option.kind is Kind.WORD else option.default)
    meaning = f"{option.help[0].lower()}{option.help[1:].rstrip('.')}"
    has_default = option.default is not None and option.kind is not Kind.SHAPES
    plain = str(option.default) if option.kind is Kind.WORD else option.default
    return Key(option.name, meaning, OptionValue(option), example, default=plain if has_default else None)


OPTIONS = Level(
    "options of all points",
    tuple(_key_of(option) for option in run_options() if option.name not in _OF_OTHERS),
    "They are those of `zigzag-lab run` ([options.md](../options.md)); a search of an installed package may add some.",
    open_by=(SEARCH.name, tuple(SEARCH_METHODS.ours)),
)

# -- the file ----------------------------------------------------------------------------------------------------------

NAME = Key(
    "name",
    "the name of the sweep",
    FreeText("letters, digits, spaces, dots and dashes", r"[\w][\w .-]{0,99}"),
    "buffers",
    otherwise="the name of the folder",
    more="Points belong to it, in any folder and on any machine.",
)
QUESTION = Key("question", "what the sweep is to answer, for people", Anything("text"), "Which buffer serves best?")
SEED = Key(
    "seed",
    "seed of what is drawn at random",
    Whole(0, LARGEST_SEED),
    7,
    default=0,
    more="Equal seeds draw equal points.",
)
WORKLOADS = Key(
    "workloads",
    "networks: files beside this one, or presets",
    AXIS,
    ["resnet18", "my_net.onnx"],
    otherwise="space or zipped vary workload",
)
ACCELERATORS = Key(
    "accelerators",
    "accelerators: files beside this one, or presets",
    AXIS,
    ["tpu_like"],
    otherwise="space or zipped vary accelerator",
)
MAPPINGS = Key(
    "mappings",
    "mapping files beside this one, or presets",
    AXIS,
    ["my_mapping.yaml"],
    otherwise="a preset brings the mapping of its name",
)
OPTION_VALUES = Key("options", "options of all points", OPTIONS, {"objective": "edp", "lpf_limit": 6})
TABLES = Key(
    "tables",
    "functions of expressions, by their points",
    Named("names", TABLE),
    {"cost": {"x": ["64 KiB", "8 MiB"], "y": [60, 830]}},
)
SPACE = Key(
    "space",
    "names that vary, in all combinations",
    Named("names", AXIS),
    {"accelerator.memories.sram_2MB.size": {"log_range": ["64 KiB", "8 MiB"]}, "rows": [16, 32]},
    more="Paths lead into accelerator, mapping and options; any other name is a variable.",
)
ZIPPED = Key(
    "zipped",
    "groups of names that vary together, first with first",
    Listed(Named("names", GROUPED, minimum=2)),
    [{"rows": [16, 32], "energy": ["1 nJ", "2 nJ"]}],
)
DERIVED = Key(
    "derived",
    "expressions of what stands above them, by name",
    Named("names", EXPRESSION),
    {"accelerator.operational_array.sizes": "[rows, rows]"},
)
CONSTRAINTS = Key(
    "constraints",
    "a list of expressions",
    Listed(EXPRESSION),
    ["rows <= 32"],
    more="Points for which one does not hold cost nothing.",
)
SAMPLING = Key(
    "sampling",
    "which points are taken",
    Either((Choice((GRID,)), DRAWN, ADAPTIVE)),
    {"random": 1000},
    otherwise="grid, which is all",
)
TOP = Level(
    "a sweep",
    (
        *(NAME, QUESTION, WORKLOADS, ACCELERATORS, MAPPINGS, OPTION_VALUES),
        *(SPACE, ZIPPED, TABLES, DERIVED, CONSTRAINTS, SAMPLING, SEED),
    ),
)
SWEEP = Format("sweep", "Sweep of zigzag-lab", TOP)
