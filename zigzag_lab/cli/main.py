"""The ``zigzag-lab`` command."""

from __future__ import annotations

import gc
import sys
from typing import Any, NoReturn

import click

from zigzag_lab.cli.db import db_group
from zigzag_lab.cli.ls import best_command, ls_command
from zigzag_lab.cli.mlflow import mlflow_group
from zigzag_lab.cli.run import run_command
from zigzag_lab.cli.show import show_command
from zigzag_lab.cli.sql import sql_command
from zigzag_lab.cli.tag import tag_command
from zigzag_lab.cli.ui import ui_command
from zigzag_lab.vocab import ZigzagLabError


class _Commands(click.Group):
    """Commands whose errors are one message and an exit status, never a traceback; listed in the order of use."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        try:
            super().main(*args, **kwargs)
        except ZigzagLabError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_status)
        finally:
            gc.freeze()  # else the interpreter looks through all that MLflow has loaded before it ends, for a second
        sys.exit(0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zigzag-lab")
def main() -> None:
    """Price neural networks on deep-learning accelerators, and keep every answer."""


for _command in (
    run_command,
    ls_command,
    show_command,
    best_command,
    sql_command,
    tag_command,
    ui_command,
    mlflow_group,
    db_group,
):
    main.add_command(_command)
