"""``zigzag-lab init``: files of a new chip, to go on from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zigzag_lab.cli.render import program
from zigzag_lab.cli.table import shown

if TYPE_CHECKING:
    from zigzag_lab.api.init import NewFiles

EXAMPLES = """\b
Examples:
  zigzag-lab init my_chip
  zigzag-lab init my_chip --array 32x8 --memory 'weights=16 B,W,unit' --memory 'scratchpad=512 KiB,IWO'
  zigzag-lab init my_tpu --from tpu_like

\b
A memory is NAME=SIZE,OPERANDS[,SHARED][,WIDTH]:
  OPERANDS  some of I (inputs), W (weights), O (outputs), such as IO
  SHARED    'all' units share one (usual), one in each 'unit', or one for the units along D1 or D1+D2
  WIDTH     of its ports, such as 32 B; by default what the units take in a cycle
"""


@click.command("init", epilog=EXAMPLES)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--from", "preset", metavar="PRESET", help="Copy a preset's accelerator and mapping.")
@click.option("--array", metavar="NxM", help="Units along each dimension, such as 16x16.")
@click.option("--memory", "memories", multiple=True, metavar="TEXT", help="A memory, innermost first; may be repeated.")
@click.option("--no-dram", is_flag=True, help="Nothing stands behind the memories of the chip.")
@click.option("--clock", metavar="TEXT", help="Frequency or period of the clock, such as 1 GHz.")
@click.option("--workload", metavar="FILE|PRESET", help="The network of the sweep.")
@click.option("--name", help="What the chip is called; by default like the folder.")
def init_command(
    folder: Path,
    preset: str | None,
    array: str | None,
    memories: tuple[str, ...],
    no_dram: bool,
    clock: str | None,
    workload: str | None,
    name: str | None,
) -> None:
    """Write an accelerator, a mapping and a sweep to FOLDER, with comments; they run as written.

    Energies and areas are estimates: of CACTI where it is found, else of a table, and of published figures. On a
    terminal it asks for what no option gives. No file is replaced.
    """
    from zigzag_lab.api import init

    if preset is not None:
        if array or memories or no_dram or clock or name:
            raise click.UsageError("--from goes with --workload alone: edit the copy.")
        _print(init.init_from_preset(folder, preset, workload=workload))
        return
    if is_asked() and not (array or memories or no_dram or clock):
        array = click.prompt("Units of the array along each dimension", default=init.ARRAY)
        memories = _asked_memories(init.MEMORIES)
        no_dram = not click.confirm("Is there a DRAM behind the chip?", default=True)
        clock = click.prompt("Clock", default=init.CLOCK)
    made = init.init_chip(
        folder,
        array=array or init.ARRAY,
        memories=memories or init.MEMORIES,
        has_dram=not no_dram,
        clock=clock or init.CLOCK,
        workload=workload,
        name=name,
    )
    _print(made)


def is_asked() -> bool:
    """Whether somebody is there to answer questions."""
    return sys.stdin.isatty()


def _asked_memories(usual: tuple[str, ...]) -> tuple[str, ...]:
    """Memories, one a line until an empty one; the usual ones where there are none."""
    click.echo("Memories from the innermost outwards, one a line, such as")
    for memory in usual:
        click.echo(f"  {memory}")
    click.echo("An empty line ends them; without any, these are taken.")
    found: list[str] = []
    while text := click.prompt("Memory", default="", show_default=False).strip():
        found.append(text)
    return tuple(found) or usual


def _print(made: NewFiles) -> None:
    for kind, path in made.files.items():
        click.echo(f"{shown(str(path))}: {'sweep' if kind == 'experiment' else kind}")
    if made.sources:
        click.echo(f"Energies and areas are estimates: {'; '.join(made.sources)}.")
    me, folder = program(), shown(str(made.folder))
    files = f"--accelerator {made.files['accelerator']} --mapping {made.files['mapping']}"
    click.echo("\nNext:")
    click.echo(f"  {me} check {folder} {made.workload if 'workload' not in made.files else ''}".rstrip())
    click.echo(f"  {me} run --workload {shown(made.workload)} {shown(files)}")
    if "experiment" in made.files:
        click.echo(f"  {me} sweep {folder}")
