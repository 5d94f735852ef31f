from __future__ import annotations

import json
from dataclasses import replace
from math import inf

from tests.tracking.samples import Place, finished_run
from zigzag_lab.store.full_run import read_run
from zigzag_lab.tracking.run_texts import FORMAT, run_json


def test_it_is_plain_json_without_secrets(place: Place) -> None:
    record = read_run(place.store.database, finished_run(place.store))
    odd = replace(record, reason="hidden1 \0 \ud800", options={"a": {1: (inf, True, None)}})
    document = json.loads(run_json(odd, "url", lambda text: text.replace("hidden1", "***")))
    assert document["format"] == FORMAT
    assert document["database"] == "url"
    assert document["run"]["reason"] == "*** \ufffd ?"
    assert document["run"]["options"] == {"a": {"1": ["inf", True, None]}}
    assert document["run"]["started_at"].endswith("+00:00")
