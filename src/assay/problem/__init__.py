"""What is known about a target before any model."""

from assay.problem.feasibility import Feasibility, feasibility
from assay.problem.problem import Problem
from assay.problem.profile import profile
from assay.problem.property import Property, RuledOut, Suggestion

__all__ = [
    "Feasibility",
    "Problem",
    "Property",
    "RuledOut",
    "Suggestion",
    "feasibility",
    "profile",
]
