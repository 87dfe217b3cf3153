"""The laws of the positive half line."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import numpyro.distributions as dist
import scipy.stats as st
from mpmath import mpf

from laws.law import Law

Tails = tuple[mpf, mpf]
# From this shape on fractions and series take too many terms: integrate instead.
_LARGE = 1e5


def _both(small: mpf, is_lower: bool) -> Tails:
    """Log tails from the smaller one itself."""
    one, other = mp.log(small), mp.log1p(-small)
    return (one, other) if is_lower else (other, one)


def _lentz(b0: mpf, top: Callable[[int], mpf], bottom: Callable[[int], mpf]) -> mpf:
    """1 / (b0 + top(1) / (bottom(1) + ...)), from the front (modified Lentz)."""
    d = value = 1 / b0
    c = mp.mpf(10) ** 300
    i = 0
    while True:
        i += 1
        d = 1 / (top(i) * d + bottom(i))
        c = bottom(i) + top(i) / c
        value *= c * d
        if abs(c * d - 1) < 10 * mp.eps:
            return value


def _integral(drop: mpf, bend: mpf, log_density: Callable[[mpf], mpf]) -> mpf:
    """Integral of exp(log_density(u)) from 0, given how it falls at first."""
    width = 1 / mp.sqrt(drop**2 + bend)
    knots = [width * k for k in (0, 1, 3, 6, 12, 25, 60, 160)]
    return mp.quad(lambda u: mp.exp(log_density(u)), knots, method="gauss-legendre")


def gamma_tails(a: mpf, x: mpf) -> Tails:
    """Log P(a, x) and log Q(a, x)."""
    factor = mp.exp(a * mp.log(x) - x - mp.loggamma(a))
    if a > _LARGE:
        sign = 1 if x > a else -1
        tail = _integral(abs(x - a), x, lambda u: sign * a * u - x * mp.expm1(sign * u))
        return _both(factor * tail, x < a)
    if x < a + 1:
        term = total = 1 / a
        n = 0
        while term > total * mp.eps:
            n += 1
            term *= x / (a + n)
            total += term
        lower = factor * total
        return (mp.log(lower), mp.log1p(-lower))
    upper = factor * _lentz(x + 1 - a, lambda i: -i * (i - a), lambda i: x + 1 - a + 2 * i)
    return _both(upper, is_lower=False)


def beta_tails(a: mpf, b: mpf, odds: mpf) -> Tails:
    """Log I_x(a, b) and log(1 - I_x(a, b)) where x / (1 - x) = exp(odds)."""
    x, y = 1 / (1 + mp.exp(-odds)), 1 / (1 + mp.exp(odds))
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    factor = mp.exp(a * mp.log(x) + b * mp.log(y) - log_beta)
    if x < (a + 1) / (a + b + 2):
        return _both(factor * _beta_fraction(a, b, x), is_lower=True)
    return _both(factor * _beta_fraction(b, a, y), is_lower=False)


def _beta_fraction(a: mpf, b: mpf, x: mpf) -> mpf:
    """Source: DLMF 8.17.22."""

    def top(i: int) -> mpf:
        m = i // 2
        if i % 2:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    return _lentz(mp.mpf(1), top, lambda _: mp.mpf(1)) / a


def _from_hazard(hazard: mpf) -> Tails:
    """Log tails from the cumulative hazard, minus the log of the upper one."""
    return mp.log(-mp.expm1(-hazard)), -hazard


def _law(
    log_prob: Callable[..., mpf],
    log_tails: Callable[..., Tails],
    values: tuple[dict[str, float], ...],
    **peers: Callable,
) -> Law:
    return Law(
        log_prob=log_prob,
        log_cdf=lambda y, **at: log_tails(y, **at)[0],
        log_sf=lambda y, **at: log_tails(y, **at)[1],
        values=values,
        peers=peers,
    )


def _gamma_log_prob(y: mpf, mean: mpf, cv: mpf) -> mpf:
    a = 1 / cv**2
    return a * mp.log(a / mean) + (a - 1) * mp.log(y) - a * y / mean - mp.loggamma(a)


def _gamma_tails(y: mpf, mean: mpf, cv: mpf) -> Tails:
    return gamma_tails(1 / cv**2, y / (mean * cv**2))


def _log_normal_log_prob(y: mpf, median: mpf, sigma: mpf) -> mpf:
    z = mp.log(y / median) / sigma
    return -(z**2) / 2 - mp.log(2 * mp.pi) / 2 - mp.log(sigma) - mp.log(y)


def _log_normal_tails(y: mpf, median: mpf, sigma: mpf) -> Tails:
    z = mp.log(y / median) / sigma
    return _both(mp.erfc(abs(z) / mp.sqrt(2)) / 2, z < 0)


def _exponential_tails(y: mpf, mean: mpf) -> Tails:
    return _from_hazard(y / mean)


def _weibull_log_prob(y: mpf, scale: mpf, shape: mpf) -> mpf:
    hazard = (y / scale) ** shape
    return mp.log(shape * hazard / y) - hazard


def _weibull_tails(y: mpf, scale: mpf, shape: mpf) -> Tails:
    return _from_hazard((y / scale) ** shape)


def _log_logistic_log_prob(y: mpf, median: mpf, shape: mpf) -> mpf:
    odds = (y / median) ** shape
    return mp.log(shape * odds / y) - 2 * mp.log1p(odds)


def _log_logistic_tails(y: mpf, median: mpf, shape: mpf) -> Tails:
    odds = (y / median) ** shape
    return -mp.log1p(1 / odds), -mp.log1p(odds)


def _lomax_log_prob(y: mpf, scale: mpf, tail: mpf) -> mpf:
    return mp.log(tail / scale) - (tail + 1) * mp.log1p(y / scale)


def _lomax_tails(y: mpf, scale: mpf, tail: mpf) -> Tails:
    return _from_hazard(tail * mp.log1p(y / scale))


def _pareto_log_prob(y: mpf, tail: mpf) -> mpf:
    return mp.log(tail) - (tail + 1) * mp.log(y)


def _pareto_tails(y: mpf, tail: mpf) -> Tails:
    return _from_hazard(tail * mp.log(y))


def _gb2_log_prob(y: mpf, scale: mpf, power: mpf, p: mpf, q: mpf) -> mpf:
    odds = power * mp.log(y / scale)
    log_beta = mp.loggamma(p) + mp.loggamma(q) - mp.loggamma(p + q)
    return p * odds - (p + q) * mp.log1p(mp.exp(odds)) - log_beta + mp.log(power / y)


def _gb2_tails(y: mpf, scale: mpf, power: mpf, p: mpf, q: mpf) -> Tails:
    return beta_tails(p, q, power * mp.log(y / scale))


def _sets(names: str, rows: str) -> tuple[dict[str, float], ...]:
    """Values written as rows of a table, under the names of the parameters."""
    split = (row.split() for row in rows.split("|"))
    return tuple(dict(zip(names.split(), map(float, row), strict=True)) for row in split)


LAWS: dict[str, Law] = {
    "gamma": _law(
        _gamma_log_prob,
        _gamma_tails,
        _sets(
            "mean cv",
            "2.0 0.4 | 3.0 1.0 | 0.5 3.0 | 1e-8 0.1 | 1e9 0.01 | 7.0 1e-3 | 7.0 30.0 | 1.0 1e-6 "
            "| 5.0 1e3",
        ),
        scipy=lambda mean, cv: st.gamma(cv**-2, scale=mean * cv**2),
        numpyro=lambda mean, cv: dist.Gamma(cv**-2, 1 / (mean * cv**2)),
    ),
    "log-normal": _law(
        _log_normal_log_prob,
        _log_normal_tails,
        _sets(
            "median sigma",
            "3.0 0.7 | 1.0 1.0 | 1e-10 0.1 | 1e10 2.0 | 5.0 1e-4 | 2.0 4.0 | 1.0 1e-6",
        ),
        scipy=lambda median, sigma: st.lognorm(sigma, scale=median),
        numpyro=lambda median, sigma: dist.LogNormal(np.log(median), sigma),
    ),
    "exponential": _law(
        lambda y, mean: -y / mean - mp.log(mean),
        _exponential_tails,
        _sets("mean", "1.0 | 3.7 | 0.02 | 1e-12 | 1e12 | 1e-100 | 1e100"),
        scipy=lambda mean: st.expon(scale=mean),
        numpyro=lambda mean: dist.Exponential(1 / mean),
    ),
    "weibull": _law(
        _weibull_log_prob,
        _weibull_tails,
        _sets(
            "scale shape",
            "1.0 1.0 | 5.0 2.3 | 0.1 0.4 | 1e-9 3.6 | 1e9 0.8 | 2.0 1e4 | 3.0 0.02 | 2.0 1e6",
        ),
        scipy=lambda scale, shape: st.weibull_min(shape, scale=scale),
        numpyro=lambda scale, shape: dist.Weibull(scale, shape),
    ),
    "log-logistic": _law(
        _log_logistic_log_prob,
        _log_logistic_tails,
        _sets(
            "median shape", "1.0 1.0 | 5.0 2.3 | 0.1 0.4 | 1e-9 3.6 | 1e9 20.0 | 2.0 1e4 | 3.0 1e6"
        ),
        scipy=lambda median, shape: st.fisk(shape, scale=median),
    ),
    "lomax": _law(
        _lomax_log_prob,
        _lomax_tails,
        _sets(
            "scale tail",
            "1.0 1.0 | 5.0 2.3 | 0.1 0.4 | 1e-9 3.6 | 1e9 20.0 | 2e4 1e4 | 3.0 0.05 | 1e9 1e9",
        ),
        scipy=lambda scale, tail: st.lomax(tail, scale=scale),
    ),
    "pareto": _law(
        _pareto_log_prob,
        _pareto_tails,
        _sets("tail", "1.0 | 2.3 | 0.4 | 20.0 | 1e4 | 0.05 | 1e8"),
        scipy=lambda tail: st.pareto(tail),
        numpyro=lambda tail: dist.Pareto(1.0, tail),
    ),
    "gb2": _law(
        _gb2_log_prob,
        _gb2_tails,
        _sets(
            "scale power p q",
            "1.0 1.0 1.0 1.0 | 5.0 2.3 0.6 3.1 | 0.1 0.4 12.0 7.0 | 1e-9 8.0 0.05 0.3 "
            "| 1e9 1.5 0.01 200.0 | 2.0 300.0 3.0 0.02 | 40.0 1.7 2.5 1e6 | 1.0 0.02 3e4 5e3",
        ),
    ),
}
