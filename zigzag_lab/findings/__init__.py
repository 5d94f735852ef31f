"""Findings about inputs: what changes results without being wrong, and what a reader of the results should know."""

from zigzag_lab.findings import hardware as hardware
from zigzag_lab.findings import mapping as mapping
from zigzag_lab.findings import utilisation as utilisation
from zigzag_lab.findings.design import InputSet
from zigzag_lab.findings.finding import CHECKS, Finding, Severity, findings_of

__all__ = ["CHECKS", "Finding", "InputSet", "Severity", "findings_of"]
