"""Models of statsforecast as rivals: one series at a time, and none may stop the others."""

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from assay.compute.progress import measured
from assay.errors import ConfigError
from assay.series.future.paths import stream_of
from assay.series.kinds import Flags, Floats

SAMPLES = 200
LEVELS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)


def ets(season: int) -> Any:
    """AutoETS of statsforecast with the season of the steps.

    Raises:
        ConfigError: statsforecast is not installed.
    """
    if find_spec("statsforecast") is None:
        raise ConfigError(
            "backtest: rival `ets` is AutoETS of statsforecast, which is not installed. Install it "
            "with `pip install 'assay-ml[adapters]'`, or leave `ets` out."
        )
    from statsforecast.models import AutoETS

    return AutoETS(season_length=season)


def is_foreign(rival: Any) -> bool:
    """Whether it is a model as statsforecast makes them."""
    return not isinstance(rival, type) and hasattr(rival, "forecast") and hasattr(rival, "new")


def foreign_samples(
    model: Any,
    y: Floats,
    horizon: int,
    season: int,
    *,
    name: str,
    keys: Sequence[str],
    seed: int,
) -> tuple[Floats, Floats, Mapping[int, str]]:
    """Points and samples of a model's forecast of each series, and why it failed on some.

    A model with intervals is read as evenly spread samples of its quantiles; one without as its
    points plus the errors of its fit.

    Args:
        model: with statsforecast's `new` and `forecast`.
        y: the past, (steps, series), NaN where nothing is known.
        horizon: steps ahead.
        season: steps after which the course returns.
        name: of the model, for a sign of life.
        keys: of the series: each has a stream of its own.
        seed: of the errors that are drawn.

    Returns:
        (horizon, series) and (horizon, series, samples), NaN where the model failed; and the
        reasons by series.
    """
    points = np.full((horizon, y.shape[1]), np.nan)
    found = np.full((horizon, y.shape[1], SAMPLES), np.nan)
    failed: dict[int, str] = {}
    places = range(y.shape[1])
    for k in measured(places, [1] * y.shape[1], f"forecasting with {name}"):
        stream = stream_of(seed, "rival", name, keys[k])
        told = _one(model, _whole(y[:, k], season), horizon, stream)
        if isinstance(told, str):
            failed[k] = told
        else:
            points[:, k], found[:, k] = told
    return points, found, failed


def _one(
    model: Any, y: Floats, horizon: int, stream: np.random.Generator
) -> tuple[Floats, Floats] | str:
    """Points and samples of one series, (horizon, samples), or why there are none."""
    # A model of another library may fail in any way that its authors did not think of.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = model.new().forecast(y=y, h=horizon, level=list(LEVELS))
            drawn = _from_quantiles(found)
        except Exception:
            try:
                found = model.new().forecast(y=y, h=horizon, fitted=True)
                drawn = _from_errors(found, y, stream)
            except Exception as error:
                why = f"{type(error).__name__}: {str(error)[:80]}".rstrip(": ")
                return f"with {y.size:,} values: {why}"
    points = np.asarray(found["mean"], dtype=float)
    is_finite = np.isfinite(drawn).all() and np.isfinite(points).all()
    return (points, drawn) if is_finite else "its forecast is not finite"


def _from_quantiles(found: Mapping[str, Any]) -> Floats:
    names = [f"lo-{level}" for level in reversed(LEVELS)] + [f"hi-{level}" for level in LEVELS]
    ends = [0.5 - level / 200 for level in reversed(LEVELS)] + [0.5 + lev / 200 for lev in LEVELS]
    table = np.column_stack([np.asarray(found[name], dtype=float) for name in names])
    at = (np.arange(SAMPLES) + 0.5) / SAMPLES
    return np.stack([np.interp(at, ends, row) for row in table])


def _from_errors(found: Mapping[str, Any], y: Floats, stream: np.random.Generator) -> Floats:
    errors = y - np.asarray(found["fitted"], dtype=float)
    errors = errors[np.isfinite(errors)]
    points = np.asarray(found["mean"], dtype=float)[:, None]
    return points + stream.choice(errors if errors.size else np.zeros(1), (len(points), SAMPLES))


def _whole(y: Floats, season: int) -> Floats:
    """From the first known value on, gaps filled by the value of a season ago, or the last one."""
    known: Flags = ~np.isnan(y)
    if not known.any():
        return np.zeros(0)
    course = y[int(np.argmax(known)) :].copy()
    for at in np.flatnonzero(np.isnan(course)):
        course[at] = course[at - season if at >= season else at - 1]
    return course
