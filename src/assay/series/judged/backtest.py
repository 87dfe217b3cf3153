"""Forecasts made where the past was, and scored on what could be observed since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.frame import Frame
from assay.predictive import EnsemblePredictive
from assay.series.fitted import FittedSeries, fit_series
from assay.series.future.forecast import CELLS
from assay.series.future.paths import seed_of, stream_of
from assay.series.judged.foreign import SAMPLES
from assay.series.judged.rivals import named_rivals, samples_of
from assay.series.kinds import Flags, Floats, Whole
from assay.series.panel.arrange import Panel, Recipe, Span, arrange, names_of
from assay.series.panel.check import check_names

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
ENDS = {"low": 0, "inner_low": 2, "inner_high": 4, "high": 6}  # among the levels
OWN = "assay"
TAKEN = frozenset(
    (
        *("model", "origin", "step", "pinball", "crps", "log_score", "pit", "covered"),
        *("inner_low", "inner_high"),
    )
)


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """Scores of forecasts at rolling origins.

    Fields:
        rows: one row a model, origin, series and step that was seen: keys, time, `model`,
            `origin`, `step`, `seen`, `hidden`, `mean`, `low` and `high` (ends of the 90 %
            interval), `inner_low` and `inner_high` (50 %), `pinball` (mean over seven levels) and
            `crps` (both empty where a value is hidden below a limit that nobody knows),
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
            what is hidden; `bias`: forecast over seen, less 1; `rows`. Where a row is hidden by a
            flag alone, nobody knows how far a forecast was from what came: `wql`, `crps` and `bias`
            are empty, and `summary("hidden")` tells of visible days, with the same favour.
        """
        names = ["model", *([by] if isinstance(by, str) else by)]
        seen = pl.when(pl.col("pinball").null_count() == 0).then(pl.col("seen").sum())
        grouped = self.rows.group_by(names, maintain_order=True)
        return grouped.agg(
            wql=2 * pl.col("pinball").sum() / seen,
            crps=pl.when(seen.is_not_null()).then(pl.col("crps").mean()),
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
    the log score is that of reaching it and the PIT is drawn from what it leaves open. A flag
    tells no limit of the days that it does not hide, so that nothing is cut there or elsewhere;
    losses of days that it hides are not known. A rival's mean is its own point, cut likewise.

    What is known ahead (features, closures, limits) is read of the days that are forecast, their
    target is not. Closed days are scored for nobody.

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
        own_seed = seed_of(seed, "origin", str(whole.grid.times(np.array([end]))[0]))
        at = _Origin(recipe, frame, whole, end, horizon, season, own_seed)
        fitted = fit_series(recipe, at.past(), seed=own_seed, span=Span(whole.grid, end))
        notes += [each for each in fitted.notes if each not in notes]
        found += [at.own(fitted, paths)]
        for name, rival in named.items():
            scored, failed = at.rival(name, rival)
            found.append(scored)
            failures.setdefault(name, {}).update(failed)
    rows = pl.concat(found, how="diagonal")
    return Backtest(rows, (*notes, *_failed(failures, whole), *_unmeasured(rows)))


def _unmeasured(rows: pl.DataFrame) -> tuple[str, ...]:
    """Days whose losses nobody knows, in a sentence."""
    own = rows.filter(pl.col("model") == OWN)
    count = own["pinball"].null_count()
    if not count:
        return ()
    note = (
        f"days that were hidden below a limit that nobody knows: {count:,} of {own.height:,}. "
        "Their demand is known to be at least what was sold, which the log score and the PIT take "
        "into account; WQL, CRPS and bias over all days cannot be known and are empty. Those of "
        "visible days alone favour models that ignore stock-outs."
    )
    return (note,)


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
        seed: of everything random here.
    """

    recipe: Recipe
    frame: Frame
    panel: Panel
    end: int
    horizon: int
    season: int
    seed: int

    @cached_property
    def names(self) -> list[str]:
        """One text a series."""
        return names_of(self.panel.keys)

    def past(self) -> Frame:
        """Rows up to the origin."""
        return self.frame.having(self.frame.table.filter(pl.Series(self.steps <= self.end)))

    def future(self) -> Frame | None:
        """Rows after it, without their target; where two contradict each other, neither."""
        after = (self.steps > self.end) & (self.steps <= self.end + self.horizon)
        table = self.frame.table.filter(pl.Series(after)).drop(self.recipe.target)
        cell = [*self.recipe.by, self.recipe.time]
        table = table.unique(maintain_order=True).unique(cell, keep="none", maintain_order=True)
        return self.frame.having(table) if table.height else None

    @cached_property
    def steps(self) -> Whole:
        """Of each row of the table; of one without a time none that there is."""
        from assay.frame.moments import parse_months, parse_times

        time = parse_months(parse_times(self.frame.column(self.recipe.time)))
        known = time.is_not_null().to_numpy()
        steps = np.full(len(time), np.iinfo(np.int64).max)
        steps[known] = self.panel.grid.steps(time.drop_nulls())[0]
        return steps

    def own(self, fitted: FittedSeries, paths: int) -> pl.DataFrame:
        """Scores of the model's forecast, some series at a time."""
        ahead = fitted.forecast(self.horizon, self.future(), paths=paths, seed=self.seed)
        place = self._place(ahead.future.keys)
        came = self.came.of(place)
        ahead = replace(ahead, limit=came.limit)
        scores = ahead.log_scores(np.nan_to_num(came.y), came.hidden)
        found = [
            self._rows(OWN, place[block], drawn.values, drawn.mean, scores[:, block])
            for block, drawn in ahead.draws()
        ]
        return pl.concat(found)

    def rival(self, name: str, rival: Any) -> tuple[pl.DataFrame, Mapping[int, str]]:
        """Scores of a simple forecast, and why it failed on some series; some at a time.

        What the past hid it takes for sold; days that were closed it takes for unknown.
        """
        panel, found, failed = self.panel, [], {}
        size = max(1, CELLS // (self.horizon * SAMPLES))
        for first in range(0, panel.series, size):
            chosen = np.arange(first, min(first + size, panel.series))
            told = samples_of(
                rival,
                self._known(chosen),
                self.horizon,
                self.season,
                support=self.recipe.family.underlying.support,
                name=name,
                keys=[self.names[k] for k in chosen],
                seed=self.seed,
            )
            limit = self.came.limit[:, chosen]
            values = np.minimum(told.values, limit[:, :, None])
            found.append(self._rows(name, chosen, values, np.minimum(told.points, limit), None))
            failed |= {first + k: why for k, why in told.failed.items()}
        return pl.concat(found), failed

    def _known(self, chosen: Whole) -> Floats:
        """What is known of the past of some series that follow one another, (steps, series)."""
        panel = self.panel
        first = int(panel.step.min())
        y = np.full((self.end + 1 - first, chosen.size), np.nan)
        rows = np.arange(int(panel.edges[chosen[0]]), int(panel.edges[chosen[-1] + 1]))
        rows = rows[(panel.step[rows] <= self.end) & (panel.weight[rows] > 0)]
        series = np.searchsorted(panel.edges, rows, side="right") - 1 - chosen[0]
        y[panel.step[rows] - first, series] = panel.y[rows]
        return y

    def _place(self, keys: pl.DataFrame) -> Whole:
        """The number in the whole panel of each series."""
        if not keys.width:
            return np.zeros(1, int)
        numbered = self.panel.keys.with_row_index("__series")
        joined = keys.join(numbered, on=keys.columns, how="left", maintain_order="left")
        return joined["__series"].to_numpy().astype(int)

    @cached_property
    def came(self) -> "_Came":
        """What came after the origin."""
        panel, shape = self.panel, (self.horizon, self.panel.series)
        series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
        ahead = (panel.step > self.end) & (panel.step <= self.end + self.horizon)
        cell = (panel.step[ahead] - self.end - 1, series[ahead])
        y, limit = np.full(shape, np.nan), np.full(shape, np.inf)
        hidden, known = np.zeros(shape, bool), np.zeros(shape, bool)
        y[cell], hidden[cell], known[cell] = (
            panel.y[ahead], panel.hidden[ahead], (panel.weight > 0)[ahead],
        )  # fmt: skip
        limit[cell] = np.broadcast_to(panel.limit, panel.step.shape)[ahead]
        return _Came(y, hidden, limit, known)

    def _rows(
        self, name: str, place: Whole, values: Floats, mean: Floats, scores: Floats | None
    ) -> pl.DataFrame:
        """One row a series and step that was seen, series by series.

        Args:
            name: of the model.
            place: numbers of the series.
            values: samples under what limits are known, (steps, series, samples).
            mean: (steps, series).
            scores: log scores likewise, if the model has a law.
        """
        came = self.came.of(place)
        rows = np.flatnonzero(came.known.T)
        drawn = values.transpose(1, 0, 2).reshape(-1, values.shape[2])[rows]
        seen, beyond = came.y.T.ravel()[rows], came.hidden.T.ravel()[rows]
        steps = np.tile(np.arange(1, len(mean) + 1), place.size)[rows]
        series = np.repeat(place, len(mean))[rows]
        quantiles = np.quantile(drawn, LEVELS, axis=1, method="inverted_cdf")
        own = np.array(LEVELS)[:, None]
        gap = seen - quantiles
        low, high = (drawn < seen[:, None]).mean(axis=1), (drawn <= seen[:, None]).mean(axis=1)
        high = np.where(beyond, 1.0, high)
        u = np.stack([self._lots(k) for k in place]).ravel()[rows]
        covered = (seen >= quantiles[0]) & (seen <= quantiles[-1])
        # Where nobody knows the limit that hid a value, its distance from a forecast is not known.
        loose = pl.Series(beyond & (seen < came.limit.T.ravel()[rows]))
        pinball = np.mean(np.maximum(own * gap, (own - 1) * gap), axis=0)
        crps = EnsemblePredictive.of(drawn).crps(seen)
        grid = self.panel.grid
        found = {
            self.recipe.time: grid.times(self.end + steps),
            "model": [name] * rows.size,
            "origin": grid.times(np.full(rows.size, self.end)),
            "step": steps,
            "seen": seen,
            "hidden": beyond,
            "mean": mean.T.ravel()[rows],
            **{name: quantiles[at] for name, at in ENDS.items()},
            "pinball": pl.Series(pinball).set(loose, None),
            "crps": pl.Series(crps).set(loose, None),
            "log_score": None if scores is None else scores.T.ravel()[rows],
            "pit": low + u * (high - low),
            "covered": pl.Series(covered).set(pl.Series(beyond), None),
        }
        table = pl.DataFrame(found).with_columns(pl.col("log_score").cast(pl.Float64))
        return self.panel.keyed(series, table)

    def _lots(self, number: int) -> Floats:
        """What places the PIT of each step of a series between its ends, alike for all models."""
        return stream_of(self.seed, "pit", self.names[number]).uniform(size=self.horizon)


class _Came(NamedTuple):
    """What came, (steps, series) each.

    Fields:
        y: values, or limits that hid them; NaN where no row is.
        hidden: whether a value is known only to be `y` or more.
        limit: the most that could be seen, as was known ahead; inf where no column says so.
        known: whether anything is known.
    """

    y: Floats
    hidden: Flags
    limit: Floats
    known: Flags

    def of(self, chosen: Whole) -> "_Came":
        """Of some series."""
        return _Came(
            self.y[:, chosen], self.hidden[:, chosen], self.limit[:, chosen], self.known[:, chosen]
        )
