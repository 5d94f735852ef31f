"""What a worker of a sweep does: price one design point after the other, and make rows of what comes out."""

from __future__ import annotations

import json
import platform
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from zigzag_lab.api.given import plain_options
from zigzag_lab.api.pipeline import standard_stages
from zigzag_lab.api.run import RunRequest
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator, area_of
from zigzag_lab.inputs import check_against, read_accelerator, read_mapping
from zigzag_lab.keys import engine_digest
from zigzag_lab.stages import SearchTally
from zigzag_lab.stages.methods import code_of_added_searches, code_of_search
from zigzag_lab.stages.pipeline import Pipeline
from zigzag_lab.stages.signature import name_of
from zigzag_lab.store import RunInput
from zigzag_lab.store.codec import rows_of
from zigzag_lab.store.database import flat
from zigzag_lab.store.sweep_points import PricedPoint
from zigzag_lab.store.worker_cache import WorkerCache
from zigzag_lab.sweeps.plan import Base, DesignPoint, changed_document
from zigzag_lab.vocab import InfeasibleError, InputError
from zigzag_lab.workload import Workload

T = TypeVar("T")


@dataclass
class PointPricer:
    """Prices points; sent to each worker once, and then grown there by what is worth remembering.

    Attributes:
        sweep: its name, for the record.
        bases: kind -> name -> the file that points start from.
        options: of the search, where a point says nothing else.
        cache: what is known of layers.
        engine: the digest of the code that is to decide the numbers; a worker with other code refuses to work.
        searches: the same of the searches that installed packages add, by name.
    """

    sweep: str
    bases: Mapping[str, Mapping[str, Base]]
    options: Mapping[str, Any]
    cache: WorkerCache = field(default_factory=WorkerCache)
    engine: str = field(default_factory=engine_digest)
    searches: Mapping[str, str] = field(default_factory=code_of_added_searches)
    _read: dict[str, OrderedDict[str, Any]] = field(default_factory=dict)

    def __call__(self, point: DesignPoint) -> PricedPoint:
        """Price a point. Whatever goes wrong is an answer, too.

        Raises:
            InputError: this process runs another version of the code than the one that hands out the points.
        """
        self._check_code(str(self._options(point)["search"]))
        started = time.perf_counter()
        options: dict[str, Any] = {"sweep": self.sweep, "point": dict(point.values)}
        inputs: list[RunInput] = []
        try:
            request = self._request(point, inputs)
            options |= _recorded(request)
            priced = self._priced(point, request, inputs, options, started)
        except InfeasibleError as error:
            priced = _nothing(point.key, "infeasible", options, inputs, error, time.perf_counter() - started)
        except Exception as error:
            priced = _nothing(point.key, "failed", options, inputs, error, time.perf_counter() - started)
        return replace(priced, answers=self.cache.new_answers())

    def _check_code(self, search: str) -> None:
        """Refuse to work with other code than that of the process that hands out the points."""
        here = f"a worker on {platform.node()}"
        if engine_digest() != self.engine:
            found = f"{here} runs another version of zigzag_lab than the sweep"
            raise InputError("executor", found, "the same installation on every machine")
        if code_of_search(search) != self.searches.get(search, ""):
            found = f"{here} has another version of the search '{search}' than the sweep, or none"
            raise InputError("executor", found, "the same installation on every machine")

    def _options(self, point: DesignPoint) -> dict[str, Any]:
        own = point.overrides("options")
        return {**self.options, **{path.removeprefix("options."): value for path, value in own.items()}}

    # -- inputs --------------------------------------------------------------------------------------------------------

    def _request(self, point: DesignPoint, inputs: list[RunInput]) -> RunRequest:
        """What is asked of the pipeline; the inputs are filled in as they are read, as far as that goes."""
        workload, read = self._workload(point.workload)
        inputs.append(read)
        accelerator, read = self._changed("accelerator", point, read_accelerator)
        inputs.append(read)
        rules, read = self._changed("mapping", point, read_mapping)
        inputs.append(read)
        check_against(rules, accelerator)
        return RunRequest.of_options(workload, accelerator, rules, self._options(point)).for_array(accelerator)

    def _workload(self, name: str) -> tuple[Workload, RunInput]:
        base = self.bases["workload"][name]

        def read() -> tuple[Workload, RunInput]:
            source = base.file.read_bytes() if base.file.is_file() else None
            return base.document, RunInput.of(base.document, name=base.file.stem, file_name=name, source=source)

        known: tuple[Workload, RunInput] = self._remembered("workload", name, read)
        return known

    def _changed(self, kind: str, point: DesignPoint, read: Callable[[Any], T]) -> tuple[T, RunInput]:
        name, overrides = getattr(point, kind), point.overrides(kind)
        base = self.bases[kind][name]

        def read_changed() -> tuple[T, RunInput]:
            record: Any = read(changed_document(base, kind, overrides))
            return record, RunInput.of(record, name=base.file.stem)

        known: tuple[T, RunInput] = self._remembered(kind, json.dumps([name, overrides]), read_changed)
        return known

    def _remembered(self, kind: str, key: str, make: Callable[[], Any]) -> Any:
        known = self._read.setdefault(kind, OrderedDict())
        if key not in known:
            known[key] = make()
            if len(known) > 64:
                known.popitem(last=False)
        return known[key]

    # -- results -------------------------------------------------------------------------------------------------------

    def _priced(
        self, point: DesignPoint, request: RunRequest, inputs: list[RunInput], options: dict[str, Any], started: float
    ) -> PricedPoint:
        tally = SearchTally()
        given: dict[str, Any] = {"tally": tally, "cache": self.cache, "without_effect": request.without_effect}
        results = Pipeline(_stages(request), **given, **request.keywords()).run()
        total, per_layer = results[0]
        cmes = [cme for cme, _ in per_layer if isinstance(cme, CostModelEvaluation)]
        rows = [rows_of(cme, 0, i, self.cache.digests.of_meaning(cme.layer)) for i, cme in enumerate(cmes)]
        accelerator: Accelerator = request.accelerator
        figures = _figures(total, cmes) | {
            "seconds": time.perf_counter() - started,
            "n_mappings_evaluated": tally.n_mappings_evaluated,
            "cache_hits": self.cache.hits,
            "cache_misses": self.cache.misses,
        }
        ideal = sum(cme.breakdown.ideal_cycles for cme in cmes)
        return PricedPoint(
            point.key,
            "finished",
            figures,
            options,
            inputs,
            layers=flat(row.layer for row in rows),
            memories=flat(row.memories for row in rows),
            certificates=flat(row.certificate for row in rows if row.certificate is not None),
            mappings=[row.mapping for row in rows],
            area_mm2=area_of(accelerator).total_mm2,
            utilisation=float(ideal / total.latency_total2),
        )


def _stages(request: RunRequest) -> Any:
    local = request.keeps_data_on_chip
    return standard_stages(request.workload, request.objective, request.search, exploit_locality=local)


def _recorded(request: RunRequest) -> dict[str, Any]:
    """The options of a run as an ordinary run records them."""
    return {**plain_options(request.keywords()), "stages": [name_of(stage) for stage in _stages(request)]}


def _figures(total: CostModelEvaluationABC, cmes: list[CostModelEvaluation]) -> dict[str, Any]:
    return {
        "energy_pj": float(total.energy_total),
        "mac_energy_pj": float(total.mac_energy),
        "memory_energy_pj": float(total.mem_energy),
        "latency_cycles": float(total.latency_total2),
        "edp_pj_cycles": float(total.edp_pj_cycles),
        "n_macs": sum(cme.layer.n_macs for cme in cmes),
        "n_layers": len(cmes),
        "n_results": 1,
        "area_mm2": total.area_mm2,
        "clock_ns": total.clock_ns,
    }


def _nothing(
    key: str, status: str, options: dict[str, Any], inputs: Sequence[RunInput], error: Exception, seconds: float
) -> PricedPoint:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return PricedPoint(
        key,
        status,
        {"seconds": seconds},
        options,
        inputs,
        reason=str(error) or name,
        error=name,
        traceback="".join(traceback.format_exception(error)),
    )
