"""The Beta family: shares, rates and other values between two ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.span import Span, checked_span
from assay.family.support import Support
from assay.family.tail.beta_odds import log_beta_density_odds, log_beta_tails_odds
from assay.family.tail.beta_quantile import beta_quantile_odds
from assay.family.tail.log_quotient import log_quotient


class BetaDistribution(AbstractDistribution):
    """Beta between the ends of a span, with shapes mean x precision and (1 - mean) x precision.

    Fields:
        odds: log-odds of the mean's share of the way; they keep the digits of a mean near an end.
        precision: sum of the shapes.
        span: the ends, in the target's unit.
    """

    is_count: ClassVar[bool] = False
    odds: Float[Array, "..."]
    precision: Float[Array, "..."]
    span: Span = eqx.field(static=True)

    @property
    def shapes(self) -> tuple[Array, Array]:
        """Shape at the lower end and at the upper one."""
        share, rest = jax.nn.sigmoid(self.odds), jax.nn.sigmoid(-self.odds)
        return share * self.precision, rest * self.precision

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside, left, right = self.span.distances(y)
        density = _log_density(*jnp.broadcast_arrays(*self.shapes, left, right))
        return jnp.where(inside, density + np.log(self.span.width), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside, left, right = self.span.distances(y)
        below, above = log_beta_tails_odds(*self.shapes, log_quotient(left, right))
        under = y <= self.span.lower
        below = jnp.where(inside, below, jnp.where(under, -jnp.inf, 0.0))
        return below, jnp.where(inside, above, jnp.where(under, 0.0, -jnp.inf))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.span.by_odds(beta_quantile_odds(*self.shapes, log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.span.by_odds(sample_odds(key, *self.shapes, shape))

    def mean(self) -> Float[Array, "..."]:
        odds = jnp.broadcast_arrays(self.odds, self.precision)[0]
        return self.span.lower + self.span.width * jax.nn.sigmoid(odds)

    def variance(self) -> Float[Array, "..."]:
        chance = jax.nn.sigmoid(self.odds) * jax.nn.sigmoid(-self.odds)
        return self.span.width**2 * chance / (1 + self.precision)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """From the side on which less is left: E max(v - V, 0) = v P(V < v) - E(V) P(V* < v).

        V is the share of the way from the nearer end and V* has its shape there one larger.
        """
        inside, left, right = self.span.distances(limit)
        (a, b), odds = self.shapes, log_quotient(left, right)
        upper = odds > self.odds
        near, far = jnp.where(upper, b, a), jnp.where(upper, a, b)
        odds = jnp.where(upper, -odds, odds)
        reach = jnp.exp(log_beta_tails_odds(near, far, odds)[0])
        moment = near / self.precision * jnp.exp(log_beta_tails_odds(near + 1, far, odds)[0])
        share = jnp.where(upper, right, left) / self.span.width
        beyond = self.span.width * (share * reach - moment)
        ahead = self.mean() - limit
        outside = jnp.where(limit <= self.span.lower, ahead, 0.0)
        return jnp.where(inside, beyond + jnp.where(upper, 0.0, ahead), outside)


@jax.custom_jvp
def _log_density(a: Array, b: Array, left: Array, right: Array) -> Array:
    """Log density from the distances to both ends, for a width of 1."""
    odds = log_quotient(left, right)
    return log_beta_density_odds(a, b, odds) - jnp.log(left) - jnp.log(right)


@_log_density.defjvp
def _log_density_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    """With a - 1 in one piece: a / x - 1 / x would leave rounding where a is 1 and x tiny."""
    (a, b, left, right), (to_a, to_b, to_left, to_right) = primals, tangents
    odds = log_quotient(left, right)
    _, by_shapes = jax.jvp(lambda a, b: log_beta_density_odds(a, b, odds), (a, b), (to_a, to_b))
    by_place = (a - 1) * (to_left / left) + (b - 1) * (to_right / right)
    return _log_density(*primals), by_shapes + by_place


def sample_odds(key: Array, a: Array, b: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Log-odds of beta variables, from two gamma variables in logs: small shapes reach far."""
    one, two = jax.random.split(key)
    return jax.random.loggamma(one, a, shape) - jax.random.loggamma(two, b, shape)


def shares_start(share: np.ndarray) -> tuple[float, float]:
    """Mean and precision of shares by moments, kept where a fit can start."""
    mean = float(np.clip(np.mean(share), 1e-9, 1 - 1e-9))
    variance = float(max(np.var(share), 1e-300))
    return mean, float(np.clip(mean * (1 - mean) / variance - 1, 0.1, 1e6))


@dataclass(frozen=True)
class Beta(AbstractFamily):
    """Values strictly between `lower` and `upper`, with `mean` and `precision`.

    Fields:
        lower: the end below, in the target's unit.
        upper: the end above.

    Source: Ferrari & Cribari-Neto (2004), Beta regression for modelling rates and proportions.
    """

    lower: float = 0.0
    upper: float = 1.0

    name: ClassVar[str] = "beta"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.logit, "mean, as a share of the way from lower to upper"),
        Parameter("precision", link.log, "precision; the variance is that of a coin / (1 + it)"),
    )

    def __post_init__(self) -> None:
        checked_span(self.name, self.lower, self.upper)

    @property
    def span(self) -> Span:
        """The interval between the ends."""
        return checked_span(self.name, self.lower, self.upper)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Everything strictly between the ends."""
        return self.span.support

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> BetaDistribution:
        del columns
        odds = link.logit.inverse(jnp.asarray(parameters["mean"]))
        return BetaDistribution(odds, jnp.asarray(parameters["precision"]), self.span)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> BetaDistribution:
        del columns
        return BetaDistribution(linked["mean"], jnp.exp(linked["precision"]), self.span)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        mean, precision = shares_start((y - self.lower) / self.span.width)
        return {"mean": mean, "precision": precision}
