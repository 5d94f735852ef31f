"""What the points of a sweep hold that changes results without being wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from zigzag_lab.findings import CHECKS, Finding, InputSet, findings_of
from zigzag_lab.sweeps import SweepSpec, points
from zigzag_lab.sweeps.plan import DesignPoint, Sampling
from zigzag_lab.vocab import InputError

if TYPE_CHECKING:
    from zigzag_lab.api.run import RunRequest
    from zigzag_lab.hardware import Accelerator
    from zigzag_lab.mapping.constraints import MappingRules
    from zigzag_lab.workload import Workload

MOST_POINTS = 64
"""Points that are looked at: of a sweep of more, so many evenly spread over it; of a search, so many drawn."""


def findings_of_points(
    sweep: SweepSpec, request_of: Callable[[DesignPoint], RunRequest], asked: Sequence[DesignPoint]
) -> list[Finding]:
    """Return what is found in the points of a sweep, each once, with how many of those looked at it concerns.

    Args:
        sweep: the sweep.
        request_of: a point -> its request, with files read.
        asked: the points of the sweep; none of a search, which draws its own.

    Raises:
        InputError: an expression cannot be worked out for a point.
    """
    looked_at = _some(sweep, asked)
    adaptive = sweep.sampling.adaptive
    wants_area = adaptive is not None and "area" in adaptive.objectives
    found: dict[tuple[str, str], tuple[Finding, DesignPoint, int]] = {}
    for point in looked_at:
        seen = {(one.code, one.where): one for one in _of_point(request_of, point, wants_area=wants_area)}
        for place, finding in seen.items():
            first, one, n = found.get(place, (finding, point, 0))
            found[place] = first, one, n + 1
    return [_counted(finding, one, n, len(looked_at)) for finding, one, n in found.values()]


def _some(sweep: SweepSpec, asked: Sequence[DesignPoint]) -> list[DesignPoint]:
    if sweep.sampling.adaptive is not None:
        return list(points(replace(sweep, sampling=Sampling(n_points=MOST_POINTS, seed=sweep.sampling.seed))))
    n = min(len(asked), MOST_POINTS)
    return [asked[round(i * (len(asked) - 1) / max(n - 1, 1))] for i in range(n)]


def _of_point(
    request_of: Callable[[DesignPoint], RunRequest], point: DesignPoint, *, wants_area: bool
) -> list[Finding]:
    try:
        request = request_of(point)
    except InputError as error:
        return [Finding.of_error(error)]
    design = InputSet(
        cast("Workload", request.workload),
        cast("Accelerator", request.accelerator),
        cast("MappingRules", request.mapping),
        wants_area=wants_area,
    )
    files = {"accelerator": point.accelerator, "mapping": point.mapping}
    return [finding.within(files[CHECKS[finding.code].about]) for finding in findings_of(design)]


def _counted(finding: Finding, first: DesignPoint, n: int, n_points: int) -> Finding:
    """A finding with how many points it concerns, unless it concerns all."""
    if n == n_points:
        return finding
    of = f"in {n:,} of {n_points:,} points looked at, such as for {first.workload}"
    return replace(finding, found=f"{finding.found} ({of})")
