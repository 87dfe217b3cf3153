"""Whether a score can be reached, before money is spent."""

from assay.problem.feasibility.ceiling import Ceiling
from assay.problem.feasibility.curve import Point
from assay.problem.feasibility.result import Feasibility, VerdictRows
from assay.problem.feasibility.study import feasibility

__all__ = ["Ceiling", "Feasibility", "Point", "VerdictRows", "feasibility"]
