"""One series of a fit as a picture: its past, and what was or is expected of it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from assay.errors import ConfigError
from assay.series.future.forecast import Forecast, quantiles_of
from assay.series.future.total import ENDS

if TYPE_CHECKING:
    from assay.series.fitted import FittedSeries

ROUNDS, LEAST, MOST = 4, 28, 120  # steps of the past: some rounds of those ahead


def shown(horizon: int) -> int:
    """Steps of the past that are shown beside so many ahead, so that both can be seen."""
    return int(np.clip(ROUNDS * horizon, LEAST, MOST))


def past_of(fitted: "FittedSeries", number: int, steps: int) -> pl.DataFrame:
    """`time`, `seen` and `hidden` of a series in the last steps."""
    panel = fitted.panel
    mine = slice(int(panel.edges[number]), int(panel.edges[number + 1]))
    recent = np.flatnonzero(panel.step[mine] > panel.end - steps) + mine.start
    seen = np.where(panel.weight[recent] > 0, panel.y[recent], np.nan)
    return pl.DataFrame(
        {
            "time": panel.grid.times(panel.step[recent]),
            "seen": pl.Series(seen).fill_nan(None),
            "hidden": panel.hidden[recent],
        }
    )


def number_of(fitted: "FittedSeries", key: tuple[Any, ...]) -> int:
    """The number of a series.

    Raises:
        ConfigError: no such series, or not as many values as keys.
    """
    by, keys = fitted.recipe.by, fitted.panel.keys
    if len(key) != len(by):
        asked = ", ".join(by) or "none: there is one series"
        raise ConfigError(f"picture: {len(key)} values of keys are given, needed are {asked}.")
    if not by:
        return 0
    for number, row in enumerate(keys.iter_rows()):
        if row == key:
            return number
    raise ConfigError(
        f"picture: no series {', '.join(map(repr, key))}; the first is {fitted.panel.name(0)}."
    )


def picture_of(fitted: "FittedSeries", key: tuple[Any, ...], ahead: Forecast | None) -> Any:
    """A chart of one series.

    Raises:
        ConfigError: no such series, in the fit or in the forecast.
    """
    from assay.picture.outlook import followed, outlook  # Altair takes its time to import

    number, target, time = number_of(fitted, key), fitted.recipe.target, fitted.recipe.time
    if ahead is None:
        rows = past_of(fitted, number, MOST)
        own = fitted.demand()[int(fitted.panel.edges[number]) : int(fitted.panel.edges[number + 1])]
        means = own.select(pl.col(time).alias("time"), "mean")
        return followed(rows.join(means, on="time", how="left", maintain_order="left"), target)
    places = np.flatnonzero(ahead.future.place == number)
    if not places.size:
        raise ConfigError(f"picture: the forecast holds no {fitted.panel.name(number)}.")
    ((_, drawn),) = ahead.draws(places)
    found = quantiles_of(drawn.values[:, 0], list(ENDS.values()), is_count=ahead.is_count)
    times = ahead.future.grid.times(ahead.future.steps)
    fan = {"time": times, "mean": drawn.mean[:, 0]} | dict(zip(ENDS, found, strict=True))
    return outlook(past_of(fitted, number, shown(ahead.horizon)), pl.DataFrame(fan), target)
