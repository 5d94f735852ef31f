"""A saved view of MLflow's user interface for a sweep: its axes against its figures, ready to look at.

MLflow keeps saved views in tags of the experiment. How one is written is not documented: this follows 3.17, and a test
has the interface open it. One that another version does not understand is not shown, and does no harm.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from zigzag_lab.tracking.content import in_ms
from zigzag_lab.tracking.limits import cut
from zigzag_lab.tracking.names import POINT_KEY_TAG, VIEW_TAG
from zigzag_lab.tracking.point_params import point_params
from zigzag_lab.tracking.published_sweep import PublishedSweep

ENERGY, LATENCY = "total/energy_pj", "total/latency_cycles"
MOST_AXES = 8
MOST_RUNS = 100


def saved_view(sweep: PublishedSweep) -> tuple[str, str]:
    """The tag that holds the view of a sweep: its key and its value."""
    packed = base64.b64encode(zlib.compress(json.dumps(_state(sweep)).encode())).decode()
    begun = in_ms(sweep.created_at)
    view = {"name": cut(f"sweep {sweep.name}", 80), "createdAt": begun, "updatedAt": begun}
    return VIEW_TAG, json.dumps({**view, "state": f"deflate;{packed}"})


def _state(sweep: PublishedSweep) -> dict[str, Any]:
    axes = _axes(sweep)
    figures = [LATENCY, ENERGY]
    charts = [
        *([_chart("front", "PARALLEL", "design space", selectedParams=axes, selectedMetrics=figures)] if axes else []),
        _chart("plane", "SCATTER", "design space", xaxis=_place(LATENCY), yaxis=_place(ENERGY)),
        *(_chart(key, "BAR", "totals", metricKey=key, displayName=key.split("/")[-1]) for key in figures),
        *(_line(f"layers/{name}") for name in ("energy_pj", "latency_cycles")),
    ]
    columns = [*(f"params.`{name}`" for name in axes), *(f"metrics.`{name}`" for name in figures)]
    return {
        "searchFilter": f"tags.`{POINT_KEY_TAG}` LIKE '%'",
        "orderByKey": f"metrics.`{LATENCY}`",  # sorted by time, points would be folded away under their sweep
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "runsHiddenMode": "SHOWALL",
        "compareRunSections": [_section(name) for name in ("design space", "totals", "layers")],
        "isAccordionReordered": True,
        "compareRunCharts": charts,
        "hideEmptyCharts": True,
        "useGroupedValuesInCharts": True,
        "groupBy": None,
    }


def _axes(sweep: PublishedSweep) -> list[str]:
    """The parameters that vary, as points have them, and the network where there are several."""
    names = [] if len(sweep.by_workload) < 2 else ["workload"]
    if sweep.points:
        settings = sweep.points[0].settings
        names += point_params({n: settings.get(n) for n in sweep.varying}, sweep.varying)
    return names[:MOST_AXES]


def _section(name: str) -> dict[str, Any]:
    return {"uuid": name, "name": name, "display": True, "isReordered": False, "deleted": False, "isGenerated": False}


def _chart(uuid: str, kind: str, section: str, **more: Any) -> dict[str, Any]:
    known = {"uuid": uuid, "type": kind, "metricSectionId": section, "runsCountToCompare": MOST_RUNS}
    return {**known, "deleted": False, "isGenerated": False, **more}


def _line(key: str) -> dict[str, Any]:
    """A figure of the layers, layer by layer."""
    axes = {"xAxisKey": "step", "xAxisScaleType": "linear", "scaleType": "linear", "yAxisKey": "metric", "range": {}}
    return _chart(key, "LINE", "layers", metricKey=key, selectedMetricKeys=[key], lineSmoothness=0, **axes)


def _place(metric: str) -> dict[str, str]:
    return {"key": metric, "type": "METRIC"}
