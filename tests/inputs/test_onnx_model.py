from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, shape_inference

from tests.inputs import onnx_samples as made
from tests.inputs import oracle, samples
from tests.inputs.onnx_samples import node
from zigzag_lab.inputs import read_onnx
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import FreeNode, predecessors

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
LIGHT_MODELS = {
    "bvlc_alexnet": (8, 654_560_384),
    "densenet121": (121, 2_834_161_664),
    "inception_v1": (58, 1_431_556_352),
    "inception_v2": (70, 2_018_851_840),
    "resnet50": (54, 4_089_184_256),
    "shufflenet": (50, 124_664_528),
    "squeezenet": (26, 349_151_936),
    "vgg19": (19, 19_632_062_464),
    "zfnet512": (8, 1_481_727_008),
}
"""Networks that come with the onnx package, without weights and without shapes -> layers and operations."""


@pytest.mark.parametrize("path", oracle.shipped("workload", "onnx"), ids=lambda p: p.stem)
def test_shipped_models_are_read_as_the_reference_reads_them(path: Path) -> None:
    ours = read_onnx(path)
    assert ours.name == path.stem
    oracle.assert_same_workload(ours, oracle.onnx_nodes(path))


@st.composite
def square_networks(draw: st.DrawFn) -> onnx.ModelProto:
    """Convolutions with square kernels and windows, a pooling, and products: all that the reference reads right."""
    channels, size = draw(st.integers(1, 3)) * 2, draw(st.integers(8, 12))
    nodes, weights, last = [], {}, "x"
    for i in range(draw(st.integers(1, 3))):
        group = draw(st.sampled_from([1, 2]))
        out, kernel = draw(st.integers(1, 3)) * 2, draw(st.integers(1, 2))
        window = {"strides": [draw(st.integers(1, 2))] * 2, "dilations": [draw(st.integers(1, 2))] * 2}
        pads = [draw(st.integers(0, 2))] * 4
        precision = draw(
            st.dictionaries(st.sampled_from(["weight_size", "act_size", "output_size"]), st.integers(1, 32))
        )
        nodes.append(node("Conv", f"{last} w{i}", f"y{i}", kernel_shape=[kernel] * 2, group=group, pads=pads, **window))
        nodes[-1].attribute.extend(node("Relu", "a", "b", **precision).attribute)
        weights[f"w{i}"] = [out, channels // group, kernel, kernel]
        nodes.append(
            node(draw(st.sampled_from(["Relu", "Neg"])), f"y{i}", f"r{i}", draw(st.sampled_from(["", f"act{i}"])))
        )
        channels, last = out, f"r{i}"
    nodes.append(node("GlobalAveragePool", last, "pooled"))
    nodes.append(node("Flatten", "pooled", "flat"))
    nodes.append(node("Gemm", "flat fc", "scores", transB=1))
    weights["fc"] = [5, channels]
    nodes.append(
        node("MatMul", f"{last} {last}", "square", "square") if draw(st.booleans()) else node("Neg", last, "n")
    )
    batch = draw(st.integers(1, 2))
    return made.model(nodes, {"x": [batch, weights["w0"][1] * _group(nodes[0]), size, size]}, weights, inferred=True)


def _group(conv: onnx.NodeProto) -> int:
    return next(a.i for a in conv.attribute if a.name == "group")


@given(model=square_networks())
@settings(max_examples=30, deadline=None)
def test_random_square_networks_are_read_as_the_reference_reads_them(model: onnx.ModelProto) -> None:
    sizes = [d.dim_value for v in (*model.graph.value_info, *model.graph.output) for d in v.type.tensor_type.shape.dim]
    assume(min(sizes) > 0)  # no kernel larger than its input
    oracle.assert_same_workload(read_onnx(model), oracle.onnx_nodes(model))


@pytest.mark.parametrize("name", LIGHT_MODELS)
def test_models_from_elsewhere(name: str) -> None:
    network = read_onnx(LIGHT / f"light_{name}.onnx")
    assert (len(network.layers), sum(layer.n_macs for layer in network)) == LIGHT_MODELS[name]
    assert all("W" in layer.constant_operands for layer in network)
    assert len({n.name for n in network.nodes}) == len(network.nodes)


def test_every_light_model_is_listed() -> None:
    assert {path.stem.removeprefix("light_") for path in LIGHT.glob("*.onnx")} == set(LIGHT_MODELS)


def test_names_are_unique() -> None:
    nodes = [node("Relu", f"t{i}", f"t{i + 1}", name) for i, name in enumerate(["", "a", "a", "a_2", "Op0", "a", ""])]
    network = read_onnx(made.model([*nodes, node("Gemm", "t7 w", "y", "a")], {"t0": [2, 3]}, {"w": [3, 4]}))
    names = [n.name for n in network.nodes]
    assert names == ["Op0_2", "a", "a_3", "a_2", "Op0", "a_4", "Op6", "a_5"]


def test_free_nodes_keep_the_graph() -> None:
    inner = helper.make_graph([node("Neg", "outside", "inside")], "body", [], [_value("inside", [2, 3])])
    nodes = [
        node("Relu", "x", "outside"),
        helper.make_node("If", ["condition"], ["chosen"], then_branch=inner, else_branch=inner),
        node("Concat", "outside chosen outside x", "joined", axis=1),
        node("Gemm", "joined w", "y", "fc"),
    ]
    condition = helper.make_tensor("condition", TensorProto.BOOL, [], [True])
    network = read_onnx(made.model(nodes, {"x": [2, 3]}, {"w": [12, 4]}, [condition]))
    kinds = [n.operator_type for n in network.nodes]
    assert kinds == ["Relu", "Neg", "Identity", "Concat", "Gemm"]
    assert [predecessors(n) for n in network.nodes] == [(), (0,), (1,), (0, 2), (3,)]
    assert isinstance(network.nodes[3], FreeNode)


def _value(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def test_constant_nodes_are_weights() -> None:
    value = helper.make_tensor("v", TensorProto.FLOAT, [3, 4], [0.0] * 12)
    nodes = [helper.make_node("Constant", [], ["w"], value=value), node("Relu", "x", "r"), node("MatMul", "r w", "y")]
    (layer,) = read_onnx(made.model(nodes, {"x": [2, 3]})).layers
    assert (layer.constant_operands, layer.sources) == (("W",), {"I": 1})


def test_functions_of_the_model_are_opened() -> None:
    opset = [helper.make_opsetid("", 17)]
    body = [node("MatMul", "a b", "c")]
    function = helper.make_function("own", "Linear", ["a", "b"], ["c"], body, opset)
    model = made.model([helper.make_node("Linear", ["x", "w"], ["y"], domain="own")], {"x": [2, 3]})
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.append(function)
    model.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, [3, 4], [0.0] * 12))
    assert [layer.operator_type for layer in read_onnx(model).layers] == ["MatMul"]


def test_the_callers_model_is_not_changed() -> None:
    model = made.model([node("Relu", "x", "r"), node("Gemm", "r w", "y")], {"x": ["n", 3]}, {"w": [3, 4]})
    before = model.SerializeToString(deterministic=True)
    network = read_onnx(model, "mine", {"x": (6, 3)})
    assert (network.name, network.layers[0].name, network.layers[0].loop_sizes["D"]) == ("mine", "Op1", 6)
    assert model.SerializeToString(deterministic=True) == before


def test_input_shapes_replace_declared_ones() -> None:
    model = shape_inference.infer_shapes(made.conv_model(pads=[1, 2, 1, 2]))
    (small,), (large,) = read_onnx(model).layers, read_onnx(model, input_shapes={"x": (2, 3, 40, 60)}).layers
    assert (small.loop_sizes["OY"], large.loop_sizes["OY"]) == (20, 40)
    assert large.loop_sizes["B"] == 2
    assert large.data_sizes == {"IX": 60, "IY": 40}


def test_open_inputs_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(made.conv_model(["batch", 3, 20, 30]).SerializeToString())
    with pytest.raises(InputError) as caught:
        read_onnx(path)
    message = str(caught.value)
    assert "net.onnx: input x has shape [batch, 3, 20, 30]; expected fixed sizes" in message
    assert "--input-shape x=1,3,20,30" in message
    assert read_onnx(path, input_shapes={"x": (1, 3, 20, 30)}).layers


def test_shapes_that_cannot_be_inferred() -> None:
    model = made.model(
        [helper.make_node("Mystery", ["x"], ["m"], domain="far"), node("Gemm", "m w", "y", "fc")],
        {"x": [2, 3]},
        {"w": [3, 4]},
    )
    model.opset_import.append(helper.make_opsetid("far", 1))
    with pytest.raises(
        InputError, match=r"fc: the shape of tensor 'm', made by node 0 \(far::Mystery\) from \[2, 3\], is not known"
    ):
        read_onnx(model)


def test_a_model_in_which_nothing_costs_anything() -> None:
    model = made.model([node("Relu", "x", "y"), node("Relu", "y", "z"), node("Neg", "z", "n")], {"x": [2, 3]})
    with pytest.raises(InputError, match=r"tiny: no node costs anything; its operators are Relu \(2\), Neg \(1\)"):
        read_onnx(model)


def test_nodes_without_inputs() -> None:
    with pytest.raises(InputError, match="node fc: Gemm has 1 inputs and 1 outputs; expected at least 2 inputs"):
        read_onnx(made.model([node("Gemm", "x", "y", "fc")], {"x": [2, 3]}))


def test_a_cycle_is_shown() -> None:
    model = made.model([node("Gemm", "b w", "a", "one"), node("Gemm", "a w", "b", "two")], {"x": [2, 3]}, {"w": [3, 3]})
    model.graph.value_info.extend([_value("a", [2, 3]), _value("b", [2, 3])])
    with pytest.raises(InputError, match="its layers form a cycle: one -> two"):
        read_onnx(model)


SOUND = made.model(
    [node("Conv", "x w", "y", "conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), node("Relu", "y", "z")],
    {"x": [1, 3, 8, 8]},
    {"w": [4, 3, 3, 3]},
).SerializeToString()


@given(start=st.integers(0, len(SOUND)), length=st.integers(0, 6), junk=st.binary(max_size=6))
@settings(max_examples=150, deadline=None)
def test_spoilt_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, junk: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoilt.onnx"
    path.write_bytes(SOUND[:start] + junk + SOUND[start + length :])
    message = samples.refusal(read_onnx, path)
    assert not message or "spoilt.onnx" in message
