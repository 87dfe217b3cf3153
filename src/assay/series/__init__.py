"""Many series at once: score-driven filters, fitted and pooled in lock-step, and their futures."""

from assay.series.arrange import Recipe
from assay.series.fitted import FittedSeries, fit_series
from assay.series.forecast import Forecast

__all__ = ["FittedSeries", "Forecast", "Recipe", "fit_series"]
