"""The keys of a kind of file as tables in Markdown: one for each mapping with known keys in it."""

from __future__ import annotations

import json
from typing import Any

from zigzag_lab.inputs.formats.keys import ALWAYS, NEVER, Format, Key, Level, levels_of
from zigzag_lab.inputs.formats.values import Either, Listed, Named, Value

MOST_CHARS = 60
"""Of an example in a table."""


def tables(form: Format) -> str:
    """Return the tables of a format, from the top of the file down; one for each level, wherever it may stand."""
    paths: dict[Level, list[str]] = {}
    for path, level in levels_of(form.top):
        paths.setdefault(level, []).append(path)
    lines: list[str] = []
    for level, places in paths.items():
        lines += [f"### {_heading(places, level.title)}", ""]
        lines += [level.about, ""] if level.about else []
        lines += ["| key | meaning | may be | unit | default | example |", "|---|---|---|---|---|---|"]
        lines += [row(key) for key in level.keys]
        lines.append("")
    return "\n".join(lines).rstrip()


def row(key: Key[Any]) -> str:
    """Return the row of a key."""
    meaning = f"{key.meaning[0].upper()}{key.meaning[1:]}".rstrip(",") + "."
    unit = _unit(key.value)
    cells = (f"`{key.name}`", f"{meaning} {key.more}".strip(), key.value.limits, unit, _default(key), _example(key))
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _heading(paths: list[str], title: str) -> str:
    named = ", ".join(f"`{path}`" for path in paths if path)
    return f"{named}: {title}" if named else title[0].upper() + title[1:]


def _unit(value: Value[Any]) -> str:
    parts = value.parts if isinstance(value, (Listed, Named, Either)) else ()
    return ", ".join(dict.fromkeys(filter(None, [str(value.unit or ""), *map(_unit, parts)])))


def _default(key: Key[Any]) -> str:
    if key.needed is ALWAYS:
        return "needed"
    if key.needed is not NEVER:
        return f"needed {key.needed}"
    if key.otherwise or key.default is None:
        return key.otherwise or "none"
    return f"`{shown(list(key.default) if isinstance(key.default, tuple) else key.default)}`"


def _example(key: Key[Any]) -> str:
    text = shown(key.example)
    return f"`{text}`" if len(text) <= MOST_CHARS else "below"


def shown(value: object) -> str:
    """Plain data in one line of YAML."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return json.dumps(value) if not value or set(value) & set(",*[]{}:#'\"") else value
    return json.dumps(value)
