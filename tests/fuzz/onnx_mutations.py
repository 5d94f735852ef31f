"""Ways to spoil an ONNX model: node by node, where most of it stays plausible, and in its bytes."""

from __future__ import annotations

from random import Random
from typing import Any

from onnx import ModelProto, helper

from zigzag_lab.inputs.onnx.registry import RULES

COUNTS = ("K", "N", "bits", "num_heads", "kv_num_heads", "q_num_heads", "k", "transA", "transBatchB", "channels_last",
          "channels", "hidden_size", "past_present_share_buffer", "group", "onesided")  # fmt: skip
SIZES = (0, 1, 2, 3, -1, -2, 7, 13, 255, 2**31 - 1, 2**31, 2**62, -(2**63), 2**63 - 1, 100_000)
TEXTS = (b"SAME_UPPER", b"VALID", b"\xff", b"ij,jk->ik", b"...,...", b"ii,i->", b"i" * 50, b"bidirectional")
VERSIONS = (1, 6, 7, 9, 11, 13, 18, 23, 26, 1000, -1)
OPERATORS = (
    "Add", "ArgMax", "Attention", "Cast", "Concat", "Constant", "ConstantOfShape", "Conv", "ConvInteger",
    "ConvTranspose", "DequantizeLinear", "Div", "Einsum", "Expand", "GRU", "Gather", "Gemm", "GlobalAveragePool",
    "Identity", "If", "LSTM", "Loop", "MatMul", "MatMulInteger", "MaxPool", "Mystery", "QLinearAdd", "QLinearConv",
    "QLinearMatMul", "QuantizeLinear", "RNN", "Range", "ReduceSum", "Relu", "Reshape", "Scan", "Shape", "Slice",
    "Squeeze", "Sum", "Transpose", "Unsqueeze", "Where", "Tile", "Pad", "Max", "Mod", "NonZero", "TopK", "STFT", "DFT",
    "LinearAttention", "OneHot", "CumSum",
)  # fmt: skip


def spoil(seed: bytes, random: Random) -> bytes:
    """The bytes of a model with one to five things wrong, or unusual."""
    if random.random() < 0.2:
        start = random.randrange(len(seed) + 1)
        return seed[:start] + random.randbytes(random.randint(0, 5)) + seed[start + random.randint(0, 5) :]
    model = ModelProto.FromString(seed)
    for _ in range(random.randint(1, 5)):
        try:
            random.choice(CHANGES)(model, _any_graph(model, random), random)
        except (ValueError, TypeError, IndexError):  # the library's refusal to hold it, or nothing there to change
            continue
    return bytes(model.SerializeToString())


def _any_graph(model: Any, random: Random) -> Any:
    bodies = [a.g for node in model.graph.node for a in node.attribute if a.HasField("g")]
    return random.choice([model.graph, *bodies])


def _names(graph: Any) -> list[str]:
    nodes = [name for node in graph.node for name in (*node.input, *node.output)]
    return [*nodes, *(tensor.name for tensor in graph.initializer), ""]


def _attribute(model: Any, graph: Any, random: Random) -> None:
    attribute = random.choice([a for node in graph.node for a in node.attribute])
    if attribute.ints:
        attribute.ints[random.randrange(len(attribute.ints))] = random.choice(SIZES)
    elif attribute.type == attribute.INT:
        attribute.i = random.choice(SIZES)
    elif attribute.type == attribute.STRING:
        attribute.s = random.choice(TEXTS)
    elif attribute.HasField("t") and attribute.t.dims:
        attribute.t.dims[0] = random.choice(SIZES)
    else:
        attribute.type = random.randint(0, 14)


def _fewer_attributes(model: Any, graph: Any, random: Random) -> None:
    node = random.choice(graph.node)
    del node.attribute[random.randrange(len(node.attribute))]


def _operator(model: Any, graph: Any, random: Random) -> None:
    node = random.choice(graph.node)
    node.op_type = random.choice(OPERATORS)
    if random.random() < 0.4:
        node.domain, _, node.op_type = random.choice(sorted(RULES)).rpartition("::")
        for key in random.sample(COUNTS, 4):
            node.attribute.append(helper.make_attribute(key, random.choice((1, 2, 4, 8, random.choice(SIZES)))))


def _other_names(model: Any, graph: Any, random: Random) -> None:
    node = random.choice(graph.node)
    names = random.choice((node.input, node.input, node.output))
    names[random.randrange(len(names))] = random.choice(_names(graph))


def _more_inputs(model: Any, graph: Any, random: Random) -> None:
    random.choice(graph.node).input.append(random.choice(_names(graph)))


def _fewer_inputs(model: Any, graph: Any, random: Random) -> None:
    del random.choice(graph.node).input[-1]


def _twice(model: Any, graph: Any, random: Random) -> None:
    graph.node.add().CopyFrom(random.choice(graph.node))


def _fewer_nodes(model: Any, graph: Any, random: Random) -> None:
    del graph.node[random.randrange(len(graph.node))]


def _shape(model: Any, graph: Any, random: Random) -> None:
    value = random.choice([*graph.input, *graph.value_info, *graph.output])
    dims = value.type.tensor_type.shape.dim
    if dims and random.random() < 0.7:
        random.choice(dims).dim_value = random.choice(SIZES)
    elif dims and random.random() < 0.5:
        random.choice(dims).dim_param = "batch"
    elif dims:
        del dims[-1]
    else:
        dims.add().dim_value = random.choice(SIZES)


def _weight(model: Any, graph: Any, random: Random) -> None:
    tensor = random.choice(graph.initializer)
    if tensor.dims and random.random() < 0.7:
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice(SIZES)
    elif random.random() < 0.5:
        tensor.dims.append(random.choice(SIZES))
    else:
        tensor.data_type = random.randrange(24)


def _body(model: Any, graph: Any, random: Random) -> None:
    """A new If, Loop or Scan around nodes of the graph."""
    names = _names(graph)
    ends = [helper.make_tensor_value_info(random.choice(names), 1, None)]
    body = helper.make_graph([random.choice(graph.node) for _ in range(random.randint(0, 3))], "b", [], ends)
    kind = random.choice(("If", "Loop", "Scan"))
    bodies = {"then_branch": body, "else_branch": body} if kind == "If" else {"body": body}
    more = {"num_scan_inputs": random.choice((0, 1, 5))} if kind == "Scan" else {}
    inputs, outputs = [random.choice(names) for _ in range(random.randint(0, 3))], [random.choice(names)]
    graph.node.add().CopyFrom(helper.make_node(kind, inputs, outputs, **bodies, **more))


def _opset(model: Any, graph: Any, random: Random) -> None:
    for opset in model.opset_import:
        opset.version = random.choice(VERSIONS)


CHANGES = (
    _attribute, _attribute, _fewer_attributes, _operator, _other_names, _more_inputs, _fewer_inputs, _twice,
    _fewer_nodes, _shape, _shape, _weight, _body, _opset,
)  # fmt: skip
