"""The encoder of BERT-base: twelve transformer layers over a sequence of 128 tokens."""

from __future__ import annotations

from onnx import ModelProto

from zigzag_lab.inputs.presets.networks.builder import NetworkBuilder

N_LAYERS = 12
SEQUENCE = 128
HIDDEN = 768
N_HEADS = 12
FEED_FORWARD = 3072


def bert_base_encoder() -> ModelProto:
    """BERT-base from the embeddings on: queries, keys, values, attention, projections and feed-forward layers.

    The two products of attention, queries by keys and scores by values, have no constant operand.
    """
    net = NetworkBuilder("bert_base_encoder", "embeddings", (1, SEQUENCE, HIDDEN))
    x = net.input
    for i in range(N_LAYERS):
        x = _layer(net, f"/layer.{i}", x)
    return net.build(x)


def _layer(net: NetworkBuilder, at: str, x: str) -> str:
    attended = _attention(net, f"{at}/attention", x)
    x = _project_and_add(net, f"{at}/attention/output", attended, x, HIDDEN)
    y = net.add("Gelu", f"{at}/intermediate/act", _dense(net, f"{at}/intermediate/dense", x, HIDDEN, FEED_FORWARD))
    return _project_and_add(net, f"{at}/output", y, x, FEED_FORWARD)


def _attention(net: NetworkBuilder, at: str, x: str) -> str:
    """Softmax(Q K^T / 8) V, with the heads as the second axis."""
    query = _heads(net, f"{at}/query", x, (0, 2, 1, 3))
    key = _heads(net, f"{at}/key", x, (0, 2, 3, 1))
    value = _heads(net, f"{at}/value", x, (0, 2, 1, 3))
    scores = net.add("MatMul", f"{at}/scores", query, key)
    scaled = net.add("Div", f"{at}/scores", scores, net.numbers("root_of_head_size", float(HIDDEN // N_HEADS) ** 0.5))
    context = net.add("MatMul", f"{at}/context", net.add("Softmax", at, scaled, axis=-1), value)
    joined = net.add("Transpose", f"{at}/context", context, perm=(0, 2, 1, 3))
    return net.add("Reshape", f"{at}/context", joined, net.numbers("joined_shape", [1, SEQUENCE, HIDDEN]))


def _heads(net: NetworkBuilder, at: str, x: str, order: tuple[int, ...]) -> str:
    """Project the tokens, and split the result into heads."""
    split = net.numbers("heads_shape", [1, SEQUENCE, N_HEADS, HIDDEN // N_HEADS])
    return net.add("Transpose", at, net.add("Reshape", at, _dense(net, at, x, HIDDEN, HIDDEN), split), perm=order)


def _project_and_add(net: NetworkBuilder, at: str, x: str, residual: str, n_in: int) -> str:
    """Project back to the hidden size, add what went around, and normalise."""
    total = net.add("Add", at, _dense(net, f"{at}/dense", x, n_in, HIDDEN), residual)
    path = at.strip("/").replace("/", ".")
    scale, shift = net.weight(f"{path}.LayerNorm.weight", HIDDEN), net.weight(f"{path}.LayerNorm.bias", HIDDEN)
    return net.add("LayerNormalization", f"{at}/LayerNorm", total, scale, shift, axis=-1)


def _dense(net: NetworkBuilder, at: str, x: str, n_in: int, n_out: int) -> str:
    """A linear layer over the last axis, as a product and a sum."""
    path = at.strip("/").replace("/", ".")
    product = net.add("MatMul", at, x, net.weight(f"{path}.weight", n_in, n_out))
    return net.add("Add", at, product, net.weight(f"{path}.bias", n_out))
