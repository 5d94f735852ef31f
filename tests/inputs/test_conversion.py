"""Files of old versions and of Stream become files of today that mean the same, or are refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.inputs import old_files, oracle
from tests.inputs.old_files import DESIGNS, IN_ONE, NOTATIONS, old_accelerator, old_memory, row
from zigzag_lab.api import get_hardware_performance_zigzag
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import old_accelerator as accelerator_rules
from zigzag_lab.inputs import old_mapping, read_accelerator, read_mapping
from zigzag_lab.inputs.conversion import Conversion, convert
from zigzag_lab.inputs.memory_costs import MemoryCostRequest, MemoryCosts
from zigzag_lab.inputs.presets import preset_names, preset_path
from zigzag_lab.vocab import Direction, InputError


class Sizes:
    """Costs of memories that CACTI would price: something that depends on what is asked."""

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        return MemoryCosts(request.size_bytes, request.bus_bits, 1.0, 1.0)


def converted(folder: Path, content: Any, name: str = "old.yaml") -> tuple[Conversion, Any]:
    """The conversion of a file, and the plain data of its text."""
    source = folder / name
    source.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
    conversion = convert(source)
    return conversion, yaml.safe_load(conversion.text)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("design", DESIGNS)
def test_what_was_converted_costs_what_the_old_versions_printed(tmp_path: Path, design: str, notation: str) -> None:
    _, accelerator = converted(tmp_path, old_accelerator(design, notation))
    _, mapping = converted(tmp_path, old_files.MAPPING)
    options: dict[str, Any] = {"opt": "energy", "lpf_limit": 6, "loma_show_progress_bar": False}
    *_, results = get_hardware_performance_zigzag(old_files.WORKLOAD, accelerator, mapping, **options)
    per_layer: Any = results[0][1]
    for (cme, _), (memories, array, cycles) in zip(per_layer, old_files.PRICES[design], strict=True):
        found = {str(operand): list(levels) for operand, levels in cme.mem_energy_breakdown.items()}
        assert found == {operand: pytest.approx(levels, rel=1e-12) for operand, levels in memories.items()}
        assert (cme.mac_energy, cme.latency_total0) == (pytest.approx(array), cycles)


def transfers(accelerator: Accelerator) -> dict[tuple[str, str, Direction], Any]:
    """Memory, operand and direction -> widths of the port that serves it, and all that it shares this port with."""
    return {
        (memory.name, operand, direction): (
            port.kind,
            port.bandwidth_min_bits,
            port.bandwidth_max_bits,
            set(port.serves),
        )
        for memory in accelerator.memories
        for port in memory.ports
        for operand, direction in port.serves
    }


def test_presets_in_old_notation_come_back_the_same(tmp_path: Path) -> None:
    files = [preset_path("accelerator", name) for name in preset_names("accelerator")] + oracle.shipped("hardware")
    n_compared = 0
    for file in files:
        old = old_files.in_old_notation(yaml.safe_load(file.read_text()))
        if old is None:  # its ports of one kind differ in width
            continue
        conversion, today = converted(tmp_path, old)
        assert conversion.found_format.startswith("ZigZag 3.")
        was, found = read_accelerator(file, costs=Sizes()), read_accelerator(today, costs=Sizes())
        assert transfers(found) == transfers(was)
        assert [replace(m, ports=()) for m in found.memories] == [replace(m, ports=()) for m in was.memories]
        assert (found.array, found.dataflows, found.name) == (was.array, was.dataflows, was.name)
        n_compared += 1
    assert n_compared >= 10


def drawn(draw: random.Random) -> tuple[dict[str, Any], dict[tuple[str, str, Direction], tuple[int, int]]]:
    """Two memories in old notation; and for each transfer through them the narrowest and widest access."""
    memories, widths = {}, {}
    for name in ("inner", "outer"):
        operands = draw.sample(["I1", "I2", "O"], 3)
        r_bw, w_bw, r_min, w_min = (2 ** draw.randint(low, low + 3) for low in (6, 6, 1, 1))
        rows = []
        for operand in operands:
            reads, writes = draw.choice([("r", "w"), ("rw", "rw"), ("r", "rw"), ("rw", "w")])
            names = {d.short: f"{reads if d.is_read else writes}_port_{draw.randint(1, 2)}" for d in Direction}
            rows.append(names if operand == "O" else {d: names[d] for d in ("fh", "tl")})
            for direction, port in rows[-1].items():
                is_read = Direction.from_short(direction).is_read
                if port.startswith("rw"):
                    w_bw, w_min = r_bw, r_min  # one width for both, as ZigZag assumed
                widths[name, operand, Direction.from_short(direction)] = is_read
        used = {port for row in rows for port in row.values()}
        counts = "".join(
            str(max([int(p[-1]) for p in used if p.startswith(f"{k}_")], default=0)) for k in ("r", "w", "rw")
        )
        least = {"min_r_granularity": r_min, "min_w_granularity": w_min}
        memories[name] = old_memory(
            10**6, (r_bw, w_bw), (1, 2), counts, operands=operands, ports=rows, served_dimensions=["D1"], **least
        )
        widths |= {
            key: ((r_min, r_bw) if is_read else (w_min, w_bw)) for key, is_read in widths.items() if key[0] == name
        }
    return memories, widths  # type: ignore[return-value]


def test_each_transfer_has_the_width_and_the_company_it_had(tmp_path: Path) -> None:
    draw, array, n_compared = (
        random.Random(17),
        {"unit_energy": 1, "unit_area": 1, "dimensions": ["D1"], "sizes": [4]},
        0,
    )
    for _ in range(150):
        memories, widths = drawn(draw)
        conversion, today = converted(tmp_path, {"name": "drawn", "memories": memories, "operational_array": array})
        assert not conversion.assumed
        for (name, operand, direction), (_, low, high, shared) in transfers(read_accelerator(today)).items():
            assert (low, high) == widths[name, operand, direction]
            old = memories[name]
            rows = dict(zip(old["operands"], old["ports"], strict=True))
            port = rows[operand][direction.short]
            assert shared == {
                (op, Direction.from_short(d)) for op, r in rows.items() for d, p in r.items() if p == port
            }
            n_compared += 1
    assert n_compared == 150 * 2 * 8


def spoilt(change: Callable[[dict[str, Any]], Any], design: str = "separate") -> dict[str, Any]:
    """A design with something changed in its array and memories."""
    data = old_accelerator(design, "3.8.1")
    change(data)
    return data


def in_memory(name: str, **changes: Any) -> dict[str, Any]:
    return spoilt(lambda data: data["memories"][name].update(changes))


GUESSES: dict[str, tuple[Any, list[str]]] = {
    "two widths of one port": (
        in_memory("dram", w_bw=32),
        ["memories.dram.w_bw (line", "w_bw is 32 and r_bw is 64, but rw_port_1 takes reads and writes", "own"],
    ),
    "fewer ports than used": (
        in_memory("dram", rw_port=0),
        ["memories.dram.rw_port (line", "rw_port is 0, but the list of ports has rw_port_1", "Write rw_port: 1."],
    ),
    "a row too few": (in_memory("l1", ports=[row("w1", "r1")]), ["1 rows of ports for 2 operands", "each of I1, O"]),
    "a row too many": (in_memory("rf_w", ports=[IN_ONE, IN_ONE]), ["2 rows of ports for 1 operands"]),
    "no width": (
        spoilt(lambda data: data["memories"]["l1"].pop("r_bw")),
        ["key 'r_bw' is missing; expected bits a cycle"],
    ),
    "an access wider than the port": (
        in_memory("l1", min_w_granularity=256),
        ["min_w_granularity is 256, more than w_bw, 128"],
    ),
    "a direction without a port": (
        in_memory("l1", ports=[{"tl": "r_port_1"}, row("w1", "r1", "w2", "r1")]),
        ["memories.l1.ports (line", "no port for 'I1, fh'", "Add 'fh: ...' to the row of I1"],
    ),
    "a port of another name": (in_memory("rf_w", ports=[{"fh": "port_1"}]), ["found the text 'port_1'", "rw_port_1"]),
    "a write through a port for reads": (
        in_memory("rf_w", ports=[row("r1", "r1")], w_port=0),
        ["'I2, fh' is a write through a read port"],
    ),
    "both names of a key": (
        spoilt(lambda data: data["operational_array"].update(multiplier_energy=1)),
        ["both multiplier_energy and unit_energy are given"],
    ),
    "two arrays": (
        spoilt(lambda data: data.update(multipliers={})),
        ["both multipliers and operational_array are given"],
    ),
    "an array without units": (
        spoilt(lambda data: data["operational_array"].update(sizes=[0, 0])),
        ["operational_array.sizes", "the array has no units", "off the chip"],
    ),
    "an unknown key": (in_memory("l1", r_bandwidth=8), ["unknown key 'r_bandwidth'"]),
    "a memory twice": (
        "name: a\nmemories:\n  rf: {r_bw: 8}\n  rf: {r_bw: 8}\nmultipliers: {}\n",
        ["line 4: key 'rf' stands here and in line 3"],
    ),
    "a system": (
        {"name": "soc", "cores": {0: "./a.yaml"}},
        ["a system of several cores", "zigzag-lab convert ./a.yaml"],
    ),
    "a tile that moves data": (
        {"name": "mem", "type": "aie2.memory", "memory": {"capacity": 1}, "dma": {}},
        ["a core of Stream that holds or moves data", "Leave it out"],
    ),
    "an array alone": ({"multipliers": {}}, ["key 'memories' is missing"]),
    "memories alone": ({"memories": {"rf": {"r_bw": 8}}, "utilization": 3}, ["key 'operational_array' is missing"]),
    "two entries that differ": (
        [{"name": "Conv", "core_allocation": 1}, {"name": "Conv", "spatial_mapping": {"D1": ["K, 2"]}}],
        ["[1] (line", "two entries are called 'Conv', and differ"],
    ),
    "an entry without a name": ([{"name": "a"}, {"core_allocation": 1}], ["key 'name' is missing"]),
    "something else": ({"architecture": {"version": 0.4}}, ["the format is not known"]),
    "a list of words": (["a", "b"], ["the format is not known"]),
}


@pytest.mark.parametrize("name", GUESSES)
def test_what_would_be_a_guess_is_refused(tmp_path: Path, name: str) -> None:
    content, parts = GUESSES[name]
    with pytest.raises(InputError) as caught:
        converted(tmp_path, content)
    assert "old.yaml" in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_a_python_module_is_not_run(tmp_path: Path) -> None:
    module = tmp_path / "tpu.py"
    module.write_text(f"open({str(tmp_path / 'was_run')!r}, 'w')\n")
    with pytest.raises(InputError, match=r"tpu\.py: this is a Python file, as ZigZag 2 reads them, and is not run"):
        convert(module)
    assert [path.name for path in tmp_path.iterdir()] == ["tpu.py"]


def test_assumed_widths_are_named(tmp_path: Path) -> None:
    conversion, today = converted(tmp_path, in_memory("dram", min_r_granularity=32, min_w_granularity=None))
    (note,) = conversion.assumed
    assert note.startswith("memory dram: rw_port_1 has the smallest access of reads, 32 bits; of writes it was 64 bits")
    assert f"# Assumed:\n# - {note}\n" in conversion.text
    assert today["memories"]["dram"]["ports"][0]["bandwidth_min"] == 32
    conversion, _ = converted(tmp_path, old_accelerator("combined", "3.8.1"))
    assert [note.partition(":")[0] for note in conversion.assumed] == ["memory rf_w"]


def test_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    data = old_accelerator("separate", "3.1")
    data |= {"utilization": 61.8, "type": "zigzag.compute", "operator_types": ["Conv"]}
    data["memories"]["l1"]["r_port"] = 3
    conversion, today = converted(tmp_path, "# bits\n" + yaml.safe_dump(data, sort_keys=False))
    starts = ["memory l1: 2 of 3 r_port", "input_precision: the list [8, 8]", "utilization: the number 61.8"]
    starts += ["type: the text 'zigzag.compute'", "operator_types: the list ['Conv']", "comments of the file"]
    assert [note.startswith(start) for note, start in zip(conversion.left_out, starts, strict=True)] == [True] * 6
    for note in conversion.left_out:
        assert f"# - {note}\n" in conversion.text
    assert list(today) == ["name", "memories", "operational_array"]
    assert "input_precision" not in today["operational_array"]


def test_an_array_in_memory_stays_one(tmp_path: Path) -> None:
    old = old_files.in_old_notation(yaml.safe_load(preset_path("accelerator", "aimc").read_text()))
    conversion, today = converted(tmp_path, old)
    assert (conversion.kind, today["operational_array"]["input_precision"]) == ("accelerator", [8, 8])
    assert conversion.assumed == ()


def test_costs_from_cacti_are_those_of_other_ports(tmp_path: Path) -> None:
    conversion, _ = converted(tmp_path, in_memory("dram", auto_cost_extraction=True))
    assert [note.partition(",")[0] for note in conversion.assumed] == [
        "memory dram: its costs are those of a read and a write port"
    ]
    conversion, _ = converted(tmp_path, in_memory("rf_w", auto_cost_extraction=True))
    assert conversion.assumed == ()


def test_ports_of_today_replace_counts_beside_them(tmp_path: Path) -> None:
    port = {"name": "rw_port_1", "type": "read_write", "bandwidth_min": 8, "bandwidth_max": 8}
    ports = [{**port, "allocation": ["I2, fh", "I2, tl"]}]
    conversion, today = converted(tmp_path, in_memory("rf_w", ports=ports))
    assert today["memories"]["rf_w"]["ports"] == ports
    assert conversion.left_out == ("memory rf_w: r_bw, w_bw, r_port, w_port, rw_port, as its ports have widths",)


def test_a_core_of_stream_with_ports_of_today(tmp_path: Path) -> None:
    content = yaml.safe_load(preset_path("accelerator", "tpu_like").read_text())
    conversion, today = converted(tmp_path, {**content, "type": "zigzag.compute"})
    assert (conversion.found_format, today) == ("Stream's cores", content)


def test_mappings_lose_what_places_layers_on_cores(tmp_path: Path) -> None:
    conversion, today = converted(tmp_path, old_files.STREAM_LIST)
    assert conversion.found_format == "Stream, which maps layers onto cores"
    assert today == [{"name": "Conv"}, {"name": "Pool", "spatial_mapping": {"D1": ["G, 8"]}}, {"name": "default"}]
    assert "entry Conv: intra_core_tiling: the list ['OY, all']" in conversion.left_out
    assert [note.partition(",")[0] for note in conversion.assumed] == ["an entry 'default'"]
    conversion, today = converted(tmp_path, old_files.STREAM_LAYERS)
    assert today == [{"name": "Conv"}, {"name": "Relu"}, {"name": "default"}]
    assert conversion.left_out[-1].startswith("fused_groups: the list")
    with pytest.raises(InputError, match=r"this is a mapping of Stream.*fused_groups goes"):
        read_mapping(tmp_path / "old.yaml")
    conversion, today = converted(tmp_path, old_files.MAPPING)
    assert (conversion.found_format, conversion.assumed) == ("ZigZag up to 3.7", ())
    assert today == [{key: value for key, value in old_files.MAPPING[0].items() if key != "core_allocation"}]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (old_files.WORKLOAD, "workload"),
        ([{"name": "default", "temporal_ordering": [["K", 4]]}], "mapping"),
        (preset_path("accelerator", "tpu_like").read_text(), "accelerator"),
    ],
)
def test_files_of_today_need_no_conversion(tmp_path: Path, content: Any, kind: str) -> None:
    conversion, _ = converted(tmp_path, content)
    assert (conversion.kind, conversion.found_format, conversion.text) == (kind, "", "")


def test_the_document_names_every_key_that_changes() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "convert.md").read_text(encoding="utf-8")
    tables = (accelerator_rules.OF_A_CORE, accelerator_rules.OF_ARRAY, accelerator_rules.OF_MEMORY)
    keys = [key for table in (*tables, old_mapping.OF_MAPPING, old_mapping.OF_FILE) for key in table]
    assert [key for key in keys if f"`{key}`" not in text] == []
    assert len(keys) > 20


def test_nothing_of_a_file_ends_a_comment(tmp_path: Path) -> None:
    data = {**old_accelerator("separate", "3.8.1"), "kernel": "a\nname: b\x85name: c"}
    conversion, today = converted(tmp_path, data)
    assert today["name"] == "separate"
    assert conversion.text.count("\nname:") == 1
