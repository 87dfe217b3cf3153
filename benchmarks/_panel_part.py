"""One part of `panel_speed.py`, in a process of its own: prints what it took as a line of JSON.

`python _panel_part.py own SERIES SHARE_OUT CALLS` or `python _panel_part.py MODEL SERIES`.
"""

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

DAYS, AHEAD = 365, 28
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
MEGA = 1e6


def simulated(series: int, share_out: float, seed: int = 0) -> pl.DataFrame:
    """Daily counts: a level that walks, a week, a negative binomial; stock that runs out or not."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0.0, 0.03, (DAYS, series)), axis=0)
    week = rng.normal(0.0, 0.3, (7, series))
    level = rng.normal(0.7, 1.0, series) + walk + (week - week.mean(0))[np.arange(DAYS) % 7]
    size, mean = np.exp(rng.normal(0.5, 0.5, series)), np.exp(level)
    demand = rng.poisson(mean * rng.gamma(size, 1.0 / size, (DAYS, series))).astype(float)
    table = {
        "item": np.repeat(np.arange(series), DAYS),
        "day": np.tile(np.arange(DAYS, dtype=np.int32), series),
    }
    if share_out:
        # Small stocks on chosen days, whatever is asked for: about a third of all days sells out.
        stock = np.maximum(1.0, rng.poisson(1.6 * mean * rng.gamma(2.0, 0.5, mean.shape)))
        stock = np.where(rng.random(mean.shape) < share_out, stock, np.inf)
        table["stock"] = np.where(np.isinf(stock), np.nan, stock).T.ravel()
        demand = np.minimum(demand, stock)
    return pl.DataFrame(table | {"units": demand.T.ravel()}).with_columns(
        pl.col("day").cast(pl.Date)
    )


def timed(act: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of wall time and of all cores that a call takes, with processes that it starts."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    act()
    return time.perf_counter() - wall, sum(os.times()[:4]) - cpu


def own(series: int, share_out: float, calls: int) -> dict[str, Any]:
    """Pooling, fit and quantiles; the first call compiles everything."""
    import jax

    from assay import Censored, Model, NegativeBinomial, ScoreDriven

    compiling: list[float] = []

    def heard(event: str, seconds: float, **_: Any) -> None:
        if "compil" in event or "jaxpr" in event:
            compiling.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(heard)
    table = simulated(series, share_out)
    family = NegativeBinomial()
    model = Model(
        Censored(family, above="stock") if share_out else family, mean=ScoreDriven(season=7)
    )

    def call() -> None:
        fitted: Any = model.fit(table, "units", time="day", by="item")
        fitted.forecast(AHEAD).quantiles(LEVELS)

    took = [timed(call) for _ in range(calls)]
    out = float(((table["units"] >= table["stock"]).mean() or 0.0) if share_out else 0.0)
    return {"calls": took, "compiling": sum(compiling), "out": out}


def rival(name: str, series: int) -> dict[str, Any]:
    """A model of statsforecast with two jobs, after it was compiled."""
    from _demand_rivals import hide_namesake, long_table

    hide_namesake()
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, CrostonSBA
    from statsforecast.utils import ConformalIntervals

    model = {
        "AutoETS": AutoETS(season_length=7),
        "ETS(A,A,A)": AutoETS(season_length=7, model="AAA"),
        "CrostonSBA": CrostonSBA(),
    }[name]
    conformal = ConformalIntervals(h=AHEAD, n_windows=2) if name == "CrostonSBA" else None
    table = long_table(simulated(series, 0.0)["units"].to_numpy().reshape(series, DAYS).T)
    few = table[table["unique_id"] < table["unique_id"].iloc[4 * DAYS]]

    def call(rows: Any, jobs: int) -> None:
        StatsForecast(models=[model], freq=1, n_jobs=jobs).forecast(
            df=rows, h=AHEAD, level=[50, 80, 90], prediction_intervals=conformal
        )

    call(few, 1)
    return {"calls": [timed(lambda: call(table, 2))]}


def boosted(series: int) -> dict[str, Any]:
    """LightGBM over lags by mlforecast, with conformal intervals."""
    from _demand_rivals import hide_namesake, long_table

    hide_namesake()
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.utils import PredictionIntervals

    table = long_table(simulated(series, 0.0)["units"].to_numpy().reshape(series, DAYS).T)

    def call() -> None:
        model = LGBMRegressor(objective="poisson", n_jobs=2, verbose=-1)
        forecaster = MLForecast(models=[model], freq=1, lags=[1, 2, 7, 14, 28], num_threads=2)
        forecaster.fit(table, prediction_intervals=PredictionIntervals(n_windows=2, h=AHEAD))
        forecaster.predict(AHEAD, level=[50, 80, 90])

    return {"calls": [timed(call)]}


def main() -> None:
    """Do the part that is asked for."""
    name, series = sys.argv[1], int(sys.argv[2])
    warnings.simplefilter("ignore")
    before = os.getloadavg()[0]
    if name == "own":
        found = own(series, float(sys.argv[3]), int(sys.argv[4]))
    else:
        found = boosted(series) if name == "LightGBM" else rival(name, series)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(found | {"peak_gb": kilobytes / MEGA, "load": before}))


if __name__ == "__main__":
    main()
