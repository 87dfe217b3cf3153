"""Do intervals of lost sales hold what was lost, on a day, over a series, over a whole shop?

Run `python benchmarks/lost_sales.py` (two to three minutes on two cores), with `--check` to fail
where a promise does not hold. `--quick` takes fewer shops and panels.

Demand is simulated, so what stock-outs hid is known, though not to the models. Shops
(`assay.simulate.shop`): 20 series, a daily drift that all share, stock that knows a series' long
run alone. Panels (`_stocked.py`): 60 series of counts or of gamma values whose log levels walk at
random each by itself, and stock that knows the true mean of its day, as no model does. A year each,
three days of ten sold out.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import _stocked
import numpy as np
import polars as pl
from _common import finish, read_options, show_table

SHOPS, GAMMA, COUNTS = "shops, counts", "panels, gamma", "panels, counts"
MANY, FEW = tuple(range(201, 213)), tuple(range(201, 204))  # written down before the first run
SERIES = 60
DAYS = 365
INSIDE = (0.86, 0.94)  # share of 90 % intervals that hold the truth: of sums of series, of steps
LEAST_TOTALS = 0.75  # of intervals of whole shops and panels


@dataclass(frozen=True)
class Found:
    """One shop or panel.

    Fields:
        kind: of simulation.
        day: share of hidden days whose interval holds what was lost.
        series: share of series likewise, of their sums.
        step: share of dates, of sums over series.
        total: whether the interval of the total holds it.
        bias: of the total's mean, relative.
        seconds: for the intervals, without the fit.
    """

    kind: str
    day: float
    series: float
    step: float
    total: bool
    bias: float
    seconds: float


def made(kind: str, seed: int) -> tuple[pl.DataFrame, str, list[str], Any, Any]:
    """Sales with demand beside them, the column of time, keys, a family and a predictor."""
    import assay
    from assay.simulate import shop

    following = assay.ScoreDriven(season=7)
    if kind == SHOPS:
        known = shop(seed, items=10, stores=2, days=DAYS)
        table = known.sales.with_columns(demand=known.truth["demand"].cast(pl.Float64))
        mean = following + assay.Linear("log(price)")
        return table, "date", ["store", "item"], assay.NegativeBinomial(), mean
    law = "gamma" if kind == GAMMA else "negative binomial"
    panel = _stocked.simulate(law, SERIES, seed)
    table = _stocked.table_of(panel, _stocked.CENSORED)
    table = table.with_columns(demand=panel.demand[:DAYS].T.ravel())
    return table, "day", ["item"], _stocked.family_of(law), following


def inside(told: pl.DataFrame, truth: pl.DataFrame, on: list[str]) -> float:
    """Share of intervals that hold what was lost."""
    true = truth.group_by(on).agg(pl.col("lost").sum()) if on else truth.select("lost").sum()
    both = told.join(true, on=on) if on else pl.concat([told, true], how="horizontal")
    holds = (both["lost"] >= both["low"] - 1e-9) & (both["lost"] <= both["high"] + 1e-9)
    return float(np.mean(holds.to_numpy()))


def measure(kind: str, seed: int) -> Found:
    """Fit one shop or panel to its sales, and compare what it lost with the truth."""
    import assay

    table, when, keys, family, mean = made(kind, seed)
    model = assay.Model(assay.Censored(family, above="stock"), mean=mean)
    fitted: Any = model.fit(table.drop("demand"), "units", time=when, by=keys)
    began = time.perf_counter()
    lost = fitted.lost_sales()
    sums = [lost.sums(keys), lost.sums(when), lost.sums()]
    seconds = time.perf_counter() - began
    hidden = table.filter(pl.col("units") >= pl.col("stock"))
    truth = hidden.with_columns(lost=pl.col("demand") - pl.col("stock"))
    total = float(truth["lost"].sum())
    return Found(
        kind,
        inside(lost.table(), truth, [*keys, when]),
        inside(sums[0], truth, keys),
        inside(sums[1], truth, [when]),
        inside(sums[2], truth, []) > 0,
        sums[2]["mean"][0] / total - 1,
        seconds,
    )


def measure_all(seeds: tuple[int, ...]) -> Iterator[Found]:
    """All shops and panels."""
    for kind in (SHOPS, COUNTS, GAMMA):
        for seed in seeds:
            yield measure(kind, seed)


def means_of(found: list[Found]) -> tuple[float, float, float, float]:
    """Means of the shares of days, series and steps, and the share of totals."""
    every = [(one.day, one.series, one.step, float(one.total)) for one in found]
    day, series, step, total = np.mean(every, axis=0)
    return float(day), float(series), float(step), float(total)


def main() -> None:
    """Measure and print."""
    options = read_options("Do intervals of lost sales hold what was lost?")
    found = list(measure_all(FEW if options.quick else MANY))
    rows, short = [], []
    for kind in (SHOPS, COUNTS, GAMMA):
        own = [one for one in found if one.kind == kind]
        shares = means_of(own)
        bias = np.mean([one.bias for one in own])
        seconds = np.median([one.seconds for one in own])
        rows.append((kind, *(f"{each:.3f}" for each in shares), f"{bias:+.1%}", f"{seconds:.1f}"))
        if kind == GAMMA and not INSIDE[0] <= shares[0] <= INSIDE[1]:
            short.append(f"{kind}: {shares[0]:.3f} of days lie inside")
    _, series, step, total = means_of(found)
    for share, what in ((series, "sums of series"), (step, "sums of dates")):
        if not INSIDE[0] <= share <= INSIDE[1]:
            short.append(f"{share:.3f} of {what} inside, promised: {INSIDE[0]} to {INSIDE[1]}")
    if total < LEAST_TOTALS and not options.quick:
        short.append(f"{total:.2f} of totals lie inside, promised: {LEAST_TOTALS:.2f}")
    columns = ("simulated", "days", "series", "dates", "totals", "bias of totals", "s")
    show_table("Share of 90 % intervals of lost sales that hold the truth", columns, rows)
    figure = (
        f"lost sales: 90 % intervals hold {series:.3f} of series' sums, {step:.3f} of dates' and "
        f"{total:.2f} of totals, over {len(found)} simulated shops and panels"
    )
    finish(figure, short, options)


if __name__ == "__main__":
    main()
