from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.prices import price_of
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.keys import canonical_json, digest
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.store.codec import (
    N_SPATIAL_DIGITS,
    LayerRows,
    level_from,
    mapping_from,
    mapping_row,
    packed,
    rows_of,
    unpacked,
)
from zigzag_lab.store.database import Row, rows_from
from zigzag_lab.store.designs import Design
from zigzag_lab.store.tables import LayerEvaluationTuple, MemoryEvaluationTuple
from zigzag_lab.vocab import TemporalMappingType

dims = st.sampled_from(["K", "C", "OX", "é", 'q"', "B\\"])
sizes = st.integers(1, 10**7) | st.sampled_from([2.0, 2.5, float(Fraction(10, 3)), np.int64(4), np.float64(0.5)])
levels = st.lists(st.lists(st.tuples(dims, sizes), max_size=4).map(tuple), min_size=1, max_size=3).map(tuple)
temporals = st.builds(
    TemporalMapping, st.dictionaries(st.sampled_from(["O", "W", "I"]), levels), st.sampled_from(TemporalMappingType)
)
spatials = st.builds(
    SpatialMapping,
    st.dictionaries(st.sampled_from(["D1", "D2"]), st.dictionaries(dims, st.integers(1, 64), max_size=2)),
)


def mapping_document(spatial: SpatialMapping, temporal: TemporalMapping) -> dict[str, Any]:
    """A mapping as plain data, in the order that both are given in; its canonical JSON is what is stored."""
    return {
        "kind": temporal.kind.value,
        "spatial": [[dim, [*unrolled.items()]] for dim, unrolled in spatial.unrollings.items()],
        "temporal": temporal.levels,
    }


@given(spatials, temporals)
def test_a_mapping_is_stored_as_its_canonical_document(spatial: SpatialMapping, temporal: TemporalMapping) -> None:
    key, text, content = mapping_row(spatial, temporal)
    assert content.encode() == canonical_json(mapping_document(spatial, temporal))
    assert key[N_SPATIAL_DIGITS:] == digest(mapping_document(spatial, temporal), "mapping")[N_SPATIAL_DIGITS:]
    assert key[:N_SPATIAL_DIGITS] == mapping_row(spatial, TemporalMapping({}))[0][:N_SPATIAL_DIGITS]
    assert text == str(spatial)
    assert mapping_from(content) == (spatial, temporal)


def memory_rows(rows: LayerRows) -> list[Row]:
    return [*rows_from(rows.memories, len(MemoryEvaluationTuple._fields))]


def test_loops_read_as_people_write_them() -> None:
    temporal = TemporalMapping({"O": ((("C", 8.0), ("OX", 3.5)), (("K", 12345678),), ())})
    cme = price_of(1)
    rows = rows_of(cme, 4, 2, "d" * 64)
    expected = [", ".join(f"{d} {s:g}" for d, s in level) for level in cme.temporal_mapping.levels["O"]]
    assert [row[5] for row in memory_rows(rows) if row[2] == "O"] == expected
    assert '"temporal":{"O":[[["C",8],["OX",3.5]],[["K",12345678]],[]]}' in mapping_row(SpatialMapping({}), temporal)[2]


def expected_memory_row(cme: CostModelEvaluation, operand: str, level: int) -> Row:
    """The row of a memory level, each column by its name."""
    terms, index = cme.breakdown, cme.problem.memories[operand][level]
    accesses, energy = terms.accesses[operand][level], terms.access_energy_pj[operand][level]
    return MemoryEvaluationTuple(
        run_number=4,
        layer_index=2,
        operand=operand,
        level=level,
        memory=cme.accelerator.memories[index].name,
        loops=", ".join(f"{dim} {size:g}" for dim, size in cme.temporal_mapping.levels[operand][level]),
        utilisation=terms.utilisation[operand][level],
        shared_utilisation=terms.shared_utilisation[operand][level],
        accesses_to_low=accesses.to_low,
        accesses_from_low=accesses.from_low,
        accesses_to_high=accesses.to_high,
        accesses_from_high=accesses.from_high,
        energy_to_low_pj=energy.to_low,
        energy_from_low_pj=energy.from_low,
        energy_to_high_pj=energy.to_high,
        energy_from_high_pj=energy.from_high,
    )


def expected_layer_row(cme: CostModelEvaluation, mapping_digest: str) -> Row:
    """The row of a layer, each column by its name."""
    terms = cme.breakdown
    return LayerEvaluationTuple(
        run_number=4,
        layer_index=2,
        layer_id=cme.layer.id,
        name=cme.layer.name,
        operator_type=cme.layer.operator_type,
        layer_digest="d" * 64,
        mapping_digest=mapping_digest,
        keeps_at_output_pins=cme.keep_at_output_pins,
        n_macs=cme.layer.n_macs,
        energy_pj=cme.energy_total,
        mac_energy_pj=terms.mac_energy_pj,
        memory_energy_pj=terms.memory_energy_pj,
        latency_cycles=cme.latency_total2,
        ideal_cycles=terms.ideal_cycles,
        temporal_cycles=terms.temporal_cycles,
        stall_cycles=terms.stall_cycles,
        onload_cycles=terms.onload_cycles,
        offload_cycles=terms.offload_cycles,
        drain_cycles=terms.drain_cycles,
        accelerator_kind="accelerator 2",
        constraints_kind="constraints",
        memories_left_out="{}",
    )


@settings(max_examples=30)
@given(st.integers(0, 200))
def test_rows_hold_plain_numbers_in_the_order_of_their_columns(seed: int) -> None:
    cme = price_of(seed)
    design = Design(accelerator="accelerator 2", constraints="constraints", left_out="{}")
    rows = rows_of(cme, 4, 2, "d" * 64, design)
    assert rows.layer == expected_layer_row(cme, rows.mapping[0])
    for row in (rows.layer, *memory_rows(rows)):
        assert {type(value) for value in row} <= {int, float, str, bool, type(None)}
    for row in memory_rows(rows):
        assert row == expected_memory_row(cme, *row[2:4])
        named, stored = MemoryEvaluationTuple._make(row), level_from(row)
        assert stored.accesses == cme.breakdown.accesses[named.operand][named.level]
        assert stored.energy_pj == cme.breakdown.access_energy_pj[named.operand][named.level]
        assert (stored.operand, stored.level) == (named.operand, named.level)


@given(st.binary())
def test_packed_content_comes_back(content: bytes) -> None:
    assert unpacked(packed(content)) == content
