"""A simulated shop whose demand is known."""

from datetime import date, timedelta

import numpy as np
import polars as pl

START = date(2024, 1, 1)
DAYS, AHEAD = 70, 7


def shop(seed=1, stores=("north", "south"), items=6, days=DAYS + AHEAD):
    """Sales under a stock that knows nothing of the day's demand, and that demand."""
    rng = np.random.default_rng(seed)
    rows = []
    for store in stores:
        for item in range(items):
            mean = rng.uniform(2.0, 8.0) * np.exp(0.3 * np.sin(2 * np.pi * np.arange(days) / 7))
            demand = rng.poisson(mean * rng.gamma(4.0, 0.25, days))
            stock = np.where(rng.random(days) < 0.3, rng.integers(0, 6, days), 99)
            for day in range(days):
                rows.append(
                    {
                        "store": store,
                        "item": item,
                        "date": START + timedelta(day),
                        "units": int(min(demand[day], stock[day])),
                        "stock": int(stock[day]),
                        "demand": int(demand[day]),
                    }
                )
    return pl.DataFrame(rows)
