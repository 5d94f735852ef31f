"""Options and kinds of values that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Count(click.ParamType[Any]):
    """How many, or a word for no limit."""

    unlimited = "all"
    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Read the value."""
        text = str(value).strip().lower()
        if value is None or text == self.unlimited:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            self.fail(f"'{value}' is neither a whole number of at least 1 nor '{self.unlimited}'.", param, ctx)
        return int(text)


class LpfLimit(Count):
    """A limit on loop prime factors, or ``none``."""

    unlimited = "none"
    name = "N|none"


class Seconds(click.ParamType[Any]):
    """How long, or ``none`` for no limit."""

    name = "SECONDS|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Read the value."""
        if value is None or str(value).strip().lower() == "none":
            return None
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            self.fail(f"'{value}' is not seconds above 0, or 'none' for no limit.", param, ctx)
        return seconds


class Shape(click.ParamType[Any]):
    """The shape of a named tensor."""

    name = "NAME=1,3,224,224"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[int, ...]]:
        """Read the value."""
        name, _, sizes = str(value).rpartition("=")
        if not name:
            self.fail(f"'{value}' is not of the form NAME=1,3,224,224.", param, ctx)
        try:
            shape = tuple(int(size) for size in sizes.split(","))
        except ValueError:
            self.fail(f"'{sizes}' is not a list of numbers such as 1,3,224,224.", param, ctx)
        if min(shape) < 1:
            self.fail(f"'{sizes}' has a size below 1.", param, ctx)
        return name, shape


class Tag(click.ParamType[Any]):
    """A word and its value, as KEY=VALUE."""

    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first equals sign."""
        key, equals, text = str(value).partition("=")
        if not equals or not key.strip():
            self.fail(f"'{value}' is not of the form KEY=VALUE.", param, ctx)
        return key.strip(), text


def database_option(command: F) -> F:
    """``--db``: which database to speak to."""
    help_text = "Database, a file or a URL; by default ZIGZAG_LAB_DB, or zigzag_lab.db in the working folder."
    return click.option("--db", "database", metavar="FILE|URL", help=help_text)(command)


def mlflow_option(command: F) -> F:
    """``--mlflow``: where to publish."""
    help_text = "MLflow's tracking URI, or 'off'; by default beside the database, or MLFLOW_TRACKING_URI."
    return click.option("--mlflow", metavar="URI|off", help=help_text)(command)


def publish_option(command: F) -> F:
    """``--publish``: which points of a sweep MLflow is told of."""
    help_text = (
        "Points to tell MLflow of, for each network: all, best, pareto, top:K or none, with commas between. "
        "By default all of up to 200, else pareto,top:50."
    )
    return click.option("--publish", "policy", metavar="POLICY", help=help_text)(command)


def points_option(command: F) -> F:
    """``--points``: runs within runs, too."""
    return click.option("--points", "are_points", is_flag=True, help="Also the runs within runs, of all levels.")(
        command
    )
