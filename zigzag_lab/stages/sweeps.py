"""Stages that run everything below them for many values of their keywords."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from zigzag_lab.hardware import Accelerator, known_area
from zigzag_lab.inputs.accelerator import read_accelerator
from zigzag_lab.inputs.memory_costs import MemoryCostProvider
from zigzag_lab.inputs.variants import accelerator_document, with_values
from zigzag_lab.stages.files import file_stem
from zigzag_lab.stages.keywords import ranks
from zigzag_lab.stages.protocols import in_a_word
from zigzag_lab.stages.recording import Combination, placeholder_in
from zigzag_lab.stages.spec import Keywords, StageSpec, spec_of
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InfeasibleError, InputError, Objective, PipelineError
from zigzag_lab.vocab.options import OBJECTIVE

FOLDER = "dump_folder"
"""The keyword of a folder that files go to; other keywords that write name one file."""

Iterations = Mapping[str | tuple[str, ...], Sequence[object]]


@builtin
class GeneralParameterIteratorStage(Stage):
    """Runs the stages below for every combination of values of any keywords.

    Keywords: ``general_parameter_iterations``: keyword -> its values, or a tuple of keywords that vary together -> a
    list of tuples of values. The last one varies fastest. Yields ``(cme, (values, extra_info))``, where ``values`` says
    which keyword had which value. Files that stages below write go to a folder of each combination, such as
    ``loma_lpf_limit=6``, unless their names have one of the keywords as a field. With MultiProcessingGatherStage above
    and MultiProcessingSpawnStage below it, the combinations run side by side, on the engine that sweeps use.
    ``skip_infeasible``: whether a combination that fits nothing is passed over, as long as another one fits.
    Each combination is a child of the run in its record.
    """

    declares = StageSpec(provides=("skip_infeasible",), leaves_records=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        general_parameter_iterations: Iterations,
        skip_infeasible: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, skip_infeasible=skip_infeasible, **kwargs)
        self.skip_infeasible = skip_infeasible
        self.points = expanded("general_parameter_iterations", general_parameter_iterations)

    @classmethod
    def provides_from(cls, kwargs: Keywords) -> tuple[str, ...]:
        """The keywords that it sets, when it is given these."""
        iterations = kwargs.get("general_parameter_iterations")
        if not isinstance(iterations, Mapping):
            return ()
        return tuple(name for key in iterations for name in _names(key))

    def run(self) -> Iterator[Result]:
        """Yield the results of each combination."""
        misses: list[InfeasibleError] = []
        found = False
        for values, folder in zip(self.points, folders_of(self.points), strict=True):
            files = files_apart(self.list_of_callables, self.kwargs, values, folder)
            combination = Combination()
            try:
                for cme, extra_info in self.variant(values, **values, **files):
                    found = True
                    if self.skip_infeasible and (placeholder := placeholder_in(extra_info)) is not None:
                        placeholder.allow_miss(combination)  # another process computes it
                    yield cme, (dict(values), extra_info)
            except InfeasibleError as miss:
                if not self.skip_infeasible:
                    raise
                misses.append(miss)
        if misses and not found:
            raise misses[0]


@builtin
class HardwareSearchStage(Stage):
    """Tries variants of an accelerator and keeps the best one; stands above AcceleratorParserStage.

    Keywords: ``accelerator``: a YAML file, a preset's name or a mapping of plain data; ``hardware_parameters``: path in
    that document such as ``memories.sram.size`` or ``operational_array.sizes[0]`` -> its values, or a tuple of paths
    that vary together -> a list of tuples; ``hardware_objective``: ``latency`` (default), ``energy`` or ``EDP``;
    ``max_area_mm2``: designs that take more area are passed over, as are those on which
    nothing fits; ``memory_costs``: prices memories with ``auto_cost_extraction``, by default CACTI. The
    stages below must yield one result per design: let SumStage stand there. Files that they write go to a folder of
    each design, such as ``memories.sram.size=65536``.
    Yields ``(best_cme, [(cme, (values, extra_info)), ...])`` with all designs that were priced. Each design is a child
    of the run in its record.
    """

    declares = StageSpec(
        provides=("accelerator", "memory_costs"), reads=("accelerator",), yields_lists=True, leaves_records=True
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: str | Path | Keywords,
        hardware_parameters: Iterations,
        hardware_objective: Objective | str = OBJECTIVE.default,
        max_area_mm2: float | None = None,
        memory_costs: MemoryCostProvider | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        if isinstance(accelerator, Accelerator):
            raise PipelineError(
                "HardwareSearchStage",
                "its accelerator has been read already",
                "a YAML file, a preset's name or plain data",
                "Put HardwareSearchStage above AcceleratorParserStage.",
            )
        self.memory_costs = memory_costs
        self.objective: Objective = OBJECTIVE.checked(hardware_objective, "hardware_objective")
        self.max_area = max_area_mm2
        self.document = accelerator_document(accelerator)
        self.points = expanded("hardware_parameters", hardware_parameters)

    def run(self) -> Iterator[Result]:
        """Yield the best design's result and all that were priced."""
        priced: list[Result] = []
        misses: list[InfeasibleError] = []
        for values, folder in zip(self.points, folders_of(self.points), strict=True):
            accelerator = read_accelerator(with_values(self.document, values), self.memory_costs)
            if self.max_area is not None and known_area(accelerator, "max_area_mm2") > self.max_area:
                continue
            try:
                priced.append(self._result_on(accelerator, values, folder))
            except InfeasibleError as miss:
                misses.append(miss)
        if not priced:
            found = f"none of the {len(self.points)} designs takes {self.max_area} or less"
            too_large = InputError("max_area_mm2", found, "an area that at least one design meets")
            raise misses[0] if misses else too_large
        best, _ = min(priced, key=lambda one: ranks(self.objective, one[0].energy_total, one[0].latency_total2))
        yield best, priced

    def _result_on(self, accelerator: Accelerator, values: dict[str, object], folder: str) -> Result:
        files = files_apart(self.list_of_callables, self.kwargs, values, folder)
        results = list(self.variant(values, accelerator=accelerator, memory_costs=self.memory_costs, **files))
        if len(results) != 1:
            found = f"the stages below yielded {len(results)} results for one design"
            raise PipelineError("HardwareSearchStage", found, "one", "Put SumStage below HardwareSearchStage.")
        cme, extra_info = results[0]
        return cme, (values, extra_info)


HardwareOptimizerStage = HardwareSearchStage
"""ZigZag's name for it."""


def expanded(where: str, iterations: Iterations) -> list[dict[str, object]]:
    """Every combination of values, the last key varying fastest: a list of name -> value.

    Raises:
        InputError: no mapping of names to lists, a tuple of names whose values are no tuples of its length, or a name
            that stands twice.
    """
    if not isinstance(iterations, Mapping) or not iterations:
        raise InputError(where, f"found {iterations!r}", "a mapping of names to lists of values")
    names = [name for key in iterations for name in _names(key)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(where, f"'{twice}' is varied twice", "each name once")
    axes = [[_point(where, key, value) for value in _values(where, key, v)] for key, v in iterations.items()]
    return [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*axes)]


def _names(key: str | tuple[str, ...]) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (key,)


def _values(where: str, key: object, values: object) -> list[object]:
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise InputError(f"{where}[{key!r}]", f"found {values!r}", "a list of values", f"Write [{values!r}].")
    listed = list(values)
    if not listed:
        raise InputError(f"{where}[{key!r}]", "the list of values is empty", "at least one value")
    return listed


def _point(where: str, key: str | tuple[str, ...], value: object) -> dict[str, object]:
    names = _names(key)
    if not isinstance(key, tuple):
        return {key: value}
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        raise InputError(f"{where}[{key!r}]", f"found {value!r}", f"a tuple of {len(names)} values, one for each name")
    return dict(zip(names, value, strict=True))


# -- files of each combination ----------------------------------------------------------------------------------------


def folders_of(points: Sequence[Keywords]) -> list[str]:
    """A name for each point's folder, such as ``loma_lpf_limit=6,nb_mappings_generated=1``; no two are equal."""
    folders: list[str] = []
    taken: dict[str, int] = {}
    for point in points:
        name = file_stem(",".join(f"{keyword}={in_a_word(value)}" for keyword, value in point.items()))
        name = name.replace("{", "(").replace("}", ")")
        taken[name] = taken.get(name, 0) + 1
        folders.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
    return folders


def files_apart(stages: Sequence[StageCallable], kwargs: Keywords, point: Keywords, folder: str) -> dict[str, object]:
    """The keywords by which stages below write files, with a folder of one point's put in.

    A file that the point names, or whose name has a keyword of the point as a field, is its own already.
    """
    changed: dict[str, object] = {}
    for name in {name for stage in stages for name in spec_of(stage).writes}:
        given = kwargs.get(name)
        if given is None or name in point or any(f"{{{keyword}" in str(given) for keyword in point):
            continue
        path = Path(str(given))
        changed[name] = path / folder if name == FOLDER else path.parent / folder / path.name
    return changed
