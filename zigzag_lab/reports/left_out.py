"""What a recorded run does not price: operators that are free, and those of which nothing is counted."""

from __future__ import annotations

from zigzag_lab.keys.records import record_from
from zigzag_lab.reports.claims import Statement
from zigzag_lab.store.lab import Lab
from zigzag_lab.workload import Workload, operations_left_out


def left_out_claim(lab: Lab, run_id: str) -> Statement | None:
    """What the network of a run leaves out; none where that is nothing, or the record does not hold the network.

    Raises:
        InputError: the record of the network is damaged.
    """
    given = lab.inputs(run_id).get("workload")
    if given is None:
        return None
    coverage = operations_left_out(record_from(Workload, given[1]))
    return Statement("left out", f"{coverage.sentence()}.", coverage.as_dict()) if coverage.left_out else None
