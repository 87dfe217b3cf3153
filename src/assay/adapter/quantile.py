"""Models whose numbers are quantiles, and when one alone can be judged."""

from typing import Any

import numpy as np

from assay.adapter.setting import Setting
from assay.errors import PredictionsError


def asked_quantiles(model: Any) -> tuple[float, ...]:
    """The levels that an estimator was told to predict; empty where it predicts no quantiles.

    Args:
        model: an estimator of scikit-learn, LightGBM or XGBoost.
    """
    own = model.get_params(deep=False)
    if own.get("steps"):
        return asked_quantiles(own["steps"][-1][1])
    kind = own.get("objective", own.get("loss"))
    if kind == "quantile":
        level = own.get("quantile", own.get("alpha", 0.9))
    elif kind == "reg:quantileerror":
        level = own.get("quantile_alpha")
    elif type(model).__name__ == "QuantileRegressor":
        level = own.get("quantile")
    else:
        return ()
    return as_levels(level)


def as_levels(level: Any) -> tuple[float, ...]:
    """One level or several, as numbers, ascending."""
    return tuple(sorted(np.atleast_1d(np.asarray(level, dtype=float)).tolist()))


def refuse_lonely_quantile(levels: tuple[float, ...], setting: Setting) -> None:
    """Refuse one quantile where the metric would take it for a whole forecast.

    Raises:
        PredictionsError: the metric scores something else than this one quantile.
    """
    if len(levels) != 1:
        return
    by_absolute = setting.metric == "absolute" and levels[0] == 0.5
    by_pinball = setting.metric == "pinball" and setting.levels == levels
    if not (by_absolute or by_pinball):
        raise PredictionsError(
            f"{setting.where}: the model predicts the quantile at {levels[0]:g} alone, and metric "
            f"`{setting.metric}` would score it as the whole forecast. One quantile is judged by "
            "`pinball` with `levels` of that one, or by `absolute` if it is the median. Predict "
            "several, or the mean."
        )
