"""What is known about a target before any model."""

from assay.problem.problem import Problem
from assay.problem.profile import profile
from assay.problem.property import Property, RuledOut, Suggestion

__all__ = ["Problem", "Property", "RuledOut", "Suggestion", "profile"]
