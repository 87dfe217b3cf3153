"""How a budget is split: the optimum on the curves, and the split as the budget grows."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import CATEGORIES, MUTED
from assay.picture.style import themed

WIDTH = 330
WIDE, TALL = 470, 290
BEYOND = 1.4  # how far curves are drawn past the last dot
WORTH = "worth (importance × points)"
COLOURED = CATEGORIES[:5]  # the sixth is the grey of all other projects
LINE_OF_TEXT = 0.07  # share of the height that one label needs


def optimum_on_curves(
    curves: pl.DataFrame,
    optimum: pl.DataFrame,
    *,
    unit: str = "person-day",
    is_titled: bool = True,
) -> alt.LayerChart:
    """What effort adds in each project, and a dot at the effort that the plan gives it.

    Args:
        curves: columns `project`, `effort` (added by the plan, in `unit`), `value` (added).
        optimum: columns `project`, `units`, `expected_gain`, `low`, `high`: one row a project.
        unit: the portfolio's effort unit.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(curves, "optimum on curves", "project", "effort", "value")
    numbers = ("units", "expected_gain", "low", "high")
    needed(optimum, "optimum on curves: optimum", "project", *numbers)
    ranked = _ranked(optimum)
    x = alt.X("effort:Q", title=f"{unit}s from now").scale(nice=False)
    y = alt.Y("value:Q", title=WORTH)
    lines = alt.Chart(curves).mark_line(strokeWidth=2, opacity=0.75)
    dots = alt.Chart(ranked).encode(x="units:Q", color=_colour(ranked))
    layers: list[alt.Chart] = [
        lines.encode(x=x, y=y, color=_colour(ranked), detail="project:N"),
        dots.mark_rule(strokeWidth=1.5).encode(y="low:Q", y2="high:Q"),
        dots.mark_circle(size=70, opacity=1).encode(
            y="expected_gain:Q", tooltip=["project:N", "units:Q", "expected_gain:Q"]
        ),
        _labels(_ends(curves, ranked, _gets(optimum)), ranked, _top(curves, optimum)),
    ]
    given = f"{int(optimum['units'].sum())} {unit}s"
    said = f"How {given} are split: " + ", ".join(_shares(ranked))
    unsure = not optimum.filter(pl.col("low") < pl.col("high")).is_empty()
    bars = "; the bars hold the value in 8 of 10 cases" if unsure else ""
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        title = _title(f"Where {given} go", f"each dot is what a project gets{bars}")
        chart = chart.properties(title=title)
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
    ranked = _ranked(optima.filter(pl.col("budget") == budgets[-1]))
    reach = BEYOND * max(optima["units"].to_list())
    curves = curves.filter(pl.col("effort") <= reach)
    moved = optima.group_by("project").agg(least=pl.col("units").min(), most=pl.col("units").max())
    between = pl.col("effort").is_between(pl.col("least"), pl.col("most"))
    x = alt.X("effort:Q", title=f"{unit}s given to a project").scale(nice=False)
    y = alt.Y("value:Q", title=WORTH)
    colour = _colour(ranked)
    lines = alt.Chart(curves).mark_line(strokeWidth=1.3, opacity=0.6)
    paths = alt.Chart(curves.join(moved, on="project").filter(between)).mark_line(strokeWidth=3.5)
    size = alt.Size("budget:O", legend=None).scale(domain=budgets, range=_sizes(len(budgets)))
    dots = alt.Chart(optima).mark_circle(opacity=1)
    words = " and ".join(f"{budget:,}" for budget in budgets)
    return themed(
        alt.LayerChart(
            layer=[
                lines.encode(x=x, y=y, color=colour, detail="project:N"),
                paths.encode(x="effort:Q", y="value:Q", color=colour, detail="project:N"),
                dots.encode(x="units:Q", y="value:Q", color=colour, size=size),
                _labels(_ends(curves, ranked, _moves(optima)), ranked, _top(curves)),
            ],
            description=f"The best split of {words} {unit}s, on each project's curve",
            title=_title(
                "As the budget grows, the optimum moves along the curves",
                f"dots, from small to large: what each project gets of {words} {unit}s",
            ),
        ),
        width=WIDE,
        height=TALL,
    )


def allocation_by_budget(table: pl.DataFrame, *, unit: str = "person-day") -> alt.LayerChart:
    """How the best split changes as the budget grows; the bands are the projects' shares.

    Args:
        table: columns `budget`, `project`, `units`, as from `sweep`.
        unit: the portfolio's effort unit.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "allocation by budget", "budget", "project", "units")
    last = table.filter(pl.col("budget") == pl.col("budget").max())
    ranked = _ranked(last)
    place = ranked.select("project", place=pl.int_range(pl.len()))
    drawn = table.join(place, on="project").sort("budget", "place")
    x = alt.X("budget:Q", title=f"budget ({unit}s)").scale(nice=False)
    y = alt.Y("units:Q", title=f"{unit}s, summed over projects")
    area = alt.Chart(drawn).mark_area(opacity=0.75)
    area = area.encode(x=x, y=y, color=_colour(ranked), order=alt.Order("place:Q"))
    middle = pl.col("units").cum_sum() - pl.col("units") / 2
    named = ranked.select("project", "units", effort="budget", value=middle)
    named = named.filter(pl.col("units") > 0).join(_gets(ranked), on="project")
    words = f"Who gets how many {unit}s as the budget grows"
    title = _title(words, "each band is one project; numbers at the largest budget")
    said = f"{words}; at the largest budget " + ", ".join(_shares(ranked))
    layers: list[alt.Chart] = [area, _labels(named, ranked, float(named["units"].sum()))]
    return themed(alt.LayerChart(layer=layers, description=said, title=title), width=WIDTH)


def _title(words: str, below: str) -> alt.Title:
    return alt.Title(words, subtitle=below, subtitleColor=MUTED, subtitleFontSize=12, offset=10)


def _ranked(optimum: pl.DataFrame) -> pl.DataFrame:
    """Projects with the most effort first, so that colours go to those that matter."""
    return optimum.sort("units", descending=True, maintain_order=True)


def _shares(ranked: pl.DataFrame) -> list[str]:
    return [f"{units} to {project}" for project, units in ranked.select("project", "units").rows()]


def _colour(ranked: pl.DataFrame) -> alt.Color:
    """One colour for each of the first projects, grey for the rest; names stand at the curves."""
    projects = ranked["project"].to_list()
    tints = [*COLOURED, *[MUTED] * len(projects)][: len(projects)]
    return alt.Color("project:N", legend=None).scale(domain=projects, range=tints)


def _sizes(count: int) -> list[float]:
    """Areas of dots, larger for larger budgets."""
    return [float(area) for area in np.linspace(50, 150, max(count, 2))[-count:]]


def _gets(optimum: pl.DataFrame) -> pl.DataFrame:
    """What each project gets, in words."""
    return optimum.select("project", gets=pl.col("units").cast(pl.String))


def _moves(optima: pl.DataFrame) -> pl.DataFrame:
    """What each project gets of one budget after the other, in words."""
    units = pl.col("units").sort_by("budget").cast(pl.String)
    return optima.group_by("project").agg(gets=units.str.join(", then "))


def _ends(curves: pl.DataFrame, ranked: pl.DataFrame, gets: pl.DataFrame) -> pl.DataFrame:
    """The right end of each curve, with what its project gets."""
    last = curves.sort("effort").group_by("project", maintain_order=True).last()
    return last.join(ranked.select("project"), on="project").join(gets, on="project")


def _top(*tables: pl.DataFrame) -> float:
    """The highest value that is drawn."""
    drawn = [table[name] for table in tables for name in ("value", "high") if name in table]
    return max(float(np.max(column.to_numpy())) for column in drawn)


def _labels(named: pl.DataFrame, ranked: pl.DataFrame, top: float) -> alt.Chart:
    """What projects get (`gets`), right of the points (`effort`, `value`), moved apart."""
    shown = named.filter(pl.col("project").is_in(ranked["project"].head(12).to_list()))
    shown = shown.sort("value")
    apart = _moved_apart(shown["value"].to_list(), LINE_OF_TEXT * (top or 1.0))
    words = pl.concat_str(pl.col("project"), pl.lit(": "), pl.col("gets"))
    placed = shown.with_columns(at=pl.Series(apart, dtype=pl.Float64), words=words)
    text = alt.Chart(placed).mark_text(align="left", dx=7, fontSize=12, clip=False)
    return text.encode(x="effort:Q", y="at:Q", text="words:N", color=_colour(ranked))


def _moved_apart(places: Sequence[float], least: float) -> list[float]:
    """Ascending places, each at least `least` above the one before."""
    apart: list[float] = []
    for place in places:
        apart.append(max(place, apart[-1] + least) if apart else place)
    return apart
