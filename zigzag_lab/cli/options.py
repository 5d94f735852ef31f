"""Options and kinds of values that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import DEFAULT_EXPERIMENT, OBJECTIVE, Kind, Option

F = TypeVar("F", bound=Callable[..., Any])


_METAVARS = {Kind.WHOLE: "N", Kind.NUMBER: "{unit}"}


class OptionType(click.ParamType[Any]):
    """What an option of a run takes, as it declares."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self.name = _METAVARS.get(option.kind, "VALUE").format(unit=option.unit.upper()) + (
            f"|{option.unlimited}" if option.unlimited else ""
        )

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the value."""
        try:
            return self.option.parsed(value) if isinstance(value, str) else self.option.checked(value)
        except InputError as error:
            return self.fail(f"'{value}' is not {error.expected}.", param, ctx)


class Words(click.Choice[Any]):
    """The words that an option of a run takes, in any case."""

    def __init__(self, option: Option) -> None:
        self.option = option
        super().__init__([str(word) for word in option.words], case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the value."""
        return self.option.checked(super().convert(value, param, ctx))


COUNT = OptionType(Option("limit", Kind.WHOLE, None, "How many rows to show.", minimum=1, unlimited="all"))
"""How many, or ``all``."""


def click_option(option: Option) -> click.Option:
    """Return an option of a run as one of the command line."""
    names = [option.command_flag, option.name]
    if option.kind is Kind.FLAG:
        return click.Option(names, is_flag=True, default=option.default, help=option.help)
    if option.kind is Kind.SHAPES:
        return click.Option(names, type=ShapeType(), multiple=True, help=option.help, callback=_as_mapping)
    if option.kind is Kind.WORD:
        return click.Option(names, type=Words(option), default=str(option.default), show_default=True, help=option.help)
    default = option.unlimited if option.default is None else f"{option.default:g}"
    kind = OptionType(option)
    return click.Option(names, type=kind, metavar=kind.name, default=default, show_default=True, help=option.help)


def _as_mapping(context: click.Context, param: click.Parameter, value: Any) -> dict[str, tuple[int, ...]]:
    return dict(value)


class RunCommand(click.Command):
    """A command with options of a run, which are looked up when they are first needed: they load the stages.

    Args:
        options_of: returns the options; they stand behind those of the inputs.
    """

    def __init__(self, *args: Any, options_of: Callable[[], Sequence[Option]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options_of: Callable[[], Sequence[Option]] | None = options_of

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return all parameters."""
        if self.options_of is not None:
            place = 1 + [param.name for param in self.params].index("mapping")
            self.params[place:place] = map(click_option, self.options_of())
            self.options_of = None
        return super().get_params(ctx)


class ShapeType(click.ParamType[Any]):
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


class TagType(click.ParamType[Any]):
    """A tag, as KEY=VALUE."""

    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split at the first equals sign."""
        key, equals, text = str(value).partition("=")
        if not equals or not key.strip():
            self.fail(f"'{value}' is not of the form KEY=VALUE.", param, ctx)
        return key.strip(), text


def input_options(*, are_required: bool, note: str = "") -> Callable[[F], F]:
    """``--workload``, ``--accelerator``, ``--mapping``: what is priced."""
    yaml = "YAML file, or a preset's name."
    texts = {"mapping": yaml, "accelerator": yaml, "workload": f"{note}ONNX or {yaml}"}

    def decorated(command: F) -> F:
        for name, text in texts.items():
            metavar = name[0].upper()
            command = click.option(f"--{name}", required=are_required, metavar=metavar, help=text)(command)
        return command

    return decorated


def objective_option(help_text: str) -> Callable[[F], F]:
    """``--opt``: the objective, of a command that searches nothing."""
    kind, default = Words(OBJECTIVE), str(OBJECTIVE.default)
    return click.option(
        OBJECTIVE.command_flag, "objective", type=kind, default=default, show_default=True, help=help_text
    )


def record_options(command: F) -> F:
    """``--experiment``, ``--tag``, ``--no-cache``: how a new run is recorded."""
    question = "The question that the run belongs to."
    command = click.option("--no-cache", is_flag=True, help="Compute everything, and store no answers.")(command)
    command = click.option("--tag", "tags", type=TagType(), multiple=True, help="A tag to find the run by.")(command)
    return click.option("--experiment", default=DEFAULT_EXPERIMENT, show_default=True, help=question)(command)


def database_option(command: F) -> F:
    """``--db``: the database."""
    help_text = "Database, a file or a URL; by default ZIGZAG_LAB_DB, or zigzag_lab.db in the working folder."
    return click.option("--db", "database", metavar="FILE|URL", help=help_text)(command)


def mlflow_option(command: F) -> F:
    """``--mlflow``: where to publish."""
    help_text = "MLflow's tracking URI, or 'off'; by default beside the database, or MLFLOW_TRACKING_URI."
    return click.option("--mlflow", metavar="URI|off", help=help_text)(command)


def publish_option(command: F) -> F:
    """``--publish``: which points of a sweep are published."""
    help_text = (
        "Points to publish to MLflow, for each network: all, best, pareto, top:K or none, with commas between. "
        "By default all of up to 200, else pareto,top:50."
    )
    return click.option("--publish", "policy", metavar="POLICY", help=help_text)(command)


points_option = click.option("--points", "are_points", is_flag=True, help="Also the runs within runs, of all levels.")
csv_option = click.option("--csv", "is_csv", is_flag=True, help="Print CSV, every figure with all its digits.")
json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON, every figure with all its digits.")
