"""Splitting effort: the best use of a budget, given what effort is worth to each project."""

from assay.portfolio.allocation.allocate import Allocation, allocate, allocate_each
from assay.portfolio.allocation.constraints import Constraints, Prerequisite
from assay.portfolio.allocation.goals import Funding, budget_at_price, least_budget
from assay.portfolio.allocation.shaped import ShapedCurves
from assay.portfolio.allocation.waterfill import Filling, LogCurves, waterfill

__all__ = [
    "Allocation",
    "Constraints",
    "Filling",
    "Funding",
    "LogCurves",
    "Prerequisite",
    "ShapedCurves",
    "allocate",
    "allocate_each",
    "budget_at_price",
    "least_budget",
    "waterfill",
]
