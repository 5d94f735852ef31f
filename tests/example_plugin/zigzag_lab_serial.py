"""An array whose multipliers take one bit of a weight in each cycle."""

from __future__ import annotations

from math import prod

from zigzag_lab.hardware import ArrayCosts, OperationalArray
from zigzag_lab.inputs.arrays import ArrayFile, ArrayModel

KEYS = {"weight_bits": "bits of a weight", "adder_energy": "energy of the adder in one cycle, in pJ"}
ADDER_MM2, REGISTER_PJ, REGISTER_MM2 = 2e-5, 0.01, 1e-5


def read(file: ArrayFile) -> tuple[OperationalArray, None]:
    """Read the settings of the array, and work out what it costs."""
    n_bits = file.required("weight_bits", KEYS["weight_bits"]).integer(KEYS["weight_bits"], 1)
    adder_pj = file.required("adder_energy", KEYS["adder_energy"]).number(KEYS["adder_energy"])
    n_units = prod(file.sizes.values())
    costs = ArrayCosts(
        "serial",
        energy_pj_by_part={"adders": adder_pj * n_bits, "registers": REGISTER_PJ * n_bits},
        area_mm2_by_part={"adders": ADDER_MM2 * n_units, "registers": REGISTER_MM2 * n_units},
        cycles_per_op=n_bits,
        clock_ns=0.5,
    )
    return OperationalArray.of_costs(file.sizes, costs), None


SERIAL = ArrayModel("serial", KEYS, read)
