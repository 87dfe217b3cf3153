"""How a budget is split: the optimum on the curves, and the split as the budget grows."""

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import INK
from assay.picture.projects import (
    COLOURED,
    IMPORTANCE,
    NAMED,
    colour,
    labels,
    lines,
    plural,
    ranked,
    title,
)
from assay.picture.style import themed

WIDTH = 330
WIDE, TALL = 470, 290
BEYOND = 1.4  # how far curves are drawn past the last dot


def optimum_on_curves(
    curves: pl.DataFrame,
    optimum: pl.DataFrame,
    *,
    budget: int | None = None,
    unit: str = "person-day",
    value_unit: str = IMPORTANCE,
    left_out: str = "",
    is_titled: bool = True,
) -> alt.LayerChart:
    """What effort adds in each project, and a dot at the effort that the plan gives it.

    Args:
        curves: columns `project`, `effort` (added by the plan, in `unit`), `value` (added).
        optimum: columns `project`, `units`, `expected_gain`, `low`, `high`: one row a project.
        budget: effort given to all projects; by default to those drawn.
        unit: the portfolio's effort unit.
        value_unit: of every worth, such as `k€ a month`.
        left_out: which projects are not drawn, in words; empty where all are.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(curves, "optimum on curves", "project", "effort", "value")
    numbers = ("units", "expected_gain", "low", "high")
    needed(optimum, "optimum on curves: optimum", "project", *numbers)
    order = ranked(optimum)
    projects = order["project"].to_list()
    x = alt.X("effort:Q", title=f"{unit}s from now").scale(nice=False)
    dots = alt.Chart(order).encode(x="units:Q", color=colour(projects))
    # More bars than those in colour would be a heap.
    barred = order if len(projects) <= NAMED else order.head(len(COLOURED))
    bars = alt.Chart(barred).mark_rule(strokeWidth=1.5).encode(x="units:Q", color=colour(projects))
    top = _top(curves, barred)
    y = _from_nought(alt.Y("value:Q", title=f"worth ({value_unit})"), top, 1.0)
    layers: list[alt.Chart] = [
        lines(curves, projects).encode(x=x, y=y),
        bars.encode(y="low:Q", y2="high:Q"),
        dots.mark_circle(size=70, opacity=1).encode(
            y="expected_gain:Q", tooltip=["project:N", "units:Q", "expected_gain:Q"]
        ),
        labels(_ends(curves, _gets(optimum)), projects, top),
    ]
    units = int(optimum["units"].sum()) if budget is None else budget
    given = f"{units} {plural(unit, units)}"
    said = f"How {given} are split: " + ", ".join(_shares(order))
    unsure = not optimum.filter(pl.col("low") < pl.col("high")).is_empty()
    how = "; the bars hold the value in 8 of 10 cases" if unsure else ""
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        words = f"each dot is what a project gets{how}"
        chart = chart.properties(title=title(f"Where {given} go", words, left_out))
    return themed(chart, width=WIDTH)


def optimum_by_budget(
    curves: pl.DataFrame, optima: pl.DataFrame, *, unit: str = "person-day"
) -> alt.LayerChart:
    """How the optimum moves along the curves as the budget grows.

    Args:
        curves: columns `project`, `effort` (added by the plan, in `unit`), `value` (added).
        optima: columns `budget`, `project`, `units`, `value`, as from `sweep`; a few budgets.
        unit: the portfolio's effort unit.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(curves, "optimum by budget", "project", "effort", "value")
    needed(optima, "optimum by budget: optima", "budget", "project", "units", "value")
    budgets = sorted(set(optima["budget"]))
    last = ranked(optima.filter(pl.col("budget") == budgets[-1]))
    projects = last["project"].to_list()
    reach = BEYOND * max(optima["units"].to_list())
    curves = curves.filter(pl.col("effort") <= reach)
    moved = optima.group_by("project").agg(least=pl.col("units").min(), most=pl.col("units").max())
    between = pl.col("effort").is_between(pl.col("least"), pl.col("most"))
    x = alt.X("effort:Q", title=f"{unit}s given to a project").scale(nice=False)
    y = alt.Y("value:Q", title=f"worth ({IMPORTANCE})")
    tint = colour(projects)
    thin = alt.Chart(curves).mark_line(strokeWidth=1.3, opacity=0.6)
    paths = alt.Chart(curves.join(moved, on="project").filter(between)).mark_line(strokeWidth=3.5)
    size = alt.Size("budget:O", legend=None).scale(domain=budgets, range=_sizes(len(budgets)))
    dots = alt.Chart(optima).mark_circle(opacity=1)
    words = " and ".join(f"{budget:,}" for budget in budgets)
    return themed(
        alt.LayerChart(
            layer=[
                thin.encode(x=x, y=y, color=tint, detail="project:N"),
                paths.encode(x="effort:Q", y="value:Q", color=tint, detail="project:N"),
                dots.encode(x="units:Q", y="value:Q", color=tint, size=size),
                labels(_ends(curves, _moves(optima)), projects, _top(curves)),
            ],
            description=f"The best split of {words} {unit}s, on each project's curve",
            title=title(
                "As the budget grows, the optimum moves along the curves",
                f"dots, from small to large: what each project gets of {words} {unit}s",
            ),
        ),
        width=WIDE,
        height=TALL,
    )


def allocation_by_budget(
    table: pl.DataFrame,
    *,
    unit: str = "person-day",
    planned: float | None = None,
    is_stepped: bool = False,
    is_titled: bool = True,
) -> alt.LayerChart:
    """How the best split changes as the budget grows; the bands are the projects' shares.

    Args:
        table: columns `budget`, `project`, `units`, as from `sweep`. Beyond the five projects that
            get most, the others are drawn as one band.
        unit: the portfolio's effort unit.
        planned: the budget of a plan, which is marked; by default none is.
        is_stepped: whether the split may jump between budgets, so that no line may join them.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "allocation by budget", "budget", "project", "units")
    drawn = _others_summed(table.select("budget", "project", "units"))
    last = drawn.filter(pl.col("budget") == pl.col("budget").max())
    projects = drawn["project"].unique(maintain_order=True).to_list()
    order = pl.DataFrame({"project": projects, "place": range(len(projects))})
    drawn = drawn.join(order, on="project").sort("budget", "place")
    x = alt.X("budget:Q", title=f"budget ({unit}s)").scale(nice=False)
    largest, top = float(last["budget"].to_list()[0]), float(last["units"].sum())
    y = alt.Y("units:Q", title=f"{unit}s, summed over projects")
    y = _from_nought(y, top, largest)
    area = alt.Chart(drawn).mark_area(opacity=0.75, interpolate="step" if is_stepped else "linear")
    area = area.encode(x=x, y=y, color=colour(projects), order=alt.Order("place:Q"))
    middle = pl.col("units").cum_sum() - pl.col("units") / 2
    named = last.select("project", "units", effort="budget", value=middle)
    named = named.filter(pl.col("units") > 0).join(_gets(last), on="project")
    above = [] if planned is None else _this_plan(planned, largest)
    words = f"Who gets how many {unit}s as the budget grows"
    said = f"{words}; at the largest budget " + ", ".join(_shares(last))
    layers: list[alt.Chart] = [area, *above, labels(named, projects, top)]
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        below = "each band is one project; numbers at the largest budget"
        below = below if top else "no unit would add anything, so none is given"
        steps = "each step is one budget: rules may make it jump" if is_stepped and top else ""
        chart = chart.properties(title=title(words, below, steps))
    return themed(chart, width=WIDTH)


def _others_summed(table: pl.DataFrame) -> pl.DataFrame:
    """The projects that get most at the largest budgets, most first; the others as one."""
    whole = table.group_by("project", maintain_order=True)
    largest = whole.agg(pl.col("units").sort_by("budget").last(), total=pl.col("units").sum())
    order = largest.sort("units", "total", descending=True, maintain_order=True)
    projects = order["project"].to_list()
    first = projects if len(projects) <= len(COLOURED) + 1 else projects[: len(COLOURED)]
    others = f"{len(projects) - len(first)} others"
    rank = {key: place for place, key in enumerate(first)}
    drawn = table.with_columns(
        project=pl.when(pl.col("project").is_in(first)).then("project").otherwise(pl.lit(others)),
        place=pl.col("project").replace_strict(rank, default=len(first), return_dtype=pl.Int64),
    )
    summed = drawn.group_by("budget", "project", "place").agg(pl.col("units").sum())
    return summed.sort("budget", "place").drop("place")


def _this_plan(budget: float, largest: float) -> list[alt.Chart]:
    """A line at the budget of the plan, its words above the plot, where no band is."""
    place = pl.DataFrame({"budget": [budget], "words": [f"this plan: {budget:,g}"]})
    base = alt.Chart(place).encode(x="budget:Q")
    side = "right" if 3 * budget > 2 * largest else "left"
    text = base.mark_text(align=side, dy=-5, baseline="bottom", fontSize=12)
    return [
        base.mark_rule(color=INK, strokeDash=[5, 4], strokeWidth=1.5),
        text.encode(text="words:N", y=alt.value(0)),
    ]


def _shares(given: pl.DataFrame) -> list[str]:
    return [f"{units} to {project}" for project, units in given.select("project", "units").rows()]


def _sizes(count: int) -> list[float]:
    """Areas of dots, larger for larger budgets."""
    return [float(area) for area in np.linspace(50, 150, max(count, 2))[-count:]]


def _gets(given: pl.DataFrame) -> pl.DataFrame:
    """Each project with what it gets."""
    words = pl.format("{}: {}", pl.col("project"), pl.col("units").cast(pl.String))
    return given.select("project", words=words)


def _moves(optima: pl.DataFrame) -> pl.DataFrame:
    """Each project with what it gets of one budget after the other."""
    units = pl.col("units").sort_by("budget").cast(pl.String).str.join(", then ")
    moved = optima.group_by("project").agg(gets=units)
    return moved.select("project", words=pl.format("{}: {}", "project", "gets"))


def _ends(curves: pl.DataFrame, gets: pl.DataFrame) -> pl.DataFrame:
    """The right end of each curve, with what its project gets."""
    last = curves.sort("effort").group_by("project", maintain_order=True).last()
    return last.join(gets, on="project")


def _from_nought(upwards: alt.Y, top: float, instead: float) -> alt.Y:
    """The scale as Vega makes it; one from 0 to 0 would have no ticks."""
    return upwards if top > 0 else upwards.scale(domain=[0, instead])


def _top(*tables: pl.DataFrame) -> float:
    """The highest value that is drawn."""
    drawn = [table[name] for table in tables for name in ("value", "high") if name in table]
    return max(float(np.max(column.to_numpy())) for column in drawn)
