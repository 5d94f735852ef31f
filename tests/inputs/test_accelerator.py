from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tests.inputs import oracle, samples
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator
from zigzag_lab.vocab import InputError

IN_MEMORY = ("aimc", "dimc")
SHIPPED = [path for path in oracle.shipped("hardware") if path.stem not in IN_MEMORY]


def read_error(**changes: Any) -> str:
    """The message about the sample accelerator after changes; a key with dots leads inwards, ... removes it."""
    data = samples.accelerator()
    for path, value in changes.items():
        *parents, key = path.split("__")
        place = data
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        if value is ...:
            del place[key]
        else:
            place[int(key) if isinstance(place, list) else key] = value
    with pytest.raises(InputError) as caught:
        read_accelerator(data)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_every_field_arrives(tmp_path: Path) -> None:
    made = read_accelerator(samples.written(tmp_path, samples.accelerator()))
    assert made == read_accelerator(samples.accelerator())
    assert made.name == "small"
    assert made.array.sizes == {"D1": 8, "D2": 4}
    assert made.array.systolic_dimensions == ("D1",)
    assert (made.array.unit_energy_pj, made.array.unit_area_mm2) == (0.04, 1.0)
    assert made.dataflows == {"D1": ("K, 8",)}
    sram = made.memory_named("sram")
    assert (sram.size_bits, sram.read_cost_pj, sram.write_cost_pj, sram.latency_cycles) == (65536, 0.5, 1.0, 1)
    assert sram.operands == ("I1", "O", "I2")
    assert sram.served_dimensions == ("D1", "D2")
    assert sram.force_double_buffering
    assert not made.memory_named("rf_o").force_double_buffering
    assert (sram.ports[0].bandwidth_min_bits, sram.ports[0].bandwidth_max_bits) == (64, 512)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_accelerators_are_read_as_the_reference_reads_them(path: Path) -> None:
    assert_same(read_accelerator(path), oracle.accelerator(path))


def assert_same(ours: Accelerator, theirs: Any) -> None:
    array = theirs.operational_array
    assert ours.name == theirs.name
    assert list(ours.array.sizes.items()) == [(str(d), n) for d, n in array.dimension_sizes.items()]
    assert set(ours.array.systolic_dimensions) == set(oracle.names(array.systolic_dimensions))
    assert (ours.array.unit_energy_pj, ours.array.unit_area_mm2) == (array.unit.energy_cost, array.unit.area)
    assert len(ours.memories) == len(theirs.memory_hierarchy.mem_level_list)
    for memory, level in zip(ours.memories, theirs.memory_hierarchy.mem_level_list, strict=True):
        assert_same_memory(memory, level)


def assert_same_memory(memory: Any, level: Any) -> None:
    instance = level.memory_instance
    assert (memory.name, memory.size_bits, memory.latency_cycles) == (level.name, instance.size, instance.latency)
    assert (memory.read_cost_pj, memory.write_cost_pj) == (level.read_energy, level.write_energy)
    assert memory.area_mm2 == instance.area
    assert memory.force_double_buffering == instance.force_double_buffering
    assert list(memory.operands) == oracle.names(level.operands)
    assert set(memory.served_dimensions) == set(oracle.names(level.served_dimensions))
    assert [p.name for p in memory.ports] == oracle.names(level.ports)
    for port, theirs in zip(memory.ports, level.ports, strict=True):
        letters = {"rd_out_to_low": "tl", "wr_in_by_low": "fl", "rd_out_to_high": "th", "wr_in_by_high": "fh"}
        served = [(str(op), letters[direction.value]) for op, _, direction in theirs.served_op_lv_dir]
        assert [(op, direction.short) for op, direction in port.serves] == served
        assert (port.kind, port.bandwidth_min_bits, port.bandwidth_max_bits) == (
            theirs.type,
            theirs.bw_min,
            theirs.bw_max,
        )
        assert port.is_shared_by_inputs == theirs.port_is_shared_by_two_input_operands


def test_sample_is_read_as_the_reference_reads_it(tmp_path: Path) -> None:
    path = samples.written(tmp_path, samples.accelerator())
    assert_same(read_accelerator(path), oracle.accelerator(path))


def test_operands_that_may_skip_a_memory_are_read() -> None:
    data = samples.accelerator()
    data["memories"]["sram"]["bypass"] = ["I2"]
    made = read_accelerator(data)
    assert [m.bypass for m in made.memories] == [(), (), ("I2",), ()]


def test_message_names_file_key_and_line(tmp_path: Path) -> None:
    data = samples.accelerator()
    data["memories"]["sram"]["size"] = "big"
    path = samples.written(tmp_path, data, "tpu.yaml")
    line = path.read_text().splitlines().index("    size: big") + 1
    with pytest.raises(InputError, match=rf"tpu\.yaml: memories\.sram\.size \(line {line}\): found the text 'big'"):
        read_accelerator(path)


@pytest.mark.parametrize(
    ("changes", "place", "remedy"),
    [
        ({"name": ...}, "accelerator: key 'name' is missing", "Add a line 'name: ...'"),
        ({"name": 3}, "accelerator: name: found the number 3", "Put quotes around it"),
        ({"memories": []}, "memories: found the list []", "expected a mapping"),
        ({"memories": {}}, "no memory holds operand I1", "Add I1 to the operands of a memory"),
        ({"memorys": {}}, "memorys: unknown key 'memorys'", "Did you mean 'memories'?"),
        ({"memories__sram__sise": 3}, "memories.sram.sise: unknown key", "Did you mean 'size'?"),
        ({"memories__sram__size": ...}, "memories.sram: key 'size' is missing", "expected capacity in bits"),
        ({"memories__sram__size": 0}, "memories.sram.size: found the number 0", "1 or more"),
        ({"memories__sram__size": 1.5}, "memories.sram.size", "a whole number"),
        ({"memories__sram__r_cost": ...}, "memories.sram: key 'r_cost' is missing", "energy of a read in pJ"),
        ({"memories__sram__w_cost": None}, "memories.sram: key 'w_cost' is missing", "Add a line 'w_cost: ...'"),
        ({"memories__sram__area": -1}, "memories.sram.area: found the number -1", "0 or more"),
        ({"memories__sram__latency": ...}, "memories.sram: key 'latency' is missing", "Add a line"),
        ({"memories__sram__operands": []}, "memories.sram.operands: the memory holds no operand", "remove the memory"),
        ({"memories__sram__operands__1": "I3"}, "operands[1]: found the text 'I3'", "one of I1, I2, O"),
        ({"memories__sram__served_dimensions": ["D3"]}, "served_dimensions[0]: found the text 'D3'", "one of D1, D2"),
        ({"memories__sram__force_double_buffering": 1}, "force_double_buffering: found the number 1", "true or false"),
        ({"memories__rf_o__bypass": ["I1"]}, "rf_o.bypass[0]: found the text 'I1'", "one of O"),
        ({"memories__dram__bypass": ["O"]}, "memories.dram: O may skip dram, its outermost memory", "further out"),
        ({"operational_array__unit_energy": ...}, "operational_array: key 'unit_energy'", "energy of one operation"),
        ({"operational_array__unit_area": -1}, "operational_array.unit_area: found the number -1", "0 or more"),
        ({"clock": 1}, "clock: found the number 1", "add the unit"),
        ({"clock": "1 pJ"}, "clock: '1 pJ' is in 'pJ'", "one of ps, ns, us, ms, Hz, kHz, MHz, GHz"),
        ({"clock": "0 GHz"}, "clock: found the text '0 GHz'", "above 0"),
        ({"memories__sram__static_power": 2}, "static power of 2 mW, and no clock", "Add a line 'clock: 1 GHz'"),
        (
            {"operational_array__dimensions__1": "D1"},
            "dimensions[1]: dimension 'D1' stands twice",
            "each dimension once",
        ),
        ({"operational_array__dimensions__1": "X"}, "dimensions[1]: found the text 'X'", "called D1, D2"),
        ({"operational_array__dimensions": []}, "there are no dimensions", "D1 of size 1"),
        ({"operational_array__sizes": [4]}, "sizes: 1 sizes for 2 dimensions", "one size for each of D1, D2"),
        ({"operational_array__sizes__0": 0}, "sizes[0]: found the number 0", "1 or more"),
        ({"operational_array__systolic_dimensions": ["D4"]}, "systolic_dimensions[0]: found the text 'D4'", "D1, D2"),
        ({"operational_array__imc_type": "analog"}, "'imc_type' belongs to in-memory", "Remove 'imc_type'"),
        ({"operational_array__input_precision": [8]}, "input_precision: found 1 widths", "activations and weights"),
        ({"dataflows__D1": ["K 8"]}, "dataflows.D1[0]: found the text 'K 8'", "such as 'K, 16'"),
    ],
)
def test_bad_input(changes: dict[str, Any], place: str, remedy: str) -> None:
    message = read_error(**changes)
    assert message.startswith("accelerator")
    assert place in message
    assert remedy in message


def test_operand_without_a_memory() -> None:
    data = samples.accelerator()
    for memory in data["memories"].values():
        memory["operands"] = [op for op in memory["operands"] if op != "I2"]
        for port in memory["ports"]:
            port["allocation"] = [a for a in port["allocation"] if not a.startswith("I2")]
    del data["memories"]["rf_w"]
    with pytest.raises(InputError, match=r"memories: no memory holds operand I2.*Add I2 to the operands"):
        read_accelerator(data)


@given(data=samples.spoilt(samples.accelerator()))
@settings(max_examples=80, deadline=None)
def test_spoilt_data_is_read_or_refused(data: Any) -> None:
    before = repr(data)
    message = samples.refusal(read_accelerator, data)
    assert not message or message.startswith("accelerator")
    assert repr(data) == before


SOUND_TEXT = yaml.safe_dump(samples.accelerator(), sort_keys=False)


@given(text=samples.spoilt_text(SOUND_TEXT))
@settings(max_examples=80, deadline=None)
def test_spoilt_files_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = samples.written(tmp_path_factory.getbasetemp(), text, "spoilt.yaml")
    message = samples.refusal(read_accelerator, path)
    assert not message or "spoilt.yaml" in message
