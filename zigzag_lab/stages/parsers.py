"""Stages that read what the user hands over."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import (
    check_against,
    check_links,
    read_accelerator,
    read_any_workload,
    read_mapping,
    read_workload,
)
from zigzag_lab.inputs.memory_costs import MemoryCostProvider
from zigzag_lab.inputs.presets import Kind, resolve
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages.protocols import RunSink
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import PRICE_ALL
from zigzag_lab.workload import Workload


class _WorkloadReadingStage(Stage):
    """Reads a workload and a mapping file, and hands both down as records."""

    declares = StageSpec(provides=("workload", "mapping"), reads=("workload", "mapping"), prepares=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        workload: object,
        mapping: object,
        input_shapes: dict[str, tuple[int, ...]] | None = None,
        price_all: bool = PRICE_ALL.default,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.workload_source, self.mapping_source, self.input_shapes = workload, mapping, input_shapes
        self.price_all = price_all

    def run(self) -> Iterator[Result]:
        """Read the files, then run the stages below."""
        source = self.workload_source
        workload = source if isinstance(source, Workload) else self.read(source)
        mapping = mapping_rules(self.mapping_source)
        _note_read(self.kwargs.get("sink"), "workload", source, workload)
        _note_read(self.kwargs.get("sink"), "mapping", self.mapping_source, mapping)
        check_links(mapping, workload)
        accelerator = self.kwargs.get("accelerator")
        if isinstance(accelerator, Accelerator):
            check_against(mapping, accelerator)
        yield from self.substage(workload=workload, mapping=mapping).run()

    @abstractmethod
    def read(self, source: object) -> Workload:
        """Read the workload."""


@builtin
class ONNXModelParserStage(_WorkloadReadingStage):
    """Reads an ONNX model.

    Keywords: ``workload`` (also ``onnx_model_path``): a path, a preset's name or a ``ModelProto``; ``mapping``: a path
    or a preset's name; ``input_shapes``: input -> shape, for models with dynamic shapes; ``price_all``: whether
    poolings, element-wise operators and reductions become layers too.
    """

    declares = StageSpec(hands_on=True)

    def read(self, source: object) -> Workload:
        """Read the model."""
        from zigzag_lab.inputs.onnx.model import read_onnx

        return read_onnx(_file("workload", source), input_shapes=self.input_shapes, price_all=self.price_all)


@builtin
class WorkloadParserStage(_WorkloadReadingStage):
    """Reads layers written by hand.

    Keywords: ``workload`` (also ``workload_path``): a YAML file or a list of layers; ``mapping``: a path or a preset.
    """

    declares = StageSpec(hands_on=True)

    def read(self, source: object) -> Workload:
        """Read the layers."""
        if self.input_shapes:
            found = f"shapes for {', '.join(self.input_shapes)}"
            raise InputError("input_shapes", found, "an ONNX model", "Hand-written layers give their sizes.")
        return read_workload(_file("workload", source))


@builtin
class AcceleratorParserStage(Stage):
    """Reads an accelerator.

    Keywords: ``accelerator``: a YAML file, a preset's name, or an :class:`Accelerator`, which is handed on as it is;
    ``memory_costs``: prices memories with ``auto_cost_extraction``, by default CACTI.
    """

    declares = StageSpec(provides=("accelerator", "mapping"), reads=("accelerator",), hands_on=True, prepares=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: object,
        mapping: object = None,
        memory_costs: MemoryCostProvider | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.source, self.mapping, self.memory_costs = accelerator, mapping, memory_costs

    def run(self) -> Iterator[Result]:
        """Read the file, then run the stages below."""
        accelerator = any_accelerator(self.source, self.memory_costs)
        _note_read(self.kwargs.get("sink"), "accelerator", self.source, accelerator)
        if isinstance(self.mapping, MappingRules):
            check_against(self.mapping, accelerator)
        yield from self.substage(accelerator=accelerator, mapping=self.mapping).run()


def _note_read(sink: object, kind: Kind, source: object, record: object) -> None:
    """Put on record what a stage has read itself; records that it was given are on record already."""
    if source is not record and isinstance(sink, RunSink):
        path = resolve(kind, source) if isinstance(source, (str, Path)) else None
        sink.read(kind, record, path)


def any_workload(
    source: object, input_shapes: dict[str, tuple[int, ...]] | None = None, *, price_all: bool = PRICE_ALL.default
) -> Workload:
    """A workload from a record, a path, a preset's name, a list of layers or a ``ModelProto``."""
    return read_any_workload(_file("workload", source), input_shapes=input_shapes, price_all=price_all)


def any_accelerator(source: object, costs: MemoryCostProvider | None = None) -> Accelerator:
    """An accelerator from a record, a path, a preset's name or a dictionary."""
    return source if isinstance(source, Accelerator) else read_accelerator(_file("accelerator", source), costs)


def mapping_rules(source: object) -> MappingRules:
    """Mapping rules from a record, a path, a preset's name or a list of entries."""
    return source if isinstance(source, MappingRules) else read_mapping(_file("mapping", source))


def _file(kind: Kind, source: object) -> Any:
    """The file that a path or a preset's name stands for; anything else as it is, for readers to judge."""
    if source is None:
        raise InputError(kind, "none was given", "a path or the name of a preset")
    if not isinstance(source, (str, PathLike)):
        return source
    path = resolve(kind, source if isinstance(source, str) else Path(source))
    if path.is_dir():
        raise InputError(str(path), "this is a folder", f"the file of the {kind}", "Give the file inside it.")
    return path
