"""Curves, allocation and plans: where the next unit of effort is worth most."""

from assay.portfolio.allocate import Allocation, allocate, allocate_each
from assay.portfolio.by_budget import sweep
from assay.portfolio.curve import AbstractCurve, Curve, KnownCurve
from assay.portfolio.observation import Belief, Observation
from assay.portfolio.plan import Plan, PlanLine, ProjectState, plan_projects
from assay.portfolio.shape import SHAPES

__all__ = [
    "SHAPES",
    "AbstractCurve",
    "Allocation",
    "Belief",
    "Curve",
    "KnownCurve",
    "Observation",
    "Plan",
    "PlanLine",
    "ProjectState",
    "allocate",
    "allocate_each",
    "plan_projects",
    "sweep",
]
