"""The readers of zigzag-dse 3.9.1, and our records against what they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zigzag
from zigzag.parser.onnx.onnx_model_parser import ONNXModelParser
from zigzag.parser.workload_factory import WorkloadFactory
from zigzag.parser.workload_validator import WorkloadValidator
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.stages.parser.workload_parser import WorkloadParserStage
from zigzag.workload.dummy_node import DummyNode

from zigzag_lab.workload import FreeNode, Layer, Workload

INPUTS = Path(zigzag.__file__).parent / "inputs"
DEFAULT_MAPPING = INPUTS / "mapping" / "default.yaml"


def shipped(kind: str, suffix: str = "yaml") -> list[Path]:
    """Files that zigzag-dse ships: ``hardware``, ``mapping`` or ``workload``."""
    return sorted((INPUTS / kind).glob(f"*.{suffix}"))


def accelerator(path: Path) -> Any:
    return AcceleratorParserStage.parse_accelerator(str(path))


def mapping_data(path: Path) -> Any:
    return WorkloadParserStage.parse_mapping_data(str(path))


def onnx_nodes(path: Path | Any) -> list[Any]:
    source = str(path) if isinstance(path, Path) else path
    return list(ONNXModelParser(source, str(DEFAULT_MAPPING)).run().node_id_to_obj.values())


def yaml_nodes(layers: list[dict[str, Any]]) -> list[Any]:
    validator = WorkloadValidator(layers)
    assert validator.validate(), validator.validator.errors
    return WorkloadFactory(validator.normalized_data, mapping_data(DEFAULT_MAPPING)).create().layer_node_list


def names(things: Any) -> list[str]:
    return [str(thing) for thing in things]


def assert_same_workload(ours: Workload, theirs: list[Any]) -> None:
    assert len(ours.nodes) == len(theirs)
    for node, reference in zip(ours.nodes, theirs, strict=True):
        assert isinstance(node, FreeNode) == isinstance(reference, DummyNode)
        if isinstance(node, Layer):
            assert_same_layer(node, reference)
        else:
            assert (node.id, node.name) == (reference.id, reference.name)
            assert node.operator_type.lower() == reference.type
            read = list(dict.fromkeys(reference.input_operand_source.values()))
            assert list(node.predecessors[: len(read)]) == read


def assert_same_layer(ours: Layer, theirs: Any) -> None:
    assert (ours.id, ours.name, ours.operator_type) == (theirs.id, theirs.name, theirs.type)
    assert list(ours.loop_sizes.items()) == [(str(d), s) for d, s in theirs.layer_dim_sizes.items()]
    assert list(ours.operands) == names(theirs.layer_operands)
    assert ours.n_macs == theirs.total_mac_count
    assert {str(op): bits for op, bits in theirs.operand_precision.data.items()} == ours.precision_bits
    assert list(ours.constant_operands) == names(theirs.constant_operands)
    assert ours.sources == {str(op): source for op, source in theirs.input_operand_source.items()}
    assert ours.data_sizes == {str(d): size for d, size in theirs.pr_layer_dim_sizes.items()}
    relations = {str(d): names(pair) for d, pair in theirs.pr_loop.items()}
    assert {r.data_dim: list(r.loop_dims) for r in ours.relations} == relations
    factors = {str(d): [f for _, f in pair] for d, pair in theirs.pr_scaling_factors.items()}
    assert {r.data_dim: [r.coef_a, r.coef_b] for r in ours.relations} == factors
    for operand in theirs.layer_operands:
        name, loops = str(operand), theirs.loop_relevancy_info
        assert list(ours.operand_dims[name]) == names(theirs.equation.get_r_layer_dims(operand))
        assert list(ours.relevancy.relevant[name]) == names(loops.get_r_layer_dims(operand))
        assert sorted(ours.relevancy.irrelevant[name]) == sorted(names(loops.get_ir_layer_dims(operand)))
        assert [r.data_dim for r in ours.relevancy.partial[name]] == names(loops.get_pr_layer_dims(operand))
        assert ours.tensor_elems(name) == theirs.operand_size_elem[operand]
