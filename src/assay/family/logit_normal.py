"""The logit-normal family: values between two ends whose log-odds are Normal."""

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
from assay.family.logit_normal_moments import expected_excess, share_variance
from assay.family.normal import standard_quantile
from assay.family.span import Span, checked_span
from assay.family.support import Support
from assay.family.tail import log_ndtr
from assay.family.tail.log_quotient import log_quotient

_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_NO_LIMIT = -1e300  # log-odds


class LogitNormalDistribution(AbstractDistribution):
    """Values whose log-odds of the share of the way are Normal.

    Fields:
        odds: log-odds of the median's share of the way.
        sigma: standard deviation of the log-odds.
        span: the ends, in the target's unit.
    """

    is_count: ClassVar[bool] = False
    odds: Float[Array, "..."]
    sigma: Float[Array, "..."]
    span: Span = eqx.field(static=True)

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside, left, right = self.span.distances(y)
        z = (log_quotient(left, right) - self.odds) / self.sigma
        norm = np.log(self.span.width) - _HALF_LOG_2PI - jnp.log(self.sigma)
        return jnp.where(inside, norm - 0.5 * z**2 - jnp.log(left) - jnp.log(right), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside, left, right = self.span.distances(y)
        z = (log_quotient(left, right) - self.odds) / self.sigma
        under = y <= self.span.lower
        below = jnp.where(inside, log_ndtr(z), jnp.where(under, -jnp.inf, 0.0))
        return below, jnp.where(inside, log_ndtr(-z), jnp.where(under, 0.0, -jnp.inf))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return self.span.by_odds(self.odds + self.sigma * standard_quantile(log_p, log_q))

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return self.span.by_odds(self.odds + self.sigma * jax.random.normal(key, shape))

    def mean(self) -> Float[Array, "..."]:
        odds, sigma = jnp.broadcast_arrays(self.odds, self.sigma)
        share = expected_excess(odds, sigma, jnp.full_like(odds, _NO_LIMIT))
        return self.span.lower + self.span.width * share

    def variance(self) -> Float[Array, "..."]:
        odds, sigma = jnp.broadcast_arrays(self.odds, self.sigma)
        return self.span.width**2 * share_variance(odds, sigma)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        inside, left, right = self.span.distances(limit)
        at = jnp.where(inside, log_quotient(left, right), _NO_LIMIT)
        share = expected_excess(*jnp.broadcast_arrays(self.odds, self.sigma, at))
        under = limit <= self.span.lower
        ahead = jnp.where(under, self.span.lower - limit, 0.0)
        return jnp.where(inside | under, ahead + self.span.width * share, 0.0)


@dataclass(frozen=True)
class LogitNormal(AbstractFamily):
    """Values strictly between `lower` and `upper`, with the `median` and `sigma` of the log-odds.

    Fields:
        lower: the end below, in the target's unit.
        upper: the end above.

    Source: Aitchison & Shen (1980), Logistic-normal distributions: some properties and uses.
    """

    lower: float = 0.0
    upper: float = 1.0

    name: ClassVar[str] = "logit-normal"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("median", link.logit, "median, as a share of the way from lower to upper"),
        Parameter("sigma", link.log, "standard deviation of the log-odds of that share"),
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

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> LogitNormalDistribution:
        del columns
        odds = link.logit.inverse(jnp.asarray(parameters["median"]))
        return LogitNormalDistribution(odds, jnp.asarray(parameters["sigma"]), self.span)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> LogitNormalDistribution:
        del columns
        return LogitNormalDistribution(linked["median"], jnp.exp(linked["sigma"]), self.span)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        odds = self.span.odds(y)
        median = 1 / (1 + np.exp(-np.clip(np.mean(odds), -30.0, 30.0)))
        return {"median": float(median), "sigma": float(max(np.std(odds), 1e-3))}
