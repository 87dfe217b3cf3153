"""Do intervals of a month's sum hold what they promise, where the truth is known?

Run `python benchmarks/sums.py` (a minute or two), with `--check` to fail where a
promise does not hold. `--quick` takes one length of history and fewer series.

An order lasts for weeks, so what counts is the sum of the days to come. Days that are each told
well may still make a sum that is told badly: whatever a fit gets wrong of a level or of how fast it
moves is wrong on every day. Counts are negative binomial of size 2 around one of three means:

- static: a level and a week that stay;
- walk: a level that walks at random, with steps of sd .03 of the log;
- filter: the recursion that the model itself follows.

Each series is forecast for 28 days from a short or a long past. Of 300 series a share of .90 has a
standard error of .017, of 150 one of .024.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from _common import finish, read_options, show_table
from _demand_scores import pit_of

AHEAD = 28
SIZE = 2.0  # of the negative binomial: variance = mean + mean² / 2
SERIES, FEW = 300, 150
HISTORIES, SHORT = (28, 60, 180, 365), (60,)
LEVEL, LEVEL_SD = 0.7, 0.7  # of the log
WALK = 0.03
GAIN, LASTING, PULL, GAIN_OF_WEEK = 0.08, 0.375, 0.95, 0.03
SEED = 0
MEAN_INSIDE = (0.85, 0.95)  # share of sums in their intervals of 90 %, over all
INSIDE = (0.80, 0.97)  # likewise, of each law and history

Floats = np.ndarray
Stream = np.random.Generator


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a panel, each (days, series)."""

    mean: Floats
    units: Floats


@dataclass(frozen=True)
class Found:
    """One law and history.

    Fields:
        law: of the truth.
        days: of history.
        sums: share of series whose sum lies in its interval of 90 %.
        under: share of sums below it, by randomised PIT.
        over: share above it.
        days_pit: share of single days with a randomised PIT in (.05, .95).
        bias: sum of means over that of the truth, minus 1.
        seconds: for fit and forecast, with compilation.
    """

    law: str
    days: int
    sums: float
    under: float
    over: float
    days_pit: float
    bias: float
    seconds: float


def static(days: int, series: int, stream: Stream) -> Truth:
    """A level and a week that stay."""
    log_mean = _usual(days, series, stream)
    return Truth(np.exp(log_mean), _drawn(np.exp(log_mean), stream))


def walk(days: int, series: int, stream: Stream) -> Truth:
    """A level that walks at random."""
    steps = np.cumsum(stream.normal(0, WALK, (days, series)), axis=0)
    mean = np.exp(_usual(days, series, stream) + steps)
    return Truth(mean, _drawn(mean, stream))


def recursion(days: int, series: int, stream: Stream) -> Truth:
    """The filter's own: each day's score, over the root of its information, moves level and week.

    The level is pulled towards a rest that moves by a part of what moves the level; scores beyond
    some five standard deviations are bounded.
    """
    start = stream.normal(LEVEL, LEVEL_SD, series)
    week = _week(0.25, series, stream)
    level, rest = np.zeros(series), np.zeros(series)
    means, units = np.empty((days, series)), np.empty((days, series))
    for day in range(days):
        mean = np.exp(start + level + week[day % 7])
        seen = _drawn(mean, stream)
        means[day], units[day] = mean, seen
        part = SIZE / (SIZE + mean)
        score = (seen - mean) * part / np.sqrt(mean * part)
        score = score / (1 + (score / 5) ** 4) ** 0.25
        level = rest + PULL * (level - rest) + GAIN * score
        rest = rest + LASTING * GAIN * score
        pushed = np.full((7, 1), -1 / 6)
        pushed[day % 7] = 1.0
        week = week + GAIN_OF_WEEK * pushed * score
    return Truth(means, units)


LAWS: dict[str, Callable[[int, int, Stream], Truth]] = {
    "static": static,
    "walk": walk,
    "filter": recursion,
}


def _usual(days: int, series: int, stream: Stream) -> Floats:
    week = _week(0.3, series, stream)
    return stream.normal(LEVEL, LEVEL_SD, series) + week[np.arange(days) % 7]


def _week(sd: float, series: int, stream: Stream) -> Floats:
    week = stream.normal(0, sd, (7, series))
    return week - week.mean(axis=0)


def _drawn(mean: Floats, stream: Stream) -> Floats:
    return stream.poisson(mean * stream.gamma(SIZE, 1 / SIZE, mean.shape)).astype(float)


def table_of(units: Floats) -> pl.DataFrame:
    """What a fit sees of (days, series): one row a series and day."""
    days, series = units.shape
    return pl.DataFrame(
        {
            "item": np.repeat(np.arange(series), days),
            "day": np.tile(np.arange(days, dtype=np.int32), series),
            "units": units.T.ravel(),
        }
    ).with_columns(pl.col("day").cast(pl.Date))


def forecast(units: Floats) -> tuple[Floats, Floats]:
    """Draws of the days ahead, (steps, series, paths), and their means, (steps, series)."""
    import assay  # here, so that help needs no JAX

    model = assay.Model(assay.NegativeBinomial(), mean=assay.ScoreDriven(season=7))
    fitted: Any = model.fit(table_of(units), "units", time="day", by="item")
    blocks = [paths for _, paths in fitted.forecast(AHEAD).draws()]
    values = np.concatenate([paths.values for paths in blocks], axis=1)
    return values, np.concatenate([paths.mean for paths in blocks], axis=1)


def measure(law: str, days: int, series: int) -> Found:
    """Simulate a panel, fit its past, and compare what is told of the rest with the truth."""
    stream = np.random.default_rng(SEED)
    truth = LAWS[law](days + AHEAD, series, stream)
    began = time.perf_counter()
    draws, mean = forecast(truth.units[:days])
    seconds = time.perf_counter() - began
    came = truth.units[days:]
    totals, total = draws.sum(axis=0), came.sum(axis=0)
    low, high = np.quantile(totals, [0.05, 0.95], axis=1)
    of_sums, of_days = pit_of(total, totals, stream), pit_of(came, draws, stream)
    return Found(
        law,
        days,
        sums=float(((total >= low) & (total <= high)).mean()),
        under=float((of_sums <= 0.05).mean()),
        over=float((of_sums >= 0.95).mean()),
        days_pit=float(((of_days > 0.05) & (of_days < 0.95)).mean()),
        bias=float(mean.sum() / truth.mean[days:].sum() - 1),
        seconds=seconds,
    )


def measure_all(histories: tuple[int, ...], series: int) -> Iterator[Found]:
    """All laws and histories, with progress."""
    for law in LAWS:
        for days in histories:
            print(f"{law}, {days} days ...", file=sys.stderr, flush=True)
            yield measure(law, days, series)


def row_of(one: Found) -> tuple[object, ...]:
    """A line of the table."""
    shares = (one.sums, one.under, one.over, one.days_pit)
    bias, seconds = f"{one.bias:+.1%}", f"{one.seconds:.0f}"
    return (one.law, one.days, *(f"{share:.3f}" for share in shares), bias, seconds)


def shortfalls_of(found: list[Found]) -> list[str]:
    """What is promised of sums and does not hold."""
    average = float(np.mean([one.sums for one in found]))
    short = [
        f"{one.law}, {one.days} days: {one.sums:.3f} of sums inside, promised: {INSIDE}"
        for one in found
        if not INSIDE[0] <= one.sums <= INSIDE[1]
    ]
    if not MEAN_INSIDE[0] <= average <= MEAN_INSIDE[1]:
        short.append(f"{average:.3f} of sums inside on average, promised: {MEAN_INSIDE}")
    return short


def main() -> None:
    """Measure and print."""
    options = read_options("Do intervals of a month's sum hold what they promise?")
    sizes = (SHORT, FEW) if options.quick else (HISTORIES, SERIES)
    found = list(measure_all(*sizes))
    columns = ("truth", "days", "sums inside", "below", "above", "days' PIT", "bias", "s")
    title = f"Sums of {AHEAD} days in their 90 % intervals, {sizes[1]} series each"
    show_table(title, columns, [row_of(one) for one in found])
    shares = [one.sums for one in found]
    figure = (
        f"sums: 90 % intervals of {AHEAD} days hold {np.mean(shares):.3f} of sums on average, "
        f"{min(shares):.3f} to {max(shares):.3f} over {len(LAWS)} laws and histories of "
        f"{' '.join(map(str, sizes[0]))} days"
    )
    finish(figure, shortfalls_of(found), options)


if __name__ == "__main__":
    main()
