"""Log mass and log probabilities of both tails of the beta-binomial distribution."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.beta_integral import log_beta_kernel
from assay.family.tail.chance import Chance
from assay.family.tail.differences import digamma_gap_drop, excess, shortfall
from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.log_sum import Sums, log_sum
from assay.family.tail.stirling import log_ratio

# Below this probability the mass of each count is a power of it, all digits considered.
_LOG_LEAST = -200.0
_NEAREST = -1e-300
_NEGLIGIBLE = 1e-18
_BLOCK = 8


def beta_binomial_log_mass(
    k: ArrayLike, trials: ArrayLike, chance: Chance, precision: ArrayLike
) -> Float[Array, "..."]:
    """Compute the log probability of `k` successes.

    Args:
        k: whole number from 0 to `trials`; neither carries a gradient.
        trials: whole number, at least 0.
        chance: mean probability of a success, a / (a + b).
        precision: a + b, from 1e-60 to 1e15.

    Source: Skellam (1948); the deviances are those of Loader (2000), taken at the share of
        successes to be expected after the data, where none of the two is ever negative.
    """
    k, trials, precision, chance = _together(k, trials, precision, chance)
    k, rest = lax.stop_gradient(k), lax.stop_gradient(trials - k)
    held, beyond_yes, beyond_no = _held(chance)
    beyond = jnp.where(k > 0, beyond_yes, 0.0) + jnp.where(rest > 0, beyond_no, 0.0)
    return _log_mass(k, rest, held, precision) + beyond


def beta_binomial_log_tails(
    k: ArrayLike, trials: ArrayLike, chance: Chance, precision: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities of at most `k` successes, and of more.

    Args:
        k: the count; a fraction is rounded down.
        trials: whole number, at least 0; the time taken grows with it.
        chance: mean probability of a success.
        precision: a + b.

    Returns:
        log P(Y <= k) and log P(Y > k), with first and second derivatives in the chance and the
        precision and none in the counts; where one of them is certain they are 0 and -inf with
        gradient 0.

    Source: no closed form is known: a sum over the smaller side, outwards from the cut, each term
        from the one before it; derivatives are sums of the same terms.
    """
    k, trials, precision, chance = _together(k, trials, precision, chance)
    inside = (k >= 0) & (k < trials)
    low = lax.stop_gradient(jnp.where(inside, jnp.floor(k), 0.0))
    trials = lax.stop_gradient(jnp.where(inside, trials, 1.0))
    up = low + 0.5 > trials * chance.yes
    # The smaller side as the upper tail of the number of successes, or of failures.
    first = jnp.where(up, low + 1, trials - low)
    turned = chance.where(up, chance.turned())
    small = jnp.minimum(_log_upper(first, trials, turned, precision), _NEAREST)
    other = log1mexp(small)
    log_cdf, log_sf = jnp.where(up, other, small), jnp.where(up, small, other)
    off_cdf = jnp.where(k < 0, -jnp.inf, jnp.where(jnp.isnan(k), jnp.nan, 0.0))
    off_sf = jnp.where(k < 0, 0.0, jnp.where(jnp.isnan(k), jnp.nan, -jnp.inf))
    return jnp.where(inside, log_cdf, off_cdf), jnp.where(inside, log_sf, off_sf)


def _together(
    k: ArrayLike, trials: ArrayLike, precision: ArrayLike, chance: Chance
) -> tuple[Array, Array, Array, Chance]:
    parts = [jnp.asarray(part, dtype=float) for part in (k, trials, precision)]
    shape = jnp.broadcast_shapes(*(part.shape for part in parts), chance.shape)
    k, trials, precision = (jnp.broadcast_to(part, shape) for part in parts)
    return k, trials, precision, chance.broadcast(shape)


def _held(chance: Chance) -> tuple[Chance, Array, Array]:
    """The chance kept away from 0 and 1, and what its logarithms lack by that."""
    held = chance.at_least(_LOG_LEAST)
    return held, chance.log_yes - held.log_yes, chance.log_no - held.log_no


@jax.custom_jvp
def _log_mass(k: Array, rest: Array, chance: Chance, precision: Array) -> Array:
    trials, a, b = k + rest, precision * chance.yes, precision * chance.no
    total = trials + precision
    yes, no = (k + a) / total, (rest + b) / total
    # Expected less found, from the smaller probability, which has its own digits.
    gap = jnp.where(chance.yes < 0.5, trials * chance.yes - k, rest - trials * chance.no)
    away = gap * (precision / total)
    mixed = (k > 0) & (rest > 0)
    c, d = jnp.where(mixed, k, 1.0), jnp.where(mixed, rest, 1.0)
    n = c + d
    one = k * log_ratio(-(rest + b) / total, yes) + rest * log_ratio(-(k + a) / total, no)
    some = -jnp.log(c) - jnp.log(d / n)
    nought, unit = jnp.zeros_like(a), jnp.ones_like(a)
    # All three at once: the one function is long to compile.
    of_count, prior, posterior = log_beta_kernel(
        jnp.stack([c, a, k + a]),
        jnp.stack([d, b, rest + b]),
        jnp.stack([away, -away, nought]),
        jnp.stack([yes * n / c, yes / chance.yes, unit]),
        jnp.stack([no * n / d, no / chance.no, unit]),
    )
    return jnp.where(mixed, some + of_count, one) + prior - posterior


@_log_mass.defjvp
def _log_mass_jvp(
    primals: tuple[Array, Array, Chance, Array], tangents: tuple[Array, Array, Chance, Array]
) -> tuple[Array, Array]:
    (k, rest, chance, precision), (_, _, to_chance, to_precision) = primals, tangents
    p, q, trials = chance.yes, chance.no, k + rest
    a, b = precision * p, precision * q
    drop_yes, drop_no, drop = digamma_gap_drop(
        jnp.stack([a, b, precision]), jnp.stack([k, rest, trials])
    )
    by_yes, by_no = _lift(a, k) + a * drop_yes, _lift(b, rest) + b * drop_no
    # Of order precision^-2 where that is large, and so is each of its parts.
    by_precision = p * drop_yes + q * drop_no - drop - _prior_deviance(k, rest, chance, precision)
    to_value = by_yes * to_chance.log_yes + by_no * to_chance.log_no
    return _log_mass(k, rest, chance, precision), to_value + by_precision * to_precision


def _prior_deviance(k: Array, rest: Array, chance: Chance, precision: Array) -> Array:
    """Mean chance against the share to be expected after the data, at least 0."""
    trials, p, q = k + rest, chance.yes, chance.no
    total = trials + precision
    yes, no = excess(
        jnp.stack([(k / p - trials) / total, (rest / q - trials) / total]),
        jnp.stack([(k / p + precision) / total, (rest / q + precision) / total]),
    )
    return p * yes + q * no


@jax.custom_jvp
def _lift(a: Array, k: Array) -> Array:
    """Compute a log(1 + k / a), for which differences lose digits at a large `a`."""
    return a * jnp.log1p(k / a)


@_lift.defjvp
def _lift_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (a, k), (to_a, _) = primals, tangents
    return _lift(a, k), shortfall(k / a) * to_a


def _log_upper(first: Array, trials: Array, chance: Chance, precision: Array) -> Array:
    """Log P(Y >= first), for first >= 1."""
    held, beyond, _ = _held(chance)
    mass = _log_mass(first, trials - first, held, precision)
    fixed = lax.stop_gradient((first, trials))
    sums = _log_ratio_sum((*fixed, held.yes, held.no, precision), held.logits, precision)
    return mass + sums + beyond


class _Term(NamedTuple):
    """One term of the sum, relative to the first, with derivatives of its logarithm.

    Fields:
        i: which count.
        t: the term.
        by: derivatives of log t: in the log-odds, the precision, and the three second ones.
        sums: of t, and of t times what `log_sum` asks for.
        goes_on: whether more is to come.
    """

    i: Array
    t: Array
    by: tuple[Array, ...]
    sums: tuple[Array, ...]
    goes_on: Array


def _sums(first: Array, trials: Array, p: Array, q: Array, precision: Array) -> Sums:
    a, b = precision * p, precision * q
    spread = a * q

    def step(_: int, now: _Term) -> _Term:
        i = now.i
        inside = now.goes_on & (i < trials)
        left = jnp.where(inside, trials - i, 1.0)
        up, down = i + a, left - 1 + b
        ratio = left * up / ((i + 1) * down)
        t = jnp.where(inside, now.t * ratio, now.t)
        by = tuple(
            one + two
            for one, two in zip(
                now.by, _ratio_slopes(i, left - 1, p, q, spread, up, down), strict=True
            )
        )
        added = _weighted(t, by)
        sums = tuple(
            one + jnp.where(inside, two, 0.0) for one, two in zip(now.sums, added, strict=True)
        )
        # With b >= 1 the terms fall for good once they fall.
        falls = (b >= 1) & (ratio < 1) & (t * left <= _NEGLIGIBLE * sums[0])
        return _Term(i + 1, t, by, sums, inside & ~falls)

    one, nought = jnp.ones_like(first), jnp.zeros_like(first)
    by = (nought,) * 5
    start = _Term(first, one, by, _weighted(one, by), first < trials)
    end = lax.while_loop(
        lambda now: jnp.any(now.goes_on), lambda now: lax.fori_loop(0, _BLOCK, step, now), start
    )
    total, s1, s2, s11, s12, s22 = end.sums
    return nought, total, s1, s2, s11, s12, s22


def _ratio_slopes(
    i: Array, rest: Array, p: Array, q: Array, spread: Array, up: Array, down: Array
) -> tuple[Array, ...]:
    """Derivatives of log(up / down) in log-odds and precision, where up = i + a, down = rest + b.

    Each is written so that what cancels at a large precision has cancelled.
    """
    by_odds = spread * ((i + rest) / (up * down) + spread / (p * q) / (up * down))
    by_precision = (p * rest - q * i) / (up * down)
    odds_odds = spread * (q - p) * (1 / up + 1 / down) - spread**2 * (1 / up**2 - 1 / down**2)
    odds_precision = p * q * (i / up**2 + rest / down**2)
    return (
        by_odds,
        by_precision,
        odds_odds,
        odds_precision,
        by_precision * -(p / up + q / down),
    )


def _weighted(t: Array, by: tuple[Array, ...]) -> tuple[Array, ...]:
    one, two, one_one, one_two, two_two = by
    seconds = t * (one**2 + one_one), t * (one * two + one_two), t * (two**2 + two_two)
    return (t, t * one, t * two, *seconds)


_log_ratio_sum = log_sum(_sums)
