"""Physical figures of a run or a layer: what follows from its energy and its cycles once there is a clock.

Operations are multiply-accumulates (MACs) everywhere in this package. TOPS alone count two operations in each, a
multiplication and an addition, as data sheets do. The views of the database hold the same figures under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass

OPERATIONS_A_MAC = 2


@dataclass(frozen=True)
class Physical:
    """What is known of a run or a layer, and what follows; what does not is None.

    Attributes:
        energy_pj, latency_cycles: its price.
        n_macs: its operations.
        clock_ns: period of the clock; None where cycles are of any length.
        static_power_mw: what the whole design draws all the time; None where that is not given.
        n_inferences: how many inferences it stands for.
        area_total_mm2: area of the whole design.
        technology: what the figures are for.
    """

    energy_pj: float | None
    latency_cycles: float | None
    n_macs: int | None = None
    clock_ns: float | None = None
    static_power_mw: float | None = None
    n_inferences: int | None = None
    area_total_mm2: float | None = None
    technology: str | None = None

    @property
    def _time_ns(self) -> float | None:
        return None if self.latency_cycles is None or self.clock_ns is None else self.latency_cycles * self.clock_ns

    @property
    def time_s(self) -> float | None:
        """Latency in seconds."""
        return None if self._time_ns is None else self._time_ns * 1e-9

    @property
    def average_power_mw(self) -> float | None:
        """Energy over time (1 pJ/ns is 1 mW)."""
        return _ratio(self.energy_pj, self._time_ns)

    @property
    def static_energy_pj(self) -> float | None:
        """The part of the energy that leaks."""
        known = self.static_power_mw is not None and self._time_ns is not None
        return self.static_power_mw * self._time_ns if known else None  # type: ignore[operator]

    @property
    def dynamic_energy_pj(self) -> float | None:
        """The rest, which operations and memory accesses take."""
        return None if self.energy_pj is None else self.energy_pj - (self.static_energy_pj or 0.0)

    @property
    def tops(self) -> float | None:
        """Tera-operations a second, two for each MAC."""
        return _ratio(self.n_macs, self._time_ns, OPERATIONS_A_MAC * 1e-3)

    @property
    def tops_per_watt(self) -> float | None:
        """The same for each watt: operations for each pJ. It needs no clock."""
        return _ratio(self.n_macs, self.energy_pj, OPERATIONS_A_MAC)

    @property
    def inferences_per_s(self) -> float | None:
        """Inferences a second, one batch after the other."""
        return _ratio(self.n_inferences, self.time_s)

    @property
    def energy_per_inference_pj(self) -> float | None:
        """Energy for each inference of the batch."""
        return _ratio(self.energy_pj, self.n_inferences)

    def derived(self) -> dict[str, float | None]:
        """All that follows, by name."""
        return {name: getattr(self, name) for name in DERIVED}

    def known(self) -> dict[str, float]:
        """Those of them that are known."""
        return {name: figure for name, figure in self.derived().items() if figure is not None}

    def as_dict(self) -> dict[str, float | str | None]:
        """What is known beside the price, and what follows, without what is None."""
        given = {name: getattr(self, name) for name in GIVEN}
        return {**{name: figure for name, figure in given.items() if figure is not None}, **self.known()}


GIVEN = ("clock_ns", "static_power_mw", "n_inferences", "area_total_mm2", "technology")
DERIVED = (
    *("time_s", "average_power_mw", "static_energy_pj", "dynamic_energy_pj"),
    *("tops", "tops_per_watt", "inferences_per_s", "energy_per_inference_pj"),
)


def _ratio(part: float | None, whole: float | None, times: float = 1.0) -> float | None:
    return times * part / whole if part is not None and whole else None
