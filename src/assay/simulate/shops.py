"""Shops whose stock hides part of the demand, with the hidden demand kept apart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

import numpy as np
import polars as pl
from scipy.special import betainc

from assay.errors import ConfigError
from assay.simulate.streams import stream

# The rules of every shop. They were fixed before any model was fitted to their sales.
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAY_EFFECT = np.array([0.90, 0.85, 0.88, 0.95, 1.10, 1.26, 1.06])  # averages to 1
LEVEL_MEDIAN = 8.0  # units a day
LEVEL_SD = 0.6  # of the log level
PRICE_MEDIAN, PRICE_SD = 3.0, 0.5  # money; of the log price
ELASTICITY = -1.5
DISCOUNT_SHARE = 0.1  # of an item's weeks
DISCOUNTS = np.array([0.1, 0.2, 0.3])  # share off, equally likely
DRIFT_PERSISTENCE, DRIFT_SD = 0.9, 0.1
NOISE_SIZE = 5.0  # of the negative binomial: variance = mean + mean^2 / 5
SERVICE_WEIGHT = 5.0  # a + b of the Beta law of the service level that a day's stock aims at


@dataclass(frozen=True, eq=False)
class Shop:
    """A simulated retailer: what its books show, and what really was wanted.

    Fields:
        sales: one row for each store, item and day: `date, store, item, price, weekday`, `stock`
            (units that could be sold that day) and `units` (sold: the lesser of demand and stock).
        truth: the same rows: `date, store, item, mean_demand, demand`. Never shown to a model.
    """

    sales: pl.DataFrame
    truth: pl.DataFrame


def shop(
    seed: int,
    *,
    items: int = 30,
    stores: int = 4,
    days: int = 1095,
    out_share: float = 0.3,
    start: date = date(2022, 1, 1),
) -> Shop:
    """Simulate daily sales that stock cuts off, with the demand behind them.

    Demand is negative binomial (size 5). Its mean is the product of a log-normal level for each
    store and item, a weekday pattern that all share, the price to the power of -1.5, and one daily
    AR(0.9) drift (stationary sd 0.1 of the log) that all share and no column shows. Prices fall
    by 10 to 30 % in one item-week in ten. Stock knows a series' long-run mean and nothing of the
    day: it aims at a service level drawn afresh each day.

    Args:
        seed: makes the same shop again, 0 or above.
        items: number of items, each sold in every store.
        stores: number of stores.
        days: length of each series.
        out_share: share of days on which demand reaches stock, between 0 and 1; met in
            expectation to about 0.01.
        start: first day.

    Returns:
        Sales and truth, sorted by store, item and date. More items, stores or days leave the
        rows of a smaller shop with the same seed unchanged.

    Raises:
        ConfigError: an argument is out of range.
    """
    _refuse_impossible(seed, items, stores, days, out_share)
    keys = [(store, item) for store in range(stores) for item in range(items)]
    weekday = (start.weekday() + np.arange(days)) % len(WEEKDAYS)
    price, price_effect = (np.tile(each, (stores, 1)) for each in _prices(seed, items, days))
    level = LEVEL_MEDIAN * np.exp(LEVEL_SD * _for_each(keys, seed, "level", _one_normal))
    # A log-normal factor averages exp(sd^2 / 2); without the correction drift would lift demand.
    shared = WEEKDAY_EFFECT[weekday] * np.exp(_drift(seed, days) - DRIFT_SD**2 / 2)
    mean = level * price_effect * shared
    demand = _demand(seed, keys, mean)
    stock = _stock(seed, keys, level * _price_effect_moment(1), days, out_share)
    rows = _rows(start, days, stores, items)
    return Shop(
        sales=rows.with_columns(
            price=price.ravel(),
            weekday=np.tile(np.array(WEEKDAYS)[weekday], len(keys)),
            stock=stock.ravel(),
            units=np.minimum(demand, stock).ravel(),
        ),
        truth=rows.with_columns(mean_demand=mean.ravel(), demand=demand.ravel()),
    )


def _refuse_impossible(seed: int, items: int, stores: int, days: int, out_share: float) -> None:
    for name, value, least in (
        ("seed", seed, 0),
        ("items", items, 1),
        ("stores", stores, 1),
        ("days", days, 1),
    ):
        if value < least:
            raise ConfigError(
                f"shop: `{name}` is {value}, must be a whole number of at least {least}. "
                f"Pass `{name}={least}` or more."
            )
    if not 0 < out_share < 1:
        raise ConfigError(
            f"shop: `out_share` is {out_share}, must lie strictly between 0 and 1. "
            "Write 0.3 for stock-outs on 30 % of days."
        )


def _for_each(
    keys: list[tuple[int, int]],
    seed: int,
    purpose: str,
    draw: Callable[[np.random.Generator], np.ndarray],
) -> np.ndarray:
    """One row of draws for each store and item, each from a stream of its own."""
    return np.stack([draw(stream(seed, purpose, *key)) for key in keys])


def _one_normal(draws: np.random.Generator) -> np.ndarray:
    return draws.standard_normal(1)


def _prices(seed: int, items: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Price and its effect on demand, shape (item, day)."""
    weeks = np.arange(days) // len(WEEKDAYS)
    prices, effects = np.empty((items, days)), np.empty((items, days))
    for item in range(items):
        usual = PRICE_MEDIAN * np.exp(PRICE_SD * stream(seed, "price", item).standard_normal())
        chance, depth = stream(seed, "discount", item).random((weeks[-1] + 1, 2)).T
        off = DISCOUNTS[(depth * len(DISCOUNTS)).astype(int)] * (chance < DISCOUNT_SHARE)
        prices[item] = np.round(usual * (1 - off), 2)[weeks]  # what the customer reads, in cents
        effects[item] = (prices[item] / usual) ** ELASTICITY
    return prices, effects


def _price_effect_moment(power: int) -> float:
    """The long-run mean of the price effect to a power."""
    discounted = np.mean((1 - DISCOUNTS) ** (ELASTICITY * power))
    return float(1 - DISCOUNT_SHARE + DISCOUNT_SHARE * discounted)


def _drift(seed: int, days: int) -> np.ndarray:
    """A stationary AR(1) on the log scale, the same for all stores and items."""
    steps = DRIFT_SD * stream(seed, "drift").standard_normal(days)
    steps[1:] *= np.sqrt(1 - DRIFT_PERSISTENCE**2)  # the first day is drawn from the stationary law
    return np.array(list(accumulate(steps, lambda drift, step: DRIFT_PERSISTENCE * drift + step)))


def _demand(seed: int, keys: list[tuple[int, int]], mean: np.ndarray) -> np.ndarray:
    """Negative-binomial demand as a Poisson count whose rate is gamma distributed."""
    days = mean.shape[1]
    # Two streams, so that a longer series begins with the shorter one.
    rate = _for_each(keys, seed, "rate", lambda draws: draws.gamma(NOISE_SIZE, size=days))
    rate *= mean / NOISE_SIZE
    counts = [stream(seed, "count", *key).poisson(row) for key, row in zip(keys, rate, strict=True)]
    return np.stack(counts)


def _stock(
    seed: int, keys: list[tuple[int, int]], long_run: np.ndarray, days: int, out_share: float
) -> np.ndarray:
    """Stock that demand reaches on a share of days, blind to the day's demand and its mean.

    A service level `v` with mean `1 - out_share` is drawn for each day, and stock is the amount
    that demand reaches with probability `1 - v` under the series' long-run law. Between two whole
    amounts a coin decides, so that the share is met by formula and needs no search.
    """
    a, b = SERVICE_WEIGHT * (1 - out_share), SERVICE_WEIGHT * out_share
    service = _for_each(keys, seed, "service", lambda draws: draws.beta(a, b, size=days))
    coin = _for_each(keys, seed, "coin", lambda draws: draws.random(days))
    below = _long_run_below(long_run)
    amount = np.stack([np.searchsorted(*row) for row in zip(below, service, strict=True)]) - 1
    amount = np.clip(amount, 0, below.shape[1] - 2)
    here, next_one = (np.take_along_axis(below, amount + more, axis=1) for more in (0, 1))
    return amount + (coin * (next_one - here) < service - here)


def _long_run_below(long_run: np.ndarray) -> np.ndarray:
    """P(demand < 0, 1, 2, ...) over weekdays, prices and drift, shape (series, amount).

    The mixture is taken as one negative binomial with the mixture's mean and variance.
    """
    price = _price_effect_moment(2) / _price_effect_moment(1) ** 2
    spread = price * np.mean(WEEKDAY_EFFECT**2) * np.exp(DRIFT_SD**2) * (1 + 1 / NOISE_SIZE) - 1
    size = 1 / spread
    furthest = np.max(long_run) + 12 * np.sqrt(np.max(long_run + long_run**2 * spread))
    amounts = np.arange(int(furthest) + 1)
    cdf = betainc(size, amounts + 1.0, size / (size + long_run))
    return np.pad(cdf, ((0, 0), (1, 0)))


def _rows(start: date, days: int, stores: int, items: int) -> pl.DataFrame:
    """The keys of all rows, sorted by store, item and date."""
    # Zero-padded, so that sorting by text is sorting by number.
    return (
        pl.DataFrame({"store": [f"S{store + 1:02d}" for store in range(stores)]})
        .join(pl.DataFrame({"item": [f"I{item + 1:03d}" for item in range(items)]}), how="cross")
        .join(
            pl.DataFrame({"date": [start + timedelta(days=day) for day in range(days)]}),
            how="cross",
        )
        .select("date", "store", "item")
    )
