"""Workload files of ZigZag 3.9.1: a list of layers, each a nest of loops with an equation.

Memories hold two inputs at most, I1 and I2, so that layers of three or more inputs become chains of layers of two:
``O += A * B * C`` becomes ``T = A * B`` and ``O += T * C``. In each layer of the chain, I is what has been combined so
far and W the next input, whatever they were called. T is as wide as a partial sum, and goes through memory like any
other result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from zigzag_lab.inputs.checked import Entry, open_source, read_each
from zigzag_lab.inputs.formats import workload as declared
from zigzag_lab.inputs.formats.keys import Fields
from zigzag_lab.vocab import FINAL_OUTPUT, OUTPUT, InputError
from zigzag_lab.workload import DimensionRelation, Layer, Workload


def read_workload(source: str | Path | Sequence[Mapping[str, object]], name: str | None = None) -> Workload:
    """Read a workload of hand-written layers.

    Operands may have any names (mapping files then link those names to memories), and loops too.

    Args:
        source: path of a YAML file in ZigZag 3.9.1's format, or its content as a list of plain mappings.
        name: what to call the workload; the file's stem where absent.

    Raises:
        InputError: the file cannot be read, a layer is invalid, or the layers form no acyclic graph.
    """
    top = open_source(source, "workload")
    layers: dict[str, Layer] = {}

    def read_layer(element: Entry) -> None:
        layer = _read_layer(element)
        if layer.name in layers:
            hint = "Rename it, or leave the name out to get Layer{id}."
            raise element.error(f"two layers are called {layer.name}", "a name of its own each", hint)
        layers[layer.name] = layer

    read_each(top.elements("a list of layers, each starting with '- id: ...'"), read_layer)
    if not layers:
        raise top.error("there are no layers", "at least one layer")
    default = Path(source).stem if isinstance(source, (str, Path)) else "workload"
    try:
        workload = Workload(name or default, of_two_inputs(tuple(layers.values())))
        _ = workload.layers  # finds cycles
    except InputError as error:
        raise error.within(top.where) from None
    return workload


def _read_layer(entry: Entry) -> Layer:
    fields = declared.LAYER.fields(entry)
    identity = fields.value(declared.ID)
    operand_dims, combine = read_equation(fields["equation"])
    loop_sizes = _read_loops(fields)
    relations = _read_relations(fields, loop_sizes)
    data_sizes, padding = _read_windows(entry, fields, relations)
    sources = _read_sources(fields.get("operand_source"), tuple(operand_dims))
    try:
        layer = Layer(
            id=identity,
            name=fields.value(declared.NAME) if "name" in fields else f"Layer{identity}",
            operator_type=fields.value(declared.OPERATOR),
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
        raise error.within(entry.where) if error.where.startswith("layer ") else error from None
    layer = replace(layer, data_sizes={**layer.data_sizes, **data_sizes})
    for dim, size in layer.data_sizes.items():
        if size < 1:
            raise entry.error(
                f"data dimension {dim} has {size} elements without padding", "1 or more", "Check 'padding'."
            )
    return layer


def _read_loops(fields: Fields) -> dict[str, int]:
    dims = [declared.LOOP.read(e, "a loop").upper() for e in fields["loop_dims"].elements()]
    sizes = [declared.ITERATIONS.read(e, "iterations of a loop") for e in fields["loop_sizes"].elements()]
    if len(dims) != len(sizes):
        raise fields["loop_sizes"].error(f"{len(sizes)} sizes for {len(dims)} loops", "one size for each of loop_dims")
    for dim in dims:
        if dims.count(dim) > 1:
            raise fields["loop_dims"].error(f"loop {dim} stands twice", "each loop once")
    return dict(zip(dims, sizes, strict=True))


def _read_relations(fields: Fields, loop_sizes: dict[str, int]) -> tuple[DimensionRelation, ...]:
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
    bits = {op: declared.BITS_OF_ELEMENT.read(fields[op], "bits of an element") for op in entry.items() if op in fields}
    return {FINAL_OUTPUT if op == final else op: n for op, n in bits.items()}


def _read_sources(entry: Entry | None, operands: tuple[str, ...]) -> dict[str, int]:
    inputs = {op: f"id of the layer that makes {op}" for op in operands[1:]}
    fields = entry.table({}, inputs) if entry else {}
    return {op: declared.ID_OF_LAYER.read(source, "id of a layer") for op, source in fields.items()}


def _read_windows(
    entry: Entry, fields: Fields, relations: tuple[DimensionRelation, ...]
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
        dim = declared.DATA_DIMENSION.read(element, declared.DATA_DIMENSION.words).upper()
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
        {
            dim: declared.ELEMENTS.read(size, "elements along a data dimension")
            for dim, size in zip(dims, sizes, strict=False)
        },
        {dim: _read_pair(pair) for dim, pair in zip(dims, padding, strict=False)},
    )


def _read_pair(entry: Entry) -> tuple[int, int]:
    pair = [
        declared.PADDING_ELEMENTS.read(e, "elements of padding")
        for e in entry.elements("two numbers: before and after")
    ]
    if len(pair) != 2:
        raise entry.error(f"found {len(pair)} numbers", "two numbers: before and after")
    return pair[0], pair[1]


_TERM = re.compile(declared.OPERAND_TERM)
_SIDES = re.compile(declared.SIDES)
_EXAMPLE = declared.EQUATION_FORM


def read_equation(entry: Entry) -> tuple[dict[str, tuple[str, ...]], str]:
    """Read an equation such as ``O[b][k]+=I[b][c]*W[c][k]``: one result, one input or more, of any names.

    Returns:
        Operand -> its dimensions in capitals, the output first and the inputs in the order of the equation; and how
        the inputs are combined, ``*`` or ``+``.
    """
    text = entry.text(f"an equation {_EXAMPLE}")
    sides = _SIDES.fullmatch(text)
    left, right = sides.groups() if sides else ("", "")
    combine = "+" if "+" in right else "*"
    terms = [_TERM.fullmatch(term) for term in (left, *right.split(combine))]
    dims: dict[str, tuple[str, ...]] = {}
    for term in terms:
        if term is None:
            raise entry.error(f"'{text}' is no equation", _EXAMPLE, "Write each index in brackets.")
        operand, brackets = term.groups()
        if operand in dims:
            kind = "input" if operand != terms[0].group(1) else "operand"  # type: ignore[union-attr]
            raise entry.error(f"{kind} {operand} stands twice", "each operand once", "Give each a name of its own.")
        dims[operand] = tuple(index.upper() for index in re.findall(r"\w+", brackets))
        if len(set(dims[operand])) < len(dims[operand]):
            raise entry.error(f"{operand} is indexed twice with one dimension", "each dimension once an operand")
    if not next(iter(dims.values())):
        raise entry.error("the output has no index", _EXAMPLE)
    return dims, combine


def read_relation(entry: Entry) -> DimensionRelation:
    """Read a sliding window such as ``ix=2*ox+1*fx``; a coefficient that is left out is 1."""
    expected = declared.RELATION.words
    match = re.fullmatch(str(declared.RELATION.pattern), entry.text(expected))
    if not match:
        raise entry.error(f"'{entry.value}' relates no data dimension to two loops", expected)
    data_dim, coef_a, dim_a, coef_b, dim_b = match.groups(default="1")
    coefficients = [int(c) if len(c) < 10 else 0 for c in (coef_a, coef_b)]
    if min(coefficients) < 1:
        raise entry.error(f"'{entry.value}' has an unusable coefficient", "coefficients from 1 to 999999999")
    return DimensionRelation(data_dim.upper(), dim_a.upper(), coefficients[0], dim_b.upper(), coefficients[1])


def of_two_inputs(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers, with those of more than two inputs split.

    The last layer of a chain has the id and the name; those before it are called ``{name}.1``, ``{name}.2``, ...
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
