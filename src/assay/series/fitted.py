"""A fitted panel of series: what was learnt, and what follows from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ConfigError
from assay.frame import Frame, read
from assay.series.ahead import future_of
from assay.series.arrange import Panel, Recipe, arrange
from assay.series.fit import Fits, Machine, fit_panel, machine_of
from assay.series.forecast import Forecast
from assay.series.pooling import Common

PATHS = 200


@dataclass(frozen=True, eq=False, repr=False)
class FittedSeries:
    """Filters of many series, each where its last observation left it.

    Fields:
        recipe: what was fitted.
        panel: the series.
        common: what they have in common.
        fits: parameters and states of each.
        seed: of everything random that follows.
    """

    recipe: Recipe
    panel: Panel
    common: Common
    fits: Fits
    seed: int = 0

    def __len__(self) -> int:
        return self.panel.series

    def __repr__(self) -> str:
        said = f"{self.recipe.family.describe()} fitted to `{self.recipe.target}`"
        aside = f", {len(self.panel.set_aside)} of them set aside" if self.panel.set_aside else ""
        return f"{said} of {len(self)} series, one step is {self.panel.grid.said}{aside}"

    @property
    def machine(self) -> Machine:
        """The compiled functions of the filter."""
        return machine_of(self.recipe, self.panel)

    def parameters(self) -> pl.DataFrame:
        """What was learnt of each series, before links.

        Returns:
            The key columns, then one column a coordinate of the filter.
        """
        found = dict(zip(self.machine.layout.names, self.fits.theta, strict=True))
        return pl.concat([self.panel.keys, pl.DataFrame(found)], how="horizontal")

    def results(self) -> pl.DataFrame:
        """How each fit went.

        Returns:
            The key columns, then rows, hidden, log_likelihood and message (empty where all is
            well).
        """
        panel = self.panel
        series = np.repeat(np.arange(len(self)), np.diff(panel.edges))
        aside = panel.set_aside
        found = {
            "rows": np.bincount(series, panel.weight > 0, len(self)).astype(np.int64),
            "hidden": np.bincount(series, panel.hidden, len(self)).astype(np.int64),
            "log_likelihood": self.fits.log_likelihood,
            "message": [f"set aside: {aside[k]}" if k in aside else "" for k in range(len(self))],
        }
        return pl.concat([panel.keys, pl.DataFrame(found)], how="horizontal")

    def forecast(
        self, horizon: int, future: Any = None, *, paths: int = PATHS, seed: int | None = None
    ) -> Forecast:
        """Draw what may come in the next steps.

        Args:
            horizon: how many steps after the last of any series.
            future: what is known ahead: rows with keys, time, the features that the model reads,
                and whether a day is open. Series that the fit has not seen are forecast from what
                all have in common.
            paths: futures to draw of each series.
            seed: of the draws; by default the fit's.

        Raises:
            ConfigError: a horizon or number of paths that is not a whole number above 0.
            DataError: the future lacks a row or a feature; names the series and the time.
        """
        for name, value in (("horizon", horizon), ("paths", paths)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(
                    f"forecast: `{name}` is {value!r}, must be a whole number above 0."
                )
        known = None
        if future is not None:
            known = future if isinstance(future, Frame) else read(future)
        ahead = future_of(self.recipe, self.panel, known, horizon)
        return Forecast(
            self.recipe,
            self.machine,
            self.common,
            self.fits,
            ahead,
            paths,
            self.seed if seed is None else seed,
        )


def fit_series(
    recipe: Recipe, frame: Frame, *, seed: int = 0, dtype: Any = np.float64
) -> FittedSeries:
    """Fit one filter to each series of a table.

    Raises:
        DataError: a column is missing, or nothing can be learnt from.
        ConfigError: the family cannot be followed.
    """
    panel = arrange(frame, recipe)
    common, fits = fit_panel(panel, recipe, dtype=dtype)
    return FittedSeries(recipe, panel, common, fits, seed)
