"""A project's curve in the report: the picture, and what it says."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from assay.picture import effort_accuracy, svg
from assay.portfolio import KnownCurve, Point, ProjectState, too_steep
from assay.portfolio.pictures import attempts_table
from assay.report.content import Picture

CURVE_POINTS = 80
LEAST_REACH = 20.0  # person-days that a curve shows at least
SHARE_CAPTION = (
    "The line is what effort can be expected to reach, the band holds it in 8 of 10 cases. An "
    "attempt may fall short of it. 0 % is the baseline, 100 % a perfect model."
)
KNOWN_CAPTION = "This curve is taken as known. A point is 0.01 of skill."


def curve_picture(
    state: ProjectState, points: Sequence[Point], *, planned: int, unit: str, per_day: float
) -> Picture:
    """The curve with its attempts, and where the plan would take it.

    Args:
        state: the project as planning sees it.
        points: its attempts, in order.
        planned: effort that the plan gives.
        unit: of effort.
        per_day: units of effort in a person-day.
    """
    is_share = not isinstance(state.curve, KnownCurve)
    end = state.effort_spent + planned
    efforts = np.linspace(0.0, max(2.0 * end, LEAST_REACH * per_day), CURVE_POINTS)
    low, high = state.curve.band(efforts)
    curve = pl.DataFrame(
        {"effort": efforts, "mean": state.curve.mean(efforts), "low": low, "high": high}
    )
    # Attempts are scored in headroom, a known curve counts points.
    scale = 1.0 if is_share else 100.0 * state.skill_at_ceiling
    chart = effort_accuracy(
        curve,
        attempts_table(points, scale),
        unit=unit,
        planned=end if planned else None,
        spent=state.effort_spent,
        axis="share of what is possible" if is_share else "points of skill",
        is_share=is_share,
    )
    numbers = " Numbers are attempts, in order." if points else ""
    caption = f"{SHARE_CAPTION if is_share else KNOWN_CAPTION}{numbers}"
    return Picture(title="Effort and accuracy", svg=svg(chart), caption=caption)


def curve_sentence(
    state: ProjectState, points: Sequence[Point], unit: str, value_unit: str = ""
) -> str:
    """Where the project stands, and what the next unit is expected to add.

    Args:
        state: the project as planning sees it.
        points: its attempts, in order.
        unit: of effort.
        value_unit: of what it is worth; may be empty.
    """
    pieces = [
        _standing(state, points, unit),
        _next(state, unit, value_unit),
        _doubt(state),
        too_steep(state.unknown_before),
    ]
    return " ".join(piece for piece in pieces if piece)


def _standing(state: ProjectState, points: Sequence[Point], unit: str) -> str:
    spent = f"{state.effort_spent:g} {unit}{'' if state.effort_spent == 1 else 's'}"
    if not points:
        return "Nothing was tried yet."
    expected = float(state.curve.mean(state.effort_spent))
    if isinstance(state.curve, KnownCurve):
        return f"After {spent} the curve stands at {expected:.3g} points."
    scores = [point.score for point in points if point.score is not None]
    best = max(scores, default=0.0)
    reached = (
        f"the best attempt reached {100 * best:.0f} % of what is possible"
        if best > 0
        else "no attempt beat the baseline"
    )
    if 100 * expected < 100 * best + 1:
        return f"After {spent} {reached}."
    return f"After {spent} {reached}; such effort can be expected to reach {100 * expected:.0f} %."


def _next(state: ProjectState, unit: str, value_unit: str) -> str:
    points = f"{max(0.0, state.points_added(1)):.2g}"
    noun = "point" if points == "1" else "points"
    brings = f"{float(state.values(1)[1]):.2g} {value_unit}".rstrip()
    return f"The next {unit} is expected to add {points} {noun}, worth {brings}."


def _doubt(state: ProjectState) -> str:
    dead = state.curve.probability_dead()
    chance = f"The chance that there is nothing to gain is {100 * dead:.0f} %."
    return chance if dead > 0.05 else ""
