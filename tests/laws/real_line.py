"""The laws of the families on the whole real line."""

from collections.abc import Callable
from functools import lru_cache

import numpyro.distributions as dist
import scipy.stats as st
from mpmath import mp, mpf

from laws.law import Law

_MOST_STEPS = 200_000
_PIECES = 4


def _log1mexp(value: mpf) -> mpf:
    return mp.log(-mp.expm1(value)) if value > -1 else mp.log1p(-mp.exp(value))


# Logistic


def _logistic_log_cdf(y: mpf, mean: mpf, scale: mpf) -> mpf:
    z = (y - mean) / scale
    return -mp.log1p(mp.exp(-z)) if z > 0 else z - mp.log1p(mp.exp(z))


def _logistic_log_sf(y: mpf, mean: mpf, scale: mpf) -> mpf:
    return _logistic_log_cdf(-y, -mean, scale)


def _logistic_log_prob(y: mpf, mean: mpf, scale: mpf) -> mpf:
    away = abs(y - mean) / scale
    return -away - 2 * mp.log1p(mp.exp(-away)) - mp.log(scale)


# Laplace, plain and asymmetric


def _laplace_log_prob(y: mpf, mean: mpf, scale: mpf) -> mpf:
    return -abs(y - mean) / scale - mp.log(2 * scale)


def _laplace_log_cdf(y: mpf, mean: mpf, scale: mpf) -> mpf:
    z = (y - mean) / scale
    return z - mp.ln2 if z < 0 else mp.log1p(-mp.exp(-z) / 2)


def _laplace_log_sf(y: mpf, mean: mpf, scale: mpf) -> mpf:
    return _laplace_log_cdf(-y, -mean, scale)


def _asymmetric_log_prob(y: mpf, location: mpf, scale: mpf, asymmetry: mpf) -> mpf:
    z, k = (y - location) / scale, mpf(asymmetry)
    return mp.log(k / (1 + k * k) / scale) - (k * z if z >= 0 else -z / k)


def _asymmetric_log_cdf(y: mpf, location: mpf, scale: mpf, asymmetry: mpf) -> mpf:
    z, k = (y - location) / scale, mpf(asymmetry)
    if z < 0:
        return z / k - mp.log1p(1 / (k * k))
    return _log1mexp(-k * z - mp.log1p(k * k))


def _asymmetric_log_sf(y: mpf, location: mpf, scale: mpf, asymmetry: mpf) -> mpf:
    return _asymmetric_log_cdf(-y, -location, scale, 1 / mpf(asymmetry))


# Gumbel


def _gumbel_log_prob(y: mpf, location: mpf, scale: mpf) -> mpf:
    z = (y - location) / scale
    return -z - mp.exp(-z) - mp.log(scale)


def _gumbel_log_cdf(y: mpf, location: mpf, scale: mpf) -> mpf:
    return -mp.exp(-(y - location) / scale)


def _gumbel_log_sf(y: mpf, location: mpf, scale: mpf) -> mpf:
    return _log1mexp(_gumbel_log_cdf(y, location, scale))


# Student t, by the continued fraction of the incomplete beta function (DLMF 8.17.22)


def _student_log_prob(y: mpf, location: mpf, scale: mpf, df: mpf) -> mpf:
    z, df = (y - location) / scale, mpf(df)
    gammas = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2)
    return gammas - mp.log(mp.pi * df) / 2 - (df + 1) / 2 * mp.log1p(z * z / df) - mp.log(scale)


def _student_log_sf(y: mpf, location: mpf, scale: mpf, df: mpf) -> mpf:
    z, df = (y - location) / scale, mpf(df)
    if z < 0:
        return _log1mexp(_student_log_sf(-z, 0, 1, df))
    return _student_upper(z, df, mp.prec)


@lru_cache(maxsize=4096)
def _student_upper(z: mpf, df: mpf, prec: int) -> mpf:
    """Kept, by the digits asked for: both tails come from it, at many neighbouring points."""
    if z == 0:
        return -mp.ln2
    with mp.workprec(prec + 120):  # differences of log Γ at large df, and an x close to 1
        a, b, x, rest = df / 2, mpf(0.5), df / (df + z * z), z * z / (df + z * z)
        log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
        factor = a * mp.log(x) + b * mp.log(rest) - log_beta
        if x < (a + 1) / (a + b + 2):
            return factor + mp.log(_beta_fraction(a, b, x, prec) / a) - mp.ln2
        return mp.log1p(-mp.exp(factor) * _beta_fraction(b, a, rest, prec) / b) - mp.ln2


def _student_log_cdf(y: mpf, location: mpf, scale: mpf, df: mpf) -> mpf:
    return _student_log_sf(-y, -location, scale, df)


def _beta_fraction(a: mpf, b: mpf, x: mpf, prec: int) -> mpf:
    """1 / (1 + d1 / (1 + d2 / (1 + ...))), from the front by Lentz's method."""
    c, d, value = mpf(1), mpf(0), mpf(1)
    for i in range(1, _MOST_STEPS):
        m = i // 2
        if i % 2:
            step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        c, d = 1 + step / c, 1 / (1 + step * d)
        value *= c * d
        if abs(c * d - 1) < mpf(2) ** (-prec - 10):
            return 1 / value
    raise ArithmeticError("the fraction of the incomplete beta function does not converge")


def _normal_log_prob(y: mpf, mean: mpf, sd: mpf) -> mpf:
    return -(((y - mean) / sd) ** 2) / 2 - mp.log(2 * mp.pi) / 2 - mp.log(sd)


def _normal_log_cdf(y: mpf, mean: mpf, sd: mpf) -> mpf:
    z = (y - mean) / sd
    small = mp.erfc(abs(z) / mp.sqrt(2)) / 2
    return mp.log(small) if z < 0 else mp.log1p(-small)


def _normal_log_sf(y: mpf, mean: mpf, sd: mpf) -> mpf:
    return _normal_log_cdf(2 * mpf(mean) - y, mean, sd)


# Skew-normal, by the angle that a wedge takes up (Owen 1956): P(Z <= -h) is the integral of
# exp(-h² (1 + x²)/2) / (π (1 + x²)) from the shape upwards, here with x = sinh v.


def _skew_log_prob(y: mpf, location: mpf, scale: mpf, shape: mpf) -> mpf:
    z = (y - location) / scale
    normal = mp.log(mp.erfc(-shape * z / mp.sqrt(2)))
    return normal - z * z / 2 - mp.log(2 * mp.pi) / 2 - mp.log(scale)


def _skew_log_cdf(y: mpf, location: mpf, scale: mpf, shape: mpf) -> mpf:
    z = (y - location) / scale
    return (
        _log1mexp(_log_wedge(z, -mpf(shape), mp.prec))
        if z > 0
        else _log_wedge(-z, mpf(shape), mp.prec)
    )


def _skew_log_sf(y: mpf, location: mpf, scale: mpf, shape: mpf) -> mpf:
    return _skew_log_cdf(-y, -location, scale, -mpf(shape))


@lru_cache(maxsize=4096)
def _log_wedge(h: mpf, slope: mpf, prec: int) -> mpf:
    """Kept, by the digits asked for: both tails come from it, at many neighbouring points."""
    del prec
    start = mp.asinh(slope)
    peak = max(start, mpf(0))  # the greatest value of the integrand is there
    top = mp.cosh(peak) ** 2

    def density(v: mpf) -> mpf:
        grown = mp.exp(v)
        cosh = (grown + 1 / grown) / 2
        return mp.exp(h * h * (top - cosh * cosh) / 2) / cosh

    level = (mp.prec + 10) * mp.ln2
    reach = _where(lambda away: mp.log(density(peak) / density(peak + away)), level, mpf(1))
    mass = _integrate(density, max(start, -reach), peak + reach)
    return mp.log(mass / mp.pi) - h * h * top / 2


def _integrate(density: Callable[[mpf], mpf], low: mpf, high: mpf) -> mpf:
    pieces = [low + (high - low) * k / _PIECES for k in range(_PIECES + 1)]
    return mp.quad(density, pieces, method="gauss-legendre")


def _where(rising: Callable[[mpf], mpf], level: mpf, unit: mpf) -> mpf:
    """Roughly where a function that rises from 0 reaches a level."""
    with mp.workprec(60):
        low, high = mpf(0), unit
        while rising(high) < level:
            low, high = high, 2 * high
        while high > 1.05 * low:
            middle = (low + high) / 2
            low, high = (low, middle) if rising(middle) > level else (middle, high)
    return high


def _values(names: tuple[str, ...], *rows: tuple[float, ...]) -> tuple[dict[str, float], ...]:
    return tuple(dict(zip(names, row, strict=True)) for row in rows)


_PLACES = (
    (0.0, 1.0),
    (1.5, 2.0),
    (-40.0, 0.03),
    (3e-9, 1e-9),
    (1e8, 2e5),
    (-0.25, 1e12),
    (1e-30, 1e-30),
)
_PLACED = ((0.0, 1.0), (1.5, 0.2), (-4e8, 3e7), (1e-12, 1e-12))


def _placed(*shapes: float) -> tuple[tuple[float, ...], ...]:
    """Each shape at the standard place and scale, and each other place with one of the shapes."""
    others = zip(_PLACED[1:], shapes[1:], strict=False)
    standard = tuple((*_PLACED[0], shape) for shape in shapes)
    return standard + tuple((*place, shape) for place, shape in others)


LAWS: dict[str, Law] = {
    "normal": Law(
        _normal_log_prob,
        _normal_log_cdf,
        _normal_log_sf,
        _values(("mean", "sd"), *_PLACES),
        peers={
            "scipy": lambda mean, sd: st.norm(mean, sd),
            "numpyro": lambda mean, sd: dist.Normal(mean, sd),
        },
    ),
    "logistic": Law(
        _logistic_log_prob,
        _logistic_log_cdf,
        _logistic_log_sf,
        _values(("mean", "scale"), *_PLACES),
        peers={
            "scipy": lambda mean, scale: st.logistic(mean, scale),
            "numpyro": lambda mean, scale: dist.Logistic(mean, scale),
        },
    ),
    "laplace": Law(
        _laplace_log_prob,
        _laplace_log_cdf,
        _laplace_log_sf,
        _values(("mean", "scale"), *_PLACES),
        peers={
            "scipy": lambda mean, scale: st.laplace(mean, scale),
            "numpyro": lambda mean, scale: dist.Laplace(mean, scale),
        },
    ),
    "asymmetric-laplace": Law(
        _asymmetric_log_prob,
        _asymmetric_log_cdf,
        _asymmetric_log_sf,
        _values(("location", "scale", "asymmetry"), *_placed(1.0, 0.4, 3.0, 1e-3, 50.0, 1e-8, 1e8)),
        peers={
            "scipy": lambda location, scale, asymmetry: st.laplace_asymmetric(
                asymmetry, location, scale
            ),
            "numpyro": lambda location, scale, asymmetry: dist.AsymmetricLaplace(
                location, scale, asymmetry
            ),
        },
    ),
    "gumbel": Law(
        _gumbel_log_prob,
        _gumbel_log_cdf,
        _gumbel_log_sf,
        _values(("location", "scale"), *_PLACES),
        peers={
            "scipy": lambda location, scale: st.gumbel_r(location, scale),
            "numpyro": lambda location, scale: dist.Gumbel(location, scale),
        },
    ),
    "student-t": Law(
        _student_log_prob,
        _student_log_cdf,
        _student_log_sf,
        _values(
            ("location", "scale", "df"),
            *_placed(4.0, 0.3, 2.5, 30.0, 1.0, 0.03, 2.0, 19.99, 1e3, 1e5, 1e8, 1e12),
        ),
        peers={
            "scipy": lambda location, scale, df: st.t(df, location, scale),
            "numpyro": lambda location, scale, df: dist.StudentT(df, location, scale),
        },
    ),
    "skew-normal": Law(
        _skew_log_prob,
        _skew_log_cdf,
        _skew_log_sf,
        _values(
            ("location", "scale", "shape"),
            *_placed(0.0, -2.0, 0.7, 1.0, 5.0, -30.0, 1e-6, 1e3, -1e6),
        ),
        peers={
            "scipy": lambda location, scale, shape: st.skewnorm(shape, location, scale),
        },
    ),
}
