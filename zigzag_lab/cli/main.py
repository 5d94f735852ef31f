"""The ``zigzag-lab`` command."""

from __future__ import annotations

import gc
import sys
from typing import Any, NoReturn

import click

from zigzag_lab.cli import process
from zigzag_lab.cli.cache import cache_group
from zigzag_lab.cli.check import check_command
from zigzag_lab.cli.compare import compare_command, rerun_command
from zigzag_lab.cli.convert import convert_command
from zigzag_lab.cli.doctor import db_group, doctor_command
from zigzag_lab.cli.export import export_command, import_command
from zigzag_lab.cli.formats import schema_command
from zigzag_lab.cli.init import init_command
from zigzag_lab.cli.ls import best_command, ls_command
from zigzag_lab.cli.manage import delete_command, gc_command, note_command, tag_command
from zigzag_lab.cli.mlflow import mlflow_group, ui_command
from zigzag_lab.cli.pareto import pareto_command
from zigzag_lab.cli.report import explain_command, plot_command, report_command
from zigzag_lab.cli.run import front_command, run_command
from zigzag_lab.cli.show import show_command
from zigzag_lab.cli.sql import sql_command
from zigzag_lab.cli.sweep import status_command, sweep_command
from zigzag_lab.vocab import ZigzagLabError
from zigzag_lab.vocab.terminal import gated


class _Commands(click.Group):
    """Commands whose errors are one message and an exit status, never a traceback; listed in the order of use."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        process.hide_passwords()
        process.prepare()
        with gated():
            try:
                try:
                    super().main(*args, **kwargs)
                finally:
                    process.flush()
            except ZigzagLabError as error:
                _end(error)
            except BrokenPipeError:  # the reader, such as head, has seen enough
                sys.exit(1)
            except OSError as error:
                _end(process.explained(error))
            finally:
                gc.freeze()  # else the interpreter looks through all that MLflow has loaded at its end, for a second
        sys.exit(0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def _end(error: ZigzagLabError) -> NoReturn:
    try:
        click.echo(f"Error: {error}", err=True)
    except OSError:  # the pipe is closed; the exit status remains
        process.give_up(sys.stderr)
    sys.exit(error.exit_status)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zigzag-lab")
def main() -> None:
    """Price neural networks on deep-learning accelerators, and keep every answer."""


for _command in (
    run_command,
    sweep_command,
    status_command,
    pareto_command,
    front_command,
    ls_command,
    show_command,
    explain_command,
    plot_command,
    report_command,
    best_command,
    sql_command,
    tag_command,
    note_command,
    compare_command,
    rerun_command,
    export_command,
    import_command,
    init_command,
    check_command,
    schema_command,
    convert_command,
    delete_command,
    gc_command,
    cache_group,
    ui_command,
    mlflow_group,
    db_group,
    doctor_command,
):
    main.add_command(_command)
