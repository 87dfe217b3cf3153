"""The compound Poisson-gamma (Tweedie) law from its sum over numbers of events, in mpmath."""

from collections.abc import Callable, Iterator
from functools import lru_cache

import mpmath as mp
from mpmath import mpf

from laws.law import Law


def _poisson_gamma(mean: mpf, dispersion: mpf, power: mpf) -> tuple[mpf, mpf, mpf]:
    """Expected number of events, shape of one event's size, and its scale."""
    mean, dispersion, power = mpf(mean), mpf(dispersion), mpf(power)
    events = mean ** (2 - power) / dispersion / (2 - power)
    return events, (2 - power) / (power - 1), dispersion * (power - 1) * mean ** (power - 1)


def _log_size(n: mpf, shape: mpf, x: mpf) -> mpf:
    """Log density of log x where n events add up to x."""
    return n * shape * mp.log(x) - x - mp.loggamma(n * shape)


def _log_events(n: mpf, events: mpf) -> mpf:
    return n * mp.log(events) - events - mp.loggamma(n + 1)


def _outwards(term: Callable[[mpf], mpf], centre: mpf, stride: int) -> Iterator[mpf]:
    """Terms at n >= 1 from the centre to both sides, until they no longer count."""
    top = mpf(0)
    for step in (stride, -stride):
        n = centre if step > 0 else centre - stride
        fallen = 0
        while n >= 1 and fallen < 3:
            value = term(n)
            yield value
            top = max(top, value)
            fallen = fallen + 1 if value < top * mp.eps / 1000 else 0
            n += step


def _stride(sd: mpf) -> int:
    """Of a bell of many terms, so many as keep its sum exact to the digits in use."""
    return max(1, int(mp.floor(sd * mp.sqrt(2 * mp.pi**2 / (mp.mp.dps * mp.log(10) + 12)))))


def log_prob(y: mpf, mean: mpf, dispersion: mpf, power: mpf) -> mpf:
    events, shape, scale = _poisson_gamma(mean, dispersion, power)
    if y == 0:
        return -events
    x = mpf(y) / scale
    tilted = (events * (x / shape) ** shape) ** (1 / (1 + shape))
    stride = _stride(mp.sqrt(tilted / (1 + shape)))
    centre = max(mpf(1), mp.floor(tilted))
    top = _log_events(centre, events) + _log_size(centre, shape, x)

    def term(n: mpf) -> mpf:
        return mp.exp(_log_events(n, events) + _log_size(n, shape, x) - top)

    return top + mp.log(stride * mp.fsum(_outwards(term, centre, stride))) - mp.log(y)


def _by_contour(y: mpf, mean: mpf, dispersion: mpf, power: mpf) -> tuple[mpf, bool]:
    """The smaller tail by inverting the generating function along a line, and which it is.

    For many events alone: along the line the integrand falls to exp(-events at y), and no further.
    """
    events, shape, scale = _poisson_gamma(mean, dispersion, power)
    x, upper = mpf(y) / scale, y >= mean
    saddle = (shape * events / x) ** (1 / (1 + shape))
    sd = saddle / mp.sqrt(shape * (1 + shape) * events * saddle**-shape)
    z0 = min(saddle, 1 - sd) if upper else max(saddle, 1 + sd)
    top = events * (z0**-shape - 1) + x * (z0 - 1)
    step, total, k = sd / mp.mp.dps * 5, mpf(0), 0
    while True:
        z = mp.mpc(z0, k * step)
        value = mp.exp(events * (z**-shape - 1) + x * (z - 1) - top) / (1 - z)
        total += (value.real if k else value.real / 2) * (1 if upper else -1)
        if k > 20 and abs(value) * abs(1 - z0) < mp.eps / 100:
            return top + mp.log(total * step / mp.pi), upper
        k += 1


def _gamma_tail(a: mpf, x: mpf, upper: bool) -> mpf:
    """A regularised incomplete gamma function by its series or Legendre's fraction."""
    log_factor = a * mp.log(x) - x - mp.loggamma(a)
    below = x < a + 1
    if below == upper and log_factor < -2.4 * mp.mp.dps - 20:
        return mpf(1)
    value = mp.exp(log_factor) * (_series(a, x) if below else _fraction(a, x))
    return 1 - value if below == upper else value


def _series(a: mpf, x: mpf) -> mpf:
    term = total = 1 / a
    while term > total * mp.eps:
        a += 1
        term *= x / a
        total += term
    return total


def _fraction(a: mpf, x: mpf) -> mpf:
    """From the front (modified Lentz)."""
    bottom = x + 1 - a
    d = value = 1 / bottom
    c, i, ratio = mpf(10) ** 300, 0, mpf(0)
    while abs(ratio - 1) > 10 * mp.eps:
        i += 1
        bottom += 2
        d = 1 / (bottom - i * (i - a) * d)
        c = bottom - i * (i - a) / c
        ratio = c * d
        value *= ratio
    return value


def _by_sum(y: mpf, mean: mpf, dispersion: mpf, power: mpf) -> tuple[mpf, bool]:
    """The smaller tail by summing those of the gamma law, and which it is."""
    events, shape, scale = _poisson_gamma(mean, dispersion, power)
    x, upper = mpf(y) / scale, y >= mean or events < 0.7
    tilted = (events * (x / shape) ** shape) ** (1 / (1 + shape))
    centre = max(mpf(1), mp.floor(max(events, tilted) if upper else min(events, tilted)))

    def term(n: mpf) -> mpf:
        return mp.exp(_log_events(n, events)) * _gamma_tail(n * shape, x, upper)

    many = min(events, tilted) > 5 * mp.mp.dps  # else the sum's end at n = 1 counts
    stride = _stride(mp.sqrt(tilted / (1 + shape))) if many else 1
    total = stride * mp.fsum(_outwards(term, centre, stride))
    return mp.log(total if upper else total + mp.exp(-events)), upper


def _tails(y: mpf, mean: mpf, dispersion: mpf, power: mpf) -> tuple[mpf, mpf]:
    return _remembered_tails(y, mean, dispersion, power, mp.mp.dps)


@lru_cache(maxsize=4096)
def _remembered_tails(
    y: mpf, mean: mpf, dispersion: mpf, power: mpf, digits: int
) -> tuple[mpf, mpf]:
    del digits  # what was computed with fewer must not be remembered
    events, _, _ = _poisson_gamma(mean, dispersion, power)
    if y == 0:
        return -events, mp.log(-mp.expm1(-events))
    strength = mpf(y) ** (2 - power) / dispersion
    many = min(strength / 4, strength * (power - 1) * 5) > mp.mp.dps
    small, upper = (_by_contour if many else _by_sum)(y, mean, dispersion, power)
    with mp.extradps(int(-small / 2.3) + 10 if small > -2000 else 10):
        other = mp.log1p(-mp.exp(small))
    return (other, small) if upper else (small, other)


LAWS = {
    "tweedie": Law(
        log_prob=log_prob,
        log_cdf=lambda y, **parameters: _tails(y, **parameters)[0],
        log_sf=lambda y, **parameters: _tails(y, **parameters)[1],
        values=(
            {"mean": 1.0, "dispersion": 1.0, "power": 1.5},
            {"mean": 250.0, "dispersion": 3.0, "power": 1.1},
            {"mean": 0.03, "dispersion": 0.7, "power": 1.9},
            {"mean": 4.0, "dispersion": 1e-3, "power": 1.3},
            {"mean": 4.0, "dispersion": 1e-6, "power": 1.7},
            {"mean": 1e4, "dispersion": 2e5, "power": 1.6},
            {"mean": 20.0, "dispersion": 2.0, "power": 1.01},
            {"mean": 2.0, "dispersion": 0.4, "power": 1.97},
        ),
    )
}
