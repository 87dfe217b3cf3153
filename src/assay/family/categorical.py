"""The categorical family: one of several classes, numbered from 0, in no order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError
from assay.family.abstract import AbstractDistribution, AbstractFamily, Columns, Parameter
from assay.family.link import Link, identity
from assay.family.step import CLOSE, reaches
from assay.family.support import Support

# Log-odds are pure numbers: the target's unit does not scale them.
LOG_ODDS = Link("identity", identity.forward, identity.inverse)


class CategoricalDistribution(AbstractDistribution):
    """Classes 0, 1, ... with log-odds against class 0.

    Mean, variance and tails are those of the class's number.

    Fields:
        scores: log-odds of each class against class 0, classes first; that of class 0 is 0.
    """

    is_count: ClassVar[bool] = True
    scores: Float[Array, "classes ..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        classes = self._classes(jnp.ndim(y))
        picked = classes == y
        inside = jnp.any(picked, axis=0)
        own = jnp.sum(jnp.where(picked, self._aligned(jnp.ndim(y)), 0.0), axis=0)
        # Against its own score the mass is a sum without it, so that no derivative is a difference.
        return jnp.where(inside, -_log_total(self._aligned(jnp.ndim(y)) - own), -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        scores, below = self._aligned(jnp.ndim(y)), self._classes(jnp.ndim(y)) <= y
        none, every = ~jnp.any(below, axis=0), jnp.all(below, axis=0)
        split = ~(none | every)
        low = _log_part(scores, jnp.where(split, below, True))
        high = _log_part(scores, jnp.where(split, ~below, True))
        # Each as the log of 1 / (1 + odds): right where it is close to 0 too.
        log_cdf, log_sf = -jnp.logaddexp(0.0, high - low), -jnp.logaddexp(0.0, low - high)
        log_cdf = jnp.where(split, log_cdf, jnp.where(none, -jnp.inf, 0.0))
        return log_cdf, jnp.where(split, log_sf, jnp.where(none, 0.0, -jnp.inf))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        shape = jnp.broadcast_shapes(jnp.shape(log_p), jnp.shape(log_q), self.scores.shape[1:])
        last = self.scores.shape[0] - 1
        steps = jnp.arange(float(last)).reshape(-1, *(1,) * len(shape))
        tails = self.log_tails(jnp.broadcast_to(steps, (last, *shape)))
        return jnp.sum(~reaches(*tails, log_p, log_q, slack=CLOSE), axis=0).astype(float)

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return jax.random.categorical(key, self.scores, axis=0, shape=shape).astype(float)

    def mean(self) -> Float[Array, "..."]:
        return jnp.tensordot(jnp.arange(float(self.scores.shape[0])), self._shares(), axes=1)

    def variance(self) -> Float[Array, "..."]:
        away = self._classes(self.scores.ndim - 1) - self.mean()
        return jnp.sum(away**2 * self._shares(), axis=0)

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        shares = jax.nn.softmax(self._aligned(jnp.ndim(limit)), axis=0)
        above = jnp.maximum(self._classes(jnp.ndim(limit)) - limit, 0.0)
        return jnp.sum(above * shares, axis=0)

    def _shares(self) -> Array:
        return jax.nn.softmax(self.scores, axis=0)

    def _aligned(self, ndim: int) -> Array:
        """Scores that broadcast against an argument of `ndim` axes."""
        missing = max(ndim - (self.scores.ndim - 1), 0)
        return self.scores.reshape(self.scores.shape[0], *(1,) * missing, *self.scores.shape[1:])

    def _classes(self, ndim: int) -> Array:
        ndim = max(ndim, self.scores.ndim - 1)
        return jnp.arange(float(self.scores.shape[0])).reshape(-1, *(1,) * ndim)


def _log_part(scores: Array, chosen: Array) -> Array:
    """Log of the summed exponentials of the chosen scores, at least one of them."""
    peak = jax.lax.stop_gradient(jnp.max(jnp.where(chosen, scores, -jnp.inf), axis=0))
    safe = jnp.where(chosen, scores - peak, 0.0)
    return peak + jnp.log(jnp.sum(jnp.where(chosen, jnp.exp(safe), 0.0), axis=0))


def _log_total(scores: Array) -> Array:
    """Log of the summed exponentials, close to 0 too: the greatest of them stands apart."""
    which = jnp.argmax(scores, axis=0)
    greatest = jnp.arange(scores.shape[0]).reshape(-1, *(1,) * (scores.ndim - 1)) == which
    peak = jnp.sum(jnp.where(greatest, scores, 0.0), axis=0)
    others = jnp.sum(jnp.where(greatest, 0.0, jnp.exp(scores - peak)), axis=0)
    return peak + jnp.log1p(others)


@dataclass(frozen=True)
class Categorical(AbstractFamily):
    """One of several classes, with their log-odds against class 0.

    Fields:
        classes: how many there are; the target holds 0 to classes - 1.
    """

    classes: int = 3

    name: ClassVar[str] = "categorical"

    def __post_init__(self) -> None:
        check_number("Categorical", "classes", self.classes)

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """One log-odds for each class but the first."""
        return tuple(
            Parameter(f"logit_{each}", LOG_ODDS, f"log-odds of class {each} against class 0")
            for each in range(1, self.classes)
        )

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The numbers of the classes."""
        return numbers_below(self.classes)

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> CategoricalDistribution:
        del columns
        logits = [jnp.asarray(parameters[each.name], dtype=float) for each in self.parameters]
        logits = jnp.broadcast_arrays(*logits)
        return CategoricalDistribution(jnp.stack([jnp.zeros_like(logits[0]), *logits]))

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        del columns
        counts = np.bincount(np.asarray(y).astype(int), minlength=self.classes) + 0.5
        return {f"logit_{i}": float(np.log(counts[i] / counts[0])) for i in range(1, self.classes)}


def check_number(family: str, setting: str, found: int) -> None:
    """Refuse fewer than two classes or levels.

    Raises:
        ConfigError: names the setting and what it found.
    """
    if isinstance(found, bool) or not isinstance(found, int) or found < 2:
        raise ConfigError(
            f"{family}: `{setting}` is {found!r}, must be a whole number from 2 on: as many as the "
            f"target can take, which holds 0, 1, ... Write `{setting}=4` for 0 to 3."
        )


def numbers_below(count: int) -> Support:
    """Whole numbers from 0 to count - 1."""
    return Support(f"whole numbers 0 to {count - 1}", lower=0.0, upper=count - 1.0, whole=True)
