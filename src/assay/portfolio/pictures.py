"""What the pictures of a plan show, as tables; `assay.picture` draws them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from assay.errors import PlanError
from assay.portfolio.allocation import allocate_each
from assay.portfolio.allocation.envelope import diminishes, envelope_slopes
from assay.portfolio.kinds import Floats
from assay.portfolio.point import Point
from assay.portfolio.project_state import BAND
from assay.portfolio.returns import POINTS
from assay.portfolio.rules import constraints_of

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from assay.picture.lifecycle import Life
    from assay.portfolio.planning import Plan

PlanPicture = Literal["optimum", "curves", "budgets", "marginal", "returns"]
KINDS: tuple[PlanPicture, ...] = get_args(PlanPicture)

PANELS = 6  # projects whose curves are drawn one by one
LINES = 12  # lines that cross and can still be told apart
CURVES = 40  # lines that rise side by side
LEAST_REACH = 20  # units that are looked ahead at least
BEYOND = 1.4  # how far lines are drawn past the last dot
LOOK_ON = 3  # times the most that a project gets: further on nobody would go
COSTLY = 4000  # expected worths of curves under returns that are not linear: about a second
DRAWN_ROWS = 4000  # Altair draws up to 5000
BUDGETS = 40  # at which a split is drawn
FEW_BUDGETS = 20  # where rules make each split a search of its own
MOST_DRAWN = 4000  # units up to which budgets beyond the plan's are searched
SECONDS = 1.0  # for each of those; the best split found by then is drawn
CURVE_POINTS = 30
RETURN_POINTS = 60


def draw_plan(plan: "Plan", kind: str, *, is_titled: bool = True) -> "alt.TopLevelMixin":
    """Draw a plan; see `Plan.picture`.

    Raises:
        PlanError: no such kind, or the plan was made without its projects.
    """
    if kind not in _DRAWN:
        known = ", ".join(KINDS)
        raise PlanError(f"plan: the picture is {kind!r}, must be one of {known}.")
    if kind != "optimum" and len(plan.states) != len(plan.lines):
        raise PlanError(
            f"plan: the picture {kind!r} needs the projects, and this plan was made without. "
            "Make it with `plan_projects`."
        )
    return _DRAWN[kind](plan, is_titled)


def optimum_curves(plan: "Plan") -> "pl.DataFrame":
    """Points of the curves of the projects that get most, few enough to be drawn.

    Returns:
        Columns `project`, `effort` (up to the budget, or three times the most that one gets),
        `value`.
    """
    places, _ = _first(plan, CURVES)
    most = max(line.units for line in plan.lines)
    curves = _values(plan)
    reach = min(curves[0].size - 2, max(LOOK_ON * most, LEAST_REACH))
    return _drawn_at(plan, places, reach, "value", [curves[at] for at in places])


def split_by_budget(plan: "Plan") -> "pl.DataFrame":
    """The best split up to twice the budget under the plan's rules, as `sweep` gives it.

    Up to the budget alone where looking further would cost seconds. Budgets that no split can keep
    the rules with are left out.
    """
    import polars as pl

    bent = sum(not state.returns.is_linear for state in plan.states)
    ahead = 2 if 2 * plan.budget * bent <= COSTLY else 1
    most = min(max(ahead * plan.budget, LEAST_REACH), max(plan.budget, MOST_DRAWN))
    is_coupled = is_searched_apart(plan)
    steps = FEW_BUDGETS if is_coupled else BUDGETS
    drawn = {*np.linspace(0, most, steps + 1).round().astype(int).tolist(), plan.budget}
    wanted = [budget for budget in sorted(drawn) if budget >= sum(_forced(plan))]
    known = most <= plan.budget
    values = plan.curves if known else [state.values(most) for state in plan.states]
    # Searches of their own may each find that their budget is too small for the rules.
    groups = [[budget] for budget in wanted] if is_coupled else [wanted]
    tables = [_split(plan, values, group) for group in groups]
    return pl.concat([table for table in tables if table is not None])


def is_searched_apart(plan: "Plan") -> bool:
    """Whether rules make the split of each budget a search of its own, with jumps between them."""
    return constraints_of(plan.states, plan.rules).is_coupled


def marginal_gains(plan: "Plan") -> tuple["pl.DataFrame", "pl.DataFrame", float | None, str]:
    """What one unit more adds to the projects that get most, what it adds at the plan, the price.

    Gains are slopes of the least concave curve above each project's own, so that the cost of a
    start-up is spread over the units that follow.

    Returns:
        A table with `project`, `effort`, `gain`; one with `project`, `units`, `gain`; and what the
        last unit adds where rules force none: the least slope at the end of what a project gets,
        `None` where nothing is given, or where units are left over. Last, who is left out.
    """
    import polars as pl

    slopes = [envelope_slopes(curve) for curve in _values(plan)]
    places, left_out = _first(plan, LINES)
    most = max(line.units for line in plan.lines)
    reach = min(slopes[0].size - 1, max(round(BEYOND * most), LEAST_REACH))
    drawn = _drawn_at(plan, places, reach, "gain", [slopes[at] for at in places])
    given = [plan.lines[at].units for at in places]
    stops = pl.DataFrame(
        {
            "project": [plan.lines[at].key for at in places],
            "units": given,
            "gain": [float(slopes[at][units]) for at, units in zip(places, given, strict=True)],
        }
    )
    return drawn, stops, _price(plan, slopes), left_out


def accuracy_and_worth(plan: "Plan") -> tuple["pl.DataFrame", "pl.DataFrame", str]:
    """What accuracy is worth to the projects that get most, and where the plan takes them.

    Returns:
        A table with `project`, `points`, `worth`, `alike`; one with `project`, `units`,
        `from_points`, `from_worth`, `to_points`, `to_worth`; and which projects are left out.
    """
    import polars as pl

    places, left_out = _first(plan, LINES)
    states = [plan.states[at] for at in places]
    moves = pl.DataFrame([_move(plan, at) for at in places])
    reached = moves.select(pl.max_horizontal("from_points", "to_points").max()).item()
    told = [POINTS * skill for state in states for skill in state.returns.turns]
    end = 1.15 * max([reached, *told, 1.0])
    start = min([0.0, *moves["from_points"].to_list()])
    stops = [*moves["from_points"].to_list(), *moves["to_points"].to_list()]
    even = np.linspace(start, end, RETURN_POINTS)
    points = np.unique([*even, *_beside(told, start, end), *stops])
    lines = [state.importance * state.returns(points / POINTS) for state in states]
    alike = [sum(np.array_equal(line, other) for other in lines) for line in lines]
    tables = [
        pl.DataFrame({"points": points, "worth": line}).select(
            pl.all(), project=pl.lit(state.key), alike=pl.lit(same)
        )
        for state, line, same in zip(states, lines, alike, strict=True)
    ]
    return pl.concat(tables), moves, left_out


def lives(plan: "Plan") -> tuple[tuple["Life", ...], str]:
    """The curves of the projects that get most, with attempts and stages, and who is left out."""
    places, left_out = _first(plan, PANELS)
    ends = [plan.states[at].effort_spent + plan.lines[at].units for at in places]
    reach = max(BEYOND * max(ends), float(LEAST_REACH))
    return tuple(_life(plan, at, reach) for at in places), left_out


def attempts_table(attempts: Sequence[Point], scale: float) -> "pl.DataFrame":
    """A project's attempts as `effort_accuracy` draws them.

    Args:
        attempts: in order.
        scale: what is drawn for a headroom of 1: points, or 1 for shares of what is possible.
    """
    import polars as pl

    rows = [
        (
            each.effort,
            None if each.score is None else scale * each.score,
            None if each.se is None else scale * each.se,
            each.name,
            each.kind,
        )
        for each in attempts
    ]
    numbers = {"effort": pl.Float64, "score": pl.Float64, "se": pl.Float64}
    kinds = {**numbers, "name": pl.String, "kind": pl.String}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _optimum(plan: "Plan", is_titled: bool) -> "alt.TopLevelMixin":
    from assay.picture.allocation import optimum_on_curves
    from assay.picture.projects import IMPORTANCE

    places, left_out = _first(plan, CURVES)
    return optimum_on_curves(
        plan.drawn(),
        plan.table()[places],
        budget=sum(line.units for line in plan.lines),
        unit=plan.effort_unit,
        value_unit=plan.value_unit or IMPORTANCE,
        left_out=left_out,
        is_titled=is_titled,
    )


def _curves(plan: "Plan", is_titled: bool) -> "alt.TopLevelMixin":
    from assay.picture.lifecycle import lifecycles

    drawn, left_out = lives(plan)
    return lifecycles(drawn, unit=plan.effort_unit, left_out=left_out, is_titled=is_titled)


def _budgets(plan: "Plan", is_titled: bool) -> "alt.TopLevelMixin":
    from assay.picture.allocation import allocation_by_budget

    return allocation_by_budget(
        split_by_budget(plan),
        unit=plan.effort_unit,
        planned=plan.budget,
        is_stepped=is_searched_apart(plan),
        is_titled=is_titled,
    )


def _marginal(plan: "Plan", is_titled: bool) -> "alt.TopLevelMixin":
    from assay.picture.marginal import marginal_gain

    drawn, stops, price, left_out = marginal_gains(plan)
    values = _values(plan)
    return marginal_gain(
        drawn,
        stops,
        price=price,
        unit=plan.effort_unit,
        value_unit=plan.value_unit,
        is_spread=not all(diminishes(values[at]) for at in _first(plan, LINES)[0]),
        left_out=left_out,
        is_titled=is_titled,
    )


def _returns(plan: "Plan", is_titled: bool) -> "alt.TopLevelMixin":
    from assay.picture.projects import IMPORTANCE
    from assay.picture.worth import accuracy_worth

    drawn, moves, left_out = accuracy_and_worth(plan)
    unit = plan.value_unit or IMPORTANCE
    return accuracy_worth(drawn, moves, value_unit=unit, left_out=left_out, is_titled=is_titled)


_DRAWN: dict[str, Callable[["Plan", bool], "alt.TopLevelMixin"]] = {
    "optimum": _optimum,
    "curves": _curves,
    "budgets": _budgets,
    "marginal": _marginal,
    "returns": _returns,
}


def _drawn_at(
    plan: "Plan", places: Sequence[int], reach: int, name: str, curves: Sequence[Floats]
) -> "pl.DataFrame":
    """Curves of some projects as a long table: `project`, `effort`, and `name`."""
    import polars as pl

    at = [_units_drawn(reach, plan.lines[place].units, len(places)) for place in places]
    return pl.DataFrame(
        {
            "project": [plan.lines[p].key for p, u in zip(places, at, strict=True) for _ in u],
            "effort": np.concatenate(at),
            name: np.concatenate([curve[u] for curve, u in zip(curves, at, strict=True)]),
        }
    )


def _units_drawn(reach: int, given: int, projects: int) -> list[int]:
    """Units from 0 to `reach` at which one of many curves is drawn, the given ones among them."""
    step = max(1, projects * (reach + 1) // DRAWN_ROWS)
    return sorted({*range(0, reach + 1, step), given, reach})


def _values(plan: "Plan") -> Sequence[Floats]:
    """For each project the value of its next units, some of them even where nothing is split."""
    if plan.budget >= LEAST_REACH or not plan.states:
        return plan.curves
    return [state.values(LEAST_REACH + 1) for state in plan.states]


def _split(plan: "Plan", values: Sequence[Floats], budgets: Sequence[int]) -> "pl.DataFrame | None":
    """The best splits of some budgets; `None` where the rules allow none."""
    import polars as pl

    keys = [state.key for state in plan.states]
    rules = constraints_of(plan.states, plan.rules)
    try:
        found = allocate_each(values, budgets, constraints=rules, names=keys, time_limit_s=SECONDS)
    except PlanError:
        return None
    return pl.DataFrame(
        {
            "budget": np.repeat(budgets, len(keys)),
            "project": keys * len(budgets),
            "units": [units for each in found for units in each.units],
        }
    )


def _forced(plan: "Plan") -> list[int]:
    """Units that each project gets whatever they bring."""
    rules = constraints_of(plan.states, plan.rules)
    return [int(max(pair)) for pair in zip(rules.least, rules.committed, strict=True)]


def _price(plan: "Plan", slopes: Sequence[Floats]) -> float | None:
    given = [line.units for line in plan.lines]
    if sum(given) < plan.budget:
        return None
    ends = [
        float(slope[units - 1])
        for slope, units, least in zip(slopes, given, _forced(plan), strict=True)
        if units > least
    ]
    return min(ends, default=None)


def _first(plan: "Plan", most: int) -> tuple[list[int], str]:
    """Places of the projects that get most, and a word on the others."""
    gets = [(-line.units, -line.expected_gain) for line in plan.lines]
    order = sorted(range(len(gets)), key=gets.__getitem__)
    if len(order) <= most:
        return order, ""
    return order[:most], f"drawn: the {most} that get most of {len(order):,} projects"


def _move(plan: "Plan", at: int) -> dict[str, str | float]:
    state, units = plan.states[at], plan.lines[at].units
    efforts = np.array([state.effort_spent, state.effort_spent + units])
    (from_points, to_points), (from_worth, to_worth) = (
        state.points(efforts),
        state.curve.expected(efforts, state.worth),
    )
    return {
        "project": state.key,
        "units": units,
        "from_points": float(from_points),
        "from_worth": float(from_worth),
        "to_points": float(to_points),
        "to_worth": float(to_worth),
    }


def _beside(turns: Sequence[float], start: float, end: float) -> list[float]:
    """Points at and just below those at which a line turns, so that a step is drawn as one."""
    shift = 1e-6 * (end - start)
    return [at for turn in turns for at in (turn - shift, turn) if start < at < end]


def _life(plan: "Plan", at: int, reach: float) -> "Life":
    import polars as pl

    from assay.picture.lifecycle import Life

    state, units = plan.states[at], plan.lines[at].units
    stages = state.curve.stages.stages
    marks = [state.effort_spent, state.effort_spent + units]
    marks += [
        effort for each in stages for effort in (each.begins, each.starts_to_pay) if effort < reach
    ]
    early = np.linspace(0.0, 1.0, CURVE_POINTS) ** 1.5  # where curves bend most
    efforts = np.unique([*(reach * early), *marks])
    low, high = state.points_band(efforts, BAND)
    curve = {"effort": efforts, "mean": state.points(efforts), "low": low, "high": high}
    numbers = {"from": pl.Float64, "pays": pl.Float64}
    return Life(
        project=state.key,
        curve=pl.DataFrame(curve),
        attempts=attempts_table(state.attempts, POINTS * state.skill_at_ceiling),
        stages=pl.DataFrame(
            [(each.name, each.begins, each.starts_to_pay) for each in stages],
            schema={"name": pl.String, **numbers},
            orient="row",
        ),
        spent=state.effort_spent,
        units=units,
    )
