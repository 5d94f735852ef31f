"""Random small layers: every kind of operator, odd sizes, few prime factors."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zigzag_lab.vocab import FINAL_OUTPUT
from zigzag_lab.workload import DimensionRelation, Layer

MAX_MACS = 1_000_000
MAX_FACTORS = 8
"""Prime factors of all loops together, before any is unrolled."""

BATCH = (1, 1, 1, 2, 3)
SMALL = (1, 2, 3, 5, 4, 7)
CHANNELS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 21, 24, 33)
LARGE = (75, 82, 100, 146, 157, 206, 400, 1000)
"""Sizes for which an unrolling over 12, 14 or 63 is fractional, and sometimes rounds badly."""

KERNEL = (1, 3, 2, 5, 4, 7)


def chance(rng: Random, percent: int) -> bool:
    """True in ``percent`` of the cases; false is the simpler outcome."""
    return rng.randrange(100) >= 100 - percent


def random_layer(rng: Random, max_factors: int = MAX_FACTORS) -> Layer:
    """A layer of a random kind, of at most so many prime factors; four or five keep a whole search quick."""
    kind = rng.choice([_gemm, _conv, _conv, _conv, _depthwise, _pooling, _add, _matmul, _conv_1d])
    return kind(rng, 2 if chance(rng, 5) else max_factors)


def n_prime_factors(n: int) -> int:
    """Number of prime factors, counted with multiplicity."""
    count, p = 0, 2
    while n > 1:
        while n % p == 0:
            n //= p
            count += 1
        p += 1
    return count


def _sizes(rng: Random, max_factors: int, pools: dict[str, Sequence[int]]) -> dict[str, int]:
    """A size for each dimension, within the limits on operations and prime factors together."""
    macs, factors = 1, 0
    sizes = dict.fromkeys(pools, 1)
    for dim in rng.sample(sorted(pools), len(pools)):
        pool = [*pools[dim], *LARGE] if dim in ("K", "C", "D", "OX") and chance(rng, 12) else pools[dim]
        fitting = [s for s in pool if s * macs <= MAX_MACS and factors + n_prime_factors(s) <= max_factors]
        sizes[dim] = rng.choice(fitting)
        macs *= sizes[dim]
        factors += n_prime_factors(sizes[dim])
    return sizes


def _precision(rng: Random) -> dict[str, int]:
    """Bits of weights, activations, partial sums and results."""
    partial = rng.choice((16, 16, 24, 32, 8))
    return {
        "W": rng.choice((8, 8, 8, 4, 16, 2)),
        "I": rng.choice((8, 8, 8, 4, 16)),
        "O": partial,
        FINAL_OUTPUT: rng.choice((8, 8, partial, 16)),
    }


def _two_inputs(rng: Random, o: str, w: str, i: str) -> dict[str, tuple[str, ...]]:
    """Operands in one of the two orders that files have, from dimensions such as ``B K OY OX``."""
    dims = {"O": tuple(o.split()), "W": tuple(w.split()), "I": tuple(i.split())}
    order = ("O", "I", "W") if chance(rng, 40) else ("O", "W", "I")
    return {op: dims[op] for op in order}


def _constants(rng: Random) -> tuple[str, ...]:
    """Which operands are weights: usually W; both in a first layer; none where two layers meet."""
    return rng.choice((("W",), ("W",), ("W",), ("W", "I"), ("I", "W"), ()))


def _sliding(rng: Random, sizes: dict[str, int], axes: str = "XY") -> dict[str, object]:
    """Strides, dilations and padding along the axes; sometimes the extent is given instead of derived."""
    relations = tuple(
        DimensionRelation(f"I{a}", f"O{a}", rng.choice((1, 1, 2, 3)), f"F{a}", rng.choice((1, 1, 1, 2, 3)))
        for a in axes
    )
    full = {r.data_dim: r.extent(sizes[r.dim_a], sizes[r.dim_b]) for r in relations}
    if chance(rng, 20):
        return {"relations": relations, "data_sizes": {d: rng.randint(max(1, n // 2), n) for d, n in full.items()}}
    if chance(rng, 50):
        return {"relations": relations, "padding": {d: _pads(rng, n) for d, n in full.items()}}
    return {"relations": relations}


def _pads(rng: Random, extent: int) -> tuple[int, int]:
    """Elements of padding before and after, so that at least one real element stays."""
    before = rng.randint(0, min(3, (extent - 1) // 2))
    return before, rng.randint(0, min(3, (extent - 1) // 2))


def _layer(
    rng: Random, kind: str, operands: dict[str, tuple[str, ...]], sizes: dict[str, int], **more: object
) -> Layer:
    """A layer whose loops stand in a random order."""
    fields: dict[str, object] = {"constant_operands": _constants(rng), "precision_bits": _precision(rng), **more}
    order = list(sizes)
    if chance(rng, 30):
        rng.shuffle(order)
    return Layer(0, f"random_{kind.lower()}", kind, operands, {dim: sizes[dim] for dim in order}, **fields)  # type: ignore[arg-type]


def _conv(rng: Random, max_factors: int) -> Layer:
    """A convolution, in groups or not, in the shape of ONNX or of a workload file."""
    pools: dict[str, Sequence[int]] = {"B": BATCH, "K": CHANNELS}
    grouped = chance(rng, 40)
    if grouped:
        pools["G"] = SMALL
    pools |= {"OX": CHANNELS, "OY": SMALL, "C": CHANNELS, "FX": KERNEL, "FY": KERNEL}
    sizes = _sizes(rng, max_factors, pools)
    g = "G " if grouped else ""
    operands = _two_inputs(rng, f"B {g}K OY OX", f"{g}K C FY FX", f"B {g}C IY IX")
    return _layer(rng, "Conv", operands, sizes, **_sliding(rng, sizes))


def _conv_1d(rng: Random, max_factors: int) -> Layer:
    """A convolution along one axis."""
    sizes = _sizes(rng, max_factors, {"B": BATCH, "K": CHANNELS, "C": CHANNELS, "OX": CHANNELS, "FX": KERNEL})
    return _layer(rng, "Conv", _two_inputs(rng, "B K OX", "K C FX", "B C IX"), sizes, **_sliding(rng, sizes, "X"))


def _depthwise(rng: Random, max_factors: int) -> Layer:
    """One filter for each channel."""
    sizes = _sizes(
        rng, max_factors, {"B": BATCH, "G": CHANNELS, "OY": SMALL, "OX": CHANNELS, "FY": KERNEL, "FX": KERNEL}
    )
    operands = _two_inputs(rng, "B G OY OX", "G FY FX", "B G IY IX")
    return _layer(rng, "Conv", operands, sizes, **_sliding(rng, sizes))


def _pooling(rng: Random, max_factors: int) -> Layer:
    """A window without weights: the second input has elements of 0 bits."""
    sizes = _sizes(rng, max_factors, {"B": BATCH, "G": CHANNELS, "OY": SMALL, "OX": SMALL, "FX": KERNEL, "FY": KERNEL})
    operands = _two_inputs(rng, "B G OY OX", "FX FY", "B G IY IX")
    no_bits = _precision(rng) | {"W": 0}
    return _layer(rng, "Pooling", operands, sizes, precision_bits=no_bits, **_sliding(rng, sizes))


def _gemm(rng: Random, max_factors: int) -> Layer:
    """A matrix product."""
    sizes = _sizes(rng, max_factors, {"C": CHANNELS, "D": CHANNELS, "K": CHANNELS})
    return _layer(rng, "Gemm", _two_inputs(rng, "D K", "C K", "D C"), sizes)


def _matmul(rng: Random, max_factors: int) -> Layer:
    """A batch of matrix products, both factors computed by layers or one of them a weight."""
    sizes = _sizes(rng, max_factors, {"C": CHANNELS, "D": CHANNELS, "K": CHANNELS, "B": SMALL, "H": SMALL})
    operands = _two_inputs(rng, "B H D K", rng.choice(("B H C K", "C K")), "B H D C")
    return _layer(rng, "MatMul", operands, sizes, constant_operands=rng.choice(((), ("W",))))


def _add(rng: Random, max_factors: int) -> Layer:
    """An element-wise addition; now and then one side is broadcast."""
    sizes = _sizes(rng, max_factors, {"B": BATCH, "G": CHANNELS, "OY": SMALL, "OX": CHANNELS})
    operands = _two_inputs(rng, "B G OY OX", rng.choice(("B G OY OX", "G")), "B G OY OX")
    return _layer(rng, "Add", operands, sizes, combine="+", constant_operands=())
