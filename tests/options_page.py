"""Writes ``docs/options.md`` from the declarations of options and searches: ``python -m tests.options_page``."""

from __future__ import annotations

from pathlib import Path

from zigzag_lab.stages.methods import SEARCH_METHODS, run_options
from zigzag_lab.vocab.options import FRONT_OPTIONS, Option

PAGE = Path(__file__).parents[1] / "docs" / "options.md"

HEAD = """# Options of runs

Made from the declarations in `zigzag_lab/vocab/options.py` and `zigzag_lab/stages/methods.py` by
`python -m tests.options_page`. Each option has one name in `RunRequest` and below `options` of sweep files, and a flag
of `zigzag-lab run`; those marked are options of `zigzag-lab front`, too. `input_shapes` and `price_all` decide how
workloads are read: in a sweep file they hold for all points.

"""

PLUGIN = """
## A search of your own

An installed package adds a search: a stage, and a `SearchMethod` that names it with its options, in the entry-point
group `zigzag_lab.search_methods`. Command line, API and sweep files take it by its name; its code is part of the keys
of its answers, and workers of a sweep refuse to work with another version of it. `tests/example_plugin` is such a
package:

```toml
[project.entry-points."zigzag_lab.search_methods"]
random = "zigzag_lab_random:RANDOM"
```

In Python its options are `RunRequest(..., search="random", search_options={"n_draws": 40})`. In the same way the group
`zigzag_lab.stages` adds a stage, `zigzag_lab.plot_kinds` a `zigzag_lab.api.plot.PlotKind` for `zigzag-lab plot`, and
`zigzag_lab.array_models` a `zigzag_lab.inputs.arrays.ArrayModel`, which accelerator files name
([extend.md](extend.md#an-array-model)).
"""


def page() -> str:
    """Return the text of the page; searches of installed packages are left out."""
    known = [option for option in run_options() if _searches(option) or not _is_of_a_search(option)]
    return HEAD + "\n".join([*_options(known), "", "## Searches", "", *_methods()]) + "\n" + PLUGIN


def _is_of_a_search(option: Option) -> bool:
    return any(option in method.options for method in SEARCH_METHODS.values())


def _searches(option: Option) -> list[str]:
    return [method.name for method in SEARCH_METHODS.ours.values() if option in method.options]


def _options(options: list[Option]) -> list[str]:
    lines = ["| option | flag | values | default | front | meaning |", "|---|---|---|---|---|---|"]
    for option in options:
        default = {"False": "false", "{}": "none"}.get(str(option.default), str(option.default))
        of = f" (`{'`, `'.join(names)}`)" if (names := _searches(option)) else ""
        values = option.expected if option.name != "search" else "a search of the table below"
        mark = "yes" if option in FRONT_OPTIONS else ""
        lines.append(
            f"| `{option.name}`{of} | `{option.command_flag}` | {values} | {default} | {mark} | {option.help} |"
        )
    return lines


def _methods() -> list[str]:
    lines = ["| search | stage | options | proves |", "|---|---|---|---|"]
    for method in SEARCH_METHODS.ours.values():
        options = ", ".join(f"`{option.name}`" for option in method.options)
        lines.append(f"| `{method.name}` | `{method.stage.__name__}` | {options} | {method.proves or 'nothing'} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
