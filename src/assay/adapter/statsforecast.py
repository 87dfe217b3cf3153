"""Models of statsforecast, as forecasting procedures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from assay.adapter.abstract import AbstractAdapted, Options, lineage
from assay.adapter.baseline import time_axis
from assay.adapter.describing import described
from assay.adapter.outputs import points, quantiles
from assay.adapter.setting import Setting
from assay.errors import PredictionsError
from assay.frame import Frame
from assay.predictive import AbstractPredictive

LEVELS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)
"""Central intervals asked of a model, in per cent; their ends are the quantiles of a forecast."""

_COURSES = ("fitted", "residuals", "x", "data")


def is_statsforecast(model: object) -> bool:
    """Whether a model is `StatsForecast` or one of its models, told by its ancestors alone."""
    known = {"statsforecast.models._TS", "statsforecast.core._StatsForecast"}
    return bool(known & set(lineage(model)))


class AdaptedForecaster(AbstractAdapted):
    """One model of statsforecast, fitted to each series of the open rows.

    At every later origin what it learnt is moved `forward` over the longer history, without a new
    fit; a model that cannot do that is fitted again.
    """

    library = "statsforecast"

    def __init__(self, model: Any, setting: Setting, options: Options) -> None:
        """Take a forecaster for a problem.

        Raises:
            PredictionsError: it cannot be an attempt at this problem; says why.
        """
        self.model, self.setting, self.options = _single(model, setting), setting, options
        _refuse_problem(setting, options)
        _refuse_later_history(model, self.model, setting)

    def describe(self) -> str:
        return described(self.model)

    def notes(self) -> tuple[str, ...]:
        if hasattr(self.model, "forward"):
            return ()
        return (f"{type(self.model).__name__} cannot move forward: it is fitted at each origin.",)

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Forecaster":
        del seed  # nothing is drawn at random
        _, courses = _courses(data, target, self.setting)
        moves = hasattr(self.model, "forward")
        fitted = {key: self.model.new().fit(y=y) for key, y in courses.items()} if moves else {}
        unfitted = Forecaster(self.model, fitted, self.setting, target, LEVELS)
        return unfitted.with_levels(next(iter(courses.items())))


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A model of statsforecast that has learnt each series.

    Fields:
        model: as it was offered.
        fitted: the model of each series, by its number; empty where it cannot move forward.
        setting: the problem.
        target: its column.
        levels: central intervals in per cent; empty where the model gives points alone.
    """

    model: Any
    fitted: dict[str, Any]
    setting: Setting
    target: str
    levels: tuple[int, ...]

    def forecast(self, history: Frame, asked: Frame, /) -> AbstractPredictive:
        """Forecast the rows that follow a history.

        Args:
            history: all rows up to the origin, with their targets.
            asked: rows of the next steps, without.

        Raises:
            PredictionsError: a series has no target yet.
        """
        _, courses = _courses(history, self.target, self.setting)
        keys, step = _keys(asked, self.setting), time_axis(asked, self.setting.roles)[1]
        width, found = max(2 * len(self.levels), 1), None
        found = np.empty((asked.rows, width))
        for key in dict.fromkeys(keys):
            if key not in courses:
                raise PredictionsError(
                    f"{type(self.model).__name__}: series {key!r} has no target before the first "
                    "of the rows to be forecast. Leave series without a history out of the table."
                )
            own = np.array([each == key for each in keys])
            found[own] = self._ahead(key, courses[key], int(step.max()) + 1)[step[own]]
        where, is_count = type(self.model).__name__, self.setting.is_whole
        if not self.levels:
            return points(found, asked.rows, where, is_count=is_count)
        ends = _ends(self.levels)
        return quantiles(found, ends, asked.rows, where, is_count=is_count)

    def with_levels(self, series: tuple[str, np.ndarray]) -> "Forecaster":
        """The same, without levels where the model cannot give intervals."""
        try:
            self._ahead(*series, 1)
        except Exception:  # each model refuses levels in its own words, some with a bare Exception
            plain = Forecaster(self.model, self.fitted, self.setting, self.target, ())
            plain._ahead(*series, 1)  # what fails without levels, too, breaks for another reason
            return plain
        return self

    def _ahead(self, key: str, y: np.ndarray, steps: int) -> np.ndarray:
        """Forecasts of one series, (steps, quantiles) or (steps, 1)."""
        asks = {"level": list(self.levels)} if self.levels else {}
        if self.fitted:
            # A series that began after the fit is learnt when it is first seen.
            model = self.fitted.get(key) or self.model.new().fit(y=y)
            found = model.forward(y=y, h=steps, **asks)
        else:
            found = self.model.new().forecast(y=y, h=steps, **asks)
        if not self.levels:
            return np.asarray(found["mean"], dtype=float)[:, None]
        names = [f"lo-{level}" for level in reversed(self.levels)]
        names += [f"hi-{level}" for level in self.levels]
        return np.column_stack([np.asarray(found[name], dtype=float) for name in names])


def _ends(levels: tuple[int, ...]) -> tuple[float, ...]:
    """Levels of the quantiles at both ends of central intervals."""
    low = [round(0.5 - level / 200, 12) for level in reversed(levels)]
    return (*low, *(round(0.5 + level / 200, 12) for level in levels))


def _courses(
    frame: Frame, target: str, setting: Setting
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Each series from its first target on; where one is missing the last before it stands in."""
    series, time = time_axis(frame, setting.roles)
    panel = np.full((series.max() + 1, time.max() + 1), np.nan)
    panel[series, time] = frame.numbers(target)
    _, rows = np.unique(series, return_index=True)
    names = _keys(frame, setting)
    filled = pl.DataFrame(panel.T).fill_nan(None).fill_null(strategy="forward")
    found = {}
    for number, row in enumerate(rows):
        values = filled.to_series(number).drop_nulls().to_numpy()
        if len(values):
            found[names[row]] = values
    return series, found


def _keys(frame: Frame, setting: Setting) -> list[str]:
    """The name of each row's series."""
    if not setting.roles.series:
        return ["1"] * frame.rows
    columns = [pl.col(name).cast(pl.String) for name in setting.roles.series]
    return frame.table.select(pl.concat_str(columns, separator="/")).to_series().to_list()


def _single(model: Any, setting: Setting) -> Any:
    models = getattr(model, "models", None)
    if models is None:
        return model
    if len(models) != 1:
        raise PredictionsError(
            f"{setting.where}: StatsForecast holds {len(models)} models, and an attempt is one. "
            "Offer each by itself: StatsForecast(models=[one], freq=...), or the model alone."
        )
    return models[0]


def _refuse_problem(setting: Setting, options: Options) -> None:
    where, target = setting.where, setting.roles.target
    if setting.roles.time is None:
        raise PredictionsError(
            f"{where}: a model of statsforecast forecasts a series, and no `time` column is named. "
            "Name it in `assay.profile`."
        )
    if setting.classes:
        raise PredictionsError(
            f"{where}: a model of statsforecast forecasts numbers, but `{target}` is one of "
            f"{len(setting.classes)} classes. Offer a classifier."
        )
    if options.spread != "none" or options.features or options.output or options.levels:
        raise PredictionsError(
            f"{where}: a model of statsforecast reads the target alone and gives intervals of its "
            "own, so it takes no `features`, `spread`, `output` or `levels`. For a model without "
            "intervals pass it `prediction_intervals=ConformalIntervals(...)`."
        )


def _refuse_later_history(given: Any, model: Any, setting: Setting) -> None:
    """Refuse a model that was fitted to more than the open history, as far as it shows."""
    where, last = setting.where, getattr(given, "last_dates", None)
    if last is not None and len(last) and _is_later(np.max(np.asarray(last)), setting.open_end):
        raise PredictionsError(
            f"{where}: StatsForecast was fitted up to {np.max(np.asarray(last))}, but the open "
            f"rows end at {setting.open_end}. Offer it unfitted: Assay fits it on open rows."
        )
    learnt = getattr(model, "model_", None)
    shapes = [
        np.shape(learnt[name]) for name in _COURSES if isinstance(learnt, dict) and name in learnt
    ]
    seen = max((shape[0] for shape in shapes if shape), default=0)
    times = setting.visible.column(str(setting.roles.time)).n_unique()
    if seen > times:
        raise PredictionsError(
            f"{where}: {type(model).__name__} was fitted on {seen:,} times, but only {times:,} are "
            "open. Offer it unfitted: Assay fits it on open rows."
        )


def _is_later(found: Any, end: Any) -> bool:
    try:
        return bool(
            found > (np.datetime64(end) if np.issubdtype(found.dtype, np.datetime64) else end)
        )
    except (TypeError, ValueError):  # another kind of time than the table's tells nothing
        return False
