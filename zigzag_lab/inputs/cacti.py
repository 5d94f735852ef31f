"""CACTI 7, a circuit model of memories by HP Labs, as a provider of memory costs. It runs as a program of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import cached_property, lru_cache
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from zigzag_lab.inputs.memory_costs import InMemoryCostCache, MemoryCostCache, MemoryCostRequest, MemoryCosts
from zigzag_lab.vocab import InputError

VARIABLE = "ZIGZAG_LAB_CACTI"
"""Environment variable with the path of CACTI's executable."""

_HINT = f"Set {VARIABLE} to the executable of CACTI 7, install zigzag-dse, which brings one, or write the costs down."
_TECHNOLOGIES = "tech_params"
_SETTINGS = {
    "Array Power Gating -": '"false"',
    "WL Power Gating -": '"false"',
    "CL Power Gating -": '"false"',
    "Bitline floating -": '"false"',
    "Interconnect Power Gating -": '"false"',
    "Power Gating Performance Loss": "0.01",
    "page size (bits)": "8192",
    "burst length": "8",
    "internal prefetch width": "8",
    "Data array cell type -": '"itrs-hp"',
    "Data array peripheral type -": '"itrs-hp"',
    "Tag array cell type -": '"itrs-hp"',
    "Tag array peripheral type -": '"itrs-hp"',
    "tag size (b)": '"default"',
    "access mode (normal, sequential, fast) -": '"normal"',
    "design objective (weight delay, dynamic power, leakage power, cycle time, area)": "0:0:0:100:0",
    "deviate (delay, dynamic power, leakage power, cycle time, area)": "20:100000:100000:100000:100000",
    "NUCAdesign objective (weight delay, dynamic power, leakage power, cycle time, area)": "100:100:0:0:100",
    "NUCAdeviate (delay, dynamic power, leakage power, cycle time, area)": "10:10000:10000:10000:10000",
    "Optimize ED or ED^2 (ED, ED^2, NONE):": '"ED^2"',
    "Cache model (NUCA, UCA)  -": '"UCA"',
    "NUCA bank count": "0",
    "Wire signaling (fullswing, lowswing, default) -": '"Global_30"',
    "Wire inside mat -": '"semi-global"',
    "Wire outside mat -": '"semi-global"',
    "Interconnect projection -": '"conservative"',
    "Core count": "8",
    "Cache level (L2/L3) -": '"L3"',
    "Add ECC -": '"true"',
    "Print level (DETAILED, CONCISE) -": '"DETAILED"',
    "Print input parameters -": '"true"',
    "Force cache config -": '"false"',
    "Ndwl": "1",
    "Ndbl": "1",
    "Nspd": "0",
    "Ndcm": "1",
    "Ndsam1": "0",
    "Ndsam2": "0",
    "dram_type": '"DDR3"',
    "io state": '"WRITE"',
    "addr_timing": "1.0",
    "mem_density": "4 Gb",
    "bus_freq": "800 MHz",
    "duty_cycle": "1.0",
    "activity_dq": "1.0",
    "activity_ca": "0.5",
    "num_dq": "72",
    "num_dqs": "18",
    "num_ca": "25",
    "num_clk": "2",
    "num_mem_dq": "2",
    "mem_data_width": "8",
    "rtt_value": "10000",
    "ron_value": "34",
    "tflight_value": "",
    "num_bobs": "1",
    "capacity": "80",
    "num_channels_per_bob": "1",
    "first metric": '"Cost"',
    "second metric": '"Bandwidth"',
    "third metric": '"Energy"',
    "DIMM model": '"ALL"',
    "mirror_in_bob": '"F"',
}
"""Fixed settings, under CACTI's names; they are those that ZigZag's memory costs were made with."""

_COLUMNS = {
    "Dynamic read energy (nJ)": "read",
    "Dynamic write energy (nJ)": "write",
    "Area (mm2)": "area",
    "Access time (ns)": "access",
}


def find_cacti() -> Path:
    """The executable: the one configured, one on the search path, or the one that zigzag-dse ships.

    Raises:
        InputError: there is none, or the configured one is no executable.
    """
    if configured := os.environ.get(VARIABLE):
        path = Path(configured).expanduser()
        if path.is_dir():
            path /= "cacti"
        return _usable(path)
    on_path = shutil.which("cacti")
    if on_path and (Path(on_path).resolve().parent / _TECHNOLOGIES).is_dir():
        return Path(on_path).resolve()
    if shipped := _shipped():
        return _usable(shipped)
    raise InputError("CACTI", "no executable was found", "one that prices memories", _HINT)


def _shipped() -> Path | None:
    """The executable inside an installed zigzag-dse, which is not imported."""
    spec = find_spec("zigzag")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "cacti" / "cacti_master" / "cacti"
        if path.is_file():
            return path
    return None


def _usable(path: Path) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise InputError("CACTI", f"'{path}' is no executable file", "the program of CACTI 7", _HINT)
    if not (path.resolve().parent / _TECHNOLOGIES).is_dir():
        found = f"no folder '{_TECHNOLOGIES}' beside '{path}'"
        raise InputError("CACTI", found, "CACTI 7 with its technology files", _HINT)
    return path.resolve()


class Cacti:
    """Runs CACTI. Each call has a folder of its own, so that several may run side by side.

    Args:
        executable: the program, with its technology files beside it.
        cache: keeps answers under what was asked and of which program; by default for as long as this object lives.
        timeout_s: give up after this long.
    """

    def __init__(
        self, executable: str | Path, *, cache: MemoryCostCache | None = None, timeout_s: float = 600.0
    ) -> None:
        self.executable = _usable(Path(executable))
        self.cache = InMemoryCostCache() if cache is None else cache
        self.timeout_s = timeout_s

    @cached_property
    def identity(self) -> str:
        """Digest of the program, its technology files and our settings: another one's answers are not ours."""
        digest = hashlib.sha256(self.executable.read_bytes())
        for path in sorted((self.executable.parent / _TECHNOLOGIES).iterdir()):
            digest.update(path.name.encode() + path.read_bytes())
        digest.update(repr(_SETTINGS).encode())
        return digest.hexdigest()

    def costs(self, request: MemoryCostRequest) -> MemoryCosts:
        """Price a memory.

        Raises:
            InputError: CACTI cannot be run, or finds no circuit for it.
        """
        key = f"cacti:{self.identity}:{request.key()}"
        known = self.cache.get(key)
        if known is None:
            known = self._run(request)
            self.cache.put(key, known)
        return known

    def _run(self, request: MemoryCostRequest) -> MemoryCosts:
        with TemporaryDirectory(prefix="zigzag-lab-cacti-") as name:
            folder = Path(name)
            shutil.copytree(self.executable.parent / _TECHNOLOGIES, folder / _TECHNOLOGIES)
            (folder / "memory.cfg").write_text(configuration(request), encoding="ascii")
            command = [str(self.executable), "-infile", "memory.cfg"]
            try:
                done = subprocess.run(
                    command,
                    cwd=folder,
                    capture_output=True,
                    timeout=self.timeout_s,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            except subprocess.TimeoutExpired as error:
                hint = "Write r_cost, w_cost and area down."
                raise InputError("CACTI", f"no answer after {self.timeout_s:g} s", "one in time", hint) from error
            except OSError as error:
                found = f"'{self.executable}' cannot be run ({error.strerror})"
                raise InputError("CACTI", found, "a program for this machine", _HINT) from error
            table = folder / "memory.cfg.out"
            answer = _answer(table.read_text(encoding="utf-8", errors="replace")) if table.is_file() else None
            if answer is None or done.returncode:
                raise _refused(request, done.stdout + done.stderr)
            return answer


def configuration(request: MemoryCostRequest) -> str:
    """A question in CACTI's own format."""
    asked = {
        "operating temperature (K)": str(request.temperature_k),
        "size (bytes)": str(request.size_bytes),
        "block size (bytes)": str(request.block_bytes),
        "output/input bus width": str(request.bus_bits),
        "associativity": "1",
        "read-write port": str(request.n_read_write_ports),
        "exclusive read port": str(request.n_read_ports),
        "exclusive write port": str(request.n_write_ports),
        "single ended read ports": "0",
        "UCA bank count": str(request.n_banks),
        "technology (u)": f"{request.technology_nm / 1000:g}",
        "cache type": '"ram"' if request.kind == "sram" else '"main memory"',
    }
    return "".join(f"-{key} {value}\n" for key, value in {**_SETTINGS, **asked}.items())


def _answer(table: str) -> MemoryCosts | None:
    """The last line of CACTI's table of results; none where it holds no sound numbers."""
    lines = [[cell.strip() for cell in line.split(",")] for line in table.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    row = dict(zip(lines[0], lines[-1], strict=False))
    try:
        found = {short: float(row[column]) for column, short in _COLUMNS.items()}
    except (KeyError, ValueError):
        return None
    if not all(isfinite(number) and number > 0 for number in found.values()):
        return None
    return MemoryCosts(found["read"] * 1000, found["write"] * 1000, found["area"], found["access"])


def _refused(request: MemoryCostRequest, output: bytes) -> InputError:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines()]
    said = next((line for line in lines if "error" in line.lower() or "valid" in line.lower()), "")
    found = f"no circuit for {request.size_bytes} bytes of {request.kind}, {request.bus_bits} bits wide"
    if said:
        found += f" (it says: {said[:120]})"
    expected = "64 bytes or more, at most as wide as it is large, in 22, 32, 45, 65 or 90 nm"
    return InputError("CACTI", found, expected, "Write r_cost, w_cost and area down.")


def default_provider(cache: MemoryCostCache | None = None) -> Cacti:
    """CACTI as :func:`find_cacti` finds it; without a cache, its answers are stored for as long as the process lives.

    Raises:
        InputError: there is none.
    """
    return _shared(find_cacti()) if cache is None else Cacti(find_cacti(), cache=cache)


@lru_cache(maxsize=8)
def _shared(executable: Path) -> Cacti:
    return Cacti(executable)
