"""Whether a model's probabilities and intervals say what they mean."""

from math import sqrt

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK, MUTED
from assay.picture.style import themed


def reliability(table: pl.DataFrame, *, axis: str = "share that came true") -> alt.LayerChart:
    """Promised probability against what came true; a calibrated model lies on the diagonal.

    Args:
        table: columns `predicted` (0 to 1), `observed` (0 to 1), `count` (rows behind the point).
        axis: what is shown upwards.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "reliability", "predicted", "observed", "count")
    share = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    unit = alt.Scale(domain=[0, 1])
    diagonal = alt.Chart(pl.DataFrame({"at": [0.0, 1.0]})).mark_line(
        color=MUTED, strokeDash=[5, 4], strokeWidth=1.3
    )
    x = alt.X("predicted:Q", title="predicted", axis=share, scale=unit)
    y = alt.Y("observed:Q", title=axis, axis=share, scale=unit)
    base = alt.Chart(table).encode(x=x, y=y)
    size = alt.Size("count:Q", legend=None).scale(range=[20, 180])
    return themed(
        alt.LayerChart(
            layer=[
                diagonal.encode(x="at:Q", y="at:Q"),
                base.mark_line(color=BLUE, strokeWidth=1.5),
                base.mark_circle(color=BLUE, opacity=0.9).encode(size=size),
            ],
            description="Predicted probability against the share that came true",
        ),
        width=250,
        height=250,
    )


def pit_histogram(bins: pl.DataFrame) -> alt.LayerChart:
    """Where the outcomes fell in their predicted distributions; calibrated means flat.

    A U shape says the intervals are too narrow, a hill that they are too wide, a slope that the
    model is biased. The grey band holds 95 % of the bars of a calibrated model (Normal
    approximation of the binomial count).

    Args:
        bins: columns `bin_left`, `bin_right` (0 to 1, equally wide), `count`.

    Raises:
        DataError: a column is missing or there is no row.

    Source: Dawid (1984), Present position and potential developments: the prequential approach.
    """
    needed(bins, "PIT histogram", "bin_left", "bin_right", "count")
    total, flat = float(bins["count"].sum()), 1 / bins.height
    slack = 1.96 * sqrt(total * flat * (1 - flat))
    low, high = total * flat - slack, total * flat + slack
    band = pl.DataFrame({"from": [max(0.0, low)], "to": [high], "even": [total * flat]})
    chance = alt.Chart(band).mark_rect(color=MUTED, opacity=0.22).encode(y="from:Q", y2="to:Q")
    even = alt.Chart(band).mark_rule(color=INK, strokeDash=[5, 4]).encode(y="even:Q")
    x = alt.X("bin_left:Q", bin="binned", title="place in the predicted distribution")
    bars = alt.Chart(bins).mark_bar(color=BLUE, binSpacing=1)
    bars = bars.encode(
        x=x.axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
        x2="bin_right:Q",
        y=alt.Y("count:Q", title="rows"),
    )
    said = "Histogram of the outcomes' places in their predicted distributions"
    return themed(alt.LayerChart(layer=[bars, chance, even], description=said))
