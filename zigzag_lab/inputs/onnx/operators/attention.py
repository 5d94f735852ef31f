"""Attention operators, of ONNX and of ONNX Runtime, replaced by the two products and the operators they stand for.

Scores are products of all queries and all keys, those of the past included: what a mask, a window or causality leaves
out is computed all the same, as by hardware that multiplies whole matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from zigzag_lab.inputs.onnx.registry import replaced_by
from zigzag_lab.inputs.onnx.replacement import Replacement

_HEADS_APART = (0, 2, 1, 3)
_ROWS_AND_COLUMNS = (0, 1, 3, 2)


def _heads_apart(e: Replacement, tensor: str, n_heads: int) -> str:
    """``[batch, rows, heads * size]`` as ``[batch, heads, rows, size]``."""
    return e.transposed(e.reshaped(tensor, (0, 0, n_heads, -1)), _HEADS_APART)


def _side_by_side(e: Replacement, tensor: str, output: str) -> None:
    """``[batch, heads, rows, size]`` as ``[batch, rows, heads * size]``."""
    e.reshaped(e.transposed(tensor, _HEADS_APART), (0, 0, -1), output)


def _products(e: Replacement, q: str, k: str, v: str, n_heads: int, n_shared: int, output: str = "") -> tuple[str, str]:
    """The weighted sums of values, and the scores, from queries, keys and values whose heads are apart.

    There are ``n_heads`` of queries, and ``n_shared`` of keys and values; each of these serves as many of the former.
    """
    is_grouped = n_shared != n_heads
    q = e.reshaped(q, (0, n_shared, -1, 0)) if is_grouped else q
    scores = e.add("MatMul", [q, e.transposed(k, _ROWS_AND_COLUMNS)], part="scores")
    weights = e.add("Softmax", [scores], part="softmax", axis=-1)
    sums = e.add("MatMul", [weights, v], "" if is_grouped else output, part="sums")
    return (e.reshaped(sums, (0, n_heads, -1, 0), output) if is_grouped else sums), scores


def _with_past(e: Replacement, past: str, new: str, output: str) -> str:
    """Keys or values with those of earlier steps; where both share a buffer, all of the buffer."""
    joined = past if past and e.integer("past_present_share_buffer") else new
    if past and joined == new:
        joined = e.add("Concat", [past, new], part="past", axis=2)
    e.copy(joined, output)
    return joined


def _queries_keys_values(e: Replacement, packed: Sequence[str], n_heads: int, n_shared: int) -> tuple[str, str, str]:
    """The three with their heads apart; each head of keys and values serves as many of the queries."""
    return (
        _heads_apart(e, packed[0], n_heads),
        _heads_apart(e, packed[1], n_shared),
        _heads_apart(e, packed[2], n_shared),
    )


def _n_heads(e: Replacement, key: str = "num_heads") -> tuple[int, int]:
    """How many heads there are of queries, and of keys and values."""
    n_heads, n_shared = e.integer(key), e.positive("kv_num_heads")
    e.require(n_heads % n_shared == 0)
    return n_heads, n_shared


def _of_onnx(e: Replacement) -> None:
    """``Attention`` of ONNX: heads apart, or side by side where their number is given."""
    q, k, v = (e.input(place) for place in range(3))
    is_flat = e.integer("q_num_heads") > 0
    e.require(v)
    if is_flat:
        n_heads, n_shared = _n_heads(e, "q_num_heads")
        q, k, v = _queries_keys_values(e, (q, k, v), n_heads, n_shared)
    else:  # not even where the network is given them are they weights
        n_heads, n_shared = e.sizes(q, 4, 4)[1], e.sizes(k, 4, 4)[1]
        e.require(n_shared > 0 and n_heads % n_shared == 0)
        q, v = (e.add("Identity", [tensor], part="given") for tensor in (q, v))
    k = _with_past(e, e.input(4), k, e.output(1))
    v = _with_past(e, e.input(5), v, e.output(2))
    sums, scores = _products(e, q, k, v, n_heads, n_shared, "" if is_flat else e.output(0))
    if is_flat:
        _side_by_side(e, sums, e.output(0))
    e.copy(scores, e.output(3))


def _multi_head(e: Replacement, past: int) -> None:
    """Queries, keys and values beside each other or packed into one tensor; keys and values perhaps with heads apart.

    ``past`` is which input is the past of the keys; that of the values follows.
    """
    q, k, v = (e.input(place) for place in range(3))
    n_heads, is_new = e.positive("num_heads"), True
    if k and v:
        apart = {name: len(e.shape(name) or ()) == 4 for name in (k, v)}
        q = _heads_apart(e, q, n_heads)
        k, v = (
            e.add("Identity", [name], part="given") if apart[name] else _heads_apart(e, name, n_heads)
            for name in (k, v)
        )
        is_new = not any(apart.values())
    else:
        packed, n_parts = (k, 2) if k else (q, 3)
        parts = e.parts(packed, 3, [1] * n_parts)
        flat = [_heads_apart(e, e.reshaped(part, (0, 0, -1)), n_heads) for part in parts]
        q, k, v = flat if not k else (_heads_apart(e, q, n_heads), *flat)
    k = _with_past(e, e.input(past) if is_new else "", k, e.output(1))
    v = _with_past(e, e.input(past + 1) if is_new else "", v, e.output(2))
    _finish(e, q, k, v, n_heads, scores=e.output(3))


def _finish(e: Replacement, q: str, k: str, v: str, n_heads: int, n_shared: int = 0, scores: str = "") -> None:
    """The products of queries, keys and values, as the first output, and the scores where they are wanted."""
    sums, made = _products(e, q, k, v, n_heads, n_shared or n_heads)
    _side_by_side(e, sums, e.output(0))
    e.copy(made, scores)


def _grouped(e: Replacement) -> None:
    """Heads of queries that share keys and values; the three may be packed side by side."""
    packed: Sequence[str] = [e.input(place) for place in range(3)]
    n_heads, n_shared = _n_heads(e)
    if not packed[1]:
        width, n_all = e.sizes(packed[0])[-1], n_heads + 2 * n_shared
        e.require(width % n_all == 0)
        packed = e.parts(packed[0], 2, [n * (width // n_all) for n in (n_heads, n_shared, n_shared)])
    q, k, v = _queries_keys_values(e, packed, n_heads, n_shared)
    k = _within(e, e.input(3), k, e.output(1))
    v = _within(e, e.input(4), v, e.output(2))
    _finish(e, q, k, v, n_heads, n_shared)


def _within(e: Replacement, past: str, new: str, output: str) -> str:
    """Keys or values with those of earlier steps; of a buffer of known length, the part that is filled."""
    total, buffer = e.numbers(e.input(6)), e.shape(past) if past else None
    n = total[0] if total else 0
    if buffer is None or len(buffer) != 4 or not 0 < n <= buffer[2]:
        return _with_past(e, past, new, output)
    e.copy(past, output)
    return e.parts(past, 2, [n, buffer[2] - n])[0] if n < buffer[2] else past


def _projection(e: Replacement, axis: int) -> list[str]:
    """Queries, keys and values, side by side along an axis of one product."""
    _, width = e.sizes(e.input(1), 2, 2)
    sizes = e.integers("qkv_hidden_sizes") or [width // 3] * 3
    e.require(len(sizes) == 3 and sum(sizes) == width)
    return e.parts(e.add("MatMul", [e.input(0), e.input(1)], part="projection"), axis, sizes)


def _projected(e: Replacement, past: int) -> None:
    """One product makes queries, keys and values side by side; input ``past`` is that of keys and values, in one."""
    n_heads = e.positive("num_heads")
    q, k, v = _queries_keys_values(e, _projection(e, 2), n_heads, n_heads)
    if earlier := e.input(past):
        both, shape = e.parts(earlier, 0, [1, 1]), e.sizes(earlier, 5, 5)
        k, v = (_with_past(e, e.reshaped(old, shape[1:]), new, "") for old, new in zip(both, (k, v), strict=True))
    if e.output(1) and (sides := e.shape(k)) is not None:
        rows = [e.reshaped(tensor, (1, *sides)) for tensor in (k, v) if e.shape(tensor) == sides]
        e.add("Concat", rows, e.output(1), part="present", axis=0)
    _finish(e, q, k, v, n_heads)


def _projected_apart(e: Replacement) -> None:
    """Three products of integers make queries, keys and values."""
    n_heads = e.positive("num_heads")
    e.require(e.input(7))
    made = [e.add("MatMul", [e.input(0), e.input(5 + i)], part=f"projection of {x}") for i, x in enumerate("qkv")]
    _finish(e, *_queries_keys_values(e, made, n_heads, n_heads), n_heads)


def _of_tokens(e: Replacement, offsets: int, *, is_projected: bool) -> None:
    """Sequences without padding, one after the other; scores are those of padded ones, as they are computed.

    Input ``offsets`` tells where each token stands in the padded sequences; where it ``is_projected``, the operator
    makes queries, keys and values itself.
    """
    n_heads, first = e.positive("num_heads"), e.sizes(e.input(0), 0)
    e.sizes(e.input(offsets), 0)
    if is_projected:
        tensors = _projection(e, 1)
    elif len(first) == 4:
        tensors = [e.reshaped(part, (0, -1)) for part in e.parts(e.input(0), 2, [1, 1, 1])]
    else:
        tensors = [e.input(place) for place in range(3)]
    padded = [e.add("Gather", [tensor, e.input(offsets)], part="padding", axis=0) for tensor in tensors]
    q, k, v = _queries_keys_values(e, padded, n_heads, n_heads)
    sums, _ = _products(e, q, k, v, n_heads, n_heads)
    flat = e.reshaped(e.transposed(sums, _HEADS_APART), (-1, (e.shape(v) or (0, 0, 0, 0))[3] * n_heads))
    tokens = e.weight((first[0],))
    e.add("Gather", [flat, e.add("Cast", [tokens], part="tokens", to=7)], e.output(0), part="packing", axis=0)


def _linear(e: Replacement) -> None:
    """Attention without scores: keys and values of all steps make one state, by which the queries are multiplied.

    As for recurrent cells, all steps are one product; that a step waits for the one before it is not modelled.
    """
    e.positive("q_num_heads")
    n_heads, n_shared = _n_heads(e, "q_num_heads")
    q, k, v = _queries_keys_values(e, [e.input(place) for place in range(3)], n_heads, n_shared)
    state = e.add("MatMul", [e.transposed(k, _ROWS_AND_COLUMNS), v], part="state")
    if "update_rule" in e.given and b"delta" in e.given["update_rule"].s:
        e.add("MatMul", [k, state], part="recall")
    sums = e.add("MatMul", [e.reshaped(q, (0, n_shared, -1, 0)), state], part="sums")
    _side_by_side(e, e.reshaped(sums, (0, n_heads, -1, 0)), e.output(0))
    e.copy(state, e.output(1))


replaced_by({"Attention": _of_onnx, "LinearAttention": _linear}, multiplies=True)
replaced_by(
    {
        "LinearAttention": _linear,
        "Attention": partial(_projected, past=4),
        "QAttention": partial(_projected, past=8),
        "DecoderMaskedSelfAttention": partial(_projected, past=4),
        "QOrderedAttention": _projected_apart,
        "MultiHeadAttention": partial(_multi_head, past=6),
        "DecoderMaskedMultiHeadAttention": partial(_multi_head, past=5),
        "GroupQueryAttention": _grouped,
        "PackedAttention": partial(_of_tokens, offsets=3, is_projected=True),
        "PackedMultiHeadAttention": partial(_of_tokens, offsets=4, is_projected=False),
    },
    domain="com.microsoft",
    multiplies=True,
)
