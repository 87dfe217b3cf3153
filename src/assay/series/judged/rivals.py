"""Simple forecasts to compare with: last season's values, Croston's method and its kin.

Each is a point for every step ahead, cut where the family's values end, and samples around it:
the point plus errors that the rule made before, cut likewise, and rounded where they are counts.

Sources: Croston (1972); Syntetos & Boylan (2005), The accuracy of intermittent demand estimates;
Teunter, Syntetos & Babai (2011), Intermittent demand: linking forecasting to inventory
obsolescence.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from assay.errors import ConfigError, nearest
from assay.family.support import Support
from assay.series.future.paths import stream_of
from assay.series.judged.foreign import SAMPLES, ets, foreign_samples, is_foreign
from assay.series.kinds import Flags, Floats

ALPHA = 0.1  # how fast Croston's method and its kin follow


class Told(NamedTuple):
    """What a rule says.

    Fields:
        points: (horizon, series).
        errors: that the rule made one step, or one season, ahead: (errors, series), NaN where there
            are fewer.
        adds: whether each season further ahead adds an error to those before it, (series,).
    """

    points: Floats
    errors: Floats
    adds: Flags


class Samples(NamedTuple):
    """A rival's forecast of some series.

    Fields:
        points: its own, (horizon, series).
        values: around them, (horizon, series, samples).
        failed: why it failed on some series, by number.
    """

    points: Floats
    values: Floats
    failed: Mapping[int, str]


Rival = Callable[[Floats, int, int], Told]


def seasonal_naive(y: Floats, horizon: int, season: int) -> Told:
    """The value of a season ago, with the errors of that rule in the past.

    Errors add up: two seasons ahead one of each season counts. Where no such value is known, the
    mean of the series, with the errors around it.

    Args:
        y: (steps, series), NaN where nothing is known.
        horizon: steps ahead.
        season: steps after which the course returns; 1 for the last value.
    """
    carried = _carried(y, season)
    mean = np.nan_to_num(y).sum(axis=0) / np.maximum((~np.isnan(y)).sum(axis=0), 1)
    points = carried[-season:][np.arange(horizon) % season]
    errors = np.full_like(y, np.nan)
    errors[season:] = y[season:] - carried[-len(y) : -season] if len(y) > season else np.nan
    adds = np.count_nonzero(~np.isnan(errors), axis=0) > 0
    return Told(np.where(np.isnan(points), mean, points), np.where(adds, errors, y - mean), adds)


def croston(y: Floats, horizon: int, season: int) -> Told:
    """Mean size of a sale over the mean wait for one."""
    del season
    return _flat(_croston(y, 1.0), y, horizon)


def croston_sba(y: Floats, horizon: int, season: int) -> Told:
    """Mean size of a sale over the mean wait for one, with Syntetos and Boylan's correction."""
    del season
    return _flat(_croston(y, 1.0 - ALPHA / 2), y, horizon)


def tsb(y: Floats, horizon: int, season: int) -> Told:
    """Mean size of a sale times its chance, which falls on every day without one."""
    del season
    sold = y > 0
    size, chance = _first_size(y), 1.0 / _first_wait(y) * sold.any(axis=0)
    rates = [size * chance]
    for now, hit, known in zip(y, sold, ~np.isnan(y), strict=True):
        size = np.where(hit, size + ALPHA * (np.nan_to_num(now) - size), size)
        chance = np.where(known, chance + ALPHA * (hit - chance), chance)
        rates.append(size * chance)
    return _flat(np.stack(rates), y, horizon)


RIVALS: Mapping[str, Rival] = {
    "seasonal-naive": seasonal_naive,
    "croston": croston,
    "croston-sba": croston_sba,
    "tsb": tsb,
}
NAMES = (*RIVALS, "ets")


def named_rivals(rivals: Any, season: int, own: str) -> Mapping[str, Any]:
    """Rules and models by name.

    Args:
        rivals: names, or models by name.
        season: steps after which the course returns.
        own: a name that is taken.

    Raises:
        ConfigError: an unknown name, what is no model, or a library that is not installed.
    """
    if isinstance(rivals, Mapping):
        for name, each in rivals.items():
            if not isinstance(name, str) or name == own:
                raise ConfigError(
                    f"backtest: a rival is named {name!r}, must be text other than `{own}`."
                )
            if not is_foreign(each) and each not in RIVALS.values():
                raise ConfigError(
                    f"backtest: rival `{name}` is {each!r}, must be a model of statsforecast, such "
                    "as `AutoETS(season_length=7)`. Simple rules are named in a list: "
                    f"{', '.join(NAMES)}."
                )
        return rivals
    wanted = (rivals,) if isinstance(rivals, str) else tuple(rivals)
    for name in wanted:
        if not isinstance(name, str):
            raise ConfigError(
                f"backtest: a rival is {name!r}, must be one of {', '.join(NAMES)}; models are "
                'given by name: `rivals={"AutoETS": AutoETS(season_length=7)}`.'
            )
        if name not in NAMES:
            raise ConfigError(f"backtest: no rival `{name}`. {nearest(name, list(NAMES))}")
    return {name: ets(season) if name == "ets" else RIVALS[name] for name in wanted}


def samples_of(
    rival: Any,
    y: Floats,
    horizon: int,
    season: int,
    *,
    support: Support,
    name: str,
    keys: Sequence[str],
    seed: int,
) -> Samples:
    """The forecast of a simple rule or of a model of statsforecast.

    Where a model fails on a series, the seasonal naive rule takes its place. Neither the order of
    series nor the others change what is drawn of one.

    Args:
        rival: a function such as `tsb`, or a model with statsforecast's `forecast`.
        y: the past, (steps, series), NaN where nothing is known.
        horizon: steps ahead.
        season: steps after which the course returns.
        support: samples are brought into it: cut at its ends, whole numbers for counts.
        name: of the rival.
        keys: of the series: each has a stream of its own.
        seed: of the errors that are drawn.
    """
    failed: Mapping[int, str] = {}

    def spread(rule: Rival, some: list[int]) -> tuple[Floats, Floats]:
        told = rule(y[:, some], horizon, season)
        streams = [stream_of(seed, "rival", name, keys[k]) for k in some]
        return told.points, _spread(told, season, streams)

    if is_foreign(rival):
        points, drawn, failed = foreign_samples(
            rival, y, horizon, season, name=name, keys=keys, seed=seed
        )
        if failed:
            lost = list(failed)
            points[:, lost], drawn[:, lost] = spread(seasonal_naive, lost)
    else:
        points, drawn = spread(rival, list(range(y.shape[1])))
    points, drawn = (
        np.clip(np.nan_to_num(each), support.lower, support.upper) for each in (points, drawn)
    )
    return Samples(points, np.round(drawn) if support.whole else drawn, failed)


def _spread(told: Told, season: int, streams: Sequence[np.random.Generator]) -> Floats:
    """Points plus errors that were made before, (horizon, series, samples)."""
    points, errors, adds = told
    drawn = np.empty((*points.shape, SAMPLES))
    for k, stream in enumerate(streams):
        own = errors[:, k][~np.isnan(errors[:, k])]
        own = own if own.size else np.zeros(1)
        if adds[k]:
            own = own - own.mean()  # else what they were off by would add up to a drift
        drawn[:, k] = stream.choice(own, (len(points), SAMPLES))
    for at in range(season, len(points)):
        drawn[at] += np.where(adds[:, None], drawn[at - season], 0.0)
    return points[:, :, None] + drawn


def _flat(rates: Floats, y: Floats, horizon: int) -> Told:
    """The last of the rates before each step and after the last, for all steps ahead alike."""
    adds = np.zeros(y.shape[1], bool)
    return Told(np.repeat(rates[-1:], horizon, axis=0), y - rates[:-1], adds)


def _carried(y: Floats, season: int) -> Floats:
    """Missing values as those of a season before, NaN where there are none; at least a season."""
    short = max(season - len(y), 0)
    carried = np.concatenate([np.full((short, y.shape[1]), np.nan), y])
    for at in range(season, len(carried)):
        carried[at] = np.where(np.isnan(carried[at]), carried[at - season], carried[at])
    return carried


def _croston(y: Floats, correction: float) -> Floats:
    """Rates before each step and after the last, (steps + 1, series)."""
    size, wait, since = _first_size(y), _first_wait(y), np.ones(y.shape[1])
    rates = [correction * size / wait]
    for now in y:
        hit = now > 0
        size = np.where(hit, size + ALPHA * (np.nan_to_num(now) - size), size)
        wait = np.where(hit, wait + ALPHA * (since - wait), wait)
        since = np.where(hit, 1.0, since + ~np.isnan(now))
        rates.append(correction * size / wait)
    return np.stack(rates)


def _first_size(y: Floats) -> Floats:
    sold = np.where(y > 0, y, 0.0)
    return sold.sum(axis=0) / np.maximum((y > 0).sum(axis=0), 1)


def _first_wait(y: Floats) -> Floats:
    known = (~np.isnan(y)).sum(axis=0)
    return np.maximum(known, 1.0) / np.maximum((y > 0).sum(axis=0), 1)
