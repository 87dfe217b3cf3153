"""Curves, allocation and plans: where the next unit of effort is worth most."""

from assay.portfolio.allocation import Allocation, allocate, allocate_each
from assay.portfolio.by_budget import sweep
from assay.portfolio.curves import (
    SHAPES,
    AbstractCurve,
    Belief,
    Contradiction,
    Curve,
    HistoryCurve,
    KnownCurve,
    Observation,
    StageOfWork,
    Stages,
    contradiction,
)
from assay.portfolio.planning import Plan, PlanLine, ProjectState, plan_projects
from assay.portfolio.point import Point, points_of, too_steep
from assay.portfolio.state import (
    budget_left,
    curve_of,
    plan,
    plan_from,
    project_states,
)

__all__ = [
    "SHAPES",
    "AbstractCurve",
    "Allocation",
    "Belief",
    "Contradiction",
    "Curve",
    "HistoryCurve",
    "KnownCurve",
    "Observation",
    "Plan",
    "PlanLine",
    "Point",
    "ProjectState",
    "StageOfWork",
    "Stages",
    "allocate",
    "allocate_each",
    "budget_left",
    "contradiction",
    "curve_of",
    "plan",
    "plan_from",
    "plan_projects",
    "points_of",
    "project_states",
    "sweep",
    "too_steep",
]
