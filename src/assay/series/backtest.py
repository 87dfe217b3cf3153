"""Forecasts made where the past was, and scored on what could be observed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.frame import Frame
from assay.predictive import EnsemblePredictive
from assay.series.arrange import Panel, Recipe, arrange
from assay.series.check import check_names
from assay.series.fitted import FittedSeries, fit_series
from assay.series.kinds import Flags, Floats, Whole
from assay.series.rivals import named_rivals, samples_of

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
OWN = "assay"
TAKEN = frozenset(["model", "origin", "step", "pinball", "crps", "log_score", "pit", "covered"])


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """Scores of forecasts at rolling origins.

    Fields:
        rows: one row a model, origin, series and step that was seen: keys, time, `model`,
            `origin`, `step`, `seen`, `hidden`, `mean`, `pinball` (mean over seven levels), `crps`,
            `log_score` (empty for rivals, which have no law), `pit` and `covered` (by the 90 %
            interval; empty for hidden rows).
        notes: sentences.
    """

    rows: pl.DataFrame
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return str(self.summary())

    def summary(self, by: str | Sequence[str] = ()) -> pl.DataFrame:
        """Scores of each model, means over rows.

        Args:
            by: columns of `rows` whose values are kept apart, such as `origin`.

        Returns:
            `model` and the columns of `by`; `wql`: twice the pinball loss over what was seen;
            `crps`, `log_score`; `pit_90`: share of randomised PIT values within .05 and .95, over
            all rows; `coverage_90`: of rows that nothing hid, which favours models that ignore
            what is hidden; `bias`: forecast over seen, less 1; `rows`.
        """
        names = ["model", *([by] if isinstance(by, str) else by)]
        seen = pl.col("seen").sum()
        grouped = self.rows.group_by(names, maintain_order=True)
        return grouped.agg(
            wql=2 * pl.col("pinball").sum() / seen,
            crps=pl.col("crps").mean(),
            log_score=pl.col("log_score").mean(),
            pit_90=pl.col("pit").is_between(0.05, 0.95).mean(),
            coverage_90=pl.col("covered").mean(),
            bias=pl.col("mean").sum() / seen - 1,
            rows=pl.len(),
        )


def backtest(
    recipe: Recipe,
    frame: Frame,
    *,
    horizon: int,
    origins: int = 3,
    every: int | None = None,
    rivals: Sequence[str] | Mapping[str, Any] = ("seasonal-naive", "croston-sba"),
    paths: int = 200,
    seed: int = 0,
) -> Backtest:
    """Fit at several origins on what was known there, forecast, and score what came.

    Sales are scored under the limit of their day: paths are cut at it, and where it was reached
    the log score is that of reaching it and the PIT is drawn from what it leaves open. What is
    known ahead (features, closures, limits) is read of the days that are forecast, their target is
    not. Closed days are scored for nobody.

    Args:
        recipe: what is fitted.
        frame: the table.
        horizon: steps that are forecast at each origin.
        origins: how many; the last one leaves `horizon` steps after it.
        every: steps from one origin to the next; by default the horizon.
        rivals: names of simple rules and `ets`, or models of statsforecast by name.
        paths: futures of each series.
        seed: of everything random.

    Raises:
        ConfigError: an unknown rival, or a number that cannot be.
        DataError: the table is too short for so many origins.
    """
    for name, value in (("horizon", horizon), ("origins", origins), ("every", every or horizon)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"backtest: `{name}` is {value!r}, must be a whole number above 0.")
    season = int(next((p for p in recipe.term.seasons if p == int(p)), 1))
    named = named_rivals(rivals, season, OWN)
    check_names(recipe.by, recipe.time, TAKEN)
    whole = arrange(frame, recipe)
    ends = [whole.end - horizon - k * (every or horizon) for k in range(origins)][::-1]
    first = int(whole.step.min())
    if ends[0] < first + 1:
        raise DataError(
            f"{frame.source}: {whole.end + 1 - first} steps hold no {origins} origins with "
            f"{horizon} steps after each. Ask for fewer of them, or for a shorter horizon."
        )
    found, notes = [], list(whole.notes)
    failures: dict[str, dict[int, str]] = {}
    for end in ends:
        at = _Origin(recipe, frame, whole, end, horizon, season)
        fitted = fit_series(recipe, at.past(), seed=seed)
        notes += [each for each in fitted.notes if each not in notes]
        found += [at.own(fitted, paths, seed)]
        for name, rival in named.items():
            scored, failed = at.rival(name, rival, seed)
            found.append(scored)
            failures.setdefault(name, {}).update(failed)
    notes += _failed(failures, whole)
    return Backtest(pl.concat(found, how="diagonal"), tuple(notes))


def _failed(failures: Mapping[str, Mapping[int, str]], panel: Panel) -> list[str]:
    """Rivals that could not forecast some series, in sentences."""
    said = []
    for name, failed in failures.items():
        for k, why in list(failed.items())[:1]:
            said.append(
                f"series on which rival `{name}` failed, with seasonal naive in its place: "
                f"{len(failed):,} (first: {panel.name(k)}: {why})"
            )
    return said


@dataclass(frozen=True, eq=False)
class _Origin:
    """One place from which is forecast.

    Fields:
        recipe: what is fitted.
        frame: the whole table.
        panel: arranged of it.
        end: the last step that is known.
        horizon: steps ahead.
        season: steps after which the course returns, as rivals take it.
    """

    recipe: Recipe
    frame: Frame
    panel: Panel
    end: int
    horizon: int
    season: int

    def past(self) -> Frame:
        """Rows up to the origin."""
        return self.frame.having(self.frame.table.filter(pl.Series(self._steps() <= self.end)))

    def future(self) -> Frame | None:
        """Rows after it, without their target."""
        after = (self._steps() > self.end) & (self._steps() <= self.end + self.horizon)
        table = self.frame.table.filter(pl.Series(after)).drop(self.recipe.target)
        return self.frame.having(table) if table.height else None

    def _steps(self) -> Whole:
        from assay.frame.moments import parse_months, parse_times

        time = parse_months(parse_times(self.frame.column(self.recipe.time)))
        known = time.is_not_null().to_numpy()
        steps = np.full(len(time), np.iinfo(np.int64).max)
        steps[known] = self.panel.grid.steps(time.drop_nulls())[0]
        return steps

    def own(self, fitted: FittedSeries, paths: int, seed: int) -> pl.DataFrame:
        """Scores of the model's forecast."""
        panel = fitted.panel
        ahead = fitted.forecast(self.horizon, self.future(), paths=paths, seed=seed)
        skip = panel.end - self.end  # a past without rows near the origin ends earlier
        if skip:
            ahead = fitted.forecast(self.horizon - skip, self.future(), paths=paths, seed=seed)
        place = self._place(ahead.future.keys)
        y, hidden, limit, known = self._seen()
        y, limit, hidden, known = y[:, place], limit[:, place], hidden[:, place], known[:, place]
        ahead = replace(ahead, limit=limit)
        values, mean = np.empty((*y.shape, paths)), np.empty(y.shape)
        for block, drawn in ahead.draws():
            values[:, block], mean[:, block] = drawn.values, drawn.mean
        scores = ahead.log_scores(np.nan_to_num(y), hidden)
        is_open = ahead.future.is_open
        scores = np.where(np.broadcast_to(is_open, y.shape) > 0, scores, 0.0)
        return self._table(OWN, place, values, mean, (y, hidden, known), scores, seed)

    def rival(self, name: str, rival: Any, seed: int) -> tuple[pl.DataFrame, Mapping[int, str]]:
        """Scores of a simple forecast, and why it failed on some series.

        What the past hid it takes for sold; days that were closed it takes for unknown.
        """
        panel = self.panel
        series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
        first = int(panel.step.min())
        y = np.full((self.end + 1 - first, panel.series), np.nan)
        use = (panel.step <= self.end) & (panel.weight > 0)
        y[panel.step[use] - first, series[use]] = panel.y[use]
        support = self.recipe.family.underlying.support
        drawn, failed = samples_of(
            rival, y, self.horizon, self.season, support=support, name=name, seed=seed
        )
        seen, hidden, limit, known = self._seen()
        cut = np.minimum(drawn, limit[:, :, None])
        place = np.arange(panel.series)
        came = (seen, hidden, known)
        return self._table(name, place, cut, cut.mean(axis=2), came, None, seed), failed

    def _place(self, keys: pl.DataFrame) -> Whole:
        """The number in the whole panel of each series."""
        if not keys.width:
            return np.zeros(1, int)
        numbered = self.panel.keys.with_row_index("__series")
        joined = keys.join(numbered, on=keys.columns, how="left", maintain_order="left")
        return joined["__series"].to_numpy().astype(int)

    def _seen(self) -> tuple[Floats, Flags, Floats, Flags]:
        """What came: values or limits, whether hidden, the limits, and what is known."""
        panel, shape = self.panel, (self.horizon, self.panel.series)
        series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
        ahead = (panel.step > self.end) & (panel.step <= self.end + self.horizon)
        cell = (panel.step[ahead] - self.end - 1, series[ahead])
        y, limit = np.full(shape, np.nan), np.full(shape, np.inf)
        hidden, known = np.zeros(shape, bool), np.zeros(shape, bool)
        y[cell], hidden[cell], known[cell] = (
            panel.y[ahead], panel.hidden[ahead], (panel.weight > 0)[ahead],
        )  # fmt: skip
        limit[cell] = np.where(panel.hidden, panel.y, panel.limit)[ahead]
        return y, hidden, limit, known

    def _table(
        self,
        name: str,
        place: Whole,
        values: Floats,
        mean: Floats,
        came: tuple[Floats, Flags, Flags],
        scores: Floats | None,
        seed: int,
    ) -> pl.DataFrame:
        """One row a series and step that was seen, series by series."""
        y, hidden, known = (each.T.ravel() for each in came)
        rows = np.flatnonzero(known)
        drawn = values.transpose(1, 0, 2).reshape(-1, values.shape[2])[rows]
        seen, beyond = y[rows], hidden[rows]
        steps = np.tile(np.arange(1, len(mean) + 1), place.size)[rows]
        series = np.repeat(place, len(mean))[rows]
        quantiles = np.quantile(drawn, LEVELS, axis=1, method="inverted_cdf")
        own = np.array(LEVELS)[:, None]
        gap = seen - quantiles
        low, high = (drawn < seen[:, None]).mean(axis=1), (drawn <= seen[:, None]).mean(axis=1)
        high = np.where(beyond, 1.0, high)
        u = np.random.default_rng([seed, 4]).uniform(size=rows.size)
        covered = (seen >= quantiles[0]) & (seen <= quantiles[-1])
        grid = self.panel.grid
        found = {
            self.recipe.time: grid.times(self.end + steps),
            "model": [name] * rows.size,
            "origin": pl.concat([grid.times(np.array([self.end]))] * max(rows.size, 1))[
                : rows.size
            ],
            "step": steps,
            "seen": seen,
            "hidden": beyond,
            "mean": mean.T.ravel()[rows],
            "pinball": np.mean(np.maximum(own * gap, (own - 1) * gap), axis=0),
            "crps": EnsemblePredictive.of(drawn).crps(seen),
            "log_score": None if scores is None else scores.T.ravel()[rows],
            "pit": low + u * (high - low),
            "covered": pl.Series(covered).set(pl.Series(beyond), None),
        }
        table = pl.DataFrame(found).with_columns(pl.col("log_score").cast(pl.Float64))
        return self.panel.keyed(series, table)
