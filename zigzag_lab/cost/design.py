"""Terms of a price that depend on the design alone: its area, and the clock of an in-memory array."""

from __future__ import annotations

from zigzag_lab.hardware import Accelerator, Area, ImcArray, area_of


class DesignTerms:
    """Area and clock of a CME's accelerator.

    The names that ZigZag gives only to CMEs of in-memory arrays (``tclk``, ``area_total``...) are attributes of those
    alone: ``hasattr(cme, "tclk")`` tells them apart, as there.
    """

    accelerator: Accelerator | None

    @property
    def area(self) -> Area | None:
        """Area of the design with its breakdown; none for the empty sum."""
        return area_of(self.accelerator) if self.accelerator else None

    @property
    def area_total_mm2(self) -> float | None:
        """Area of the whole design, all instances of all memories; none for the empty sum."""
        return self.area.total_mm2 if self.area else None

    @property
    def area_mm2(self) -> float | None:
        """Area of an in-memory design as ZigZag counts it, each memory once; none for other designs."""
        return self.area.single_mm2 if self.area and self._circuits else None

    @property
    def clock_ns(self) -> float | None:
        """Clock period of an in-memory array; none for other designs, whose cycles are of any length."""
        return self._circuits.clock_ns if self._circuits else None

    @property
    def _circuits(self) -> ImcArray | None:
        return self.accelerator.array.imc if self.accelerator else None

    def _imc(self, name: str) -> tuple[ImcArray, Accelerator, Area]:
        """The in-memory array.

        Raises:
            AttributeError: this is another kind of array.
        """
        if self.accelerator is None or self.accelerator.array.imc is None or self.area is None:
            raise AttributeError(f"{type(self).__name__} has no '{name}': its array does not compute in memory")
        return self.accelerator.array.imc, self.accelerator, self.area

    @property
    def tclk(self) -> float:
        """Clock period in ns."""
        return self._imc("tclk")[0].clock_ns

    @property
    def tclk_breakdown(self) -> dict[str, float]:
        """Part of the longest path -> its delay in ns."""
        return dict(self._imc("tclk_breakdown")[0].clock_ns_by_part)

    @property
    def imc_area(self) -> float:
        """Area of the in-memory array in mm2."""
        return self._imc("imc_area")[0].area_mm2

    @property
    def imc_area_breakdown(self) -> dict[str, float]:
        """Part of the in-memory array -> its area in mm2."""
        return dict(self._imc("imc_area_breakdown")[0].area_mm2_by_part)

    @property
    def mem_area(self) -> float:
        """Area of the memories in mm2, each counted once."""
        return sum(self.mem_area_breakdown.values())

    @property
    def mem_area_breakdown(self) -> dict[str, float]:
        """Memory -> area of one instance in mm2."""
        return {m.name: m.area_mm2 for m in self._imc("mem_area_breakdown")[1].memories}

    @property
    def area_total(self) -> float:
        """Area of array and memories in mm2, each memory counted once."""
        return self._imc("area_total")[2].single_mm2
