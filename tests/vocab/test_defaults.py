"""The default of an option stands in its declaration alone; whatever else has a default for it refers to that one."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.house import HERE, House
from zigzag_lab.stages.methods import run_options
from zigzag_lab.vocab import Objective, TemporalMappingType
from zigzag_lab.vocab.options import Option

DECLARATIONS = "zigzag_lab.vocab.options"
OTHER_NAMES = {
    *("experiment", "skip_repeated_reads", "access_same_data_considered_as_no_access"),
    *("n_mappings", "nb_spatial_mappings_generated", "exploit_data_locality", "enable_mix_spatial_mapping"),
    *("temporal_mapping_search_engine", "exact_objective", "salsa_opt_criterion", "hardware_objective"),
}
"""Constants of the declarations that are no options, and further names of options."""

WORDS = {kind.__name__: set(kind.__members__) for kind in (Objective, TemporalMappingType)}
"""Enumerations whose members are values of options, whatever takes them."""

EXCEPTIONS = {
    ("stages.temporal", "loma_lpf_limit"): "a list of stages limits nothing unless it is asked to, as in ZigZag",
    ("stages.exact", "loma_lpf_limit"): "the same of LOMA's search where exact search does not cover a layer",
    ("stages.temporal", "salsa_opt_criterion"): "ZigZag's SALSA minimises energy",
    ("exact.search", "n_mappings"): "a count of mappings found, not of mappings to try",
}
"""(module, name) -> why a default stands there."""


class Default(NamedTuple):
    """A default value in the source: what has it, and the expression."""

    module: str
    name: str
    value: ast.expr


def defaults_in(module: str, tree: ast.AST) -> Iterator[Default]:
    """Defaults of parameters, of fields of classes, of options of commands, and of look-ups by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            given = node.args
            positional = [*given.posonlyargs, *given.args]
            with_default = positional[len(positional) - len(given.defaults) :]
            parameters, values = [*with_default, *given.kwonlyargs], [*given.defaults, *given.kw_defaults]
            pairs = zip(parameters, values, strict=True)
            yield from (Default(module, one.arg, value) for one, value in pairs if value is not None)
        elif isinstance(node, ast.ClassDef):
            fields = (one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name))
            yield from (Default(module, one.target.id, one.value) for one in fields if one.value is not None)
        elif isinstance(node, ast.Call):
            yield from _of_call(module, node)


def _of_call(module: str, call: ast.Call) -> Iterator[Default]:
    called = ast.unparse(call.func).rpartition(".")[2]
    words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if called == "option" and words:
        name = words[0].lstrip("-").replace("-", "_")
        yield from (Default(module, name, one.value) for one in call.keywords if one.arg == "default")
    elif called in ("get", "pop", "getattr", "setdefault", "next") and len(call.args) > 1:
        yield Default(module, words[0] if words else "", call.args[-1])


def repeats(options: tuple[Option, ...], default: Default) -> bool:
    """Whether it is a value of its own in the place of an option's default."""
    name, value = default.name, default.value
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        return value.attr in WORDS.get(value.value.id, ())
    limitless = {word for one in options if one.unlimited for word in (one.name, one.keyword)}
    known = {word for one in options for word in (one.name, one.keyword, one.parameter)} | OTHER_NAMES
    if not isinstance(value, ast.Constant) or name not in known - {""}:
        return False
    return value.value is not None or name in limitless


def found_in(module: str, source: str) -> set[tuple[str, str]]:
    """(module, name) of each repeated default."""
    options = run_options()
    return {(one.module, one.name) for one in defaults_in(module, ast.parse(source)) if repeats(options, one)}


def test_each_default_stands_once() -> None:
    modules = [one for one in House(HERE).modules.values() if one.name != DECLARATIONS]
    found = set().union(*(found_in(one.name.partition(".")[2], one.text) for one in modules))
    assert found == set(EXCEPTIONS)


def test_a_repeated_default_is_found() -> None:
    source = """
class Settings:
    seed: int = 0
def price(objective="latency", *, kind=TemporalMappingType.UNEVEN, price_all=PRICE_ALL.default, lpf_limit=None): ...
@click.option("--opt", default="latency")
def best(limit=None, time_limit=10.0, input_shapes=None, *, of=lambda mix_spatial=False: 0): ...
kwargs.get("temporal_mapping_type", "uneven"), next(found, Objective.LATENCY), kwargs.get("seed")
"""
    names = {name for _, name in found_in("box", source)}
    in_signatures = {"seed", "objective", "kind", "lpf_limit", "time_limit", "mix_spatial"}
    assert names == in_signatures | {"opt", "temporal_mapping_type", ""}
