"""A fitted panel of series: what was learnt, and what follows from it."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from assay.compute import apart
from assay.errors import ConfigError
from assay.frame import Frame, read
from assay.predictive import DistributionPredictive
from assay.predictor import store
from assay.series.drawing import picture_of
from assay.series.findings import found_of, unended
from assay.series.fitting.fit import Fits, Machine, fit_panel, machine_of
from assay.series.fitting.kept import Kept
from assay.series.fitting.onward import moved_on
from assay.series.fitting.pooling import Common
from assay.series.future.ahead import future_of, last_step
from assay.series.future.forecast import Forecast
from assay.series.future.laws import MIXED, laws_of
from assay.series.future.together import common_share
from assay.series.panel.arrange import Panel, Recipe, Span, arrange
from assay.series.panel.check import check_names
from assay.series.past import Past, mean_of, past_of
from assay.series.review.lost import LostSales, lost_sales
from assay.series.review.reviewed import Reviewed, reviewed

PATHS = 200

Precision = Literal["float64", "float32"]


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

        Raises:
            ConfigError: a key has the name of a coordinate.
        """
        found = dict(zip(self.machine.layout.names, self.fits.theta, strict=True))
        check_names(self.recipe.by, "", frozenset(found))
        return pl.concat([self.panel.keys, pl.DataFrame(found)], how="horizontal")

    def results(self) -> pl.DataFrame:
        """How each fit went.

        Returns:
            The key columns, then rows, hidden, last (time of the last row), log_likelihood and
            message: why a series was set aside, or what else is odd about it; empty where all is
            well.
        """
        return pl.concat([self.panel.keys, found_of(self.panel, self.fits)], how="horizontal")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the whole table, in sentences."""
        panel, said = self.panel, list(self.panel.notes)
        most = int(panel.lengths.max())
        said += [
            f"season {season:g}: {most:,} steps hold no two rounds of it, so little is known of it"
            for season in self.recipe.term.seasons
            if 2 * season > most
        ]
        if panel.set_aside:
            first = next(iter(panel.set_aside))
            said.append(
                "series set aside, forecast from their other rows and what all have in common: "
                f"{len(panel.set_aside):,} (first: {panel.name(first)}: {panel.set_aside[first]})"
            )
        still = unended(panel, self.fits)
        if still.size:
            k = int(still[0])
            said.append(
                "series whose search stopped before its end, so that their parameters are not the "
                f"most probable ones: {still.size:,} (first: {panel.name(k)}, with "
                f"{self.fits.left[k]:.2g} of its log posterior left to gain)"
            )
        return tuple(said)

    def groups(self) -> pl.DataFrame:
        """What groups of series add to the level, before its link.

        Levels are pooled by crossed effects of the keys, where there are several, or of the columns
        of `pool`: series with few rows, those set aside and new ones lean on their groups.

        Returns:
            column, value, effect (beside the column's mean), sd (how far it is known) and series
            (how many tell of it), one row a value; columns that are alike for all series, or
            different for each, say nothing and are left out.
        """
        return self.common.groups.effects

    @cached_property
    def past(self) -> Past:
        """What was expected of each row of the past, one step before it."""
        return apart(lambda: past_of(self.recipe, self.panel, self.machine, self.fits))

    @cached_property
    def review(self) -> Reviewed:
        """What all rows tell of each row of the past, later ones too."""
        return reviewed(self.recipe, self.panel, self.machine, self.common, self.fits)

    @cached_property
    def common_share(self) -> float:
        """Share of the noise of a step that series have in common, learnt from the last 120."""
        return common_share(self.past, self.panel, seed=self.seed)

    def demand(self) -> pl.DataFrame:
        """Expected values of the past, each given all rows before it.

        Returns:
            The key columns, the column of time, `seen` (the value, or the limit that hid it;
            empty where nothing is known), `hidden` and `mean`, one row a row of the table.
        """
        panel, past, rows = self.panel, self.past, np.arange(self.panel.step.size)
        known = panel.weight > 0
        found = pl.DataFrame(
            {
                self.recipe.time: panel.grid.times(panel.step),
                "seen": pl.Series(np.where(known, panel.y, np.nan)).fill_nan(None),
                "hidden": panel.hidden,
                "mean": past.ask(rows, mean_of),
            }
        )
        return panel.keyed(past.series, found)

    def picture(self, *key: Any, ahead: Forecast | None = None) -> Any:
        """A chart of one series: its last steps, sold-out days and what was expected of each.

        Args:
            key: values of the key columns, in their order; none for a single series.
            ahead: a forecast of this fit, which is drawn in place of what was expected.

        Raises:
            ConfigError: no such series, in the fit or in the forecast.
        """
        return picture_of(self, key, ahead)

    def lost_sales(self, *, level: float = 90) -> LostSales:
        """Demand beyond what could be sold, on days that a limit hid.

        Asked afterwards: the level of each hidden day is the one that all rows tell, later ones
        too, and its demand has the law of the family above the limit there. Intervals hold what
        that leaves open: the level's error, which lasts from day to day, seasons, effects, the
        family's other parameters and what all series share in a step. Gains and spreads of the fit
        are taken as known. A limit is taken to have been set without knowing more of its day than
        the model does.

        Args:
            level: of intervals, in per cent.

        Raises:
            ConfigError: a level that is not between 1 and 100.
        """
        recipe = self.recipe
        return lost_sales(
            self.past, self.review, recipe.by, recipe.time, level=level, seed=self.seed
        )

    def after(self, history: Any) -> "FittedSeries":
        """The same filters, moved over another history without a new fit.

        Args:
            history: rows as those of the fit, with later ones or without: the filters start anew
                and end with its last step. A series that the fit has not seen is followed with
                what all have in common, near its groups and the mean of its own rows.

        Raises:
            DataError: a column is missing, or times and keys are not those of the fit.
        """
        frame = history if isinstance(history, Frame) else read(history)
        panel = arrange(frame, self.recipe, like=self.panel)
        fits = apart(lambda: moved_on(self.recipe, self.panel, self.common, self.fits, panel))
        return replace(self, panel=panel, fits=fits)

    def save(self, path: str | Path) -> None:
        """Write the model to one file, which `assay.load` reads without running anything in it.

        The file holds the rows that were fitted, as numbers: past demand and lost sales are asked
        of them.

        Args:
            path: such as `demand.assay`; a file that is there is replaced once the new one is
                whole.

        Raises:
            ConfigError: a part of the model exists in Python only and cannot be written; nothing
                was written then.
            DataError: the file cannot be written.
        """
        from assay.series.stored import PARTS

        store.save(self, path, PARTS)

    def laws(
        self, asked: Any, *, paths: int = MIXED, seed: int | None = None
    ) -> DistributionPredictive:
        """The law of each of some rows to come, as a predictive with densities.

        Each is the family's law mixed over the parameters that simulated paths arrive at, so that
        no value is impossible. It is the law of what no limit hid; a closed day is a known zero.

        Args:
            asked: rows after the last step, in any order: keys, time, and the features that the
                model reads.
            paths: how many laws are mixed.
            seed: of the paths; by default the fit's.

        Raises:
            DataError: a row without time or keys, or not after the last step; a missing feature.
            ConfigError: a family that knows no zeros, with closed days.

        Source: Gelfand & Smith (1990), Sampling-based approaches to calculating marginal
            densities, for the mixture.
        """
        known = asked if isinstance(asked, Frame) else read(asked)
        horizon = last_step(self.recipe, self.panel, known) - self.panel.end
        future = future_of(self.recipe, self.panel, known, horizon)
        seed = self.seed if seed is None else seed
        return laws_of(
            Forecast(self.recipe, self.machine, self.common, self.fits, future, paths, seed)
        )

    def forecast(
        self, horizon: int, future: Any = None, *, paths: int = PATHS, seed: int | None = None
    ) -> Forecast:
        """Draw what may come in the next steps.

        Args:
            horizon: how many steps after the last of any series.
            future: what is known ahead: rows with keys, time, the features that the model reads,
                and whether a day is open. Series that the fit has not seen are forecast from what
                all have in common, and from their groups where rows or keys name them.
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
            learn_share=lambda: self.common_share,
        )


def fit_series(
    recipe: Recipe,
    frame: Frame,
    *,
    seed: int = 0,
    precision: Precision = "float64",
    checkpoint: str | Path | None = None,
    span: Span | None = None,
) -> FittedSeries:
    """Fit one filter to each series of a table.

    Args:
        recipe: what is fitted.
        frame: the table.
        seed: of everything random that follows.
        precision: of the numbers of the fit; whatever follows from it is told in float64.
        checkpoint: a folder that keeps what is done; a fit that was stopped goes on from there.
        span: steps that are kept in place of those of the rows.

    Raises:
        DataError: a column is missing, or nothing can be learnt from.
        ConfigError: the family cannot be followed, or an unknown precision.
    """
    if precision not in get_args(Precision):
        raise ConfigError(f"`precision` is {precision!r}, must be `float64` or `float32`.")
    panel, dtype = arrange(frame, recipe, span=span), np.dtype(precision)
    kept = None if checkpoint is None else Kept.of(checkpoint, recipe, panel, dtype)
    common, fits = fit_panel(panel, recipe, dtype=dtype, kept=kept)
    return FittedSeries(recipe, panel, common, fits, seed)
