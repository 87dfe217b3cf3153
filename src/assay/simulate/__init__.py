"""Companies, shops and epidemics whose truth is known."""

from assay.simulate.companies import Company, TrueProject, company
from assay.simulate.comparing import Comparison, compare
from assay.simulate.playing import Course, Step, play
from assay.simulate.policies import POLICIES, Policy, Round, policy
from assay.simulate.shops import Shop, shop
from assay.simulate.standing import Standing

__all__ = [
    "POLICIES",
    "Company",
    "Comparison",
    "Course",
    "Policy",
    "Round",
    "Shop",
    "Standing",
    "Step",
    "TrueProject",
    "company",
    "compare",
    "play",
    "policy",
    "shop",
]
