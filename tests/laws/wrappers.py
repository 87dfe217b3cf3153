"""Laws of laws: truncated, with zeros, mixed, rounded, censored. Keys are recipes.

Differences of tails are taken where both are small; what remains of them at 50 digits is more than
a float64 holds for any interval that two float64 can bound.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import jax
import mpmath as mp
import numpy as np
import numpyro.distributions as dist
import scipy.stats as st
from jax.typing import ArrayLike
from mpmath import mpf

from laws.counts import LAWS as COUNTS
from laws.law import Law
from laws.positive import LAWS as POSITIVE
from laws.real_line import LAWS as REAL_LINE

Parameters = Mapping[str, float]
_NARROW = 1e-3


def _log1mexp(value: mpf) -> mpf:
    if value == 0:
        return -mp.inf
    return mp.log(-mp.expm1(value)) if value > -1 else mp.log1p(-mp.exp(value))


def _add(one: mpf, two: mpf) -> mpf:
    high, low = max(one, two), min(one, two)
    return high if low == -mp.inf else high + mp.log1p(mp.exp(low - high))


def _is_positive(law: Law) -> bool:
    """Whether a density has no value at and below 0, and its law no answer there."""
    return any(law.log_prob is each.log_prob for each in POSITIVE.values())


def _tails(law: Law, y: mpf, at: Parameters) -> tuple[mpf, mpf]:
    """Both log tails, also off the support, where a law may not answer."""
    if y == mp.inf or y == -mp.inf:
        return (mpf(0), -mp.inf) if y > 0 else (-mp.inf, mpf(0))
    if y <= 0 and _is_positive(law):
        return -mp.inf, mpf(0)
    return law.log_cdf(y, **at), law.log_sf(y, **at)


def log_between(law: Law, low: mpf, high: mpf, at: Parameters) -> mpf:
    """Log P(low <= Y <= high), or of low < Y <= high for a density."""
    first = mp.ceil(low) - 1 if law.is_count and abs(low) != mp.inf else low
    if (mp.floor(high) if law.is_count and abs(high) != mp.inf else high) <= first:
        return -mp.inf
    (below, from_low), (up_to, above) = _tails(law, first, at), _tails(law, high, at)
    more, less = (from_low, above) if from_low < up_to else (up_to, below)
    # The tails of some laws are quadratures, good to fewer digits than a narrow difference takes.
    if law.is_count or less - more < -_NARROW:
        return more + _log1mexp(less - more)
    top = law.log_prob((low + high) / 2, **at)
    area = mp.quad(
        lambda y: mp.exp(law.log_prob(y, **at) - top), [low, high], method="gauss-legendre"
    )
    return top + mp.log(area)


def truncated(law: Law, below: float = -mp.inf, above: float = mp.inf) -> Law:
    """The law given that the value lies within limits, both included."""
    low, high = mpf(below), mpf(above)

    def part(start: mpf, end: mpf, at: Parameters) -> mpf:
        return log_between(law, start, end, at) - log_between(law, low, high, at)

    def log_prob(y: mpf, **at: float) -> mpf:
        if not low <= y <= high:
            return -mp.inf
        return law.log_prob(y, **at) - log_between(law, low, high, at)

    def log_cdf(y: mpf, **at: float) -> mpf:
        if y < low:
            return -mp.inf
        return mpf(0) if y >= high else part(low, y, at)

    def log_sf(y: mpf, **at: float) -> mpf:
        if y < low:
            return mpf(0)
        return -mp.inf if y >= high else part(mp.floor(y) + 1 if law.is_count else y, high, at)

    return Law(log_prob, log_cdf, log_sf, law.values, law.is_count)


def zero_inflated(law: Law, zeros: Sequence[float], *, hurdle: bool = False) -> Law:
    """The law and zeros besides, with probability `zero`; the law's own zeros stay.

    Args:
        law: of the other values.
        zeros: values of `zero`, one for each of the law's.
        hurdle: whether the law's own zeros go: its values are those above 0.
    """
    if hurdle:
        inside = truncated(law, below=1 if law.is_count else 0)
        rest = Law(inside.log_prob, inside.log_cdf, inside.log_sf, law.values, law.is_count)
    else:
        rest = law

    def log_prob(y: mpf, *, zero: mpf, **at: float) -> mpf:
        if y == 0 and (hurdle or not law.is_count):
            return mp.log(zero)
        if y <= 0 and not law.is_count and (hurdle or _is_positive(law)):
            return -mp.inf
        other = mp.log1p(-mpf(zero)) + rest.log_prob(y, **at)
        return _add(mp.log(zero), other) if y == 0 else other

    def tails(y: mpf, zero: mpf, at: Parameters) -> tuple[mpf, mpf]:
        below, above = (mp.log1p(-mpf(zero)) + each for each in _tails(rest, y, at))
        if y >= 0:
            return (_log1mexp(above) if above < -1 else _add(mp.log(zero), below)), above
        return below, (_log1mexp(below) if below < -1 else _add(mp.log(zero), above))

    values = tuple({**each, "zero": zero} for each, zero in zip(law.values, zeros, strict=False))
    return Law(
        log_prob,
        lambda y, *, zero, **at: tails(y, zero, at)[0],
        lambda y, *, zero, **at: tails(y, zero, at)[1],
        values,
        law.is_count,
    )


def mixture(laws: Sequence[Law], values: Sequence[Parameters]) -> Law:
    """Laws side by side, with the log-odds `share_2`, ... of each against the first."""

    def total(question: Callable[[Law, Parameters], mpf], at: Parameters) -> mpf:
        odds = [mpf(0), *(mpf(at[f"share_{i}"]) for i in range(2, len(laws) + 1))]
        norm = mp.log(sum(mp.exp(each) for each in odds))
        logs = []
        for i, (law, own) in enumerate(zip(laws, odds, strict=True), 1):
            end = f"_{i}"
            mine = {k.removesuffix(end): v for k, v in at.items() if k.endswith(end)}
            mine.pop("share", None)
            logs.append(own - norm + question(law, mine))
        top = max(logs)
        if top == -mp.inf:
            return top
        return top + mp.log(sum(mp.exp(each - top) for each in logs if each > -mp.inf))

    def log_prob(y: mpf, **at: float) -> mpf:
        def one(law: Law, own: Parameters) -> mpf:
            off = y <= 0 and _is_positive(law)
            return -mp.inf if off else law.log_prob(y, **own)

        return total(one, at)

    def both(y: mpf, at: Parameters) -> tuple[mpf, mpf]:
        below, above = (total(lambda law, own, i=i: _tails(law, y, own)[i], at) for i in (0, 1))
        # A sum of shares of nearly 1 has not the digits for what they lack.
        return (below, _log1mexp(below)) if below < above else (_log1mexp(above), above)

    def log_cdf(y: mpf, **at: float) -> mpf:
        return both(y, at)[0]

    def log_sf(y: mpf, **at: float) -> mpf:
        return both(y, at)[1]

    return Law(log_prob, log_cdf, log_sf, tuple(values), laws[0].is_count)


def rounded(law: Law, grid: float) -> Law:
    """The nearest multiple of a grid; around `y` the interval that is recorded so."""
    half = mpf(grid) / 2

    def edge(y: mpf) -> mpf:
        return mp.floor(y / mpf(grid) + mpf("1e-6")) * mpf(grid) + half

    return Law(
        lambda y, **at: log_between(law, y - half, y + half, at),
        lambda y, **at: _tails(law, edge(y), at)[0],
        lambda y, **at: _tails(law, edge(y), at)[1],
        law.values,
    )


def censored(law: Law, below: float = -mp.inf, above: float = mp.inf) -> Law:
    """What is seen through limits: all that lies at or beyond one is recorded as the limit."""

    def log_prob(y: mpf, **at: float) -> mpf:
        if y >= above:
            return log_between(law, mpf(above), mp.inf, at)
        return _tails(law, mpf(below), at)[0] if y <= below else law.log_prob(y, **at)

    def log_cdf(y: mpf, **at: float) -> mpf:
        if y < below:
            return -mp.inf
        return mpf(0) if y >= above else _tails(law, y, at)[0]

    def log_sf(y: mpf, **at: float) -> mpf:
        if y < below:
            return mpf(0)
        return -mp.inf if y >= above else _tails(law, y, at)[1]

    return Law(log_prob, log_cdf, log_sf, law.values, law.is_count)


def _with_values(law: Law, values: Sequence[Parameters]) -> Law:
    return Law(law.log_prob, law.log_cdf, law.log_sf, tuple(values), law.is_count, law.peers)


def _sets(names: str, *rows: tuple[float, ...]) -> list[dict[str, float]]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


_NORMAL = _sets(
    "mean sd", (0.3, 1.0), (-5.0, 1.0), (-130.0, 1.0), (50.0, 2.0), (1e-3, 1e3), (1e6, 1e4)
)
_GAMMA = _sets(
    "mean cv", (2.0, 0.7), (0.1, 0.3), (300.0, 0.2), (2.0, 5.0), (1.0, 0.01), (0.8, 30.0)
)
_COUNT = _sets(
    "mean size", (2.0, 1.5), (1e-3, 0.5), (60.0, 8.0), (1e-8, 2.0), (2000.0, 0.2), (30.0, 1e6)
)
_ZEROS = (0.3, 1e-12, 1 - 1e-9, 0.5, 0.9, 1e-300)
normal, gamma = _with_values(REAL_LINE["normal"], _NORMAL), _with_values(POSITIVE["gamma"], _GAMMA)
count = _with_values(COUNTS["negative-binomial"], _COUNT)
_TWO_NORMALS = _sets(
    "mean_1 sd_1 mean_2 sd_2 share_2",
    (0.0, 1.0, 4.0, 0.5, 0.3),
    (0.0, 1.0, 0.0, 30.0, -2.0),
    (-50.0, 0.1, 50.0, 0.1, 0.0),
    (1.0, 1.0, 1.0, 1.0, 5.0),
    (0.0, 1e-3, 1e3, 1.0, -30.0),
    (1e6, 10.0, 0.0, 1e-6, 100.0),
)
_TWO_COUNTS = _sets(
    "mean_1 size_1 mean_2 size_2 share_2",
    (2.0, 1.5, 40.0, 9.0, 0.3),
    (1e-6, 1.0, 9.0, 2.0, -20.0),
    (500.0, 1e3, 3.0, 0.3, 2.0),
    (5.0, 5.0, 5.0, 5.0, 0.0),
    (0.1, 1e6, 1e4, 0.5, -5.0),
    (1.0, 1e-2, 1e3, 1e4, 40.0),
)
_GAMMA_AND_NORMAL = _sets(
    "mean_1 cv_1 mean_2 sd_2 share_2",
    (3.0, 0.5, -2.0, 1.0, 0.3),
    (3.0, 2.0, 3.0, 0.1, -3.0),
    (1e-3, 1.0, 0.0, 1.0, 8.0),
    (1e4, 0.05, 9e3, 1e3, 0.0),
    (1.0, 0.3, 1e3, 1.0, -40.0),
    (1.0, 10.0, 0.0, 1e-3, 1.0),
)

_LAWS: dict[str, Law] = {
    "truncated(normal, below=0.0)": truncated(normal, below=0),
    "truncated(gamma, above=4.0, below=0.5)": truncated(gamma, 0.5, 4),
    "truncated(negative-binomial, below=1)": truncated(count, below=1),
    "truncated(negative-binomial, above=30, below=2)": truncated(count, 2, 30),
    "zero-inflated(negative-binomial)": zero_inflated(count, _ZEROS),
    "zero-inflated(gamma)": zero_inflated(gamma, _ZEROS),
    "zero-inflated(normal)": zero_inflated(normal, _ZEROS),
    "hurdle(negative-binomial)": zero_inflated(count, _ZEROS, hurdle=True),
    "hurdle(gamma)": zero_inflated(gamma, _ZEROS, hurdle=True),
    "hurdle(normal)": zero_inflated(normal, _ZEROS, hurdle=True),
    "mixture(normal, normal)": mixture([normal, normal], _TWO_NORMALS),
    "mixture(gamma, normal)": mixture([gamma, normal], _GAMMA_AND_NORMAL),
    "mixture(negative-binomial, negative-binomial)": mixture([count, count], _TWO_COUNTS),
    "rounded(normal)": rounded(normal, 1),
    "rounded(gamma, grid=0.5)": rounded(gamma, 0.5),
    "rounded(truncated(normal, below=0.0), grid=0.1)": rounded(truncated(normal, below=0), 0.1),
    "censored(normal, below=0.0)": censored(normal, below=0),
    "censored(gamma, above=4.0, below=0.5)": censored(gamma, 0.5, 4),
    "censored(negative-binomial, above=6)": censored(count, above=6),
}


class _Limited:
    """What NumPyro's censored distributions give: values at or beyond a limit are flagged there."""

    def __init__(self, base: dist.Distribution, below: float = -np.inf, above: float = np.inf):
        self.base, self.below, self.above = base, below, above

    def log_prob(self, y: jax.Array) -> ArrayLike:
        if y >= self.above:
            return dist.RightCensoredDistribution(self.base, True).log_prob(self.above)
        if y <= self.below:
            return dist.LeftCensoredDistribution(self.base, True).log_prob(self.below)
        return self.base.log_prob(y)

    def cdf(self, y: jax.Array) -> jax.Array:
        raise NotImplementedError


def _gamma_peer(mean: float, cv: float) -> dist.Distribution:
    return dist.Gamma(cv**-2, 1 / (mean * cv**2))


def _two(share: float, *bases: dist.Distribution) -> dist.Distribution:
    mixing = dist.CategoricalLogits(np.array([0.0, share]))
    return dist.MixtureGeneral(mixing, list(bases), support=bases[-1].support)


_PEERS: dict[str, dict[str, Callable]] = {
    "truncated(normal, below=0.0)": {
        "scipy": lambda mean, sd: st.truncnorm(-mean / sd, np.inf, mean, sd),
        "numpyro": lambda mean, sd: dist.TruncatedNormal(mean, sd, low=0.0),
    },
    "truncated(gamma, above=4.0, below=0.5)": {
        "numpyro": lambda mean, cv: dist.TruncatedGamma(
            cv**-2, 1 / (mean * cv**2), low=0.5, high=4.0
        ),
    },
    "zero-inflated(negative-binomial)": {
        "numpyro": lambda mean, size, zero: dist.ZeroInflatedNegativeBinomial2(
            mean, size, gate=zero
        ),
    },
    "hurdle(negative-binomial)": {
        "numpyro": lambda mean, size, zero: dist.HurdleDistribution(
            dist.NegativeBinomial2(mean, size), gate=zero
        ),
    },
    "hurdle(gamma)": {
        "numpyro": lambda mean, cv, zero: dist.HurdleDistribution(_gamma_peer(mean, cv), gate=zero),
    },
    "mixture(normal, normal)": {
        "numpyro": lambda mean_1, sd_1, mean_2, sd_2, share_2: _two(
            share_2, dist.Normal(mean_1, sd_1), dist.Normal(mean_2, sd_2)
        ),
    },
    "mixture(gamma, normal)": {
        "numpyro": lambda mean_1, cv_1, mean_2, sd_2, share_2: _two(
            share_2, _gamma_peer(mean_1, cv_1), dist.Normal(mean_2, sd_2)
        ),
    },
    "mixture(negative-binomial, negative-binomial)": {
        "numpyro": lambda mean_1, size_1, mean_2, size_2, share_2: _two(
            share_2, dist.NegativeBinomial2(mean_1, size_1), dist.NegativeBinomial2(mean_2, size_2)
        ),
    },
    "censored(normal, below=0.0)": {
        "numpyro": lambda mean, sd: _Limited(dist.Normal(mean, sd), below=0.0),
    },
    "censored(gamma, above=4.0, below=0.5)": {
        "numpyro": lambda mean, cv: _Limited(_gamma_peer(mean, cv), below=0.5, above=4.0),
    },
}
LAWS = {recipe: replace(law, peers=_PEERS.get(recipe)) for recipe, law in _LAWS.items()}
