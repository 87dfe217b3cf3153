"""Splitting effort: the best use of a budget, given what effort is worth to each project."""

from assay.portfolio.allocation.allocate import Allocation, allocate, allocate_each

__all__ = ["Allocation", "allocate", "allocate_each"]
