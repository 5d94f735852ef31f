from __future__ import annotations

from itertools import islice
from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs import onnx_samples as made
from tests.inputs.onnx_samples import node
from tests.stages.small import accelerator
from zigzag_lab.cost.kernel import price
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.inputs import read_accelerator, read_onnx
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer


def only_layer(model: Any, **options: Any) -> Layer:
    (layer,) = read_onnx(model, **options).layers
    return layer


def deep(**attributes: Any) -> Layer:
    return only_layer(made.conv_model((2, 4, 6, 8, 10), (6, 2, 1, 2, 3), group=2, **attributes))


def test_a_convolution_over_depth_has_a_third_window() -> None:
    layer = deep(strides=[1, 2, 1], pads=[0, 1, 2, 0, 1, 0])
    assert layer.equation == "O[b][g][k][oz][oy][ox]+=W[g][k][c][fz][fy][fx]*I[b][g][c][iz][iy][ix]"
    assert [str(r) for r in layer.relations] == ["ix=1*ox+1*fx", "iy=2*oy+1*fy", "iz=1*oz+1*fz"]
    sizes = layer.loop_sizes
    assert [sizes[d] for d in ("B", "G", "K", "C", "OZ", "OY", "OX", "FZ", "FY", "FX")] == [
        2,
        2,
        3,
        2,
        6,
        5,
        10,
        1,
        2,
        3,
    ]
    assert layer.data_sizes == {"IX": 10, "IY": 8, "IZ": 6}
    assert layer.padding == {"IZ": (0, 0), "IY": (1, 1), "IX": (2, 0)}
    assert layer.tensor_elems("I") == 2 * 4 * 6 * 8 * 10
    assert layer.n_macs == 2 * 6 * 6 * 5 * 10 * 2 * 6


def test_three_windows_have_the_same_price_in_both_cost_models() -> None:
    layer = only_layer(made.conv_model((1, 4, 4, 4, 4), (4, 4, 2, 2, 3), pads=[0, 0, 1, 0, 0, 1]))
    array, constraints = read_accelerator(accelerator()), MappingConstraints()
    n_compared = 0
    for spatial in spatial_mappings(layer, array, constraints, 2)[:4]:
        problem = Problem.of(layer, array, constraints, spatial)
        for batch in islice(temporal_mappings(problem, 5), 1):
            prices = price(batch)
            for index in range(0, len(batch), max(1, len(batch) // 10)):
                one = evaluate(problem, TemporalMapping.of(layer, batch.allocated(index)))
                assert prices.energy_pj[index] == pytest.approx(one.energy_pj, rel=1e-12)
                assert prices.latency_cycles[index] == pytest.approx(one.latency_cycles, rel=1e-12)
                n_compared += 1
    assert n_compared > 10


def test_four_directions_are_too_many() -> None:
    model = made.conv_model((1, 3, 4, 4, 4, 4), (4, 3, 1, 1, 1, 1))
    with pytest.raises(InputError, match="expected a convolution over one to three dimensions"):
        read_onnx(model)


def transposed(x: tuple[int, ...], w: tuple[int, ...], **attributes: Any) -> Layer:
    model = made.model([node("ConvTranspose", "x w", "y", "up", **attributes)], {"x": x}, {"w": w})
    return only_layer(model)


@given(
    n_slides=st.integers(1, 3), kernel=st.integers(1, 5), stride=st.integers(1, 4), dilation=st.integers(1, 2),
    group=st.integers(1, 2),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_transposed_convolution_multiplies_each_pixel_by_the_whole_window(
    n_slides: int, kernel: int, stride: int, dilation: int, group: int
) -> None:
    x, w = (2, 2 * group, *(5 + i for i in range(n_slides))), (2 * group, 3, *[kernel] * n_slides)
    layer = transposed(x, w, strides=[stride] * n_slides, dilations=[dilation] * n_slides, group=group)
    assert layer.n_macs == prod(x) * prod(w[1:])
    assert layer.tensor_elems("W") == prod(w)
    assert layer.tensor_elems("I") == prod(x)
    assert layer.tensor_elems("O") >= 2 * 3 * group * min(stride, kernel) ** n_slides * prod(x[2:]) / dilation**n_slides


def test_upsampling_by_two_makes_four_pixels_of_one() -> None:
    layer = transposed((1, 8, 10, 12), (8, 3, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
    sizes = layer.loop_sizes
    assert [sizes[d] for d in ("C", "K", "OY", "OX", "FY", "FX")] == [8, 12, 10, 12, 2, 2]
    assert layer.tensor_elems("O") == 3 * 20 * 24  # the operator's own output
    assert layer.operator_type == "ConvTranspose"


def test_weights_that_do_not_fit_a_transposed_convolution() -> None:
    model = made.model([node("ConvTranspose", "x w", "y", "up")], {"x": [1, 8, 4, 4]}, {"w": [6, 3, 2, 2]})
    with pytest.raises(InputError, match="node up: 1 groups of weights"):
        read_onnx(model)


POOLS = [
    ("MaxPool", {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 0]}, 4 * 4 * 3 * 2, {"IX": 8, "IY": 8}),
    ("AveragePool", {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}, 8 * 8 * 2 * 2, {"IX": 8, "IY": 8}),
    ("GlobalAveragePool", {}, 8 * 8, {"IX": 8, "IY": 8}),
]


@pytest.mark.parametrize(("kind", "attributes", "n_each", "data"), POOLS)
def test_poolings_on_request(kind: str, attributes: dict[str, Any], n_each: int, data: dict[str, int]) -> None:
    model = made.model([node("Conv", "x w", "y"), node(kind, "y", "z", "pool", **attributes)], {"x": [2, 3, 8, 8]},
                       {"w": [5, 3, 1, 1]})  # fmt: skip
    assert [layer.operator_type for layer in read_onnx(model).layers] == ["Conv"]
    pool = read_onnx(model, price_all=True).layers[1]
    assert pool.equation == "O[b][g][oy][ox]+=I[b][g][iy][ix]"
    assert (pool.n_macs, pool.data_sizes) == (2 * 5 * n_each, data)
    assert (pool.sources, pool.constant_operands) == ({"I": 0}, ())
