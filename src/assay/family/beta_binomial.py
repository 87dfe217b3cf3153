"""The beta-binomial family: successes out of trials whose chance differs from row to row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.family import link
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Parameter,
    Part,
)
from assay.family.binomial import (
    Trials,
    check_trials,
    mean_share,
    refuse_trials,
    trials_needed,
    trials_of,
    trials_support,
)
from assay.family.step import between_whole, step_quantile
from assay.family.support import Support
from assay.family.tail.beta_binomial import beta_binomial_log_mass, beta_binomial_log_tails
from assay.family.tail.chance import Chance


class BetaBinomialDistribution(AbstractDistribution):
    """Successes out of `trials`, whose chance is itself beta with mean `chance`.

    Fields:
        trials: number of trials.
        chance: mean share of successes.
        precision: a + b of the beta distribution; the larger, the closer to a binomial.
    """

    is_count: ClassVar[bool] = True
    trials: Float[Array, "..."]
    chance: Chance
    precision: Float[Array, "..."]

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= 0) & (y <= self.trials) & (y == jnp.floor(y))
        safe = jnp.where(inside, y, 0.0)
        value = beta_binomial_log_mass(safe, self.trials, self.chance, self.precision)
        return jnp.where(inside, value, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return beta_binomial_log_tails(y, self.trials, self.chance, self.precision)

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return between_whole(self.log_tails, y)

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        left = jnp.maximum(self.trials - k, 0.0)
        a, b = self.precision * self.chance.yes, self.precision * self.chance.no
        below = jnp.where(left > 0, left - 1 + b, 1.0)
        return log_prob + jnp.log(left / (k + 1) * ((k + a) / below))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return step_quantile(self.log_tails, log_p, log_q, self.mean(), self.variance())

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        of_chance, of_count = jax.random.split(key)
        a, b = self.precision * self.chance.yes, self.precision * self.chance.no
        chance = jax.random.beta(of_chance, a, b, shape)
        return jax.random.binomial(of_count, self.trials, chance, shape)

    def mean(self) -> Float[Array, "..."]:
        return self.trials * self.chance.yes * jnp.ones_like(self.precision)

    def variance(self) -> Float[Array, "..."]:
        alone = self.trials * self.chance.yes * self.chance.no
        return alone * ((self.trials + self.precision) / (1 + self.precision))

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """By k·P(Y = k) = mean·P(Y' = k - 1), where Y' has a trial less and a success more."""
        whole = jnp.ceil(limit)
        fewer, more = jnp.maximum(self.trials - 1, 0.0), self.precision + 1
        heavier = _after_a_success(self.chance, self.precision)
        moment = beta_binomial_log_tails(whole - 2, fewer, heavier, more)[1]
        reach = jnp.exp(self.log_tails(whole - 1)[1])
        return jnp.maximum(self.mean() * jnp.exp(moment) - limit * reach, 0.0)


def _after_a_success(chance: Chance, precision: Array) -> Chance:
    """Mean chance with a + 1 in place of a."""
    yes = (precision * chance.yes + 1) / (precision + 1)
    shrunk = jnp.log(precision) - jnp.log1p(precision)
    return Chance(
        yes, precision * chance.no / (precision + 1), jnp.log(yes), chance.log_no + shrunk
    )


@dataclass(frozen=True)
class BetaBinomial(AbstractFamily):
    """Successes out of trials, more spread than a binomial's, with `mean` share and `precision`.

    Fields:
        trials: their number, the same for every row, or the column that holds each row's. The time
            that a tail takes grows with it.
    """

    trials: Trials = 10

    name: ClassVar[str] = "beta-binomial"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mean", link.logit, "mean share of successes"),
        Parameter("precision", link.log, "precision; two trials correlate by 1 / (precision + 1)"),
    )

    def __post_init__(self) -> None:
        check_trials("BetaBinomial", self.trials)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whole numbers up to the trials."""
        return trials_support(self.trials)

    def needs(self) -> tuple[str, ...]:
        return trials_needed(self.trials)

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        refuse_trials("BetaBinomial", self.trials, y, columns)
        return super().parts(y, columns)

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> BetaBinomialDistribution:
        chance, precision = Chance.from_probability(parameters["mean"]), parameters["precision"]
        trials = trials_of(self.trials, columns)
        return BetaBinomialDistribution(trials, chance, jnp.asarray(precision))

    def from_linked(
        self, linked: Mapping[str, Array], columns: Columns
    ) -> BetaBinomialDistribution:
        chance, precision = Chance.from_logits(linked["mean"]), jnp.exp(linked["precision"])
        return BetaBinomialDistribution(trials_of(self.trials, columns), chance, precision)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        trials = np.broadcast_to(np.asarray(trials_of(self.trials, columns)), y.shape)
        share = mean_share(y, trials)
        alone = trials * share * (1 - share)
        # E (y - mean)² is (1 + (trials - 1) ρ) times a binomial's, where ρ = 1 / (precision + 1).
        surplus = float(np.sum((y - trials * share) ** 2) - np.sum(alone))
        most = float(np.sum(alone * np.maximum(trials - 1, 0)))
        precision = most / surplus - 1 if surplus > 0 and most > 0 else 100.0
        return {"mean": share, "precision": float(np.clip(precision, 0.1, 1000.0))}
