"""Demand behind stock-outs, step by step: from a network's points to counts that know the shelf.

Run `python examples/demand/story.py` (a minute or two, most of it compiling). It writes one
picture a step beside this file and prints what each step costs; `--check` writes nothing and fails
unless the last step is cheaper than all others.

The shop is simulated, so that the demand that nobody saw is known; no model is shown it.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl

import assay
from assay.family import AbstractFamily
from assay.picture import standalone, themed
from assay.picture.outlook import outlook
from assay.picture.palette import RED

UNDER, OVER = 3.0, 1.0  # a missing unit costs its margin, one left over what it was bought for
ENOUGH = UNDER / (UNDER + OVER)  # the newsvendor's quantile: Arrow, Harris & Marschak (1951)
AHEAD = 28  # days held back
PATHS = 1000
LEVELS = (0.05, 0.25, 0.75, 0.95)
FEATURES = "C(store):C(item) + C(weekday) + log(price)"


@dataclass(frozen=True, eq=False)
class Shop:
    """What is known, what is asked, and what nobody saw.

    Fields:
        past: rows with sales and stock.
        asked: rows to forecast: keys, date, price, weekday.
        demand: units wanted on the asked rows.
        expected: their expectation.
    """

    past: pl.DataFrame
    asked: pl.DataFrame
    demand: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True, eq=False)
class Said:
    """What a model says of the asked rows.

    Fields:
        mean: expected units.
        ends: quantiles at `LEVELS`.
        order: units to have on the shelf.
    """

    mean: np.ndarray
    ends: np.ndarray
    order: np.ndarray


@dataclass(frozen=True)
class Step:
    """One step of the story: its name, its model, and what its picture shows to be wrong."""

    name: str
    forecast: Callable[[Shop], Said]
    wrong: str


def open_shop(items: int, days: int) -> Shop:
    """Two stores, sold out on three days of ten."""
    shop = assay.simulate.shop(7, items=items, stores=2, days=days + AHEAD)
    rows = shop.sales.join(shop.truth, on=["store", "item", "date"]).sort("store", "item", "date")
    cut = rows["date"].unique().sort()[days]
    later = rows.filter(pl.col("date") >= cut)
    return Shop(
        past=rows.filter(pl.col("date") < cut).drop("demand", "mean_demand"),
        asked=later.drop("demand", "mean_demand", "units", "stock"),
        demand=later["demand"].to_numpy().astype(float),
        expected=later["mean_demand"].to_numpy(),
    )


def one_number(shop: Shop) -> Said:
    """A small network's points: its expectation, taken as certain."""
    mean = _network(assay.Normal(), shop).mean
    return Said(mean, np.repeat(mean[None], len(LEVELS), axis=0), np.round(mean))


def _network(family: AbstractFamily, shop: Shop) -> Said:
    model = assay.Model(family, mean=assay.Neural(FEATURES))
    found = model.fit(shop.past, "units").predict(shop.asked).underlying
    ends = np.stack([found.quantile(level) for level in LEVELS])
    return Said(found.mean(), ends, np.round(found.quantile(ENOUGH)).clip(0))


def following(shop: Shop) -> Said:
    """Each series' level and week, moved by what each day's sales warrant."""
    model = assay.Model(
        assay.Censored(assay.NegativeBinomial(), above="stock"),
        mean=assay.ScoreDriven(season=7) + assay.Linear("log(price)"),
    )
    fitted = model.fit(shop.past, "units", time="date", by=["store", "item"])
    forecast = fitted.forecast(AHEAD, future=shop.asked, paths=PATHS)
    found = forecast.quantiles([*LEVELS, ENOUGH])
    rows = found.transpose(0, 2, 1).reshape(len(found), -1)  # by series, then by day
    return Said(forecast.means().T.ravel(), rows[:-1], rows[-1])


STEPS = (
    Step(
        "a network's points",
        one_number,
        "One number a day: on half of the days more is wanted, and how much more it cannot say",
    ),
    Step(
        "Normal intervals",
        partial(_network, assay.Normal()),
        "A Normal law adds intervals, and promises less than no demand on many days",
    ),
    Step(
        "truncated at zero",
        partial(_network, assay.Truncated(assay.Normal(), below=0)),
        "Cut off at zero nothing is negative, but all days vary alike and halves are sold",
    ),
    Step(
        "counts",
        partial(_network, assay.NegativeBinomial()),
        "Counts fit the sales; demand lies above them, since nobody buys from an empty shelf",
    ),
    Step(
        "counts, censored by stock",
        partial(_network, assay.Censored(assay.NegativeBinomial(), above="stock")),
        'A sold-out day says "at least this much": demand is found, a level that moves is not',
    ),
    Step(
        "censored, and following",
        following,
        "Each series' level follows its sales, as far as stock let them be seen",
    ),
)


def figures(shop: Shop, said: Said) -> dict[str, float]:
    """What a step is worth, against the demand that nobody saw."""
    short = np.maximum(shop.demand - said.order, 0)
    left = np.maximum(said.order - shop.demand, 0)
    inside = (shop.demand >= said.ends[0]) & (shop.demand <= said.ends[-1])
    return {
        "below zero": float(np.mean(said.ends[0] < 0)),
        "inside 90 %": float(inside.mean()),
        "bias": float(said.mean.sum() / shop.expected.sum() - 1),
        "cost a day": float((UNDER * short + OVER * left).mean()),
    }


def picture(shop: Shop, step: Step, said: Said, series: tuple[str, str]) -> alt.LayerChart:
    """One series: two months of sales, the forecast, and as rings the demand that nobody saw."""
    store, item = series
    own = (pl.col("store") == store) & (pl.col("item") == item)
    rows = np.flatnonzero(shop.asked.select(own).to_series().to_numpy())
    past = shop.past.filter(own).tail(2 * AHEAD)
    names = ("low", "inner_low", "inner_high", "high")
    ahead = pl.DataFrame(
        {"time": shop.asked["date"].gather(rows), "mean": said.mean[rows]}
        | {name: end[rows] for name, end in zip(names, said.ends, strict=True)}
    )
    seen = past.select(time="date", seen="units", hidden=pl.col("units") >= pl.col("stock"))
    fan = outlook(seen, ahead, "units")
    truth = alt.Chart(ahead.select("time", wanted=pl.Series(shop.demand[rows])))
    rings = truth.mark_point(color=RED, size=26, strokeWidth=1.4)
    chart = alt.LayerChart(layer=[*fan.layer, rings.encode(x="time:T", y="wanted:Q")])
    heads = alt.Title(step.wrong, subtitle="rings: the demand that nobody saw", offset=8)
    return themed(chart.properties(title=heads), width=460, height=210)


def slow(shop: Shop) -> tuple[str, str]:
    """A series that sells little, but not least: where the laws differ most."""
    sold = shop.past.group_by("store", "item").agg(pl.col("units").mean()).sort("units", "item")
    return sold["store"][sold.height // 4], sold["item"][sold.height // 4]


def main() -> int:
    """Tell the story."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument(
        "--check", action="store_true", help="no pictures; exit 1 unless the last step is cheapest"
    )
    is_check = asked.parse_args().check
    shop = open_shop(items=10, days=365)
    found = []
    for number, step in enumerate(STEPS, start=1):
        said = step.forecast(shop)
        found.append({"step": f"{number}. {step.name}"} | figures(shop, said))
        if not is_check:
            chart = picture(shop, step, said, slow(shop))
            path = Path(__file__).with_name(f"step-{number}.svg")
            path.write_text(standalone(chart) + "\n", encoding="utf-8")
    with pl.Config(
        tbl_rows=-1, fmt_str_lengths=40, float_precision=3, tbl_hide_dataframe_shape=True
    ):
        print(pl.DataFrame(found))
    *before, last = (each["cost a day"] for each in found)
    print(f"demand: {before[0]:.2f} a day by the first step, {last:.2f} by the last")
    return int(is_check and last >= min(before))


if __name__ == "__main__":
    sys.exit(main())
