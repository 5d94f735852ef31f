"""The ``zigzag-lab`` command."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from zigzag_lab.cli.run import run_command
from zigzag_lab.vocab import ZigzagLabError


class _Commands(click.Group):
    """Commands whose errors are one message and an exit status, never a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        try:
            super().main(*args, **kwargs)
        except ZigzagLabError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_status)
        sys.exit(0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zigzag-lab")
def main() -> None:
    """Price neural networks on deep-learning accelerators, and keep every answer."""


main.add_command(run_command)
