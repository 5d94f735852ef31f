"""``zigzag-lab schema``: what files may hold, for editors."""

from __future__ import annotations

import click

EXAMPLE = """\b
Examples:
  zigzag-lab schema accelerator > accelerator.schema.json
  zigzag-lab schema sweep --line    # the first line of a sweep file in an editor that speaks YAML's language server
"""


@click.command("schema", epilog=EXAMPLE)
@click.argument("kind")
@click.option("--line", is_flag=True, help="Print the comment for the first line of a file instead of the schema.")
def schema_command(kind: str, line: bool) -> None:
    """Print the JSON Schema of a KIND of file: accelerator, mapping, workload or sweep.

    Editors complete and check YAML files by it: VS Code with the YAML extension, and others with yaml-language-server.
    """
    from zigzag_lab.api import formats

    click.echo(formats.schema_line(kind) if line else formats.schema_text(kind), nl=line)
