"""Assay's models of demand on a case, and what they score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from _demand_scores import LEVELS, Floats, Scores, pit_of, quantiles_of, scores_of
from _demand_tables import Case

from assay import Censored, Linear, Model, NegativeBinomial, Offset, ScoreDriven

PATHS = 1000
KNOWN_AHEAD = "discount + activity_flag + holiday_flag"  # what a shop plans


@dataclass(frozen=True)
class Way:
    """One way to see sales.

    Fields:
        hidden: whether a stock-out is "at least this much".
        exposure: whether days count by the share of their usual demand that could be met.
        features: a formula, or nothing.
        dropped: whether days with a stock-out are left out.
        term: options of the score-driven term.
    """

    hidden: bool = False
    exposure: bool = False
    features: str | None = None
    dropped: bool = False
    term: tuple[tuple[str, Any], ...] = ()

    def model(self, case: Case) -> Model:
        """The model of a case's target."""
        options: dict[str, Any] = {"season": case.season if case.season > 1 else ()}
        if "shop_open" in case.history.columns:
            options["open"] = "shop_open"
        mean: Any = ScoreDriven(**(options | dict(self.term)))
        if case.share is not None:
            mean = mean + Offset("exposure", log=True)
        if self.features:
            mean = mean + Linear(self.features)
        family = NegativeBinomial()
        return Model(Censored(family, above="limit") if self.hidden else family, mean=mean)

    def seen(self, case: Case) -> pl.DataFrame:
        """The history as this way sees it."""
        table = case.history
        if case.share is not None:
            share = pl.col("share") if self.exposure else pl.lit(1.0)
            table = table.with_columns(share.alias("exposure"))
        if self.dropped:
            sold = pl.when(~pl.col("is_out")).then(pl.col(case.target))
            table = table.with_columns(sold.alias(case.target))
        return table


def forecast(case: Case, way: Way, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Draws' quantiles of all `LEVELS`, (levels, steps, series), means and randomised PIT."""
    fitted: Any = way.model(case).fit(way.seen(case), case.target, time=case.time, by=case.key)
    future = case.ahead.drop(case.target)
    if case.share is not None:
        future = future.with_columns(pl.col("share").alias("exposure"))
    truth, rng = case.truth, np.random.default_rng(seed)
    found = np.empty((len(LEVELS), *truth.shape))
    mean, pit = np.empty(truth.shape), np.empty(truth.shape)
    for block, paths in fitted.forecast(case.steps, future, paths=PATHS, seed=seed).draws():
        found[..., block] = quantiles_of(paths.values, whole=True)
        mean[:, block] = paths.mean
        pit[:, block] = pit_of(truth[:, block], paths.values, rng)
    return found, mean, pit


def judged(case: Case, way: Way, seed: int = 0) -> Scores:
    """Scores of a way on the held-back rows that count."""
    quantiles, mean, pit = forecast(case, way, seed)
    at = case.scored
    return scores_of(case.truth[at], quantiles[:, at], mean[at], pit[at])
