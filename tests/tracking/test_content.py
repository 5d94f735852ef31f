from __future__ import annotations

import json
from dataclasses import replace
from math import fsum, inf, nan

from tests.tracking.samples import NETWORK, TOTAL, Place, failed_run, finished_run
from zigzag_lab.store import RunStatus
from zigzag_lab.store.full_run import FullRun, read_run
from zigzag_lab.tracking.content import RunContent, cache_word, content_of, energy_by_memory, params, user_tag_key
from zigzag_lab.vocab.masking import Masker


def record_of(place: Place, run_id: str) -> FullRun:
    return read_run(place.store.database, run_id)


def told(record: FullRun) -> RunContent:
    return content_of(record, "sqlite:////lab.db", Masker())


def test_parameters_are_plain_and_the_same_for_every_run(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    assert params(record) == {
        "workload": "tiny net",
        "accelerator": "small | array",
        "mapping": "none",
        "workload_digest": "ab" * 6,
        "accelerator_digest": record.inputs["accelerator"].digest[:12],
        "mapping_digest": "none",
        "objective": "latency",
        "lpf_limit": "6",
        "spatial_mappings": "0",
        "temporal": "uneven",
        "mix_spatial": "0",
        "seed": "none",
    }
    bare = params(replace(record, options={}))
    assert bare["lpf_limit"] == bare["spatial_mappings"] == "-1"
    assert bare["temporal"] == "none"


def test_metrics_are_the_figures_of_the_database(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    metrics = {(m.key, m.step): m.value for m in told(record).metrics}
    assert metrics["total/energy_pj", 0] == TOTAL.energy_total
    assert metrics["total/latency_cycles", 0] == TOTAL.latency_total2
    assert metrics["total/utilisation", 0] == fsum(c.breakdown.ideal_cycles for c in NETWORK) / TOTAL.latency_total2
    assert metrics["search/mappings_evaluated", 0] == 1234
    for step, cme in enumerate(NETWORK):
        assert metrics["layers/energy_pj", step] == cme.energy_total
        assert metrics["layers/latency_cycles", step] == cme.latency_total2
    breakdown = [value for (key, _), value in metrics.items() if key.startswith("breakdown/")]
    assert abs(fsum(breakdown) / TOTAL.mem_energy - 1) < 1e-9
    assert "total/area_mm2" not in {key for key, _ in metrics}


def test_few_memories_have_charts_of_their_own(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    template = record.layers[0]["memories"][0]
    memories = [template | {"memory": f"m/{i}", "energy_to_low_pj": float(i)} for i in range(30)]
    record = replace(record, layers=({**record.layers[0], "memories": memories},))
    metrics = {m.key: m.value for m in told(record).metrics if m.key.startswith("breakdown/")}
    assert len(metrics) == 17
    assert "breakdown/energy_pj/m_29" in metrics
    assert abs(fsum(metrics.values()) - fsum(energy_by_memory(record).values())) < 1e-6


def test_numbers_that_are_none_are_left_out_and_named(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    content = told(replace(record, energy_pj=nan, latency_cycles=inf))
    assert content.tags["zl.not_finite"] == "total/energy_pj, total/latency_cycles, total/tops_per_watt"
    assert not {"total/energy_pj", "total/latency_cycles"} & {m.key for m in content.metrics}
    assert json.loads(content.document)["totals"]["latency_cycles"] == "inf"


def test_tags_lead_back(place: Place) -> None:
    run_id = finished_run(place.store, tags={"team": "blue", "zl.run_id": "false", "mlflow.note.content": "x"})
    tags = told(record_of(place, run_id)).tags
    assert tags["zl.run_id"] == run_id
    assert tags["zl.database"] == "sqlite:////lab.db"
    assert (tags["zl.status"], tags["zl.cache"], tags["team"]) == ("finished", "part", "blue")
    assert tags["user.zl.run_id"] == "false"
    assert user_tag_key("MLFLOW.x") == "user.MLFLOW.x"
    assert f"zigzag-lab show {run_id} --db sqlite:////lab.db" in tags["mlflow.note.content"]
    assert "small \\| array" in tags["mlflow.note.content"]
    assert "zl.reason" not in tags


def test_a_failed_run_says_why(place: Place) -> None:
    error = ValueError("no such port\nin postgresql://me:hidden@host/x\n@here")
    content = told(record_of(place, failed_run(place.store, error)))
    assert content.status == "FAILED"
    assert content.tags["zl.error"] == "ValueError"
    assert "no such port" in content.tags["zl.reason"]
    assert "Traceback" in content.tags["mlflow.note.content"]
    assert "hidden" not in content.document + "".join(content.tags.values())
    assert {m.key for m in content.metrics} >= {"layers/energy_pj"}
    assert "total/energy_pj" not in {m.key for m in content.metrics}


def test_words_for_the_cache(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    words = [
        cache_word(replace(record, cache_hits=hits, cache_misses=misses))
        for hits, misses in ((None, None), (0, 3), (2, 1), (3, 0))
    ]
    assert words == ["off", "miss", "part", "hit"]


def test_the_document_is_the_whole_run(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    document = json.loads(told(record).document)
    assert document["run"]["id"] == record.run_id
    assert document["totals"]["energy_pj"] == TOTAL.energy_total
    assert [layer["energy_pj"] for layer in document["layers"]] == [c.energy_total for c in NETWORK]
    assert document["layers"][0]["mapping"]["temporal"]
    assert len(document["layers"][0]["memories"]) == sum(len(v) for v in NETWORK[0].problem.memories.values())
    inputs = {given["kind"]: given["content"] for given in document["inputs"]}
    assert list(inputs) == ["accelerator", "accelerator 2", "accelerator 3", "workload"]
    assert inputs["workload"] == {"layers": [1]}


def test_everything_long_is_cut_visibly(place: Place) -> None:
    name, tags = "n" * 9000, {f"t{i}": "v" * 9000 for i in range(200)}
    run_id = finished_run(place.store, name=name, experiment="e" * 900, tags=tags, options={"long": "o" * 9000})
    content = told(record_of(place, run_id))
    assert len(content.experiment) == len(content.name) == len(content.params["long"]) == 500
    assert "characters cut]" in content.name
    assert len(content.tags) <= 100
    assert content.tags["zl.tags_left_out"] == "130"
    assert max(len(v) for v in content.tags.values()) <= 8000


def test_every_status_has_a_word_in_mlflow(place: Place) -> None:
    record = record_of(place, finished_run(place.store))
    words = {status: told(replace(record, status=status)).status for status in RunStatus}
    assert words[RunStatus.LOST] == "KILLED"
    assert words[RunStatus.INFEASIBLE] == "FAILED"
