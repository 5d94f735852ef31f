"""Workload files of ZigZag 3.9.1: a list of layers, each a nest of loops with an equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zigzag_lab.inputs.checked import Entry, open_source
from zigzag_lab.inputs.equation import read_equation, read_relation
from zigzag_lab.inputs.many_inputs import of_two_inputs
from zigzag_lab.vocab import FINAL_OUTPUT, InputError
from zigzag_lab.workload import DimensionRelation, Layer, Workload

OPERATOR_TYPES = (
    "Conv",
    "Conv_downsample",
    "Gemm",
    "Add",
    "Max",
    "Pool",
    "Pooling",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "MatMul",
    "ConvTranspose",
    "Einsum",
    "Mul",
    "Relu",
    "Softmax",
    "LSTM",
)
LARGEST_ID = 2**31 - 1
"""What a column of every database holds."""

_LAYER = {
    "id": "a number of its own",
    "operator_type": "such as Conv or Gemm",
    "equation": "such as O[b][k]+=I[b][c]*W[c][k]",
    "loop_dims": "a list of loop dimensions",
    "loop_sizes": "iterations of each loop",
    "operand_precision": "bits of an element of I, W, O and O_final",
}
_LAYER_OPTIONAL = {
    "name": "a name of its own",
    "dimension_relations": "sliding windows such as ix=2*ox+1*fx",
    "operand_source": "id of the layer that makes an input; its own id for constants",
    "pr_loop_dims": "data dimensions such as [IX, IY]",
    "pr_loop_sizes": "their sizes without padding",
    "padding": "elements before and after, for each of pr_loop_dims",
}


def read_workload(source: str | Path | Sequence[Mapping[str, Any]], name: str | None = None) -> Workload:
    """Read a workload of hand-written layers.

    Operands may have any names (mapping files then link those names to memories), and loops too. A layer of three or
    more inputs becomes a chain of layers of two (see :mod:`zigzag_lab.inputs.many_inputs`).

    Args:
        source: path of a YAML file in ZigZag 3.9.1's format, or its content as a list of plain mappings.
        name: what to call the workload; the file's stem where absent.

    Raises:
        InputError: the file cannot be read, a layer says nothing sensible, or the layers form no acyclic graph.
    """
    top = open_source(source, "workload")
    layers: dict[str, Layer] = {}
    for element in top.elements("a list of layers, each starting with '- id: ...'"):
        layer = _read_layer(element)
        if layer.name in layers:
            hint = "Rename it, or leave the name out to get Layer{id}."
            raise element.error(f"two layers are called {layer.name}", "a name of its own each", hint)
        layers[layer.name] = layer
    if not layers:
        raise top.error("there are no layers", "at least one layer")
    default = Path(source).stem if isinstance(source, (str, Path)) else "workload"
    try:
        workload = Workload(name or default, of_two_inputs(tuple(layers.values())))
        _ = workload.layers  # finds cycles
    except InputError as error:
        raise _placed(top.where, error) from None
    return workload


def _placed(where: str, error: InputError) -> InputError:
    """The same error, with the file in front of the place."""
    return InputError(f"{where}: {error.where}", error.found, error.expected, error.hint)


def _read_layer(entry: Entry) -> Layer:
    fields = entry.table(_LAYER, _LAYER_OPTIONAL)
    identity = fields["id"].integer("a number of its own")
    if abs(identity) > LARGEST_ID:
        raise fields["id"].error(f"found {identity}", f"a number of its own, of at most {LARGEST_ID}")
    operand_dims, combine = read_equation(fields["equation"])
    loop_sizes = _read_loops(fields)
    relations = _read_relations(fields, loop_sizes)
    data_sizes, padding = _read_windows(entry, fields, relations)
    sources = _read_sources(fields.get("operand_source"), tuple(operand_dims))
    try:
        layer = Layer(
            id=identity,
            name=fields["name"].text("a name of its own") if "name" in fields else f"Layer{identity}",
            operator_type=fields["operator_type"].choice(OPERATOR_TYPES, "an operator type"),
            operand_dims=operand_dims,
            loop_sizes=loop_sizes,
            relations=relations,
            precision_bits=_read_precision(fields["operand_precision"], tuple(operand_dims)),
            constant_operands=tuple(op for op, source in sources.items() if source == identity),
            sources={op: source for op, source in sources.items() if source != identity},
            padding=padding,
            combine=combine,
        )
    except InputError as error:
        raise _placed(entry.where, error) if error.where.startswith("layer ") else error from None
    layer = replace(layer, data_sizes={**layer.data_sizes, **data_sizes})
    for dim, size in layer.data_sizes.items():
        if size < 1:
            raise entry.error(
                f"data dimension {dim} has {size} elements without padding", "1 or more", "Check 'padding'."
            )
    return layer


def _read_loops(fields: dict[str, Entry]) -> dict[str, int]:
    dims = [e.text("a loop dimension such as K", r"\w+").upper() for e in fields["loop_dims"].elements()]
    sizes = [e.integer("iterations of a loop", 1) for e in fields["loop_sizes"].elements()]
    if len(dims) != len(sizes):
        raise fields["loop_sizes"].error(f"{len(sizes)} sizes for {len(dims)} loops", "one size for each of loop_dims")
    for dim in dims:
        if dims.count(dim) > 1:
            raise fields["loop_dims"].error(f"loop {dim} stands twice", "each loop once")
    return dict(zip(dims, sizes, strict=True))


def _read_relations(fields: dict[str, Entry], loop_sizes: dict[str, int]) -> tuple[DimensionRelation, ...]:
    relations: dict[str, DimensionRelation] = {}
    for element in fields["dimension_relations"].elements() if "dimension_relations" in fields else ():
        relation = read_relation(element)
        if relation.data_dim in relations:
            raise element.error(f"{relation.data_dim} is related twice", "one relation a data dimension")
        if relation.data_dim in loop_sizes:
            raise element.error(
                f"{relation.data_dim} is a loop too", "a data dimension that is no loop", "Take it out of loop_dims."
            )
        relations[relation.data_dim] = relation
    return tuple(relations.values())


def _read_precision(entry: Entry, operands: tuple[str, ...]) -> dict[str, int]:
    """Bits an element; of the result under the name ``O_final``, whatever the output is called."""
    output, inputs = operands[0], operands[1:]
    final = f"{output}_final"
    required = {output: "bits of a partial sum", final: "bits of a result"}
    fields = entry.table(required, {op: f"bits of an element of {op}" for op in inputs if op not in required})
    bits = {op: fields[op].integer("bits of an element", 0) for op in entry.items() if op in fields}
    return {FINAL_OUTPUT if op == final else op: n for op, n in bits.items()}


def _read_sources(entry: Entry | None, operands: tuple[str, ...]) -> dict[str, int]:
    inputs = {op: f"id of the layer that makes {op}" for op in operands[1:]}
    fields = entry.table({}, inputs) if entry else {}
    return {op: source.integer("id of a layer") for op, source in fields.items()}


def _read_windows(
    entry: Entry, fields: dict[str, Entry], relations: tuple[DimensionRelation, ...]
) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
    """Sizes of the data dimensions as the file gives them, and their padding; each may be empty."""
    known = {r.data_dim for r in relations}
    for key in ("padding", "pr_loop_sizes"):
        if key in fields and "pr_loop_dims" not in fields:
            raise fields[key].error(
                f"'{key}' without 'pr_loop_dims'", "the data dimensions it belongs to", "Add 'pr_loop_dims: [IX, IY]'."
            )
    dims: list[str] = []
    for element in fields["pr_loop_dims"].elements() if "pr_loop_dims" in fields else ():
        dim = element.text("a data dimension such as IX").upper()
        if dim not in known or dim in dims:
            found = f"{dim} stands twice" if dim in dims else f"{dim} stands in no dimension relation"
            raise element.error(found, f"one of {', '.join(sorted(known))}" if known else "no data dimension at all")
        dims.append(dim)
    sizes = fields["pr_loop_sizes"].elements() if "pr_loop_sizes" in fields else []
    padding = fields["padding"].elements() if "padding" in fields else []
    for key, values in (("pr_loop_sizes", sizes), ("padding", padding)):
        if values and len(values) != len(dims):
            raise fields[key].error(
                f"{len(values)} values for {len(dims)} data dimensions", "one for each of pr_loop_dims"
            )
    return (
        {dim: size.integer("elements along a data dimension", 1) for dim, size in zip(dims, sizes, strict=False)},
        {dim: _read_pair(pair) for dim, pair in zip(dims, padding, strict=False)},
    )


def _read_pair(entry: Entry) -> tuple[int, int]:
    pair = [e.integer("elements of padding", 0) for e in entry.elements("two numbers: before and after")]
    if len(pair) != 2:
        raise entry.error(f"found {len(pair)} numbers", "two numbers: before and after")
    return pair[0], pair[1]
