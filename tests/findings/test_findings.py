"""What changes results silently is found where it is, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.findings.files import SLIPS, sound, written
from zigzag_lab.api.check import check_files
from zigzag_lab.findings import CHECKS, InputSet, findings_of
from zigzag_lab.inputs import read_accelerator, read_any_workload, read_mapping
from zigzag_lab.inputs.presets import preset_names, preset_path


def test_sound_files_have_no_findings(tmp_path: Path) -> None:
    outcome = check_files([written(sound(), tmp_path)])
    assert {file.kind for file in outcome.files} == {"accelerator", "mapping", "workload"}
    assert not outcome.findings


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_in_its_file(slip: str, tmp_path: Path) -> None:
    spoil, codes, words = SLIPS[slip]
    files = sound()
    spoil(files)
    found = check_files([written(files, tmp_path)]).findings
    assert {finding.code for finding in found} == codes
    assert words in " ".join(map(str, found))
    for finding in found:
        assert finding.where.startswith(str(tmp_path / f"{CHECKS[finding.code].about}.yaml"))
        assert finding.severity is CHECKS[finding.code].severity


def test_every_check_has_a_slip_that_provokes_it() -> None:
    of_sweeps = {"unknown-area"}
    assert set(CHECKS) == {code for _, codes, _ in SLIPS.values() for code in codes} | of_sweeps


def test_unknown_areas_matter_where_areas_are_asked_for() -> None:
    files = sound()
    given = read_accelerator(files["accelerator"])
    (finding,) = findings_of(InputSet(accelerator=given, wants_area=True))
    assert finding.code == "unknown-area"
    assert "for rf_w, rf_o, sram;" in str(finding)  # the DRAM is off the chip
    assert not findings_of(InputSet(accelerator=given))
    for memory in files["accelerator"]["memories"].values():
        memory["area"] = 1
    assert not findings_of(InputSet(accelerator=read_accelerator(files["accelerator"]), wants_area=True))


OF_BERT = {"unknown-loop", "idle-dimension"}
"""Matrix products on arrays that spread pixels over two of their dimensions: most units are idle."""

DESERVED = {
    **{(name, "bert_base_encoder"): OF_BERT for name in ("ascend_like", "edge_tpu_like", "meta_prototype")},
    # 8 of the 32 units along D2 are in use, as in ZigZag's own files
    **{("tesla_npu_like", name): {"other-dimensions"} for name in preset_names("workload")},
    ("tesla_npu_like", "bert_base_encoder"): {"other-dimensions", *OF_BERT},
    # made for matrix products written by hand
    **{("gemm_l1", name): OF_BERT for name in preset_names("workload") if name != "bert_base_encoder"},
}


def test_presets_have_the_warnings_that_they_deserve() -> None:
    networks = {name: read_any_workload(preset_path("workload", name)) for name in preset_names("workload")}
    found = {}
    for name in preset_names("accelerator"):
        accelerator = read_accelerator(preset_path("accelerator", name))
        rules = read_mapping(preset_path("mapping", name))
        for network, workload in networks.items():
            findings = findings_of(InputSet(workload, accelerator, rules))
            if findings:
                found[name, network] = {finding.code for finding in findings}
    assert found == DESERVED
