"""Where the greedy allocations of LOMA and SALSA fit nothing, exact search may know an allocation that fits."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import copy
from typing import Any

from zigzag_lab.stages.stage import BatchStage, ResultBatch
from zigzag_lab.vocab import InfeasibleError, Objective, TemporalMappingType

log = logging.getLogger(__name__)


def searched_on(stage: BatchStage, layer: str, miss: InfeasibleError) -> Iterator[ResultBatch]:
    """Yield what exact search finds below a stage that proposes spatial mappings, after greedy search found nothing.

    LOMA and SALSA fill the lowest memories first, after which the rest may not fit above; ZigZag stops there. Exact
    search looks at every allocation, under the same spatial mappings, for as long as it does by default.

    Args:
        stage: the stage under whose mappings nothing fits.
        layer: the name of the layer.
        miss: what is too small as greedy search has it.

    Raises:
        InfeasibleError: nothing fits, or the list below is not one of a greedy search for uneven mappings.
    """
    from zigzag_lab.stages.exact import DEFAULT_SECONDS, ExactStage
    from zigzag_lab.stages.mappers import TemporalMappingGeneratorStage
    from zigzag_lab.stages.salsa import SalsaStage

    greedy = (TemporalMappingGeneratorStage, SalsaStage)
    kind = str(stage.kwargs.get("temporal_mapping_type", TemporalMappingType.UNEVEN)).lower()
    if kind != TemporalMappingType.UNEVEN or not any(below in greedy for below in stage.list_of_callables):
        raise miss
    again = copy(stage)
    again.list_of_callables = [ExactStage if below in greedy else below for below in stage.list_of_callables]
    wanted = (getattr(below, "objective", None) for below in stage.list_of_callables)
    objective = next((one for one in wanted if isinstance(one, Objective)), Objective.LATENCY)
    again.kwargs = {**stage.kwargs, "exact_objective": objective, "exact_time_limit": DEFAULT_SECONDS}
    found = False
    try:
        for batch in again.batches():
            found = found or _said(stage.kwargs.get("sink"), layer)
            yield batch
    except InfeasibleError:
        raise miss from None
    if not found:
        raise miss


def _said(sink: Any, layer: str) -> bool:
    warning = f"layer {layer}: no greedy allocation fits, as ZigZag searches; its mapping was found by exact search"
    if hasattr(sink, "warn"):
        sink.warn(warning)
    log.warning("%s", warning)
    return True
