"""The laws of the families between two ends, here 0 and 1."""

import mpmath as mp
import numpyro.distributions as dist
import scipy.stats as st
from mpmath import mpf

from laws.law import Law
from laws.positive import _sets


def _log1mexp(value: mpf) -> mpf:
    return mp.log(-mp.expm1(value)) if value > -1 else mp.log1p(-mp.exp(value))


def _fraction(a: mpf, b: mpf, x: mpf) -> mpf:
    """Continued fraction of I_x(a, b) behind its factor, from the front (DLMF 8.17.22)."""
    tiny, c = mpf(10) ** -300, mpf(1)
    d = 1 / (1 - (a + b) * x / (a + 1) or tiny)
    value, m = d, 0
    while True:
        m += 1
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + top * d or tiny)
            c = 1 + top / c or tiny
            value *= c * d
        if abs(c * d - 1) < 10 * mp.eps:
            return value / a


def _beta_tails(a: mpf, b: mpf, x: mpf) -> tuple[mpf, mpf]:
    norm = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    factor = a * mp.log(x) + b * mp.log1p(-x) + norm
    if x < (a + 1) / (a + b + 2):
        lower = factor + mp.log(_fraction(a, b, x))
        return lower, _log1mexp(lower)
    upper = factor + mp.log(_fraction(b, a, 1 - x))
    return _log1mexp(upper), upper


def _beta_log_prob(y: mpf, mean: mpf, precision: mpf) -> mpf:
    a, b = mean * precision, (1 - mpf(mean)) * precision
    norm = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    return (a - 1) * mp.log(y) + (b - 1) * mp.log1p(-y) + norm


def _beta_tail(y: mpf, mean: mpf, precision: mpf, which: int) -> mpf:
    return _beta_tails(mean * precision, (1 - mpf(mean)) * precision, y)[which]


def _bent_log_prob(y: mpf, power: mpf, p: mpf, q: mpf) -> mpf:
    x = mpf(y) ** power
    norm = mp.loggamma(p + q) - mp.loggamma(p) - mp.loggamma(q)
    inside = (p * power - 1) * mp.log(y) + (q - 1) * mp.log1p(-x)
    return inside + mp.log(power) + norm


def _bent_tail(y: mpf, power: mpf, p: mpf, q: mpf, which: int) -> mpf:
    return _beta_tails(mpf(p), mpf(q), mpf(y) ** power)[which]


def _z(y: mpf, median: mpf, sigma: mpf) -> mpf:
    odds = mp.log(y) - mp.log1p(-mpf(y))
    return (odds - mp.log(median) + mp.log1p(-mpf(median))) / sigma


def _logit_normal_log_prob(y: mpf, median: mpf, sigma: mpf) -> mpf:
    scale = mp.log(2 * mp.pi) / 2 + mp.log(sigma) + mp.log(y) + mp.log1p(-mpf(y))
    return -(_z(y, median, sigma) ** 2) / 2 - scale


def _log_ndtr(z: mpf) -> mpf:
    small = mp.erfc(abs(z) / mp.sqrt(2)) / 2
    return mp.log(small) if z < 0 else mp.log1p(-small)


LAWS: dict[str, Law] = {
    "beta": Law(
        _beta_log_prob,
        lambda y, **at: _beta_tail(y, **at, which=0),
        lambda y, **at: _beta_tail(y, **at, which=1),
        _sets(
            "mean precision",
            "0.5 2.0 | 0.3 10.0 | 0.9 0.5 | 0.01 440.0 | 1e-6 1e4 | 0.5 1e6 | 0.999 0.02",
        ),
        peers={
            "scipy": lambda mean, precision: st.beta(mean * precision, (1 - mean) * precision),
            "numpyro": lambda mean, precision: dist.Beta(mean * precision, (1 - mean) * precision),
        },
    ),
    "generalized-beta": Law(
        _bent_log_prob,
        lambda y, **at: _bent_tail(y, **at, which=0),
        lambda y, **at: _bent_tail(y, **at, which=1),
        _sets(
            "power p q",
            "1.0 2.0 3.0 | 2.5 0.6 4.0 | 0.3 12.0 0.2 | 20.0 1.0 30.0 | 0.05 300.0 2.0 "
            "| 3.0 1e4 1e3",
        ),
    ),
    "logit-normal": Law(
        _logit_normal_log_prob,
        lambda y, **at: _log_ndtr(_z(y, **at)),
        lambda y, **at: _log_ndtr(-_z(y, **at)),
        _sets(
            "median sigma", "0.5 1.0 | 0.2 0.4 | 0.9 2.0 | 1e-6 0.1 | 0.5 1e-4 | 0.3 1e-6 | 0.7 3.0"
        ),
    ),
}
