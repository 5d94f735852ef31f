"""What ZigZag's JSON files say more about a result on an array that computes in memory."""

from __future__ import annotations

from typing import Any

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import ImcArray, OperationalArray


def imc_simple_json(cme: CostModelEvaluation) -> dict[str, Any]:
    """Clock and area; nothing for another kind of array."""
    return {"tclk (ns)": cme.tclk, "area": cme.area_total} if _computes_in_memory(cme) else {}


def add_imc_outputs(outputs: dict[str, Any], cme: CostModelEvaluation) -> None:
    """Add breakdowns of operations and computation, clock and area; nothing for another kind of array.

    Args:
        outputs: the ``outputs`` of the complete file.
        cme: the result.
    """
    if not _computes_in_memory(cme):
        return
    outputs["energy"]["operational_energy_breakdown"] = cme.mac_energy_breakdown
    outputs["latency"]["computation_breakdown"] = {
        "mac_computation": cme.ideal_temporal_cycle,
        "memory_stalling": cme.stall_slack_comb,
    }
    outputs["clock"] = {"tclk (ns)": cme.tclk, "tclk_breakdown (ns)": cme.tclk_breakdown}
    outputs["area (mm^2)"] = {
        "total_area": cme.area_total,
        "total_area_breakdown:": {"imc_area": cme.imc_area, "mem_area": cme.mem_area},  # the colon is ZigZag's
        "total_area_breakdown_further": {
            "imc_area_breakdown": cme.imc_area_breakdown,
            "mem_area_breakdown": cme.mem_area_breakdown,
        },
    }


def imc_array_json(array: OperationalArray) -> dict[str, Any]:
    """The keys of an accelerator file that describe an in-memory array; nothing for another kind of array."""
    imc: ImcArray | None = array.imc
    if imc is None:
        return {}
    return {
        "is_imc": True,
        "imc_type": imc.kind.value,
        "input_precision": [imc.activation_bits, imc.weight_bits],
        "bit_serial_precision": imc.serial_bits,
        "adc_resolution": imc.adc_bits,
    }


def _computes_in_memory(cme: CostModelEvaluation) -> bool:
    return cme.accelerator.array.imc is not None
