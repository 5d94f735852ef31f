"""Sweeps: design spaces in a file, expanded into points, priced where they are missing, resumed at will."""

from zigzag_lab.sweeps.expansion import points
from zigzag_lab.sweeps.plan import DesignPoint, SweepSpec
from zigzag_lab.sweeps.sweep_file import read_sweep
from zigzag_lab.vocab.ordering import pareto_front

__all__ = ["DesignPoint", "SweepSpec", "pareto_front", "points", "read_sweep"]
