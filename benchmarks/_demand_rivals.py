"""Models of statsforecast on a panel: quantiles of each step and series."""

import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
from _demand_scores import LEVELS, Floats

FEWEST, MOST = 2, 9  # windows of a conformal interval: as many as a series' past holds
RIVALS = ("seasonal naive", "AutoETS", "fixed ETS", "CrostonSBA")


def hide_namesake() -> None:
    """Numba asks for the package `coverage`, and would find the benchmark of that name."""
    sys.modules.setdefault("coverage", None)  # pyright: ignore[reportArgumentType]


def rival(name: str, season: int) -> Any:
    """One of `RIVALS` for steps that return after `season`."""
    from statsforecast.models import AutoETS, CrostonSBA, SeasonalNaive

    if name == "seasonal naive":
        return SeasonalNaive(season)
    if name == "AutoETS":
        return AutoETS(season_length=season)
    if name == "fixed ETS":
        return AutoETS(season_length=season, model="ANA" if season > 1 else "ANN")
    return CrostonSBA()


def long_table(history: Floats, least: int = 1) -> pd.DataFrame:
    """Series side by side, (steps, series), as statsforecast wants them; what is nan is left out.

    A series with fewer than `least` values has zeros for those that miss.
    """
    steps, series = history.shape
    is_short = (~np.isnan(history)).sum(axis=0) < least
    known = np.where(is_short & np.isnan(history), 0.0, history)
    table = pd.DataFrame(
        {
            "unique_id": np.repeat([f"{k:07d}" for k in range(series)], steps),
            "ds": np.tile(np.arange(steps), series),
            "y": known.T.ravel(),
        }
    )
    return table.dropna()


def rival_quantiles(
    name: str, history: Floats, horizon: int, season: int, jobs: int = 2
) -> tuple[Floats, Floats]:
    """Quantiles of all `LEVELS`, (levels, steps, series), and means, (steps, series)."""
    hide_namesake()
    from statsforecast import StatsForecast
    from statsforecast.utils import ConformalIntervals

    levels = sorted({width for level in LEVELS if (width := _width(level)) > 0})
    quantiles = np.empty((len(LEVELS), horizon, history.shape[1]))
    mean = np.empty(quantiles.shape[1:])
    every = windows(history, horizon) if name == "CrostonSBA" else np.zeros(len(mean[0]), int)
    for count in np.unique(every):
        chosen = np.flatnonzero(every == count)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            forecaster = StatsForecast(models=[rival(name, season)], freq=1, n_jobs=jobs)
            found = forecaster.forecast(
                df=long_table(history[:, chosen], max(count, FEWEST) * horizon + 1),
                h=horizon,
                level=levels,
                prediction_intervals=ConformalIntervals(h=horizon, n_windows=int(count))
                if count
                else None,
            )
        found = found.sort_values(["unique_id", "ds"])
        own = next(column for column in found.columns if column not in ("unique_id", "ds"))
        for k, level in enumerate(LEVELS):
            quantiles[k][:, chosen] = _column(found, own, level).reshape(-1, horizon).T
        mean[:, chosen] = found[own].to_numpy(float).reshape(-1, horizon).T
    return quantiles, mean


def windows(history: Floats, horizon: int) -> np.ndarray:
    """How many windows of a conformal interval each series' past holds, beside one value more."""
    known = np.count_nonzero(~np.isnan(history), axis=0)
    return ((known - 1) // horizon).clip(FEWEST, MOST)


def _width(level: float) -> float:
    """Of the central interval that a quantile is an end of, in per cent."""
    return round(100 * abs(1 - 2 * level), 4)


def _column(found: pd.DataFrame, own: str, level: float) -> Floats:
    if level == 0.5:
        return found[own].to_numpy(float)
    end, width = ("lo" if level < 0.5 else "hi"), _width(level)
    for text in (f"{own}-{end}-{width}", f"{own}-{end}-{width:g}"):
        if text in found.columns:
            return found[text].to_numpy(float)
    raise KeyError(f"{own}-{end}-{width}: {list(found.columns)}")


def honest(quantiles: Floats, *, whole: bool, share: Floats | None = None) -> Floats:
    """What a fair user makes of them: cut by availability, never below zero, whole if counts."""
    cut = np.maximum(quantiles if share is None else quantiles * share, 0.0)
    return np.round(cut) if whole else cut
