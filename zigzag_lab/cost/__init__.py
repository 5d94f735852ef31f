"""The cost model of mappings: one kernel for batches, one scalar model for the eye."""

from zigzag_lab.cost.breakdown import Breakdown, FourWay, PortStall
from zigzag_lab.cost.certificate import Certificate, FrontCertificate, ProofSummary
from zigzag_lab.cost.evaluation import CostModelEvaluation, priced
from zigzag_lab.cost.kernel import Prices, price
from zigzag_lab.cost.sums import CostModelEvaluationABC, CumulativeCME

__all__ = [
    "Breakdown",
    "Certificate",
    "CostModelEvaluation",
    "CostModelEvaluationABC",
    "CumulativeCME",
    "FourWay",
    "FrontCertificate",
    "PortStall",
    "Prices",
    "ProofSummary",
    "price",
    "priced",
]
