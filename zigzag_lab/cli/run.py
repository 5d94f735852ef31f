"""``zigzag-lab run``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import click

from zigzag_lab.cli import render
from zigzag_lab.cli.ended import ended_runs
from zigzag_lab.cli.options import Count, LpfLimit, Seconds, Shape, Tag, database_option, mlflow_option

EXAMPLE = "Example: zigzag-lab run --workload resnet18 --accelerator tpu_like --mapping tpu_like"


@click.command("run", epilog=EXAMPLE)
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
    "--lpf-limit",
    type=LpfLimit(),
    default="6",
    show_default=True,
    help="The most loop prime factors to reorder; none for all orders.",
)
@click.option(
    "--search",
    type=click.Choice(["loma", "salsa", "exact"]),
    default="loma",
    show_default=True,
    help="The temporal mapping search.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of searches that draw at random."
)
@click.option(
    "--time-limit",
    type=Seconds(),
    default="10",
    show_default=True,
    help="Seconds of an exact search for each layer and spatial mapping.",
)
@click.option("--exploit-locality", is_flag=True, help="Keep data on chip between layers where it fits.")
@click.option("--mix-spatial", is_flag=True, help="Let loops share an array dimension; implies --exploit-locality.")
@click.option(
    "--temporal",
    type=click.Choice(["uneven", "even"]),
    default="uneven",
    show_default=True,
    help="Whether operands that share a memory may keep different loops there.",
)
@click.option(
    "--spatial-mappings",
    type=Count(),
    default="3",
    show_default=True,
    help="How many generated spatial mappings to try for a layer.",
)
@click.option("--input-shape", "input_shapes", type=Shape(), multiple=True, help="Shape of a dynamic ONNX input.")
@click.option("--price-all", is_flag=True, help="Price poolings, element-wise operators and reductions of ONNX too.")
@click.option("--dump", type=click.Path(path_type=Path), metavar="DIR", help="Write ZigZag's files to this folder.")
@click.option("--experiment", default="default", show_default=True, help="The question that the run belongs to.")
@click.option("--tag", "tags", type=Tag(), multiple=True, help="A word to find the run by.")
@database_option
@mlflow_option
@click.option("--no-cache", is_flag=True, help="Compute everything, and keep nothing for later.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")
def run_command(
    workload: str,
    accelerator: str,
    mapping: str,
    opt: str,
    lpf_limit: int | None,
    search: str,
    seed: int,
    time_limit: float | None,
    exploit_locality: bool,
    mix_spatial: bool,
    temporal: str,
    spatial_mappings: int | None,
    input_shapes: tuple[tuple[str, tuple[int, ...]], ...],
    price_all: bool,
    dump: Path | None,
    experiment: str,
    tags: tuple[tuple[str, str], ...],
    database: str | None,
    mlflow: str | None,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Price a network on an accelerator, and record the run."""
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
        search=search,
        seed=seed,
        time_limit=time_limit,
        exploit_locality=exploit_locality,
        mix_spatial=mix_spatial,
        price_all=price_all,
    )
    url = database or api.default_database()
    uri = api.mlflow_uri_for(url, mlflow)
    progress_bar = nullcontext() if as_json else render.layer_progress()
    with ended_runs(url, mlflow, as_json=as_json), progress_bar as progress:
        outcome = api.run(
            request,
            store=url,
            experiment=experiment,
            tags=dict(tags),
            mlflow="off",
            progress=progress,
            cache=not no_cache,
        )
    if as_json:
        click.echo(render.as_json(outcome))
    else:
        render.print_outcome(outcome, request)
        render.print_record(outcome, url, uri)
    sys.stdout.flush()
    if outcome.record_error is not None:  # which has been said
        click.get_current_context().exit(1)
    render.warn_of_unpublished(api.publish(url, mlflow, outcome.run_id))
