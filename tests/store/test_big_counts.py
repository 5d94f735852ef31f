"""Numbers of MACs beyond 64 bits: kept, and there to be asked for, on every database."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.stages.small import accelerator, layer, written
from zigzag_lab import api
from zigzag_lab.api.export import export
from zigzag_lab.store import Lab

SIZES = ([2**20, 2**21, 2**22], [2**21, 2**21, 2**22], [3**20, 5**12, 7**9], [2, 3, 5])
"""63, 64, 90 and 5 bits of MACs."""


def products() -> list[dict[str, object]]:
    gemm = {"operator_type": "Gemm", "equation": "O[d][k]+=W[k][c]*I[d][c]", "loop_dims": ["D", "K", "C"]}
    plain = {**gemm, "dimension_relations": [], "operand_source": {}}
    return [layer(i, f"g{i}", loop_sizes=sizes, **plain) for i, sizes in enumerate(SIZES)]


@pytest.fixture
def lab(url: str, tmp_path: Path) -> Lab:
    paths = written(tmp_path, workload=products(), accelerator=accelerator(dram_bits=2**80))
    api.run(api.RunRequest(**paths, lpf_limit=3), store=url, mlflow="off")
    return Lab(url)


def test_macs_beyond_64_bits_are_kept_and_asked_for(lab: Lab, tmp_path: Path) -> None:
    macs = [prod(sizes) for sizes in SIZES]
    with lab:
        run = lab.runs()[0]
        assert (run.status, run.n_macs) == ("finished", pytest.approx(sum(macs), rel=1e-15))
        rows = lab.sql(
            "SELECT n_macs, energy_per_mac_pj * n_macs / energy_pj FROM zl_v_layers ORDER BY layer_index"
        ).rows
        assert [row[0] for row in rows] == pytest.approx(macs, rel=1e-15)
        assert [row[1] for row in rows] == pytest.approx([1] * len(macs))
        assert type(rows[-1][0]) is int
        more = "SELECT layer FROM zl_v_layers WHERE n_macs > ? ORDER BY n_macs"
        assert lab.sql(more, (2**63 - 1,)).rows == [("g0",), ("g1",), ("g2",)]
        assert lab.sql(more, (2**80,)).rows == [("g2",)]
        assert float(lab.sql("SELECT SUM(n_macs) FROM zl_v_layers").rows[0][0]) == pytest.approx(sum(macs))
        export(lab, "layers", tmp_path / "layers.parquet")
        export(lab, "runs", tmp_path / "runs.parquet")
    layers = pyarrow.parquet.read_table(tmp_path / "layers.parquet").column("n_macs").to_pylist()
    assert layers == [float(n) for n in macs]
    assert pyarrow.parquet.read_table(tmp_path / "runs.parquet").column("n_macs").to_pylist() == [float(sum(macs))]
    if lab.url.kind == "postgresql":
        assert [row[0] for row in rows] == macs
