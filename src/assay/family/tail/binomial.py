"""Log mass and log probabilities of both tails of the binomial distribution."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from assay.family.tail.beta import log_beta_tails
from assay.family.tail.beta_integral import log_beta_kernel
from assay.family.tail.chance import Chance
from assay.family.tail.log1mexp import log1mexp

# Below this probability a tail is a power of it: what it lacks is lost in rounding.
_LOG_LEAST = -200.0
_NEAREST = -1e-300


def binomial_log_mass(k: ArrayLike, trials: ArrayLike, chance: Chance) -> Float[Array, "..."]:
    """Compute the log probability of `k` successes.

    Args:
        k: whole number from 0 to `trials`; neither carries a gradient.
        trials: whole number, at least 0.
        chance: of one success.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    k, trials, chance = _together(k, trials, chance)
    return _log_mass(jax.lax.stop_gradient(k), jax.lax.stop_gradient(trials - k), chance)


def binomial_log_tails(
    k: ArrayLike, trials: ArrayLike, chance: Chance
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Compute the log probabilities of at most `k` successes, and of more.

    Args:
        k: the count; a fraction is rounded down.
        trials: whole number, at least 0.
        chance: of one success.

    Returns:
        log P(Y <= k) and log P(Y > k), with first and second derivatives in the chance and none in
        the counts; where one of them is certain they are 0 and -inf with gradient 0.

    Source: P(Y > k) = I_p(k + 1, trials - k), DLMF 8.17.5. With k held, the slope in the log-odds
        is a mass, so no derivative needs a quadrature of its own.
    """
    k, trials, chance = _together(k, trials, chance)
    inside = (k >= 0) & (k < trials)
    low = jax.lax.stop_gradient(jnp.where(inside, jnp.floor(k), 0.0))
    rest = jax.lax.stop_gradient(jnp.where(inside, trials - low, 1.0))
    log_cdf, log_sf = _tails(low + 1, rest, chance)
    off_cdf = jnp.where(k < 0, -jnp.inf, jnp.where(jnp.isnan(k), jnp.nan, 0.0))
    off_sf = jnp.where(k < 0, 0.0, jnp.where(jnp.isnan(k), jnp.nan, -jnp.inf))
    return jnp.where(inside, log_cdf, off_cdf), jnp.where(inside, log_sf, off_sf)


def _together(k: ArrayLike, trials: ArrayLike, chance: Chance) -> tuple[Array, Array, Chance]:
    k, trials = jnp.asarray(k, dtype=float), jnp.asarray(trials, dtype=float)
    shape = jnp.broadcast_shapes(k.shape, trials.shape, chance.shape)
    return jnp.broadcast_to(k, shape), jnp.broadcast_to(trials, shape), chance.broadcast(shape)


@jax.custom_jvp
def _log_mass(k: Array, rest: Array, chance: Chance) -> Array:
    mixed = (k > 0) & (rest > 0)
    a, b = jnp.where(mixed, k, 1.0), jnp.where(mixed, rest, 1.0)
    some = _log_kernel(a, b, chance) - jnp.log(a) - jnp.log(b / (a + b))
    # Nothing or everything: one of the two terms is 0.
    return jnp.where(mixed, some, k * chance.log_yes + rest * chance.log_no)


@_log_mass.defjvp
def _log_mass_jvp(
    primals: tuple[Array, Array, Chance], tangents: tuple[Array, Array, Chance]
) -> tuple[Array, Array]:
    (k, rest, chance), (_, _, to_chance) = primals, tangents
    return _log_mass(k, rest, chance), k * to_chance.log_yes + rest * to_chance.log_no


@jax.custom_jvp
def _log_kernel(a: Array, b: Array, chance: Chance) -> Array:
    """Log of p^a (1 - p)^b / B(a, b), linear in log p and log (1 - p)."""
    held = chance.at_least(_LOG_LEAST)
    x, y, total = held.yes, held.no, a + b
    # b x - a y from the smaller of the two, which has its own digits.
    away = jnp.where(x < 0.5, total * x - a, b - total * y)
    kernel = log_beta_kernel(a, b, away, x * total / a, y * total / b)
    beyond = a * (chance.log_yes - held.log_yes) + b * (chance.log_no - held.log_no)
    return kernel + beyond


@_log_kernel.defjvp
def _log_kernel_jvp(
    primals: tuple[Array, Array, Chance], tangents: tuple[Array, Array, Chance]
) -> tuple[Array, Array]:
    (a, b, chance), (_, _, to_chance) = primals, tangents
    return _log_kernel(a, b, chance), a * to_chance.log_yes + b * to_chance.log_no


@jax.custom_jvp
def _tails(a: Array, b: Array, chance: Chance) -> tuple[Array, Array]:
    """Log P(Y < a) and log P(Y >= a) out of a + b - 1 trials."""
    rare, sure = chance.log_yes < _LOG_LEAST, chance.log_no < _LOG_LEAST
    far = rare | sure
    x, y = jnp.where(far, 0.5, chance.yes), jnp.where(far, 0.5, chance.no)
    above, up_to = log_beta_tails(a, b, x, y)
    # The smaller tail is its first term.
    small = jnp.minimum(_log_kernel(a, b, chance) - jnp.log(jnp.where(sure, b, a)), _NEAREST)
    other = log1mexp(small)
    far_up_to, far_above = jnp.where(sure, small, other), jnp.where(sure, other, small)
    return jnp.where(far, far_up_to, up_to), jnp.where(far, far_above, above)


@_tails.defjvp
def _tails_jvp(
    primals: tuple[Array, Array, Chance], tangents: tuple[Array, Array, Chance]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    (a, b, chance), (_, _, to_chance) = primals, tangents
    log_cdf, log_sf = values = _tails(a, b, chance)
    kernel, to_logits = _log_kernel(a, b, chance), to_chance.log_yes - to_chance.log_no
    to_cdf = -jnp.exp(kernel - log_cdf) * to_logits
    return values, (to_cdf, jnp.exp(kernel - log_sf) * to_logits)
