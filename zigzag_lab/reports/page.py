"""A report as one HTML file that needs nothing else: no network, no server, no other file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from zigzag_lab.reports.content import report_content
from zigzag_lab.store.lab import Lab, RunRecord
from zigzag_lab.vocab import InputError

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What the browser lets the page do: nothing beyond itself."""


def write_report(lab: Lab, runs: Sequence[RunRecord], path: str | Path, title: str = "") -> Path:
    """Write a report of runs: summary, provenance, tables that sort and filter, charts, mappings, how to reproduce.

    Args:
        lab: the database.
        runs: what to report; of many, only the best are shown layer by layer.
        path: the file, which ends in ``.html``.
        title: what stands above.

    Raises:
        InputError: there are no runs, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError("report", f"'{path}'", "a name that ends in .html")
    if not path.parent.is_dir():
        raise InputError("report", f"the folder '{path.parent}' does not exist", "a folder that exists")
    page = report_html(report_content(lab, runs, title))
    try:
        path.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError("report", f"'{path}' cannot be written: {error.strerror}") from error
    return path


def report_html(content: dict[str, Any]) -> str:
    """The page of some content (:func:`zigzag_lab.reports.content.report_content`).

    Names reach the page as data only: the script writes them as text, never as markup.
    """
    assets = files("zigzag_lab.reports") / "assets"
    style, script = ((assets / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(content['title'])}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><h1>{escape(content["title"])}</h1></header>\n<main id="main">\n'
        "<noscript>The tables and charts of this report need JavaScript.</noscript>\n</main>\n"
        f'<script type="application/json" id="content">{as_script_data(content)}</script>\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def as_script_data(value: Any) -> str:
    """JSON that can stand inside a script element, whatever names are in it."""
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _finite(value: Any) -> Any:
    """Infinity and the like, which JSON does not know, as words."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
