"""The model to begin with follows from the target and its steps."""

import numpy as np
import polars as pl
import pytest

from assay.errors import DataError
from assay.series.panel.grid import grid_of
from assay.series.panel.usual import usual_family, usual_season


@pytest.mark.parametrize(
    ("values", "family"),
    [
        ([0, 2, np.nan, 5], "negative-binomial"),
        ([0.0, 1.5, 3.0], "tweedie"),
        ([0.5, 1.5, 3.0], "gamma"),
        ([-1.0, 2.0, 0.0], "negative-binomial"),
    ],
)
def test_a_family_follows_from_the_values(values, family):
    made, why = usual_family(np.array(values), "units", None)
    assert made.name == family
    assert why.startswith(f"family {family}")
    hidden, why = usual_family(np.array(values), "units", "stock")
    assert hidden.describe() == f"censored({family}, above='stock')"
    assert "`stock`" in why


@pytest.mark.parametrize(
    ("values", "ways", "family"),
    [
        ([1.5, 2.0], {"gaps": "zero"}, "tweedie"),
        ([1.5, -2.0], {"returns": "zero"}, "tweedie"),
        ([1.5, -2.0], {"returns": "missing"}, "gamma"),
    ],
)
def test_zeros_that_are_asked_for_count_as_zeros(values, ways, family):
    made, _ = usual_family(np.array(values), "amount", "stock", "gone", **ways)
    assert made.describe() == f"censored({family}, above='stock', flag='gone')"


def test_a_target_without_values_has_none():
    with pytest.raises(DataError, match="target `units`: no value is known"):
        usual_family(np.array([np.nan]), "units", None)


@pytest.mark.parametrize(
    ("every", "steps", "season"),
    [("1d", 40, (7,)), ("1d", 10, ()), ("1h", 90, (24,)), ("1mo", 36, (12,)), ("1w", 120, (52,))],
)
def test_a_season_follows_from_the_steps(every, steps, season):
    times = pl.select(
        pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2034, 1, 1), every).head(steps)
    ).to_series()
    grid = grid_of(times, np.zeros(steps, int), "table")
    assert usual_season(grid, steps)[0] == season
