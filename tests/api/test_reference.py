"""``get_hardware_performance_zigzag``: ZigZag's signature and return values."""

from __future__ import annotations

import inspect
import logging
import pickle
from pathlib import Path
from typing import Any

import onnx
import pytest
from zigzag.api import get_hardware_performance_zigzag as reference

import zigzag_lab
from tests.inputs.onnx_samples import conv_model
from tests.oracle.golden import load_golden
from tests.stages.small import accelerator, layer, mapping, network, written
from zigzag_lab.api import get_hardware_performance_zigzag, get_hardware_performance_zigzag_imc
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.vocab import InputError


@pytest.mark.parametrize("opt", ["latency", "energy", "EDP"])
def test_the_same_call_gives_the_same_answer(opt: str, tmp_path: Path) -> None:
    inputs = tuple(written(tmp_path).values())
    logging.disable(logging.INFO)
    try:
        theirs = reference(
            *inputs, opt=opt, lpf_limit=3, dump_folder=str(tmp_path / "theirs"), loma_show_progress_bar=False
        )
    finally:
        logging.disable(logging.NOTSET)
    ours = get_hardware_performance_zigzag(
        *inputs, opt=opt, lpf_limit=3, dump_folder=str(tmp_path / "ours"), loma_show_progress_bar=False
    )
    assert len(ours) == len(theirs) == 3
    assert ours[0] == pytest.approx(theirs[0], rel=1e-9)
    assert ours[1] == theirs[1]
    assert len(ours[2]) == len(theirs[2]) == 1
    (total, layers), (_, their_layers) = ours[2][0], theirs[2][0]
    assert (total.energy_total, total.latency_total2) == ours[:2]
    for (cme, _), (their, _) in zip(layers, their_layers, strict=True):
        assert cme.layer.name == their.layer.name
        assert cme.latency_total2 == their.latency_total2
        assert cme.energy_total == pytest.approx(their.energy_total, rel=1e-9)
    assert (tmp_path / "ours" / "list_of_cmes.pickle").exists()


GEMM = {
    "operator_type": "Gemm",
    "equation": "O[d][k]+=I[d][c]*W[c][k]",
    "dimension_relations": [],
    "loop_dims": ["D", "C", "K"],
    "loop_sizes": [6, 32, 48],
    "operand_source": {"W": 0},
}
ON_IMC = {"workload": [layer(0, "gemm", **GEMM)], "accelerator": "dimc", "mapping": "dimc", "lpf_limit": 3}


def test_even_mappings_and_the_number_of_spatial_mappings_reach_the_search(tmp_path: Path) -> None:
    plain = ([layer(0, "wide", loop_sizes=[1, 16, 8, 2, 2, 1, 1])], accelerator(sram_bits=300), mapping())
    uneven, even = (
        get_hardware_performance_zigzag(*plain, lpf_limit=4, temporal_mapping_type=kind)[1]
        for kind in ("uneven", "even")
    )
    one, all_of_them = (
        get_hardware_performance_zigzag(*plain, lpf_limit=4, nb_spatial_mappings_generated=n)[1] for n in (1, None)
    )
    assert uneven < even
    assert all_of_them < one


def test_in_memory_arrays_add_their_clock_and_area() -> None:
    *plain, results = get_hardware_performance_zigzag(**ON_IMC)
    *more, again = get_hardware_performance_zigzag(**ON_IMC, in_memory_compute=True)
    first = again[0][1][0][0]
    assert more == [*plain, first.tclk, first.area_total]
    assert results[0][0].energy_total == again[0][0].energy_total
    with pytest.raises(InputError, match=r"in_memory_compute: .* does not compute in memory"):
        get_hardware_performance_zigzag(network(), accelerator(), mapping(), lpf_limit=2, in_memory_compute=True)


def test_the_in_memory_variant_takes_every_option(tmp_path: Path) -> None:
    """ZigZag's takes three positions and nothing else."""
    usual = get_hardware_performance_zigzag_imc(**ON_IMC)
    assert usual[:4] == get_hardware_performance_zigzag(**ON_IMC, in_memory_compute=True)[:4]
    same = get_hardware_performance_zigzag_imc(
        **ON_IMC,
        temporal_mapping_search_engine="loma",
        temporal_mapping_type="uneven",
        opt="latency",
        nb_spatial_mappings_generated=3,
        exploit_data_locality=True,
        enable_mix_spatial_mapping=True,
        loma_show_progress_bar=True,
        dump_folder=str(tmp_path / "dump"),
        pickle_filename=str(tmp_path / "cmes.pickle"),
    )
    assert same[:4] == usual[:4]
    assert (tmp_path / "dump" / "overall_simple.json").exists()
    assert (tmp_path / "cmes.pickle").exists()


@pytest.mark.parametrize(
    ("option", "index", "is_better"),
    [
        ({"opt": "energy"}, 0, True),
        ({"temporal_mapping_search_engine": "salsa"}, 1, True),
        ({"nb_spatial_mappings_generated": None}, 1, True),
        ({"lpf_limit": 5}, 1, True),
        ({"temporal_mapping_type": "even"}, 1, False),
    ],
)
def test_options_of_the_in_memory_variant_reach_the_search(option: Any, index: int, is_better: bool) -> None:
    usual = get_hardware_performance_zigzag_imc(**ON_IMC)
    asked = get_hardware_performance_zigzag_imc(**{**ON_IMC, **option})
    assert asked[index] <= usual[index] if is_better else asked[index] >= usual[index]
    assert asked[2:4] == usual[2:4]


def test_the_signature_is_zigzags() -> None:
    ours, theirs = (inspect.signature(f).parameters for f in (get_hardware_performance_zigzag, reference))
    assert list(ours)[: len(theirs)] == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].kind is parameter.kind
        if name != "dump_folder":
            assert ours[name].default == parameter.default


def test_presets_and_their_files_and_objects_say_the_same() -> None:
    expected = load_golden("latency-tpu_like-resnet18.onnx")
    by_name = get_hardware_performance_zigzag("resnet18", "tpu_like", "tpu_like")
    assert by_name[0] == pytest.approx(expected["energy_pj"], rel=1e-9)
    assert by_name[1] == expected["latency_cycles"]
    model = onnx.load(preset_path("workload", "resnet18"), load_external_data=False)
    by_object = get_hardware_performance_zigzag(
        model, str(preset_path("accelerator", "tpu_like")), str(preset_path("mapping", "tpu_like"))
    )
    assert by_object[:2] == by_name[:2]


def test_layers_can_be_plain_data() -> None:
    found = get_hardware_performance_zigzag(network(), accelerator(), mapping(), lpf_limit=2)
    assert found[0] > 0


def test_a_pickle_can_go_anywhere_and_loads_back(tmp_path: Path) -> None:
    inputs = tuple(written(tmp_path).values())
    energy, latency, [(total, _)] = get_hardware_performance_zigzag(
        *inputs, lpf_limit=2, pickle_filename=str(tmp_path / "deep" / "cmes.pickle")
    )
    cmes = pickle.loads((tmp_path / "deep" / "cmes.pickle").read_bytes())
    again: Any = cmes[0] + cmes[1] + cmes[2]
    assert (again.energy_total, again.latency_total2) == (energy, latency)
    assert again.mem_energy_breakdown == total.mem_energy_breakdown
    assert not (tmp_path / "dump").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("opt", "speed"), ("lpf_limit", 0), ("temporal_mapping_type", "odd"), ("temporal_mapping_search_engine", "lomo"),
     ("nb_spatial_mappings_generated", 0)],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(name: str, value: Any) -> None:
    with pytest.raises(InputError):
        get_hardware_performance_zigzag(conv_model(), "tpu_like", "tpu_like", **{name: value})


def test_names_can_be_imported_from_the_top() -> None:
    assert zigzag_lab.get_hardware_performance_zigzag is get_hardware_performance_zigzag
    assert zigzag_lab.MainStage is zigzag_lab.api.MainStage
    for name in ("Stage", "LomaStage", "CostModelStage", "CostModelEvaluation", "CumulativeCME", "InputError"):
        assert getattr(zigzag_lab, name).__name__
        assert name in dir(zigzag_lab)
    with pytest.raises(AttributeError, match="no attribute 'SumStag'"):
        _ = zigzag_lab.SumStag
