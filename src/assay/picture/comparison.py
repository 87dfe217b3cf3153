"""How far models lie behind the best one."""

import altair as alt
import polars as pl

from assay.picture.columns import needed
from assay.picture.palette import BLUE, INK
from assay.picture.style import themed

_ROW = 30


def differences(table: pl.DataFrame) -> alt.LayerChart:
    """The log score of each model less the best one's, with two standard errors to either side.

    Args:
        table: columns `model`, `difference` (nats a row, at most 0) and `difference_se`, in the
            order to be shown; the best model stands at 0 without an interval.

    Raises:
        DataError: a column is missing or there is no row.
    """
    needed(table, "differences", "model", "difference", "difference_se")
    ends = table.with_columns(
        low=pl.col("difference") - 2 * pl.col("difference_se"),
        high=pl.col("difference") + 2 * pl.col("difference_se"),
    )
    y = alt.Y("model:N", title=None, sort=table["model"].to_list()).axis(labelLimit=380)
    axis = "log score less that of the best model, nats a row (two standard errors)"
    base = alt.Chart(ends).encode(y=y)
    interval = base.mark_rule(color=BLUE, strokeWidth=2.5).encode(
        x=alt.X("low:Q", title=axis).scale(zero=True, padding=8), x2="high:Q"
    )
    point = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(x="difference:Q")
    zero = alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(color=INK, strokeDash=[5, 4])
    layers = [zero.encode(x="at:Q"), interval, point]
    said = "Models in order of their log score on held-out rows, with intervals of the differences"
    return themed(
        alt.LayerChart(layer=layers, description=said),
        width=330,
        height=max(2, table.height) * _ROW,
    )
