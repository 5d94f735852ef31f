import shutil
from pathlib import Path

import pytest

from zigzag_lab.inputs.presets import Kind, preset_names, preset_path, resolve
from zigzag_lab.vocab import InputError

ACCELERATORS = [
    "aimc",
    "ascend_like",
    "dimc",
    "edge_tpu_like",
    "eyeriss_like",
    "gemm_l1",
    "meta_prototype",
    "tesla_npu_like",
    "tpu_like",
]
WORKLOADS = ["alexnet", "bert_base_encoder", "mobilenetv2", "resnet18", "resnet50", "yolo_tiny"]
ALL: list[tuple[Kind, list[str]]] = [
    ("accelerator", ACCELERATORS),
    ("mapping", ACCELERATORS),
    ("workload", WORKLOADS),
]


@pytest.mark.parametrize(("kind", "names"), ALL)
def test_every_preset_is_listed_and_is_a_file(kind: Kind, names: list[str]) -> None:
    assert preset_names(kind) == names
    for name in names:
        assert preset_path(kind, name).is_file()
        assert resolve(kind, name) == preset_path(kind, name)


def test_a_path_that_exists_wins_over_a_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(preset_path("workload", "alexnet"), tmp_path / "resnet18")
    assert resolve("workload", "resnet18") == Path("resnet18")
    assert resolve("workload", tmp_path / "resnet18") == tmp_path / "resnet18"


def test_a_folder_called_like_a_preset_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tpu_like").mkdir()
    assert resolve("accelerator", "tpu_like") == preset_path("accelerator", "tpu_like")


def test_another_folder_is_left_to_the_reader_to_refuse(tmp_path: Path) -> None:
    assert resolve("accelerator", tmp_path) == tmp_path


def test_a_misspelt_name_is_answered_with_the_nearest_and_with_all_names() -> None:
    with pytest.raises(InputError) as caught:
        resolve("accelerator", "tpu_lik")
    message = str(caught.value)
    assert "'tpu_lik' is neither a file nor a preset" in message
    assert "Did you mean 'tpu_like'?" in message
    assert all(name in message for name in ACCELERATORS)


def test_a_missing_file_is_compared_by_its_stem() -> None:
    with pytest.raises(InputError, match=r"Did you mean 'resnet18'\?"):
        resolve("workload", "nets/resnet_18.onnx")


def test_a_name_like_no_other_gets_general_advice() -> None:
    with pytest.raises(InputError, match="Give the path of a file"):
        resolve("mapping", "zzz")


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InputError, match="nothing was given"):
        resolve("workload", "")


def test_a_name_longer_than_file_systems_allow_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="neither a file nor a preset") as caught:
        resolve("workload", "x" * 5000)
    assert len(str(caught.value)) < 500


def test_the_home_of_an_unknown_user_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="neither a file nor a preset"):
        resolve("workload", "~no-such-user-here/net.onnx")


def test_a_null_character_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="neither a file nor a preset"):
        resolve("workload", "a\0b")


def test_an_unknown_preset_is_refused_by_preset_path() -> None:
    with pytest.raises(InputError, match=r"Did you mean 'resnet50'\?"):
        preset_path("workload", "resnet5")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"Did you mean 'mapping'\?"):
        preset_names("mappings")  # type: ignore[arg-type]
