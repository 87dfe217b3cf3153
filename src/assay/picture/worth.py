"""What accuracy is worth to each project, where it stands and where a plan takes it."""

import altair as alt
import numpy as np
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import MUTED
from assay.picture.projects import IMPORTANCE, colour, labels, title
from assay.picture.style import themed

WIDTH = 330
NEAR = 0.01  # of the height of the picture; a dot that near lies on its line


def accuracy_worth(
    returns: pl.DataFrame,
    moves: pl.DataFrame,
    *,
    value_unit: str = IMPORTANCE,
    left_out: str = "",
    is_titled: bool = True,
) -> alt.LayerChart:
    """Accuracy against its worth: a line a project, a ring where it stands, a dot where it goes.

    Args:
        returns: columns `project`, `points` (of skill, ascending), `worth`, `alike` (how many of
            the projects have this very line).
        moves: columns `project`, `units`, `from_points`, `from_worth`, `to_points`, `to_worth`:
            one row a project, in the order of their colours. Expected worth lies off the line
            where accuracy is uncertain and the line is not straight.
        value_unit: of every worth, such as `k€ a month`.
        left_out: which projects are not drawn, in words; empty where all are.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(returns, "accuracy and worth", "project", "points", "worth", "alike")
    places = ("from_points", "from_worth", "to_points", "to_worth")
    needed(moves, "accuracy and worth: moves", "project", "units", *places)
    projects = moves["project"].to_list()
    tint = colour(projects)
    x = alt.X("points:Q", title="accuracy (points of skill)").scale(nice=False)
    lowest, top = min(returns["worth"].to_list()), max(returns["worth"].to_list())
    # Labels are moved apart on this very scale; from 0 to 0 it would have no ticks.
    y = alt.Y("worth:Q", title=f"worth ({value_unit})").scale(
        domain=[lowest, top if top > lowest else lowest + 1], nice=False
    )
    shared = pl.col("alike") > 1
    own, common = returns.filter(~shared), returns.filter(shared)
    lines: list[alt.Chart] = []
    if not own.is_empty():  # a table without rows has no column kinds for Vega
        plain = alt.Chart(own).mark_line(strokeWidth=1.5, opacity=0.6)
        lines.append(plain.encode(x=x, y=y, color=tint, detail="project:N"))
    if not common.is_empty():
        plain = alt.Chart(common).mark_line(color=MUTED, strokeWidth=1.5, opacity=0.6)
        lines.append(plain.encode(x=x, y=y, detail="project:N"))
    moved = alt.Chart(moves).encode(color=tint)
    taken = moved.transform_filter("datum.units > 0")
    alike = common["project"].unique().to_list()  # on one line paths would hide each other
    path = _paths(returns, moves.filter(~pl.col("project").is_in(alike)))
    if not path.is_empty():
        thick = alt.Chart(path).mark_line(strokeWidth=3, opacity=0.55)
        lines.append(thick.encode(x=x, y=y, color=tint, detail="project:N"))
    ring = moved.mark_point(size=60, opacity=1, strokeWidth=1.8)
    tips = ["project:N", "units:Q", "to_points:Q", "to_worth:Q"]
    layers: list[alt.Chart] = [
        *lines,
        ring.encode(x="from_points:Q", y="from_worth:Q"),
        taken.mark_circle(size=80, opacity=1).encode(x="to_points:Q", y="to_worth:Q", tooltip=tips),
        labels(_ends(returns, moves), projects, top, low=lowest, along="points"),
    ]
    words = "What accuracy is worth, and where the plan takes it"
    said = f"{words}: " + ", ".join(_ends(returns, moves)["words"].to_list())
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        is_shared = (
            "grey lines: projects that value accuracy alike" if not common.is_empty() else ""
        )
        how = "ring: expected today; dot: expected after the plan"
        off = "off its line: the mean over what accuracy may be"
        is_off = _is_off(returns, moves, top - lowest)
        below = [how, off if is_off else "", "; ".join(filter(None, [is_shared, left_out]))]
        chart = chart.properties(title=title(words, *below))
    return themed(chart, width=WIDTH)


def _is_off(returns: pl.DataFrame, moves: pl.DataFrame, height: float) -> bool:
    """Whether some expected worth lies visibly off the worth of the expected accuracy."""
    for row in moves.to_dicts():
        line = returns.filter(pl.col("project") == row["project"]).sort("points")
        for points, worth in (("from_points", "from_worth"), ("to_points", "to_worth")):
            on_line = np.interp(row[points], line["points"].to_numpy(), line["worth"].to_numpy())
            if abs(row[worth] - on_line) > NEAR * height:
                return True
    return False


def _paths(returns: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The part of each line along which the plan takes its project."""
    funded = moves.filter(pl.col("units") > 0)
    ends = funded.select("project", low="from_points", high="to_points")
    return returns.join(ends, on="project").filter(pl.col("points").is_between("low", "high"))


def _ends(returns: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The right end of each line, with how far its project goes."""
    last = returns.sort("points").group_by("project", maintain_order=True).last()
    words = [
        f"{project}: {_rounded(before)} to {_rounded(after)} points"
        if units
        else f"{project}: stays at {_rounded(before)}"
        for project, units, before, after in moves.select(
            "project", "units", "from_points", "to_points"
        ).rows()
    ]
    ends = last.select("project", points="points", value="worth")
    return ends.join(moves.select("project", words=pl.Series(words)), on="project")


def _rounded(points: float) -> str:
    """Whole points, and tenths where there are few: 30, 7.2, 0."""
    return f"{round(points, 0 if abs(points) >= 10 else 1) + 0.0:g}"
