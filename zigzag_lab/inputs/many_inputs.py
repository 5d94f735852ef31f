"""Layers of three or more inputs, as chains of layers of two: memories hold two inputs at most, I1 and I2.

``O += A * B * C`` becomes ``T = A * B`` and ``O += T * C``. In each layer of the chain, I is what has been combined so
far and W the next input, whatever they were called. T is as wide as a partial sum, and goes through memory like any
other result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT
from zigzag_lab.workload import Layer


def of_two_inputs(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers, with those of more than two inputs split.

    The last layer of a chain keeps the id and the name; those before it are called ``{name}.1``, ``{name}.2``, ...
    """
    free_id = max((layer.id for layer in layers), default=0) + 1
    flat: list[Layer] = []
    for layer in layers:
        if len(layer.input_operands) > 2:
            chain = _chain(layer, free_id)
            free_id += len(chain) - 1
            flat += chain
        else:
            flat.append(layer)
    return tuple(flat)


def _chain(layer: Layer, free_id: int) -> list[Layer]:
    first, *others = layer.input_operands
    dims, source, is_constant = layer.operand_dims[first], layer.sources.get(first), first in layer.constant_operands
    bits, chain = layer.precision_bits[first], []
    for step, operand in enumerate(others):
        is_last = step == len(others) - 1
        both = _loops(layer, (*dims, *layer.operand_dims[operand]))
        result = layer.operand_dims[layer.output_operand] if is_last else tuple(d for d, n in both.items() if n > 1)
        loops = dict(layer.loop_sizes) if is_last else both
        relations = tuple(r for r in layer.relations if set(r.loop_dims) <= set(loops))
        slides = {r.data_dim for r in relations}
        partial = layer.precision_bits[layer.output_operand]
        sources = {"I": source, "W": layer.sources.get(operand)}
        constants = {"I": is_constant, "W": operand in layer.constant_operands}
        link = replace(
            layer,
            id=layer.id if is_last else free_id + step,
            name=layer.name if is_last else f"{layer.name}.{step + 1}",
            operand_dims={"O": result, "I": dims, "W": layer.operand_dims[operand]},
            loop_sizes=loops,
            relations=relations,
            data_sizes={dim: size for dim, size in layer.data_sizes.items() if dim in slides},
            padding={dim: pads for dim, pads in layer.padding.items() if dim in slides},
            precision_bits={
                "I": bits,
                "W": layer.precision_bits[operand],
                OUTPUT: partial,
                FINAL_OUTPUT: layer.precision_bits[FINAL_OUTPUT] if is_last else partial,
            },
            constant_operands=tuple(op for op, constant in constants.items() if constant),
            sources={op: made_by for op, made_by in sources.items() if made_by is not None},
        )
        chain.append(link)
        dims, source, is_constant, bits = result, link.id, False, partial
    return chain


def _loops(layer: Layer, dims: Sequence[str]) -> dict[str, int]:
    """The loops that some dimensions stand for, a sliding window for two, in the order of the layer."""
    slides = {r.data_dim: r.loop_dims for r in layer.relations}
    wanted = {loop for dim in dims for loop in slides.get(dim, (dim,))}
    return {dim: size for dim, size in layer.loop_sizes.items() if dim in wanted} or {next(iter(layer.loop_sizes)): 1}
