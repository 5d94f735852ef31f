from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.tracking.samples import NETWORK, OPTIONS, Place, finished_run
from zigzag_lab.store import RunStatus
from zigzag_lab.store.full_run import read_run
from zigzag_lab.vocab import InputError


def test_all_of_a_run_is_read(place: Place) -> None:
    record = read_run(place.store.database, finished_run(place.store, name="mine"))
    assert (record.name, record.experiment, record.status) == ("mine", "try", RunStatus.FINISHED)
    assert record.options == OPTIONS
    assert record.tags == {"team": "blue"}
    assert record.inputs["accelerator"].file_name == "small.yaml"
    assert record.environment["versions"]["zigzag_lab"]
    assert [layer["name"] for layer in record.layers] == [cme.layer.name for cme in NETWORK]
    for layer, cme in zip(record.layers, NETWORK, strict=True):
        memories = {(m["operand"], m["level"]): m["energy_to_low_pj"] for m in layer["memories"]}
        for operand, levels in cme.breakdown.access_energy_pj.items():
            assert [memories[operand, i] for i in range(len(levels))] == [four.to_low for four in levels]


def test_times_are_in_utc(place: Place) -> None:
    record = read_run(place.store.database, finished_run(place.store))
    assert record.ended_at is not None
    assert record.started_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - record.ended_at) < timedelta(minutes=1)


def test_no_such_run(place: Place) -> None:
    with pytest.raises(InputError, match="no run is called so"):
        read_run(place.store.database, "nobody")
