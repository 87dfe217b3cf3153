"""Curves, allocation and plans: where the next unit of effort is worth most."""

from assay.portfolio.allocation import (
    Allocation,
    Constraints,
    Filling,
    Funding,
    LogCurves,
    Prerequisite,
    ShapedCurves,
    allocate,
    allocate_each,
    budget_at_price,
    least_budget,
    waterfill,
)
from assay.portfolio.by_budget import sweep
from assay.portfolio.by_goal import plan_at_price, plan_for_target
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
from assay.portfolio.planning import Plan, PlanLine, plan_projects
from assay.portfolio.point import Point, points_of, too_steep
from assay.portfolio.project_state import ProjectState
from assay.portfolio.returns import AbstractReturns, returns_of
from assay.portfolio.rules import NO_RULES, Rules
from assay.portfolio.state import (
    budget_left,
    curve_of,
    plan,
    plan_from,
    plan_states,
    project_states,
    rules_of,
)

__all__ = [
    "NO_RULES",
    "SHAPES",
    "AbstractCurve",
    "AbstractReturns",
    "Allocation",
    "Belief",
    "Constraints",
    "Contradiction",
    "Curve",
    "Filling",
    "Funding",
    "HistoryCurve",
    "KnownCurve",
    "LogCurves",
    "Observation",
    "Plan",
    "PlanLine",
    "Point",
    "Prerequisite",
    "ProjectState",
    "Rules",
    "ShapedCurves",
    "StageOfWork",
    "Stages",
    "allocate",
    "allocate_each",
    "budget_at_price",
    "budget_left",
    "contradiction",
    "curve_of",
    "least_budget",
    "plan",
    "plan_at_price",
    "plan_for_target",
    "plan_from",
    "plan_projects",
    "plan_states",
    "points_of",
    "project_states",
    "returns_of",
    "rules_of",
    "sweep",
    "too_steep",
    "waterfill",
]
