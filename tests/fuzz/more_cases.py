"""Further cases: spoilt sweep files, expressions, folders of dumps to import, and questions in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from tests.cli.recorded import ask
from tests.fuzz import yaml_mutations
from tests.stages.small import written
from tests.sweeps.small import R_COST, SIZE, sweep_file
from zigzag_lab import api
from zigzag_lab.api.importing import import_dumps
from zigzag_lab.cli.sql import FORMATS
from zigzag_lab.sweeps.expansion import points
from zigzag_lab.sweeps.expressions import read_expression
from zigzag_lab.sweeps.sweep_file import read_sweep
from zigzag_lab.vocab import InputError

_MOST_POINTS = 200
_WORDS = (
    *(
        "1",
        "0",
        "2.5",
        "1e308",
        "1e-320",
        "9" * 40,
        "0x" + "f" * 300,
        "10**64",
        "True",
        "'ab'",
        "x",
        "rows",
        "size",
        "KiB",
    ),
    *("pi", "accelerator.memories.sram_2MB.size", "mapping[0]", "x[1]", "nan", "None", "lambda", "[]", "()", "[1, 2]"),
)
_SIGNS = (
    *(
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "<",
        ">=",
        "==",
        " in ",
        " not in ",
        " and ",
        " or ",
        " if ",
        " else ",
        ", ",
    ),
    *("(", ")", "[", "]", "not ", "-", "-" * 90, "~", ".", ":=", "sqrt(", "log2(", "text(", "max(", "round(", "floor("),
)


@dataclass(frozen=True)
class MoreCase:
    """Something handed over, and what is done with it.

    Attributes:
        kind: ``sweep``, ``expression``, ``import`` or ``sql``.
        shown: what was made, as far as it is text.
    """

    kind: str
    shown: str
    act: Callable[[], Any]

    def run(self) -> str:
        """Do it: ``priced`` or ``refused``; any other end is a fault that passes through."""
        try:
            self.act()
        except InputError:
            return "refused"
        return "priced"


# -- sweeps ------------------------------------------------------------------------------------------------------------


def _sweeps() -> tuple[dict[str, Any], ...]:
    return (
        {"space": {SIZE: ["64 KiB", "128 KiB"], R_COST: {"range": [1, 9], "step": 2}, "rows": [16, 32]},
         "derived": {"x": "rows * 2", "accelerator.memories.sram_2MB.w_cost": "x + sqrt(rows)"},
         "constraints": ["rows <= 32"]},
        {"space": {SIZE: {"log_range": ["64 KiB", "8 MiB"], "factor": 2}, "b": {"values": [1, 2], "when": "rows > 16"},
                   "rows": [16, 32]},
         "tables": {"cost": {"x": [1, 100], "y": [1, 2], "scale": "log"}}, "derived": {R_COST: "cost(rows) / 2"}},
        {"space": {SIZE: {"log_range": [1, 1e6], "count": 4}}, "sampling": {"random": 5}, "seed": 1,
         "zipped": [{"u": [1, 2], "v": ["1 nJ", "2 pJ"]}],
         "derived": {"a": "text(u, v)", "b": "text(a, a)", "c": "text(b, b)", R_COST: "u * v"}},
    )  # fmt: skip


def _sweep(random: Random, folder: Path) -> MoreCase:
    import yaml

    file = sweep_file(folder, **random.choice(_sweeps()))
    document = yaml.safe_load(file.read_text())
    if random.random() < 0.4:
        derived = document.setdefault("derived", {})
        derived[random.choice([*derived, "new"])] = _expression_text(random)
    file.write_bytes(yaml_mutations.spoil(document, random).encode("utf-8", "surrogatepass"))
    return MoreCase(
        "sweep", file.read_text(errors="replace"), lambda: list(islice(points(read_sweep(file)), _MOST_POINTS))
    )


def _expression_text(random: Random) -> str:
    if random.random() < 0.1:
        return random.choice(_SIGNS) * random.randint(1, 300) + random.choice(_WORDS)
    if random.random() < 0.1:
        return random.choice(_SIGNS).join([random.choice(_WORDS)] * random.randint(1, 300))
    parts = [random.choice(random.choice((_WORDS, _SIGNS))) for _ in range(random.randint(1, 12))]
    return "".join(parts)


def _expression(random: Random, _: Path) -> MoreCase:
    text = _expression_text(random)
    values = {"x": random.choice(yaml_mutations.JUNK), "rows": 16, "size": 10 ** random.randint(0, 300)}

    def act() -> None:
        value: Any = "x"
        for _ in range(60):  # each derived value may be made of the one before
            value = read_expression("derived.y", text).value(lambda name, before=value: values.get(name, before))
        json.dumps(value)

    return MoreCase("expression", text, act)


# -- imports -----------------------------------------------------------------------------------------------------------


@cache
def _dumps() -> tuple[tuple[str, Any], ...]:
    folder = Path(mkdtemp(prefix="zigzag-lab-fuzz-dumps-"))
    api.run(api.RunRequest(**written(folder), lpf_limit=3, dump_folder=folder / "dump"), store=None, mlflow="off")
    return tuple((file.name, json.loads(file.read_text())) for file in sorted((folder / "dump").rglob("*.json")))


def _import(random: Random, folder: Path) -> MoreCase:
    dump = Path(mkdtemp(dir=folder))
    for name, document in random.sample(_dumps(), random.randint(1, len(_dumps()))):
        if random.random() < 0.2:
            for _ in range(random.choice((1, 1, 2, 4))):
                document = yaml_mutations.changed(document, random)
        text = json.dumps(document)
        if random.random() < 0.1:
            start = random.randrange(len(text))
            text = (
                text[:start]
                + random.choice(("[" * 5000, "1e999", "NaN", "9" * 5000, '"\\ud800"', "\0", ""))
                + text[start + 3 :]
            )
        (dump / name).write_text(text)
    if random.random() < 0.05:
        (dump / "loop_complete.json").symlink_to(dump / "loop_complete.json")
        (dump / "again").symlink_to(dump)
    return MoreCase("import", str(dump), lambda: import_dumps([dump], database=f"sqlite:///{dump / 'lab.db'}"))


# -- SQL ---------------------------------------------------------------------------------------------------------------

_SQL = (
    *(
        "SELECT",
        "*",
        "FROM",
        "zl_v_runs",
        "zl_v_layers",
        "zl_v_memory",
        "zl_run",
        "zl_cache_entry",
        "zl_source",
        "WHERE",
    ),
    *(
        "layer",
        "energy_pj",
        "1",
        "'a'",
        "x'ff00'",
        "NULL",
        "=",
        "<",
        "LIKE",
        "(",
        ")",
        ",",
        ";",
        "--",
        "/*",
        "?",
        ":a",
        "%",
    ),
    *(
        "ORDER BY",
        "GROUP BY",
        "LIMIT 3",
        "UNION ALL",
        "WITH",
        "AS",
        "CASE",
        "END",
        "INSERT",
        "DELETE FROM",
        "PRAGMA",
        "ATTACH",
    ),
    *(
        "zeroblob(1000)",
        "hex(",
        "CAST(",
        "json_extract(",
        "char(0)",
        "char(55296)",
        "9e999",
        "-",
        "sum(",
        "EXPLAIN",
        "\udcff",
    ),
)
_SOUND = (
    "SELECT * FROM zl_v_layers", "SELECT * FROM zl_run", "SELECT content FROM zl_source", "SELECT 1, 1, 9e999, NULL",
    "SELECT CAST(x'fffe' AS TEXT)", "SELECT memory, sum(energy_pj) FROM zl_v_memory GROUP BY memory", "SELECT ''",
    "SELECT content FROM zl_cache_entry", "SELECT '[31m' || char(10) || char(0)",
)  # fmt: skip


@cache
def _database() -> str:
    folder = Path(mkdtemp(prefix="zigzag-lab-fuzz-lab-"))
    url = f"sqlite:///{folder / 'lab.db'}"
    api.run(api.RunRequest(**written(folder), lpf_limit=3), store=url, mlflow="off")
    return url


def _sql(random: Random, _: Path) -> MoreCase:
    if random.random() < 0.6:
        words = random.choice(_SOUND).split(" ")
        for _ in range(random.randint(0, 3)):
            words.insert(random.randrange(len(words) + 1), random.choice(_SQL))
    else:
        words = ["SELECT", *random.choices(_SQL, k=random.randint(1, 12))]
    text = " ".join(words)
    form = random.choice(FORMATS)

    def act() -> None:
        answer = ask("sql", "--format", form, "--db", _database(), "--", text)
        if answer.exit_code == InputError.exit_status and isinstance(answer.exception, SystemExit):
            raise InputError("SQL", answer.stderr)
        if answer.exception is not None:
            raise answer.exception

    return MoreCase("sql", text, act)


MAKERS: dict[str, Callable[[Random, Path], MoreCase]] = {
    "sweep": _sweep,
    "expression": _expression,
    "import": _import,
    "sql": _sql,
}
