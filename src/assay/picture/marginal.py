"""What the next unit of effort adds to each project, and the price that decides between them."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import INK
from assay.picture.projects import colour, labels, lines, ranked, title
from assay.picture.style import themed

WIDTH = 330
ROUNDING = 1e-9  # relative; gains nearer than this are the same
ABOVE_PRICE = 4.0  # times the price: where the picture ends, so that first units do not hide it


def marginal_gain(
    marginal: pl.DataFrame,
    given: pl.DataFrame,
    *,
    price: float | None,
    unit: str = "person-day",
    value_unit: str = "",
    is_spread: bool = False,
    left_out: str = "",
    is_titled: bool = True,
) -> alt.LayerChart:
    """What one unit more adds, against the effort given; a dot where the plan stops.

    Args:
        marginal: columns `project`, `effort` (given from now on, in `unit`), `gain` (of the next
            unit, not rising with effort).
        given: columns `project`, `units`, `gain` (of the unit after those): one row a project.
        price: what the last unit of the plan adds; `None` where there is none.
        unit: the portfolio's effort unit.
        value_unit: of every gain, such as `k€ a month`; empty for importance times points.
        is_spread: whether a late start of some project is spread over the units that follow it.
        left_out: which projects are not drawn, in words; empty where all are.
        is_titled: whether the picture says itself what it shows; a page may say it beside.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(marginal, "marginal gain", "project", "effort", "gain")
    needed(given, "marginal gain: given", "project", "units", "gain")
    order = ranked(given)
    projects = order["project"].to_list()
    highest = max(marginal["gain"].to_list())
    top = min(highest, ABOVE_PRICE * price) if price else highest
    is_cut = highest > top
    x = alt.X("effort:Q", title=f"{unit}s given").scale(nice=False)
    # A scale from 0 to 0 has no ticks; where nothing adds anything any top will do.
    worth = f"next {unit} ({value_unit})" if value_unit else f"worth of the next {unit}"
    y = alt.Y("gain:Q", title=worth).scale(domain=[0, top or 1], nice=False)
    tint = colour(projects)
    edge = pl.DataFrame({"edge": [top]})
    stop = alt.Chart(order.join(edge, how="cross")).encode(x="units:Q", color=tint)
    tips = ["project:N", "units:Q", "gain:Q"]
    inside = stop.transform_filter("datum.gain <= datum.edge").mark_circle(size=70, opacity=1)
    beyond = stop.transform_filter("datum.gain > datum.edge")
    beyond = beyond.mark_point(shape="triangle-up", filled=True, size=70, opacity=1)
    layers: list[alt.Chart] = [
        lines(marginal, projects, clip=True).encode(x=x, y=y),
        inside.encode(y="gain:Q", tooltip=tips),
        beyond.encode(y="edge:Q", tooltip=tips),
        *([] if price is None else [_price(price)]),
        labels(_ends(marginal, order, price, top or 1), projects, top or 1),
    ]
    words = f"The next {unit} goes where it adds most"
    stops = "each dot: where the plan stops, and what one more would add"
    said = f"{words}; {stops}"
    if price is not None:
        said += f"; the last one given adds {price:.3g}"
    chart = alt.LayerChart(layer=layers, description=said)
    if is_titled:
        cut = "lines run on above the picture" if is_cut else ""
        below = "; ".join(filter(None, [cut, left_out]))
        held = price is not None and max(order["gain"].to_list()) > price * (1 + ROUNDING)
        kept = "above the dashes: kept back by a rule, or by a start-up in one piece"
        late = "level parts: a late start, spread over the units that follow it"
        told = (stops, late if is_spread else "", kept if held else "", below)
        chart = chart.properties(title=title(words, *told))
    return themed(chart, width=WIDTH)


def _price(price: float) -> alt.Chart:
    rule = alt.Chart(pl.DataFrame({"gain": [price]})).mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
    return rule.encode(y="gain:Q", color=alt.value(INK))


def _ends(
    marginal: pl.DataFrame, order: pl.DataFrame, price: float | None, top: float
) -> pl.DataFrame:
    """The right end of each line with what its project gets, and of the price."""
    last = marginal.sort("effort").group_by("project", maintain_order=True).last()
    words = pl.format("{}: {}", pl.col("project"), pl.col("units").cast(pl.String))
    ends = last.select("project", "effort", value=pl.min_horizontal("gain", pl.lit(top)))
    named = order.select("project", words=words).join(ends, on="project")
    if price is None:
        return named
    said = pl.DataFrame({"project": "", "words": f"last unit: {price:.3g}", "value": price})
    return pl.concat([said.join(ends.select(pl.max("effort")), how="cross"), named], how="diagonal")
