"""What the store holds, for people to read: explanations, pages, and rich displays in notebooks."""

from zigzag_lab.reports.advice import Statement
from zigzag_lab.reports.display import rich_displays, runs_html
from zigzag_lab.reports.explain import Explanation, explain
from zigzag_lab.reports.page import write_report

__all__ = ["Explanation", "Statement", "explain", "rich_displays", "runs_html", "write_report"]
