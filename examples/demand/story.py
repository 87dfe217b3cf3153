"""Demand behind stock-outs, step by step: from a network's points to counts that know the shelf.

Run `python examples/demand/story.py` (half a minute, most of it compiling). It writes one picture a
step beside this file and prints what each step costs, beside what somebody pays who knows the law
of each day's demand. `--seeds 1 2 3` tells of other shops instead, in a line each, and writes
nothing; nor does `--check`, which fails where the story does not hold.

The shop is simulated, so that the demand that nobody saw is known; no model is shown it.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl
from scipy.stats import nbinom

import assay
from assay.family import AbstractFamily
from assay.picture import standalone, themed
from assay.picture.outlook import outlook
from assay.picture.palette import RED
from assay.simulate.shops import NOISE_SIZE

UNDER, OVER = 3.0, 1.0  # a missing unit costs its margin, one left over what it was bought for
ENOUGH = UNDER / (UNDER + OVER)  # the newsvendor's quantile: Arrow, Harris & Marschak (1951)
SEED = 7  # of the shop of the pictures
AHEAD = 28  # days held back
PATHS = 1000
LEVELS = (0.05, 0.25, 0.75, 0.95)
FEATURES = "C(store):C(item) + C(weekday) + log(price)"
COVERED = (0.88, 0.97)  # of intervals of 90 %; of whole numbers they hold more
NEAR = 1.05  # of the cost of who knows the law, at most, by the last step


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


@dataclass(frozen=True, eq=False)
class Told:
    """What a step is worth, against the demand that nobody saw.

    Fields:
        step: its name.
        below: share of days whose interval of 90 % reaches below zero.
        inside: share of days whose demand it holds.
        bias: of the sum of means, relative.
        costs: of each date, (dates,), a series.
    """

    step: str
    below: float
    inside: float
    bias: float
    costs: np.ndarray

    @property
    def cost(self) -> float:
        """A day's cost of a series."""
        return float(self.costs.mean())


@dataclass(frozen=True)
class Step:
    """One step of the story: its name, its model, and what its picture shows to be wrong."""

    name: str
    forecast: Callable[[Shop], Said]
    wrong: str


def open_shop(seed: int, items: int = 10, days: int = 365) -> Shop:
    """Two stores, sold out on three days of ten."""
    shop = assay.simulate.shop(seed, items=items, stores=2, days=days + AHEAD)
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


def knowing(shop: Shop) -> Said:
    """Who knows the law that draws each day's demand."""
    law = nbinom(NOISE_SIZE, NOISE_SIZE / (NOISE_SIZE + shop.expected))
    ends = np.stack([law.ppf(level) for level in LEVELS])
    return Said(shop.expected, ends, np.asarray(law.ppf(ENOUGH)))


def judged(shop: Shop, name: str, said: Said) -> Told:
    """What a step is worth."""
    short = np.maximum(shop.demand - said.order, 0)
    left = np.maximum(said.order - shop.demand, 0)
    inside = (shop.demand >= said.ends[0]) & (shop.demand <= said.ends[-1])
    return Told(
        name,
        below=float(np.mean(said.ends[0] < 0)),
        inside=float(inside.mean()),
        bias=float(said.mean.sum() / shop.expected.sum() - 1),
        costs=(UNDER * short + OVER * left).reshape(-1, AHEAD).mean(axis=0),
    )


def is_dearer(one: Told, other: Told) -> bool:
    """Whether a step costs more than another beyond noise: two standard errors over dates."""
    gap = one.costs - other.costs
    return float(gap.mean()) > 2 * float(gap.std(ddof=1)) / np.sqrt(len(gap))


def shortfalls(told: list[Told], known: Told) -> list[str]:
    """What of the story does not hold, in words.

    Args:
        told: each step, in order.
        known: who knows the law.
    """
    first, last = told[0], told[-1]
    promises = {
        f"{last.step}: {last.cost:.2f} a day is not below {first.cost:.2f}": is_dearer(first, last),
        f"{last.step}: {last.cost:.2f} a day, the law would cost {known.cost:.2f}": (
            last.cost <= NEAR * known.cost
        ),
        f"{told[1].step}: nothing is below zero, so there is nothing to mend": told[1].below > 0,
    }
    for before, now in pairwise(told):
        words = f"{now.step}: {now.cost:.2f} a day, dearer than {before.cost:.2f} before"
        promises[words] = not is_dearer(now, before)
    for each in told[2:]:
        promises[f"{each.step}: {each.below:.0%} of intervals reach below zero"] = each.below == 0
    for each in told[4:]:
        words = f"{each.step}: {each.inside:.1%} of demand lies in intervals of 90 %"
        promises[words] = COVERED[0] <= each.inside <= COVERED[1]
        words = f"{each.step}: its bias of {each.bias:+.1%} is no smaller than {told[3].bias:+.1%}"
        promises[words] = abs(each.bias) < abs(told[3].bias)
    return [words for words, holds in promises.items() if not holds]


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


def tell(shop: Shop, steps: tuple[Step, ...] = STEPS, *, draws: bool = False) -> list[Told]:
    """What some steps are worth in a shop.

    Args:
        shop: the shop.
        steps: which of them.
        draws: whether each writes its picture beside this file.
    """
    found = []
    for number, step in enumerate(steps, start=1):
        said = step.forecast(shop)
        found.append(judged(shop, f"{number}. {step.name}", said))
        if draws:
            drawn = standalone(picture(shop, step, said, slow(shop)))
            path = Path(__file__).with_name(f"step-{number}.svg")
            path.write_text(drawn + "\n", encoding="utf-8")
    return found


def show(told: list[Told]) -> None:
    """Print a line a step, as the README has them."""
    print("| step | below zero | demand inside the 90 % interval | bias of the mean | cost a day |")
    print("|---|---|---|---|---|")
    for each in told:
        inside = f"{each.inside:.0%}" if each.inside else "-"
        bias = f"{each.bias:+.1%}".replace("-", "−")
        cells = (each.step, f"{each.below:.0%}", inside, bias, f"{each.cost:.2f}")
        print("|", " | ".join(cells).replace("%", " %"), "|")


def show_others(seeds: list[int]) -> None:
    """Print what the first and the last step cost in other shops."""
    for seed in seeds:
        shop = open_shop(seed)
        first, last = tell(shop, (STEPS[0], STEPS[-1]))
        known = judged(shop, "the law", knowing(shop))
        print(
            f"seed {seed}: {first.cost:.2f} a day by the first step, {last.cost:.2f} by the last, "
            f"{known.cost:.2f} by who knows the law"
        )


def main() -> int:
    """Tell the story."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument(
        "--check", action="store_true", help="no pictures; exit 1 where the story does not hold"
    )
    asked.add_argument(
        "--seeds", type=int, nargs="+", metavar="SEED", help="first and last step in other shops"
    )
    options = asked.parse_args()
    if options.seeds:
        show_others(options.seeds)
        return 0
    shop = open_shop(SEED)
    told = tell(shop, draws=not options.check)
    known = judged(shop, "who knows the law", knowing(shop))
    show([*told, known])
    lacks = shortfalls(told, known)
    for words in lacks:
        print(f"SHORT: {words}")
    print(f"demand: {told[0].cost:.2f} a day by the first step, {told[-1].cost:.2f} by the last")
    return int(options.check and bool(lacks))


if __name__ == "__main__":
    sys.exit(main())
