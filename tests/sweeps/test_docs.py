"""The example in docs/sweeps.md is a sweep file."""

from __future__ import annotations

from pathlib import Path

from zigzag_lab.sweeps import points, read_sweep

DOCS = Path(__file__).parents[2] / "docs" / "sweeps.md"


def test_the_example_says_what_its_comments_claim(tmp_path: Path) -> None:
    text = DOCS.read_text().partition("```yaml\n")[2].partition("```")[0]
    file = tmp_path / "experiment.yaml"
    file.write_text(text.replace("my_net.onnx", "alexnet"))
    sweep = read_sweep(file)
    found = list(points(sweep))
    assert {point.workload for point in found} == {"resnet18", "alexnet"}
    assert {"banks" in point.values for point in found if point.values["rows"] == 16} == {False}
    dram = "accelerator.memories.dram"
    width, energy = f"{dram}.ports[0].bandwidth_max", f"{dram}.w_cost"
    assert {(point.values[width], point.values[energy]) for point in found} == {(64, 750), (128, 1400)}
    cost, size = "accelerator.memories.sram_2MB.r_cost", "accelerator.memories.sram_2MB.size"
    twice = [p for p in found if p.values.get("banks") == 2 and p.values[size] == 2**26]
    assert {point.values[cost] for point in twice} == {415}
    assert all(point.values[size] >= 4 * 2**13 * point.values["rows"] for point in found)
