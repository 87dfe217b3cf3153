"""Splitting effort: the best use of a budget, given what effort is worth to each project."""

from assay.portfolio.allocation.allocate import Allocation, allocate, allocate_each
from assay.portfolio.allocation.constraints import Constraints, Prerequisite

__all__ = ["Allocation", "Constraints", "Prerequisite", "allocate", "allocate_each"]
