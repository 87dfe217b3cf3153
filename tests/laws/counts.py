"""Laws of counts and classes: sums, series, continued fractions and the formula of Abel and Plana.

Keys are recipes, so that a family can be judged at settings other than its defaults. The smaller
tail is computed, the other follows from it by log1p, which keeps all its digits.
"""

import itertools
from collections.abc import Callable, Sequence

import mpmath as mp
import numpy as np
import numpyro.distributions as dist
import scipy.stats as st
from mpmath import mpf

from laws.law import Law

Tails = tuple[mpf, mpf]


def _both(small: mpf, *, is_upper: bool) -> Tails:
    other = mp.log1p(-mp.exp(small))
    return (other, small) if is_upper else (small, other)


def _count(name: Callable[..., Tails], which: int, most: float = mp.inf) -> Callable[..., mpf]:
    """One of two tails, with what is certain outside 0 to `most`."""

    def tail(y: mpf, **parameters: float) -> mpf:
        k = int(mp.floor(y))
        if k < 0:
            return (-mp.inf, mpf(0))[which]
        if k >= most:
            return (mpf(0), -mp.inf)[which]
        return name(k, **{each: mpf(value) for each, value in parameters.items()})[which]

    return tail


def _law(
    log_mass: Callable[..., mpf],
    tails: Callable[..., Tails],
    values: Sequence[dict[str, float]],
    *,
    most: float = mp.inf,
    peers: dict[str, Callable] | None = None,
) -> Law:
    def log_prob(y: mpf, **parameters: float) -> mpf:
        if y < 0 or y > most or y != mp.floor(y):
            return -mp.inf
        return log_mass(int(y), **{each: mpf(value) for each, value in parameters.items()})

    log_cdf, log_sf = _count(tails, 0, most), _count(tails, 1, most)
    return Law(log_prob, log_cdf, log_sf, tuple(values), is_count=True, peers=peers)


def _lentz(b0: mpf, top: Callable, bottom: Callable) -> mpf:
    """1 / (b0 + top(1) / (bottom(1) + ...)), from the front (modified Lentz)."""
    d = value = 1 / b0
    c = mpf(10) ** 300
    i = 0
    while True:
        i += 1
        d = 1 / (top(i) * d + bottom(i))
        c = bottom(i) + top(i) / c
        value *= c * d
        if abs(c * d - 1) < 10 * mp.eps:
            return value


def _outward(ratio: Callable[[int], mpf], start: int, stop: int | None) -> mpf:
    """1 + ratio(start) (1 + ratio(start + 1) (...)), up to `stop` or until nothing is left."""
    term = total = mpf(1)
    i = start
    while i != stop:
        term *= ratio(i)
        total += term
        i += 1
        if stop is None and term < total * mp.eps / 1000:
            return total
    return total


# Poisson -------------------------------------------------------------------------------------


def _poisson_mass(k: int, mean: mpf) -> mpf:
    return k * mp.log(mean) - mean - mp.loggamma(k + 1)


def _poisson_tails(k: int, mean: mpf) -> Tails:
    if k + 1 > mean:
        series = _outward(lambda i: mean / (i + 1), k + 1, None)
        return _both(_poisson_mass(k + 1, mean) + mp.log(series), is_upper=True)
    a = k + 1
    fraction = _lentz(mean + 1 - a, lambda i: -i * (i - a), lambda i: mean + 1 - a + 2 * i)
    kernel = a * mp.log(mean) - mean - mp.loggamma(a)
    return _both(kernel + mp.log(fraction), is_upper=False)


# Binomial and negative binomial -----------------------------------------------------------------


def _beta_fraction(a: mpf, b: mpf, x: mpf) -> mpf:
    """I_x(a, b) without its prefactor, DLMF 8.17.22."""

    def top(i: int) -> mpf:
        m = i // 2
        if i % 2:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    return _lentz(mpf(1), top, lambda _: mpf(1)) / a


def _beta_tails(a: mpf, b: mpf, x: mpf, y: mpf) -> Tails:
    """Log of I_y(b, a) and of I_x(a, b)."""
    prefactor = a * mp.log(x) + b * mp.log(y) - mp.loggamma(a) - mp.loggamma(b)
    prefactor += mp.loggamma(a + b)
    if x < (a + 1) / (a + b + 2):
        return _both(prefactor + mp.log(_beta_fraction(a, b, x)), is_upper=True)
    return _both(prefactor + mp.log(_beta_fraction(b, a, y)), is_upper=False)


def _choose(n: int, k: int) -> mpf:
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def _binomial(trials: int, values: Sequence[float]) -> Law:
    def mass(k: int, probability: mpf) -> mpf:
        odds = k * mp.log(probability) + (trials - k) * mp.log1p(-probability)
        return _choose(trials, k) + odds

    def tails(k: int, probability: mpf) -> Tails:
        return _beta_tails(mpf(k + 1), mpf(trials - k), probability, 1 - probability)

    return _law(
        mass,
        tails,
        [{"probability": value} for value in values],
        most=trials,
        peers={
            "scipy": lambda probability: st.binom(trials, probability),
            "numpyro": lambda probability: dist.BinomialProbs(probability, trials),
        },
    )


def _negative_binomial_mass(k: int, mean: mpf, size: mpf) -> mpf:
    ways = mp.loggamma(k + size) - mp.loggamma(size) - mp.loggamma(k + 1)
    return ways - size * mp.log1p(mean / size) + k * (mp.log(mean) - mp.log(mean + size))


def _negative_binomial_tails(k: int, mean: mpf, size: mpf) -> Tails:
    reach = mean + size
    return _beta_tails(mpf(k + 1), size, mean / reach, size / reach)


# Beta-binomial -----------------------------------------------------------------------------------


def _rising(a: mpf, k: int) -> mpf:
    return mp.loggamma(a + k) - mp.loggamma(a)


def _beta_binomial(trials: int, values: Sequence[tuple[float, float]]) -> Law:
    def mass(k: int, mean: mpf, precision: mpf) -> mpf:
        a, b = mean * precision, (1 - mean) * precision
        ways = _rising(a, k) + _rising(b, trials - k) - _rising(precision, trials)
        return _choose(trials, k) + ways

    def upper(first: int, a: mpf, b: mpf) -> mpf:
        def ratio(i: int) -> mpf:
            return (trials - i) * (i + a) / ((i + 1) * (trials - i - 1 + b))

        start = mass(first, a / (a + b), a + b)
        return start + mp.log(_outward(ratio, first, trials))

    def tails(k: int, mean: mpf, precision: mpf) -> Tails:
        a, b = mean * precision, (1 - mean) * precision
        both = upper(k + 1, a, b), upper(trials - k, b, a)
        return _both(min(both), is_upper=both[0] < both[1])

    return _law(
        mass,
        tails,
        [{"mean": mean, "precision": precision} for mean, precision in values],
        most=trials,
        peers={
            "scipy": lambda mean, precision: st.betabinom(
                trials, mean * precision, (1 - mean) * precision
            ),
            "numpyro": lambda mean, precision: dist.BetaBinomial(
                mean * precision, (1 - mean) * precision, trials
            ),
        },
    )


# Generalised Poisson -----------------------------------------------------------------------------


def _generalized_mass(k: mpf, mean: mpf, dispersion: mpf) -> mpf:
    theta = mean * (1 - dispersion)
    rate = theta + dispersion * k
    return mp.log(theta) + (k - 1) * mp.log(rate) - rate - mp.loggamma(k + 1)


def _generalized_upper(first: int, mean: mpf, dispersion: mpf) -> mpf:
    """Log of the sum from `first` on: where it is long, by Abel and Plana (DLMF 2.10.2)."""
    start = _generalized_mass(mpf(first), mean, dispersion)

    def relative(z: mpf) -> mpf:
        return mp.exp(_generalized_mass(z, mean, dispersion) - start)

    if dispersion < 0.7:
        step = lambda i: relative(mpf(i + 1)) / relative(mpf(i))  # noqa: E731
        return start + mp.log(_outward(step, first, None))
    sd = mp.sqrt(mean) / (1 - dispersion)
    length = 1 / (mp.log(1 / relative(mpf(first + 1))) + 1 / sd)
    length = max(length, sd / 1000)
    knots = [mpf(first)]
    while relative(knots[-1]) > mp.eps / 10**6:
        knots.append(knots[-1] + length * max(1, len(knots) / 4) ** 2 / 2)
    area = mp.quad(relative, knots)

    def turned(t: mpf) -> mpf:
        return mp.im(relative(mp.mpc(first, t))) / mp.expm1(2 * mp.pi * t)

    return start + mp.log(area + mpf(1) / 2 - 2 * mp.quad(turned, [0, 0.5, 1, 2, 4, 8, 16, 28]))


def _generalized_tails(k: int, mean: mpf, dispersion: mpf) -> Tails:
    if k + 1 > mean and k > 30:
        return _both(_generalized_upper(k + 1, mean, dispersion), is_upper=True)
    terms = (mp.exp(_generalized_mass(mpf(i), mean, dispersion)) for i in range(k + 1))
    # Few terms or the smaller side: with digits for what the other one leaves over.
    with mp.extradps(40):
        below = mp.log(mp.fsum(terms))
    return _both(below, is_upper=False)


# Classes -----------------------------------------------------------------------------------------


def _of_masses(masses: Callable[..., list[mpf]]) -> tuple[Callable[..., mpf], Callable[..., Tails]]:
    """Log mass and tails from the masses of all classes, up to a factor."""

    def mass(k: int, **parameters: mpf) -> mpf:
        every = masses(**parameters)
        return -mp.log1p(mp.fsum(every[:k] + every[k + 1 :]) / every[k])

    def tails(k: int, **parameters: mpf) -> Tails:
        every = masses(**parameters)
        low, high = mp.fsum(every[: k + 1]), mp.fsum(every[k + 1 :])
        total = mp.log(low + high)
        return _both(mp.log(min(low, high)) - total, is_upper=high < low)

    return mass, tails


def _categorical_masses(**logits: mpf) -> list[mpf]:
    return [mpf(1), *(mp.exp(value) for value in logits.values())]


def _ordered_masses(location: mpf, **gaps: mpf) -> list[mpf]:
    with mp.workdps(mp.mp.dps + int(abs(location)) + 40):
        at, thresholds = mpf(0), [mpf(0)]
        for gap in gaps.values():
            at += gap
            thresholds.append(at)
        below = [1 / (1 + mp.exp(location - each)) for each in thresholds]
        above = 1 / (1 + mp.exp(thresholds[-1] - location))
        inner = [high - low for low, high in itertools.pairwise(below)]
        return [below[0], *inner, above]


def _bernoulli_mass(k: int, probability: mpf) -> mpf:
    return mp.log(probability) if k else mp.log1p(-probability)


def _bernoulli_tails(k: int, probability: mpf) -> Tails:
    return mp.log1p(-probability), mp.log(probability)


_NB = [(4.0, 1.3), (1e-3, 0.5), (60.0, 8.0), (2000.0, 0.2), (50.0, 1e6), (1e4, 300.0), (3.0, 1e12)]
_SHARES = [(0.3, 7.0), (1e-8, 2.0), (0.5, 0.01), (0.9, 40.0), (0.02, 1e6), (1 - 1e-6, 0.3)]
_GP = [(5.0, 0.3), (0.01, 0.5), (200.0, 0.9), (3.0, 1e-8), (2000.0, 0.05), (40.0, 0.99)]
_LOGITS = [(0.3, -1.0), (0.0, 0.0), (40.0, 3.0), (-600.0, -700.0), (5e3, -4e3), (1e-9, 20.0)]
_CUTS = [
    (0.4, 1.0, 0.5, 2.0),
    (-30.0, 1e-12, 3.0, 40.0),
    (700.0, 1.0, 1.0, 1.0),
    (-900.0, 0.1, 1e-6, 5.0),
    (25.0, 10.0, 10.0, 10.0),
    (3.0, 1e-12, 1e-12, 1e-12),
]

LAWS: dict[str, Law] = {
    "poisson": _law(
        _poisson_mass,
        _poisson_tails,
        [{"mean": value} for value in (4.0, 1e-300, 1e-5, 0.3, 60.0, 1e4, 1e6)],
        peers={"scipy": lambda mean: st.poisson(mean), "numpyro": lambda mean: dist.Poisson(mean)},
    ),
    "binomial": _binomial(10, [0.3, 1e-300, 1e-6, 0.5, 0.99, 1 - 1e-9]),
    "binomial(trials=3000)": _binomial(3000, [0.3, 1e-12, 1e-3, 0.5, 0.99, 1 - 1e-9]),
    "negative-binomial": _law(
        _negative_binomial_mass,
        _negative_binomial_tails,
        [{"mean": mean, "size": size} for mean, size in _NB],
        peers={
            "scipy": lambda mean, size: st.nbinom(size, size / (size + mean)),
            "numpyro": lambda mean, size: dist.NegativeBinomial2(mean, size),
        },
    ),
    "beta-binomial": _beta_binomial(10, _SHARES),
    "beta-binomial(trials=700)": _beta_binomial(700, _SHARES),
    "generalized-poisson": _law(
        _generalized_mass,
        _generalized_tails,
        [{"mean": mean, "dispersion": dispersion} for mean, dispersion in _GP],
    ),
    "bernoulli": _law(
        _bernoulli_mass,
        _bernoulli_tails,
        [{"probability": value} for value in (0.3, 1e-300, 1e-9, 0.5, 0.999, 1 - 1e-12)],
        most=1,
        peers={
            "scipy": lambda probability: st.bernoulli(probability),
            "numpyro": lambda probability: dist.BernoulliProbs(probability),
        },
    ),
    "categorical": _law(
        *_of_masses(_categorical_masses),
        [{"logit_1": one, "logit_2": two} for one, two in _LOGITS],
        most=2,
        peers={"numpyro": lambda **logits: dist.CategoricalLogits(np.array([0, *logits.values()]))},
    ),
    "ordered-logistic": _law(
        *_of_masses(_ordered_masses),
        [
            {"location": location, "gap_2": one, "gap_3": two, "gap_4": three}
            for location, one, two, three in _CUTS
        ],
        most=4,
        peers={
            "numpyro": lambda location, **gaps: dist.OrderedLogistic(
                location, np.cumsum([0.0, *gaps.values()])
            )
        },
    ),
}
