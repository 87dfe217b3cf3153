"""Tables whose truth is known."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest


@pytest.fixture(scope="session")
def shop() -> pl.DataFrame:
    """Demand of 30 items on 84 days with a weekly course, cut off by a stock that ignores it.

    True mean demand is near 10; `units` is what was sold.
    """
    draw = np.random.default_rng(20240101)
    items, days = 30, 84
    week = np.array([0.6, 0.8, 0.9, 1.0, 1.1, 1.4, 1.2])
    mean = 10.0 * week[np.arange(days) % 7][None, :] * np.ones((items, 1))
    demand = draw.negative_binomial(4.0, 4.0 / (4.0 + mean))
    stock = draw.poisson(13.0, size=demand.shape)
    first = date(2024, 1, 1)
    return pl.DataFrame(
        {
            "item": np.repeat([f"i{n:02d}" for n in range(items)], days),
            "day": [first + timedelta(int(d)) for d in np.tile(np.arange(days), items)],
            "demand": demand.ravel(),
            "stock": stock.ravel(),
            "units": np.minimum(demand, stock).ravel(),
        }
    )
