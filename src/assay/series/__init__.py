"""Many series at once: score-driven filters, fitted and pooled in lock-step, and their futures."""

from assay.series.answer import Answer
from assay.series.fitted import FittedSeries, Precision, fit_series
from assay.series.future.forecast import Forecast
from assay.series.judged.backtest import Backtest, backtest
from assay.series.panel.arrange import Recipe

__all__ = [
    "Answer",
    "Backtest",
    "FittedSeries",
    "Forecast",
    "Precision",
    "Recipe",
    "backtest",
    "fit_series",
]
