"""Runs side by side: their options, inputs, layers and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from math import fsum
from typing import TypeGuard

from zigzag_lab.api.run_page import energy_of
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer

_FIGURES = (
    *("energy_pj", "latency_cycles", "edp_pj_cycles", "mac_energy_pj", "memory_energy_pj"),
    *("area_mm2", "area_total_mm2"),
)
_DERIVED = ("static_energy_pj", "time_s", "average_power_mw", "tops", "tops_per_watt")
_SELDOM_OF_INTEREST = ("argv", "cwd")


@dataclass(frozen=True)
class Pair:
    """A figure of two runs, or of a layer or a memory in both; None where a run has none."""

    what: str
    first: float | None
    second: float | None

    @property
    def difference(self) -> float | None:
        """The second less the first."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def ratio(self) -> float | None:
        """The second in parts of the first."""
        return self.second / self.first if self.first and self.second is not None else None


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    Attributes:
        first, second: the runs.
        totals: figures of the runs.
        layer_energy_pj, layer_latency_cycles: by layer, in the order of the networks.
        memory_energy_pj: by memory, summed over layers and operands; as those by layer, of runs with one total only.
        child_energy_pj, child_latency_cycles: by what the runs within the two vary.
        inputs: (kind, difference): which keys of the workload, the accelerator and the mapping differ.
        settings: which values differ, of children.
        options: which options differ.
        surroundings: what differs in versions, machine and code.
    """

    first: RunRecord
    second: RunRecord
    totals: tuple[Pair, ...]
    layer_energy_pj: tuple[Pair, ...]
    layer_latency_cycles: tuple[Pair, ...]
    memory_energy_pj: tuple[Pair, ...]
    child_energy_pj: tuple[Pair, ...]
    child_latency_cycles: tuple[Pair, ...]
    settings: tuple[Difference, ...]
    inputs: tuple[tuple[str, Difference], ...]
    options: tuple[Difference, ...]
    surroundings: tuple[Difference, ...]

    def as_plain(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        inputs = [{"kind": kind, **asdict(difference)} for kind, difference in self.inputs]
        return {name: _plain(value) for name, value in vars(self).items()} | {"inputs": inputs}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    more = {"difference": value.difference, "ratio": value.ratio} if isinstance(value, Pair) else {}
    return {**asdict(value), **more} if is_dataclass(value) and not isinstance(value, type) else value


def compare(lab: Lab, first_id: str, second_id: str) -> Comparison:
    """Put two runs side by side."""
    first, second = lab.run(first_id), lab.run(second_id)
    layers = [[] if run.has_no_total else lab.layers(run.run_id) for run in (first, second)]
    children = [_by_settings(lab, run) for run in (first, second)]
    details = lab.details(first_id), lab.details(second_id)
    return Comparison(
        first,
        second,
        tuple(_totals(first, second)),
        _paired(*(_by_layer(of, "energy_pj") for of in layers)),
        _paired(*(_by_layer(of, "latency_cycles") for of in layers)),
        _paired(*({m: fsum(pj.values()) for m, pj in energy_of(of).by_memory.items()} for of in layers)),
        _paired(*({name: child.energy_pj for name, child in of.items()} for of in children)),
        _paired(*({name: child.latency_cycles for name, child in of.items()} for of in children)),
        tuple(differences(first.settings or {}, second.settings or {})),
        tuple(_input_differences(lab, first_id, second_id)),
        tuple(differences(details[0].options, details[1].options)),
        tuple(_surroundings(*details)),
    )


def _totals(first: RunRecord, second: RunRecord) -> Iterator[Pair]:
    of_runs = ((name, first, second) for name in _FIGURES)
    derived = ((name, first.physical, second.physical) for name in _DERIVED)
    for name, one, other in (*of_runs, *derived):
        pair = Pair(name, getattr(one, name), getattr(other, name))
        if (pair.first, pair.second) != (None, None):
            yield pair


def _by_settings(lab: Lab, run: RunRecord) -> dict[str, RunRecord]:
    """What a child varies -> the child."""
    found: dict[str, RunRecord] = {}
    for child in lab.children(run.run_id) if run.n_children else ():
        label = child.varied or child.name
        found[label if label not in found else f"{label} ({child.child_index})"] = child
    return found


def _by_layer(layers: Sequence[StoredLayer], figure: str) -> dict[str, float]:
    """Layer -> its figure; a layer whose name another has carries its index as well."""
    names = [layer.name for layer in layers]
    return {
        layer.name if names.count(layer.name) == 1 else f"{layer.name} ({layer.layer_index})": layer.figures[figure]
        for layer in layers
    }


def _paired(first: Mapping[str, float | None], second: Mapping[str, float | None]) -> tuple[Pair, ...]:
    return tuple(Pair(name, first.get(name), second.get(name)) for name in {**first, **second})


def _input_differences(lab: Lab, first_id: str, second_id: str) -> Iterator[tuple[str, Difference]]:
    """By the keys of the files where both were YAML, else by the fields of the records."""
    first, second = lab.inputs(first_id), lab.inputs(second_id)
    for kind in {**first, **second}:
        if kind not in first or kind not in second:
            names = [given[kind][0] if kind in given else None for given in (first, second)]
            yield kind, Difference("", *names)
            continue
        (_, content, source), (_, other_content, other_source) = first[kind], second[kind]
        if content == other_content:
            continue
        trees = _as_yaml(source), _as_yaml(other_source)
        found = list(differences(*trees)) if None not in trees else []
        for difference in found or differences(content, other_content):
            yield kind, difference


def _as_yaml(source: bytes | None) -> object:
    """What a YAML file holds; None where it is none."""
    if source is None:
        return None
    import yaml

    try:
        tree = yaml.load(source.decode(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (UnicodeDecodeError, yaml.YAMLError):  # an ONNX model
        return None
    return tree if isinstance(tree, (dict, list)) else None


def _surroundings(first: RunDetails, second: RunDetails) -> Iterator[Difference]:
    if first.engine_digest != second.engine_digest:
        yield Difference("engine", first.engine_digest[:12], second.engine_digest[:12])
    before, now = (
        {k: v for k, v in one.environment.items() if k not in _SELDOM_OF_INTEREST} for one in (first, second)
    )
    yield from differences(before, now)


@dataclass(frozen=True)
class Difference:
    """A leaf that differs.

    Attributes:
        path: where it stands, as ``memories.sram.r_cost`` or ``nodes[3].loop_sizes.K``.
        first, second: what stands there; None where nothing does.
    """

    path: str
    first: object
    second: object


def differences(first: object, second: object, path: str = "") -> Iterator[Difference]:
    """The leaves in which two trees differ, in the order of the first.

    Lists of pairs, and lists of things that carry a name, are compared by key and by name: an entry more does not
    make everything after it differ.
    """
    first, second = _by_key(first), _by_key(second)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in [*first, *(key for key in second if key not in first)]:
            yield from differences(first.get(key), second.get(key), f"{path}.{key}" if path else str(key))
    elif _is_list(first) and _is_list(second) and not (_is_flat(first) and _is_flat(second)):
        for i in range(max(len(first), len(second))):
            one, other = (x[i] if i < len(x) else None for x in (first, second))
            yield from differences(one, other, f"{path}[{i}]")
    elif first != second:
        yield Difference(path, first, second)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_flat(items: Sequence[object]) -> bool:
    """Whether a list is short and of plain values, so that it is shown as a whole."""
    return len(items) <= 8 and all(not isinstance(item, (Mapping, list, tuple)) for item in items)


def _by_key(value: object) -> object:
    """A list of pairs, or of things with names of their own, as a mapping; another value as it is."""
    if not _is_list(value) or not value:
        return value
    pairs = [(x[0], x[1]) for x in value if _is_list(x) and len(x) == 2 and isinstance(x[0], str)]
    named = [(x["name"], x) for x in value if isinstance(x, Mapping) and isinstance(x.get("name"), str)]
    found = dict(pairs or named)
    return found if len(found) == len(value) else value
