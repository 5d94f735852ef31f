"""CACTI: the real one against the figures that zigzag-dse keeps, and false ones for everything that can go wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
import zigzag

from tests.inputs import samples
from zigzag_lab.inputs import cacti, read_accelerator
from zigzag_lab.inputs.cacti import VARIABLE, Cacti, configuration, default_provider, find_cacti
from zigzag_lab.inputs.memory_costs import InMemoryCostCache, MemoryCostRequest, MemoryCosts
from zigzag_lab.vocab import InputError

SHIPPED = Path(zigzag.__file__ or next(iter(zigzag.__path__))).parent / "cacti" / "cacti_master"
SMALL = MemoryCostRequest("sram", 128, 8, 8)
HEADER = " Dynamic read energy (nJ), Dynamic write energy (nJ), Area (mm2), Access time (ns)"

Fake = Callable[..., Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Makes an executable with technology files beside it out of a shell script."""

    def make(script: str, name: str = "fake") -> Path:
        folder = tmp_path / name
        (folder / "tech_params").mkdir(parents=True, exist_ok=True)
        (folder / "tech_params" / "22nm.dat").write_text("silicon")
        path = folder / "cacti"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def answering(row: str) -> str:
    return f"echo '{HEADER}' > memory.cfg.out; echo '{row}' >> memory.cfg.out; echo x >> \"$(dirname \"$0\")/calls\""


def n_calls(executable: Path) -> int:
    calls = executable.parent / "calls"
    return len(calls.read_text().splitlines()) if calls.exists() else 0


# -- the real one ------------------------------------------------------------------------------------------------------

POOL = yaml.safe_load((SHIPPED / "example_mem_pool.yaml").read_text())
ENTRIES = [
    "128_Byte_8_BW_1_1_0_BANK_COUNT_1_TECH_0.022",
    "128_Byte_16_BW_1_1_0_BANK_COUNT_1_TECH_0.022",
    "128_Byte_32_BW_2_2_0_BANK_COUNT_1_TECH_0.022",
    "2048_Byte_256_BW_2_2_0_BANK_COUNT_1_TECH_0.022",
]


@pytest.mark.parametrize("name", ENTRIES)
def test_it_says_what_zigzag_keeps(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    entry = POOL[name]
    width = entry["IO_bus_width"]
    ports = [int(entry[key]) for key in ("ex_rd_port", "ex_wr_port", "rd_wr_port")]
    request = MemoryCostRequest("sram", entry["size_byte"], width, width, *ports)
    costs = default_provider().costs(request)
    assert costs.read_pj == pytest.approx(1000 * entry["cost"]["read_word"], rel=1e-9)
    assert costs.write_pj == pytest.approx(1000 * entry["cost"]["write_word"], rel=1e-9)
    assert costs.area_mm2 == pytest.approx(entry["area"], rel=1e-9)
    assert costs.access_ns > 0
    assert list(tmp_path.iterdir()) == []


def test_a_dram_is_no_sram_of_the_same_size() -> None:
    size = 2**20
    sram, dram = (Cacti(SHIPPED / "cacti").costs(MemoryCostRequest(kind, size, 64, 64)) for kind in ("sram", "dram"))
    assert dram != sram


def test_what_it_cannot_model_is_refused() -> None:
    with pytest.raises(InputError, match=r"CACTI: no circuit for 8 bytes of sram, 8 bits wide; expected 64 bytes"):
        Cacti(SHIPPED / "cacti").costs(MemoryCostRequest("sram", 8, 8, 8))


def test_many_may_ask_at_once() -> None:
    provider = Cacti(SHIPPED / "cacti")
    requests = [MemoryCostRequest("sram", 128 * n, 8, 8) for n in (1, 2, 4, 8)] * 2
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(provider.costs, requests))
    alone = Cacti(SHIPPED / "cacti")
    assert together == [alone.costs(request) for request in requests]


def test_a_file_is_read_with_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    data = samples.accelerator()
    data["memories"]["rf_w"].update({"auto_cost_extraction": True, "mem_type": "rf"})
    memory = read_accelerator(data).memory_named("rf_w")
    costs = Cacti(SHIPPED / "cacti").costs(MemoryCostRequest("sram", 8 * 128, 8, 8))
    assert (memory.read_cost_pj, memory.write_cost_pj, memory.area_mm2) == (
        costs.read_pj,
        costs.write_pj,
        costs.area_mm2,
    )


# -- where it is -------------------------------------------------------------------------------------------------------


def test_the_configured_one_wins(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    executable = fake(answering("0.001, 0.002, 3, 4"))
    for configured in (executable, executable.parent):
        monkeypatch.setenv(VARIABLE, str(configured))
        assert find_cacti() == executable
        assert default_provider().costs(SMALL) == MemoryCosts(1.0, 2.0, 3.0, 4.0)


def test_one_on_the_search_path_comes_next(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    executable = fake("exit 0")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(executable.parent))
    assert find_cacti() == executable


def test_the_one_of_zigzag_comes_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_cacti() == (SHIPPED / "cacti").resolve()


def test_none_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(cacti, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=rf"no executable was found.*Set {VARIABLE} to the executable of CACTI 7"):
        find_cacti()


def test_a_configured_one_that_is_none(fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="is no executable file"):
        find_cacti()
    executable = fake("exit 0")
    shutil.rmtree(executable.parent / "tech_params")
    monkeypatch.setenv(VARIABLE, str(executable))
    with pytest.raises(InputError, match="no folder 'tech_params' beside"):
        find_cacti()


# -- what it says ------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_and_another_question_is_asked(fake: Fake) -> None:
    executable = fake(answering("0.001, 0.002, 3, 4"))
    provider = Cacti(executable)
    assert provider.costs(SMALL) == provider.costs(SMALL) == MemoryCosts(1.0, 2.0, 3.0, 4.0)
    assert n_calls(executable) == 1
    for other in (MemoryCostRequest("dram", 128, 8, 8), MemoryCostRequest("sram", 128, 8, 8, technology_nm=32)):
        provider.costs(other)
    assert n_calls(executable) == 3


def test_another_programs_answers_are_not_taken(fake: Fake) -> None:
    cache = InMemoryCostCache()
    first, second = (fake(answering(f"{x}, 1, 1, 1"), name) for name, x in (("one", "0.001"), ("two", "0.002")))
    assert [Cacti(path, cache=cache).costs(SMALL).read_pj for path in (first, second)] == [1.0, 2.0]
    (second.parent / "tech_params" / "22nm.dat").write_text("germanium")
    Cacti(second, cache=cache).costs(SMALL)
    assert n_calls(second) == 2
    Cacti(second, cache=cache).costs(SMALL)
    assert n_calls(second) == 2


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "exit 139",
        "touch memory.cfg.out",
        answering("a, b, c, d"),
        answering("0.1, 0.2"),
        answering("nan, 0.2, 3, 4"),
        answering("0.1, 0.2, inf, 4"),
        answering("0, 0.2, 3, 4"),
        answering("0.1, 0.2, 3, 4") + "; exit 3",
    ],
)
def test_no_sound_answer_is_refused_and_not_kept(fake: Fake, script: str) -> None:
    cache = InMemoryCostCache()
    provider = Cacti(fake(script), cache=cache)
    with pytest.raises(
        InputError, match=r"no circuit for 128 bytes of sram, 8 bits wide.*Write r_cost, w_cost and area"
    ):
        provider.costs(SMALL)
    assert cache.get(f"cacti:{provider.identity}:{SMALL.key()}") is None


def test_its_own_words_are_passed_on(fake: Fake) -> None:
    with pytest.raises(InputError, match=r"\(it says: ERROR: too small\)"):
        Cacti(fake("echo hello; echo 'ERROR: too small' >&2")).costs(SMALL)


def test_it_is_stopped_after_a_while(fake: Fake) -> None:
    with pytest.raises(InputError, match=r"no answer after 0\.2 s"):
        Cacti(fake("exec sleep 30"), timeout_s=0.2).costs(SMALL)


def test_a_program_for_another_machine(fake: Fake) -> None:
    executable = fake("exit 0")
    executable.write_bytes(b"\x7fELF\0\0\0\0")
    with pytest.raises(InputError, match="cannot be run"):
        Cacti(executable).costs(SMALL)


def test_the_question_in_its_own_format() -> None:
    lines = configuration(MemoryCostRequest("dram", 4096, 64, 32, 2, 1, 0, 4, 45, 300)).splitlines()
    assert all(line.startswith("-") for line in lines)
    for line in (
        "-size (bytes) 4096",
        "-block size (bytes) 64",
        "-output/input bus width 32",
        "-exclusive read port 2",
        "-exclusive write port 1",
        "-read-write port 0",
        "-UCA bank count 4",
        "-technology (u) 0.045",
        '-cache type "main memory"',
        "-operating temperature (K) 300",
    ):
        assert lines.count(line) == 1
