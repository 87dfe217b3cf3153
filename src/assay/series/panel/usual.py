"""A model to begin with, from what a table looks like."""

import numpy as np

from assay.errors import DataError
from assay.family import AbstractFamily, Censored, Gamma, NegativeBinomial, Tweedie
from assay.series.panel.check import Returns
from assay.series.panel.gaps import Gaps
from assay.series.panel.grid import DAY_US, Grid


def usual_family(
    y: np.ndarray,
    target: str,
    above: str | None = None,
    flag: str | None = None,
    *,
    returns: Returns = "refuse",
    gaps: Gaps = "missing",
) -> tuple[AbstractFamily, str]:
    """The family that a target suggests, and why.

    Args:
        y: values, NaN where one is missing; what is below 0 is left to `returns`.
        target: its column.
        above: column of limits or flags, if there is one.
        flag: column of flags beside limits, if there is one.
        returns: what negative values are; if nothing sold, there are zeros.
        gaps: likewise of steps without a row.

    Raises:
        DataError: no value is known.
    """
    known = y[np.isfinite(y)]
    if not known.size:
        raise DataError(f"target `{target}`: no value is known. Name another column.")
    sold = known[known >= 0] if (known >= 0).any() else known
    zeros = (sold == 0).any() or gaps == "zero" or (returns == "zero" and (known < 0).any())
    if np.all(sold == np.floor(sold)):
        family, why = NegativeBinomial(), "whole numbers"
    elif zeros:
        family, why = Tweedie(), "numbers of 0 and above, with zeros"
    else:
        family, why = Gamma(), "numbers above 0"
    whole = Censored(family, above=above, flag=flag) if above else family
    says = f"`{above}` or `{flag}`" if flag else f"`{above}`"
    hides = f", hidden where {says} says so" if above else ""
    return whole, f"family {whole.describe()}: `{target}` holds {why}{hides}"


def usual_season(grid: Grid, steps: int) -> tuple[tuple[float, ...], str]:
    """The seasons that the steps of a table suggest, and why.

    Args:
        grid: the steps.
        steps: how many there are; a season needs two rounds.
    """
    day = {("days", 1): 7, ("days", 7): 52, ("months", 1): 12, ("months", 3): 4}
    hours = {DAY_US // 24: 24, DAY_US // 48: 48, DAY_US: 7}
    of = hours if grid.unit == "microseconds" else {}
    season = day.get((grid.unit, int(grid.size))) or of.get(int(grid.size))
    if season is None:
        return (), f"no season: none is usual for steps of {grid.said}"
    if steps < 2 * season:
        return (), f"no season: {steps} steps of {grid.said} hold no two rounds of {season}"
    return (season,), f"season {season}: usual for steps of {grid.said}"
