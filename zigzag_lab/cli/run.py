"""``zigzag-lab run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zigzag_lab.cli import render


class _LpfLimit(click.ParamType[Any]):
    name = "N|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value is None or str(value).lower() == "none":
            return None
        return int(click.IntRange(min=1).convert(value, param, ctx))


class _Count(click.ParamType[Any]):
    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value is None or str(value).lower() == "all":
            return None
        return int(click.IntRange(min=1).convert(value, param, ctx))


class _Shape(click.ParamType[Any]):
    name = "NAME=1,3,224,224"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[int, ...]]:
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


@click.command("run")
@click.option("--workload", required=True, metavar="W", help="ONNX or YAML file, or a preset's name.")
@click.option("--accelerator", required=True, metavar="A", help="YAML file, or a preset's name.")
@click.option("--mapping", required=True, metavar="M", help="YAML file, or a preset's name.")
@click.option(
    "--opt",
    type=click.Choice(["latency", "energy", "edp"], case_sensitive=False),
    default="latency",
    show_default=True,
    help="What to minimise.",
)
@click.option(
    "--lpf-limit", type=_LpfLimit(), default="6", show_default=True, help="The most loop prime factors to reorder."
)
@click.option(
    "--search", type=click.Choice(["loma"]), default="loma", show_default=True, help="The temporal mapping search."
)
@click.option(
    "--temporal",
    type=click.Choice(["uneven", "even"]),
    default="uneven",
    show_default=True,
    help="Whether operands that share a memory may keep different loops there.",
)
@click.option(
    "--spatial-mappings",
    type=_Count(),
    default="3",
    show_default=True,
    help="How many generated spatial mappings to try for a layer.",
)
@click.option("--input-shape", "input_shapes", type=_Shape(), multiple=True, help="Shape of a dynamic ONNX input.")
@click.option("--dump", type=click.Path(path_type=Path), metavar="DIR", help="Write ZigZag's files to this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")
def run_command(
    workload: str,
    accelerator: str,
    mapping: str,
    opt: str,
    lpf_limit: int | None,
    search: str,
    temporal: str,
    spatial_mappings: int | None,
    input_shapes: tuple[tuple[str, tuple[int, ...]], ...],
    dump: Path | None,
    as_json: bool,
) -> None:
    r"""Price a network on an accelerator.

    \b
    Example:
      zigzag-lab run --workload resnet18 --accelerator tpu_like --mapping tpu_like
    """
    from zigzag_lab import api

    request = api.RunRequest(
        workload,
        accelerator,
        mapping,
        objective=api.objective_of(opt),
        lpf_limit=lpf_limit,
        temporal_mapping_type=api.temporal_mapping_type_of(temporal),
        n_spatial_mappings=spatial_mappings,
        input_shapes=dict(input_shapes),
        dump_folder=dump,
    )
    if as_json:
        click.echo(render.as_json(api.run(request)))
        return
    with render.layer_progress() as progress:
        outcome = api.run(request, progress=progress)
    render.print_outcome(outcome, request)
