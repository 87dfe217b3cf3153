"""Log mass and log sums over either side of the generalised Poisson distribution."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.chance import Chance, Rate
from assay.family.tail.log1mexp import log1mexp
from assay.family.tail.log_sum import Sums, log_sum
from assay.family.tail.stirling import excess, stirling_remainder
from assay.family.tail.whole_sum import whole_sums

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_NEAREST = -1e-300


def generalized_poisson_log_mass(
    k: ArrayLike, mean: Rate, dispersion: Chance
) -> Float[Array, "..."]:
    """Compute the log probability of a generalised Poisson count.

    Args:
        k: whole number, at least 0; it carries no gradient.
        mean: mean count.
        dispersion: the share λ of a count that earlier counts bring about; the variance is
            mean / (1 - λ)².

    Source: Consul & Jain (1973), with θ = mean (1 - λ): Poisson's mass at the rate θ + λk times
        θ / (θ + λk). The deviance is that of Loader (2000).
    """
    k = jnp.asarray(k, dtype=float)
    shape = jnp.broadcast_shapes(k.shape, mean.shape, dispersion.shape)
    k = lax.stop_gradient(jnp.broadcast_to(k, shape))
    mean, dispersion = mean.broadcast(shape), dispersion.broadcast(shape)
    none = -mean.value * dispersion.no
    return jnp.where(k == 0, none, _log_mass(jnp.maximum(k, 1.0), mean, dispersion))


def generalized_poisson_log_tails(
    k: ArrayLike, mean: Rate, dispersion: Chance
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities that a generalised Poisson count is at most k, and above k.

    Args:
        k: the count; a fraction is rounded down, below 0 nothing lies.
        mean: mean count.
        dispersion: see `generalized_poisson_log_mass`.

    Returns:
        log P(Y <= k) and log P(Y > k), with first and second derivatives in the mean and the
        dispersion and none in `k`; where one of them is certain they are 0 and -inf with gradient
        0.

    Source: no closed form is known: a sum over the smaller side, by Gauss's rule for sums, with
        sixteen terms for each doubling of the distance from its ends.
    """
    k, mean, dispersion, inside = _together(k, mean, dispersion)
    low = lax.stop_gradient(jnp.where(inside, jnp.floor(k), 0.0))
    up = low + 0.5 > lax.stop_gradient(mean.value)
    small = jnp.minimum(_log_side(low, up, None, mean, dispersion), _NEAREST)
    other = log1mexp(small)
    log_cdf, log_sf = jnp.where(up, other, small), jnp.where(up, small, other)
    off_cdf = jnp.where(k < 0, -jnp.inf, jnp.where(jnp.isnan(k), jnp.nan, 0.0))
    off_sf = jnp.where(k < 0, 0.0, jnp.where(jnp.isnan(k), jnp.nan, -jnp.inf))
    return jnp.where(inside, log_cdf, off_cdf), jnp.where(inside, log_sf, off_sf)


def generalized_poisson_excess(
    limit: ArrayLike, mean: Rate, dispersion: Chance
) -> Float[Array, "..."]:
    """Compute E max(Y - limit, 0), from the side of the limit that has less of it.

    Args:
        limit: any finite number; it carries no gradient.
        mean: mean count.
        dispersion: see `generalized_poisson_log_mass`.
    """
    limit, mean, dispersion, inside = _together(limit, mean, dispersion)
    safe = lax.stop_gradient(jnp.where(inside, limit, 0.0))
    up = safe + 0.5 > lax.stop_gradient(mean.value)
    # A limit that is a count has no part of its own: the side below it ends before.
    low = jnp.where(up, jnp.floor(safe), jnp.ceil(safe) - 1)
    empty = low < 0
    sought = jnp.where(empty, 1.0, safe)
    part = jnp.exp(_log_side(jnp.maximum(low, 0.0), up, sought, mean, dispersion))
    below = mean.value - limit + jnp.where(empty, 0.0, part)
    return jnp.where(inside & up, part, jnp.where(inside, below, mean.value - limit))


def _together(k: ArrayLike, mean: Rate, dispersion: Chance) -> tuple[Array, Rate, Chance, Array]:
    k = jnp.asarray(k, dtype=float)
    shape = jnp.broadcast_shapes(k.shape, mean.shape, dispersion.shape)
    k = jnp.broadcast_to(k, shape)
    return k, mean.broadcast(shape), dispersion.broadcast(shape), (k >= 0) & (k < jnp.inf)


def _value(
    k: Array, mean: Array, lam: Array, rest: Array, log_mean: Array, log_rest: Array
) -> Array:
    """Log mass at k >= 1, which need not be whole."""
    theta = mean * rest
    rate = theta + lam * k
    deviance = k * excess(rest * (mean - k) / k, rate / k)
    poisson = -deviance - 0.5 * jnp.log(k) - _HALF_LOG_2PI - stirling_remainder(k)
    little = lam * k < theta
    share = jnp.where(
        little,
        jnp.log1p(jnp.where(little, lam * k, 0.0) / theta),
        jnp.log(rate) - log_mean - log_rest,
    )
    return poisson - share


def _scores(k: Array, mean: Array, lam: Array, rest: Array) -> tuple[Array, Array]:
    """Derivatives of the log mass in log mean and in log(1 - λ)."""
    rate = mean * rest + lam * k
    by_mean = (rest**2 * (k - mean) * mean + lam * k) / rate
    return by_mean, (k - (rest * (k - mean)) ** 2) / rate


def _bends(k: Array, mean: Array, lam: Array, rest: Array) -> tuple[Array, Array, Array]:
    """Second derivatives of the log mass in log mean and in log(1 - λ)."""
    along_mean = jax.jvp(lambda at: _scores(k, at, lam, rest), (mean,), (mean,))[1]
    along_rest = jax.jvp(lambda *at: _scores(k, mean, *at), (lam, rest), (-rest, rest))[1]
    return along_mean[0], along_mean[1], along_rest[1]


@jax.custom_jvp
def _log_mass(k: Array, mean: Rate, dispersion: Chance) -> Array:
    lam, rest = dispersion.yes, dispersion.no
    return _value(k, mean.value, lam, rest, mean.log, dispersion.log_no)


@_log_mass.defjvp
def _log_mass_jvp(
    primals: tuple[Array, Rate, Chance], tangents: tuple[Array, Rate, Chance]
) -> tuple[Array, Array]:
    (k, mean, dispersion), (_, to_mean, to_dispersion) = primals, tangents
    by_mean, by_rest = _scores(k, mean.value, dispersion.yes, dispersion.no)
    to_value = by_mean * to_mean.log + by_rest * to_dispersion.log_no
    return _log_mass(k, mean, dispersion), to_value


def _log_side(low: Array, up: Array, limit: Array | None, mean: Rate, dispersion: Chance) -> Array:
    """Log of the sum of P(Y = y), times |y - limit| where there is one, above `low` or up to it."""
    arguments = low, up, limit, mean, dispersion
    return _log_side_sum(arguments, mean.log, dispersion.log_no)


def _sums(low: Array, up: Array, limit: Array | None, mean: Rate, dispersion: Chance) -> Sums:
    lam, rest = dispersion.yes, dispersion.no
    theta, logs = mean.value * rest, (mean.log, dispersion.log_no)
    first = jnp.where(up, low + 1, low)

    def log_mass(y: Array) -> Array:
        some = _value(jnp.maximum(y, 1.0), mean.value, lam, rest, *logs)
        return jnp.where(y == 0, -theta, some)

    start = log_mass(first)

    def terms(offset: Array) -> tuple[Array, ...]:
        y = jnp.where(up, first + offset, jnp.maximum(first - offset, 0.0))
        t = jnp.exp(log_mass(y) - start) * (1.0 if limit is None else jnp.abs(y - limit))
        at = jnp.maximum(y, 1.0)
        slopes = *_scores(at, mean.value, lam, rest), *_bends(at, mean.value, lam, rest)
        # At 0 the log mass is -θ, and so is each of its derivatives.
        one, two, one_one, one_two, two_two = (jnp.where(y == 0, -theta, s) for s in slopes)
        seconds = t * (one**2 + one_one), t * (one * two + one_two), t * (two**2 + two_two)
        return (t, t * one, t * two, *seconds)

    total, s1, s2, s11, s12, s22 = whole_sums(terms, jnp.where(up, jnp.inf, low + 1), 6)
    return start, total, s1, s2, s11, s12, s22


_log_side_sum = log_sum(_sums)
