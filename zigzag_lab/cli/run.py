"""``zigzag-lab run``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from zigzag_lab.cli import render
from zigzag_lab.cli.options import RunCommand, database_option, input_options, mlflow_option, record_options
from zigzag_lab.cli.render import ended_runs
from zigzag_lab.vocab.options import Option

EXAMPLE = "Example: zigzag-lab run --workload resnet18 --accelerator tpu_like --mapping tpu_like"


def _options() -> Sequence[Option]:
    from zigzag_lab import api

    return api.run_options()


@click.command("run", cls=RunCommand, options_of=_options, epilog=EXAMPLE)
@input_options(are_required=True)
@click.option("--dump", type=click.Path(path_type=Path), metavar="DIR", help="Write ZigZag's files to this folder.")
@record_options
@database_option
@mlflow_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")
def run_command(
    workload: str,
    accelerator: str,
    mapping: str,
    dump: Path | None,
    experiment: str,
    tags: tuple[tuple[str, str], ...],
    database: str | None,
    mlflow: str | None,
    no_cache: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Price a network on an accelerator, and record the run."""
    from zigzag_lab import api

    request = api.RunRequest.of_options(workload, accelerator, mapping, {**options, "dump_folder": dump})
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
    if outcome.record_error is not None:
        click.get_current_context().exit(1)
    render.warn_of_unpublished(api.publish(url, mlflow, outcome.run_id))
