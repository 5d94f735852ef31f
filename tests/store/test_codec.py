from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.prices import price_of
from zigzag_lab.keys import canonical_json, digest
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.store.codec import (
    LAYER_COLUMNS,
    MEMORY_COLUMNS,
    N_SPATIAL_DIGITS,
    LayerRows,
    level_from,
    mapping_document,
    mapping_from,
    mapping_row,
    packed,
    rows_of,
    unpacked,
)
from zigzag_lab.store.database import Row, rows_from
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


@given(spatials, temporals)
def test_a_mapping_is_stored_as_its_canonical_document(spatial: SpatialMapping, temporal: TemporalMapping) -> None:
    key, text, content = mapping_row(spatial, temporal)
    assert content.encode() == canonical_json(mapping_document(spatial, temporal))
    assert key[N_SPATIAL_DIGITS:] == digest(mapping_document(spatial, temporal), "mapping")[N_SPATIAL_DIGITS:]
    assert key[:N_SPATIAL_DIGITS] == mapping_row(spatial, TemporalMapping({}))[0][:N_SPATIAL_DIGITS]
    assert text == str(spatial)
    assert mapping_from(content) == (spatial, temporal)


def memory_rows(rows: LayerRows) -> list[Row]:
    return [*rows_from(rows.memories, len(MEMORY_COLUMNS))]


def test_loops_read_as_people_write_them() -> None:
    temporal = TemporalMapping({"O": ((("C", 8.0), ("OX", 3.5)), (("K", 12345678),), ())})
    cme = price_of(1)
    rows = rows_of(cme, 4, 2, "d" * 64)
    expected = [", ".join(f"{d} {s:g}" for d, s in level) for level in cme.temporal_mapping.levels["O"]]
    assert [row[5] for row in memory_rows(rows) if row[2] == "O"] == expected
    assert '"temporal":{"O":[[["C",8],["OX",3.5]],[["K",12345678]],[]]}' in mapping_row(SpatialMapping({}), temporal)[2]


@settings(max_examples=30)
@given(st.integers(0, 200))
def test_rows_hold_plain_numbers_in_the_order_of_their_columns(seed: int) -> None:
    cme = price_of(seed)
    rows = rows_of(cme, 4, 2, "d" * 64)
    layer = dict(zip(LAYER_COLUMNS, rows.layer, strict=True))
    assert (layer["run_number"], layer["layer_index"], layer["layer_digest"]) == (4, 2, "d" * 64)
    assert layer["energy_pj"] == cme.energy_total
    assert layer["latency_cycles"] == cme.latency_total2
    for row in (rows.layer, *memory_rows(rows)):
        assert {type(value) for value in row} <= {int, float, str, bool, type(None)}
    for row in memory_rows(rows):
        named, stored = dict(zip(MEMORY_COLUMNS, row, strict=True)), level_from(row)
        assert stored.accesses.from_high == named["accesses_from_high"]
        assert stored.energy_pj.to_low == named["energy_to_low_pj"]
        assert (stored.operand, stored.level) == (named["operand"], named["level"])


@given(st.binary())
def test_packed_content_comes_back(content: bytes) -> None:
    assert unpacked(packed(content)) == content
