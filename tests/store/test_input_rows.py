"""Ports and precisions as SQL finds them: those of the records, whoever stored these, and whenever."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.stages.small import accelerator, layer, written
from zigzag_lab import api
from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.records import record_from
from zigzag_lab.store import Lab, housekeeping, open_store
from zigzag_lab.store.codec import unpacked
from zigzag_lab.store.connect import connect
from zigzag_lab.store.input_rows import operand_rows, port_rows
from zigzag_lab.store.migrate import downgrade, upgrade
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.workload import Workload

RELEASED = sorted((Path(__file__).parent / "released").glob("*.db"))
WIDE = 2**70
"""Bits of a memory and of a port, beyond what 64 bits count."""


def inputs() -> dict[str, Any]:
    data = accelerator(dram_bits=WIDE)
    data["memories"]["dram"]["ports"][0]["bandwidth_max"] = WIDE
    batch = {"loop_sizes": [4, 8, 4, 4, 4, 1, 3], "operand_precision": {"W": 4, "I": 8, "O": 24, "O_final": 6}}
    return {"accelerator": data, "workload": [layer(0, "stem", **batch), layer(1, "next")]}


def run(url: str, folder: Path, **options: Any) -> str:
    folder.mkdir(exist_ok=True)
    paths = written(folder, **inputs())
    return str(api.run(api.RunRequest(**paths, lpf_limit=3, **options), store=url, mlflow="off").run_id)


def stored(url: str) -> dict[str, list[Any]]:
    """Rows of both tables, in order; numbers beyond 64 bits come back as they can."""
    keys = {"zl_input_port": "memory_index, port_index", "zl_input_operand": "layer_id, operand"}
    with closing(connect(DatabaseUrl.parse(url))) as database:
        return {t: database.select(f"SELECT * FROM {t} ORDER BY digest, {key}").rows for t, key in keys.items()}


def expected(url: str) -> dict[str, list[Any]]:
    """The same from the records of all inputs."""
    ports: list[Any] = []
    operands: list[Any] = []
    with closing(connect(DatabaseUrl.parse(url))) as database:
        for digest, kind, content in database.select("SELECT digest, kind, content FROM zl_input").rows:
            described = json.loads(unpacked(content))
            if kind.startswith("accelerator"):
                ports += port_rows(digest, record_from(Accelerator, described))
            elif kind.startswith("workload"):
                operands += operand_rows(digest, record_from(Workload, described))
    return {"zl_input_port": sorted(ports), "zl_input_operand": sorted(operands, key=lambda row: row[:3])}


def test_views_show_what_the_files_hold(url: str, tmp_path: Path) -> None:
    run_id = run(url, tmp_path)
    with Lab(url) as lab:
        ports = lab.sql("SELECT * FROM zl_v_ports WHERE run_id = ? ORDER BY memory_index, port_index", (run_id,))
        operands = lab.sql("SELECT * FROM zl_v_operands WHERE run_id = ? ORDER BY layer_index, operand", (run_id,))
    files = inputs()
    flat = [
        (name, memory, port) for name, memory in files["accelerator"]["memories"].items() for port in memory["ports"]
    ]
    assert len(ports.rows) == len(flat) == 7
    for row, (name, memory, port) in zip(ports.as_dicts(), flat, strict=True):
        assert (row["memory"], row["port"], row["port_kind"]) == (name, port["name"], port["type"])
        assert (row["size_bits"], row["bandwidth_max_bits"]) == (memory["size"], port["bandwidth_max"])
        assert (row["read_cost_pj"], row["write_cost_pj"]) == (memory["r_cost"], memory["w_cost"])
        assert row["n_instances"] == 4 ** (2 - len(memory["served_dimensions"]))
        reads, writes = port["type"] != "write", port["type"] != "read"
        assert row["read_pj_per_bit"] == (memory["r_cost"] / port["bandwidth_max"] if reads else None)
        assert row["write_pj_per_bit"] == (memory["w_cost"] / port["bandwidth_max"] if writes else None)
        assert len(row["transfers"].split(", ")) == len(port["allocation"])
    found = [
        tuple(row[name] for name in ("layer", "operand", "batch_size", "precision_bits", "final_precision_bits"))
        for row in operands.as_dicts()
    ]
    assert found == [
        *[("stem", "I", 4, 8, None), ("stem", "O", 4, 24, 6), ("stem", "W", 4, 4, None)],
        *[("next", "I", 1, 8, None), ("next", "O", 1, 16, 8), ("next", "W", 1, 8, None)],
    ]


def test_they_are_written_once_for_each_input(url: str, tmp_path: Path) -> None:
    run(url, tmp_path)
    once = stored(url)
    assert {table: len(rows) for table, rows in once.items()} == {"zl_input_port": 7, "zl_input_operand": 6}
    run(url, tmp_path, objective="energy")
    assert stored(url) == once == expected(url)


def test_they_go_with_their_input(url: str, tmp_path: Path) -> None:
    run_id = run(url, tmp_path)
    with open_store(url) as store:
        housekeeping.delete(store, [run_id])
        assert housekeeping.remove_garbage(store)["zl_input"] == 3
    assert not any(stored(url).values())
    run(url, tmp_path)
    assert stored(url) == expected(url)
    assert all(stored(url).values())


def test_inputs_that_are_there_get_theirs_with_the_upgrade(url: str, tmp_path: Path) -> None:
    run(url, tmp_path)
    before = stored(url)
    downgrade(url, "0010")
    upgrade(url)
    assert stored(url) == before


@pytest.mark.parametrize("file", RELEASED, ids=lambda path: path.stem)
def test_released_databases_get_theirs(file: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copy(file, tmp_path / 'lab.db')}"
    upgrade(url)
    found = stored(url)
    assert found == expected(url)
    assert min(map(len, found.values())) > 0


def test_a_damaged_input_is_left_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    run(url, tmp_path)
    downgrade(url, "0010")
    with closing(connect(DatabaseUrl.parse(url))) as database, database.write():
        database.execute("UPDATE zl_input SET content = ? WHERE kind = 'workload'", (b"\x78\x9cnonsense",))
    upgrade(url)
    assert {table: len(rows) for table, rows in stored(url).items()} == {"zl_input_port": 7, "zl_input_operand": 0}
