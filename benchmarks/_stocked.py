"""Panels of series whose stock-outs hide demand, fitted with and without knowing of them."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

DAYS, AHEAD, PATHS = 365, 28, 200
OUT = 0.3  # share of days sold out
STEP = 0.03  # sd of the log level from day to day
KNOWN, CENSORED, IGNORED, DROPPED = "demand known", "censored", "taken as demand", "days dropped"
KNOWING = "censored, stock knows the day"  # shown beside: a limit that tells of what it hides
LAG = 14  # days before, whose demand stock follows: what planners knew
NEAR = 0.01  # distance of mean demand from that of the model which knows it, at most
INSIDE = (0.88, 0.92)  # share of randomised PIT in (.05, .95)

Stream = np.random.Generator


@dataclass(frozen=True)
class Found:
    """One fit.

    Fields:
        law: of demand.
        told: what the fit was told of stock-outs.
        mean: forecast over the days ahead, summed over all series.
        truth: true mean demand likewise.
        inside: share of randomised PIT of true demand in (.05, .95).
        seconds: for fit and forecast, with compilation.
    """

    law: str
    told: str
    mean: float
    truth: float
    inside: float
    seconds: float


def draw(law: str, mean: np.ndarray, stream: Stream) -> np.ndarray:
    """Demand around its mean: variance mean + mean²/3, mean²/2 or 1.5 mean^1.5."""
    if law == "negative binomial":
        return stream.poisson(stream.gamma(3.0, mean / 3.0)).astype(float)
    if law == "gamma":
        return stream.gamma(2.0, mean / 2.0)
    events = stream.poisson(mean**0.5 / 0.75)
    return np.where(events > 0, stream.gamma(np.maximum(events, 1)), 0.0) * 0.75 * mean**0.5


@dataclass(frozen=True)
class Panel:
    """A simulated panel, (days, series); the last `AHEAD` days are not fitted."""

    mean: np.ndarray
    demand: np.ndarray
    stock: np.ndarray


def simulate(law: str, series: int, seed: int, lag: int = LAG) -> Panel:
    """Log levels that walk at random, a weekly season, and stock of what sold days before.

    A filter does not know a day's mean. Stock that does (a lag of 0) is low where the filter errs
    upwards and hides less where it errs downwards: then a limit tells of demand, independent of the
    day's as it is, and means come out 1 % higher.
    """
    stream = np.random.default_rng([seed, series])
    days = DAYS + AHEAD
    level = stream.normal(1.2, 0.7, series) + np.cumsum(stream.normal(0, STEP, (days, series)), 0)
    week = stream.normal(0, 0.25, (7, series))
    mean = np.exp(level + (week - week.mean(0))[np.arange(days) % 7])
    demand, other = draw(law, mean, stream), draw(law, mean, stream)
    other = np.concatenate([other[:lag], other[: days - lag]])
    low, high = 0.1, 10.0
    for _ in range(40):  # the share of days out falls with what is stocked
        factor = np.sqrt(low * high)
        low, high = (
            (factor, high)
            if np.mean(demand >= stocked(law, factor, other)) > OUT
            else (
                low,
                factor,
            )
        )
    return Panel(mean, demand, stocked(law, high, other))


def stocked(law: str, factor: float, other: np.ndarray) -> np.ndarray:
    """What was on the shelf: a multiple of another day's demand, never nothing."""
    if law == "negative binomial":
        return np.ceil(factor * (other + 0.5))
    return factor * (other + 0.2)


def table_of(panel: Panel, told: str) -> pl.DataFrame:
    """What a fit is told: one row a series and day."""
    demand, stock = panel.demand[:DAYS], panel.stock[:DAYS]
    sold = demand if told == KNOWN else np.minimum(demand, stock)
    if told == DROPPED:
        sold = np.where(demand >= stock, np.nan, sold)
    days, series = demand.shape
    return pl.DataFrame(
        {
            "item": np.repeat(np.arange(series), days),
            "day": np.tile(np.arange(days), series),
            "units": sold.T.ravel(),
            "stock": stock.T.ravel(),
        }
    ).with_columns(pl.col("units").fill_nan(None))


def family_of(law: str) -> Any:
    """The family that the law belongs to."""
    import assay  # in the process that fits: the one that waits needs no JAX

    return {
        "negative binomial": assay.NegativeBinomial(),
        "gamma": assay.Gamma(),
        "Tweedie": assay.Tweedie(),
    }[law]


def fit(law: str, told: str, series: int, seed: int) -> Found:
    """Fit one panel with what it is told, and compare its forecast with the truth."""
    import assay

    panel = simulate(law, series, seed, lag=0 if told == KNOWING else LAG)
    family, is_told = family_of(law), told in (CENSORED, KNOWING)
    family = assay.Censored(family, above="stock") if is_told else family
    began = time.perf_counter()
    model = assay.Model(family, mean=assay.ScoreDriven(season=7))
    fitted: Any = model.fit(table_of(panel, told), "units", time="day", by="item")
    mean, ranks = 0.0, []
    stream = np.random.default_rng(seed)
    for chosen, paths in fitted.forecast(AHEAD, paths=PATHS).draws():
        mean += float(paths.mean.sum())
        came = panel.demand[DAYS:, chosen][:, :, None]
        below, same = (paths.values < came).sum(-1), (paths.values == came).sum(-1)
        ranks.append((below + stream.random(below.shape) * (same + 1)) / (PATHS + 1))
    rank = np.concatenate([each.ravel() for each in ranks])
    inside = float(np.mean((rank > 0.05) & (rank < 0.95)))
    truth = float(panel.mean[DAYS:].sum())
    return Found(law, told, mean, truth, inside, time.perf_counter() - began)


def bias(found: list[Found], law: str, told: str) -> float:
    """Mean demand over that of the model which knows it, minus 1."""
    means = {one.told: one.mean for one in found if one.law == law}
    return means[told] / means[KNOWN] - 1.0


def rows_of(found: list[Found]) -> list[tuple[object, ...]]:
    """A table of all fits."""
    return [
        (
            one.law,
            one.told,
            f"{bias(found, one.law, one.told):+.1%}",
            f"{one.mean / one.truth - 1:+.1%}",
            f"{one.inside:.3f}",
            f"{one.seconds:.0f}",
        )
        for one in found
    ]


def shortfalls_of(found: list[Found]) -> list[str]:
    """What censored fits promise and do not hold."""
    short = []
    for one in found:
        if one.told != CENSORED:
            continue
        apart = bias(found, one.law, CENSORED)
        if not abs(apart) <= NEAR:
            short.append(
                f"panels, {one.law}: censored mean demand is {apart:+.1%} from that of the model "
                f"which knows demand, promised are {NEAR:.0%}"
            )
        if not INSIDE[0] <= one.inside <= INSIDE[1]:
            short.append(
                f"panels, {one.law}: {one.inside:.3f} of PIT values lie inside, promised are "
                f"{INSIDE[0]:.2f} to {INSIDE[1]:.2f}"
            )
    return short


def said(found: list[Found]) -> str:
    """How far censored panels are from knowing demand, in a phrase."""
    laws = dict.fromkeys(one.law for one in found)
    apart = ", ".join(f"{law} {bias(found, law, CENSORED):+.1%}" for law in laws)
    return f"censored panels from demand known: {apart}"
