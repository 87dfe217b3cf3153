"""How long do 10,000 censored Gamma regressions take in one call?

Run `python benchmarks/panel.py` (a minute), with `--quick` for 200 groups and a verdict on
coefficients alone, with `--check` to fail where a promise does not hold. Each of 10,000 stores has
100 days of sales under a stock that runs out on 3 days in 10, and its own price, weekday and
promotion effects. The same stores are fitted one by one, some of them, to compare coefficients,
standard errors and time. Everything runs on two cores.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
import polars as pl
from _command import keep_to_two_cores
from _common import Options, finish, read_options, show_table

from assay import Censored, Gamma, Linear, Model

GROUPS, QUICK_GROUPS = 10_000, 200
ROWS = 100
SINGLE = 40
CLOSE = 1e-8
PANEL_S = 20.0
MODEL = Model(Censored(Gamma(), above="stock"), mean=Linear("price + heat + reach"))


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, and of all cores together."""

    wall_s: float
    cpu_s: float


def simulate(groups: int, seed: int = 1) -> pl.DataFrame:
    """Sales of all stores, shuffled."""
    rng = np.random.default_rng(seed)
    store, total = np.repeat(np.arange(groups), ROWS), groups * ROWS
    x = rng.normal(size=(total, 3))
    effects = rng.normal([-0.4, 0.2, 0.1], 0.2, (groups, 3))
    mean = np.exp(rng.normal(2, 0.5, groups)[store] + np.sum(x * effects[store], axis=1))
    demand = rng.gamma(4.0, mean / 4.0)
    stock = 1.4 * mean * rng.gamma(6.0, 1 / 6.0, total)
    table = {
        "store": store,
        "price": 3 + 0.5 * x[:, 0],
        "heat": 15 + 8 * x[:, 1],
        "reach": 1000 + 300 * x[:, 2],
        "stock": stock,
        "units": np.minimum(demand, stock),
    }
    return pl.DataFrame(table)[rng.permutation(total)]


def timed(work: object, *arguments: object, **named: object) -> tuple[object, Spent]:
    """What a call returns, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work(*arguments, **named)  # type: ignore[operator]
    return found, Spent(time.perf_counter() - wall, time.process_time() - cpu)


def largest_difference(panel: object, table: pl.DataFrame, stores: np.ndarray) -> tuple:
    """Of estimates and of standard errors, and what the single fits took."""
    whole, away, took = panel.coefficients(), [0.0, 0.0], Spent(0.0, 0.0)  # type: ignore[attr-defined]
    by_store = table.partition_by("store", as_dict=True)
    for store in stores:
        fitted, spent = timed(MODEL.fit, by_store[(int(store),)], "units")
        single = fitted.coefficients()  # type: ignore[attr-defined]
        took = Spent(took.wall_s + spent.wall_s, took.cpu_s + spent.cpu_s)
        own = whole.filter(pl.col("store") == store)
        for k, name in enumerate(("estimate", "se")):
            gap = np.abs(own[name].to_numpy() - single[name].to_numpy())
            away[k] = max(away[k], float(gap.max()))
    return away, took


def shortfalls_of(
    warm: Spent, away: list[float], failed: int, groups: int, options: Options
) -> list[str]:
    """What is promised and does not hold; --quick promises coefficients alone."""
    promises = {
        f"estimates differ by {away[0]:.1e} from single fits": away[0] <= CLOSE,
        f"standard errors differ by {away[1]:.1e} from single fits": away[1] <= CLOSE,
        f"{failed} of {groups:,} groups failed": failed == 0,
        f"a warm panel takes {warm.wall_s:.1f} s, promised are {PANEL_S:g} s": (
            options.quick or warm.wall_s < PANEL_S
        ),
    }
    return [words for words, holds in promises.items() if not holds]


def main() -> None:
    """Fit the panel twice, some of its groups alone, and print the figures."""
    options = read_options("How long do 10,000 censored Gamma regressions take in one call?")
    cores, groups = keep_to_two_cores(), QUICK_GROUPS if options.quick else GROUPS
    table = simulate(groups)
    print(f"{groups:,} groups of {ROWS} rows ...", file=sys.stderr, flush=True)
    _, first = timed(MODEL.fit, table, "units", by="store")
    panel, warm = timed(MODEL.fit, table, "units", by="store")
    stores = np.linspace(0, groups - 1, SINGLE).astype(int)
    away, single = largest_difference(panel, table, stores)
    result = panel.result  # type: ignore[attr-defined]
    alone_s, alone_cpu_s = single.wall_s / SINGLE * groups, single.cpu_s / SINGLE * groups
    rows = [
        ("panel, first call", first.wall_s, first.cpu_s),
        ("panel, warm", warm.wall_s, warm.cpu_s),
        (f"one by one ({SINGLE} fits, scaled up)", alone_s, alone_cpu_s),
    ]
    show_table(
        f"{groups:,} groups of {ROWS} rows on {cores} cores", ("", "wall, s", "CPU, s"), rows
    )
    failed = len(result.failed)
    figure = (
        f"panel: {result.message} in {warm.wall_s:.1f} s ({warm.cpu_s:.1f} s CPU), "
        f"{alone_s / warm.wall_s:.0f} times faster than one by one, estimates within {away[0]:.0e}"
    )
    finish(figure, shortfalls_of(warm, away, failed, groups, options), options)


if __name__ == "__main__":
    main()
