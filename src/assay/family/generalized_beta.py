"""The generalised beta family on an interval: a power of the share of the way is Beta."""

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
from assay.family.beta import sample_odds, shares_start
from assay.family.generalized_beta_moments import log_share_moment, log_square_over_mean
from assay.family.span import Span, checked_span
from assay.family.support import Support
from assay.family.tail import log1mexp
from assay.family.tail.beta_odds import log_beta_density_odds, log_beta_tails_odds
from assay.family.tail.beta_quantile import beta_quantile_odds


class GeneralizedBetaDistribution(AbstractDistribution):
    """((Y - lower) / (upper - lower))^power is Beta(p, q).

    Fields:
        power: of the share of the way.
        p: first shape; near the lower end the density goes as share^(power x p - 1).
        q: second shape; near the upper end it goes as rest^(q - 1).
        span: the ends, in the target's unit.
    """

    is_count: ClassVar[bool] = False
    power: Float[Array, "..."]
    p: Float[Array, "..."]
    q: Float[Array, "..."]
    span: Span = eqx.field(static=True)

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside, left, right = self.span.distances(y)
        place = left / self.span.width, _log_share(left, right, self.span.width)
        density = _log_density(*jnp.broadcast_arrays(self.power, self.p, self.q, *place))
        return jnp.where(inside, density - np.log(self.span.width), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside, left, right = self.span.distances(y)
        below, above = self._log_tails(_log_share(left, right, self.span.width))
        under = y <= self.span.lower
        below = jnp.where(inside, below, jnp.where(under, -jnp.inf, 0.0))
        return below, jnp.where(inside, above, jnp.where(under, 0.0, -jnp.inf))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self._place(beta_quantile_odds(self.p, self.q, log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self._place(sample_odds(key, self.p, self.q, shape))

    def mean(self) -> Float[Array, "..."]:
        share = jnp.exp(log_share_moment(self.power, self.p, self.q))
        return self.span.lower + self.span.width * share

    def variance(self) -> Float[Array, "..."]:
        """From the log of E(share²) / E(share)², which does not cancel where it is small."""
        share = jnp.exp(log_share_moment(self.power, self.p, self.q))
        surplus = jnp.expm1(log_square_over_mean(self.power, self.p, self.q))
        return (self.span.width * share) ** 2 * surplus

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """By E(X; X > x) = E(X) P(X* > x), where X* has p + 1 / power for p."""
        inside, left, right = self.span.distances(limit)
        log_share = _log_share(left, right, self.span.width)
        log_moment = log_share_moment(self.power, self.p, self.q)
        log_beyond = log_moment + self._log_tails(log_share, 1 / self.power)[1]
        reach = jnp.exp(self._log_tails(log_share)[1])
        above = self.span.width * jnp.exp(log_beyond) - left * reach
        outside = jnp.where(limit <= self.span.lower, self.mean() - limit, 0.0)
        return jnp.where(inside, above, outside)

    def _log_tails(self, log_share: Array, more: Array | float = 0.0) -> tuple[Array, Array]:
        log_x = self.power * log_share
        return log_beta_tails_odds(self.p + more, self.q, log_x - log1mexp(log_x))

    def _place(self, odds: Array) -> Array:
        """The value whose share of the way has the power with these log-odds."""
        log_share = jax.nn.log_sigmoid(odds) / self.power
        return self.span.within(jnp.exp(log_share), -jnp.expm1(log_share))


def _log_share(left: Array, right: Array, width: float) -> Array:
    """Log of the share of the way, from the nearer end."""
    near = left < right
    low = jnp.log(jnp.where(near, left, width / 2) / width)
    return jnp.where(near, low, jnp.log1p(-jnp.where(near, width / 2, right) / width))


@jax.custom_jvp
def _log_density(power: Array, p: Array, q: Array, share: Array, log_share: Array) -> Array:
    """Log density of the share of the way."""
    del share  # it carries the gradient in y
    log_x = power * log_share
    log_rest = log1mexp(log_x)
    beta = log_beta_density_odds(p, q, log_x - log_rest)
    return jnp.log(power) + beta - log_rest - log_share


@_log_density.defjvp
def _log_density_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[Array, Array]:
    """With each power in one piece, see the beta density."""
    (power, p, q, share, log_share), (to_power, to_p, to_q, to_share, _) = primals, tangents
    log_x = power * log_share
    log_rest = log1mexp(log_x)
    odds, odds_x = log_x - log_rest, jnp.exp(log_x - log_rest)
    _, by_shapes = jax.jvp(lambda p, q: log_beta_density_odds(p, q, odds), (p, q), (to_p, to_q))
    by_power = 1 / power + (p - (q - 1) * odds_x) * log_share
    by_share = (power * p - 1) - (q - 1) * power * odds_x
    by_place = by_power * to_power + by_share * (to_share / share)
    return _log_density(*primals), by_shapes + by_place


@dataclass(frozen=True)
class GeneralizedBeta(AbstractFamily):
    """Values strictly between `lower` and `upper`: Beta for power 1, Kumaraswamy for p 1.

    Fields:
        lower: the end below, in the target's unit.
        upper: the end above.

    Source: McDonald (1984), Some generalized functions for the size distribution of income: the
        first kind, moved and scaled.
    """

    lower: float = 0.0
    upper: float = 1.0

    name: ClassVar[str] = "generalized-beta"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("power", link.log, "power of the share of the way that is a beta variable"),
        Parameter("p", link.log, "first shape: the larger, the farther from lower"),
        Parameter("q", link.log, "second shape: the larger, the farther from upper"),
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

    def bind(
        self, parameters: Mapping[str, Array], columns: Columns
    ) -> GeneralizedBetaDistribution:
        del columns
        power, p, q = (jnp.asarray(parameters[each.name]) for each in self.parameters)
        return GeneralizedBetaDistribution(power, p, q, self.span)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        mean, precision = shares_start((y - self.lower) / self.span.width)
        return {"power": 1.0, "p": mean * precision, "q": (1 - mean) * precision}
