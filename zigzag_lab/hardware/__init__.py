"""Hardware: arrays, memories and ports. Depends on no file format."""

from zigzag_lab.hardware.accelerator import Accelerator as Accelerator
from zigzag_lab.hardware.accelerator import Area as Area
from zigzag_lab.hardware.accelerator import ArrayCosts as ArrayCosts
from zigzag_lab.hardware.accelerator import Memory as Memory
from zigzag_lab.hardware.accelerator import MemoryArea as MemoryArea
from zigzag_lab.hardware.accelerator import OperationalArray as OperationalArray
from zigzag_lab.hardware.accelerator import Port as Port
from zigzag_lab.hardware.accelerator import area_of as area_of
from zigzag_lab.hardware.imc import ImcArray as ImcArray
from zigzag_lab.hardware.imc import ImcKind as ImcKind
