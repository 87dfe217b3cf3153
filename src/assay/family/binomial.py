"""The binomial family: successes out of a known number of trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError, DataError
from assay.family import link
from assay.family.abstract import (
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Parameter,
    Part,
)
from assay.family.step import step_quantile
from assay.family.support import COUNTS, Support
from assay.family.tail import log_beta_tails
from assay.family.tail.binomial import binomial_log_mass, binomial_log_tails
from assay.family.tail.chance import Chance
from assay.frame.rows import at_row

Trials = int | str


class BinomialDistribution(AbstractDistribution):
    """Successes out of `trials`, each with the same `chance`, independent of one another."""

    is_count: ClassVar[bool] = True
    trials: Float[Array, "..."]
    chance: Chance

    def log_prob(self, y: Float[Array, "..."]) -> Float[Array, "..."]:
        inside = (y >= 0) & (y <= self.trials) & (y == jnp.floor(y))
        value = binomial_log_mass(jnp.where(inside, y, 0.0), self.trials, self.chance)
        return jnp.where(inside, value, -jnp.inf)

    def log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        return binomial_log_tails(y, self.trials, self.chance)

    def smooth_log_tails(self, y: Float[Array, "..."]) -> tuple[Array, Array]:
        inside = y < self.trials
        rest = jnp.where(inside, self.trials - y, 1.0)
        at = jnp.where(inside, y + 1, 1.0)
        above, up_to = log_beta_tails(at, rest, self.chance.yes, self.chance.no)
        return jnp.where(inside, up_to, 0.0), jnp.where(inside, above, -jnp.inf)

    def next_log_prob(
        self, k: Float[Array, "..."], log_prob: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        left = jnp.maximum(self.trials - k, 0.0)
        return log_prob + (self.chance.logits + jnp.log(left / (k + 1)))

    def tail_quantile(
        self, log_p: Float[Array, "..."], log_q: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        return step_quantile(self.log_tails, log_p, log_q, self.mean(), self.variance())

    def sample(self, key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
        return jax.random.binomial(key, self.trials, self.chance.yes, shape)

    def mean(self) -> Float[Array, "..."]:
        return self.trials * self.chance.yes

    def variance(self) -> Float[Array, "..."]:
        return self.trials * self.chance.yes * self.chance.no

    def excess(self, limit: Float[Array, "..."]) -> Float[Array, "..."]:
        """By k·P(Y = k) = mean·P(Y' = k - 1), where Y' has one trial less."""
        whole = jnp.ceil(limit)
        fewer = jnp.maximum(self.trials - 1, 0.0)
        moment = binomial_log_tails(whole - 2, fewer, self.chance)[1]
        reach = jnp.exp(self.log_tails(whole - 1)[1])
        return jnp.maximum(self.mean() * jnp.exp(moment) - limit * reach, 0.0)


@dataclass(frozen=True)
class Binomial(AbstractFamily):
    """Successes out of a known number of trials, with the `probability` of each.

    Fields:
        trials: their number, the same for every row, or the column that holds each row's.
    """

    trials: Trials = 10

    name: ClassVar[str] = "binomial"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("probability", link.logit, "probability of success in one trial"),
    )

    def __post_init__(self) -> None:
        check_trials("Binomial", self.trials)

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whole numbers up to the trials."""
        return trials_support(self.trials)

    def needs(self) -> tuple[str, ...]:
        return trials_needed(self.trials)

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        refuse_trials("Binomial", self.trials, y, columns)
        return super().parts(y, columns)

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> BinomialDistribution:
        chance = Chance.from_probability(parameters["probability"])
        return BinomialDistribution(trials_of(self.trials, columns), chance)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> BinomialDistribution:
        chance = Chance.from_logits(linked["probability"])
        return BinomialDistribution(trials_of(self.trials, columns), chance)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        return {"probability": mean_share(y, trials_of(self.trials, columns))}


def check_trials(family: str, trials: Trials) -> None:
    """Refuse a setting that is neither a number of trials nor a column.

    Raises:
        ConfigError: names the family and what it found.
    """
    is_text = isinstance(trials, str) and trials.strip()
    if not is_text and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
        raise ConfigError(
            f"{family}: `trials` is {trials!r}, must be a whole number from 1 on, or the name of "
            'the column that holds each row\'s. Write `trials=12` or `trials="asked"`.'
        )


def trials_support(trials: Trials) -> Support:
    """Whole numbers from 0 to the trials; where these differ by row, `parts` compares them."""
    if isinstance(trials, str):
        return COUNTS
    return Support(f"whole numbers 0 to {trials}", lower=0.0, upper=float(trials), whole=True)


def trials_needed(trials: Trials) -> tuple[str, ...]:
    """The column of trials, if there is one."""
    return (trials,) if isinstance(trials, str) else ()


def trials_of(trials: Trials, columns: Mapping[str, np.ndarray] | Columns) -> Array:
    """Trials of each row, or the one number of them all."""
    found = columns[trials] if isinstance(trials, str) else trials
    return jax.lax.stop_gradient(jnp.asarray(found, dtype=float))


def refuse_trials(
    family: str, trials: Trials, y: np.ndarray, columns: Mapping[str, np.ndarray]
) -> None:
    """Refuse rows whose trials are no count, or fewer than their successes.

    Raises:
        DataError: names the first such row.
    """
    asked = np.broadcast_to(np.asarray(trials_of(trials, columns)), y.shape)
    column = f"column `{trials}`" if isinstance(trials, str) else "`trials`"
    improper = ~((asked >= 0) & (asked == np.floor(asked)) & (asked < np.inf))
    if improper.any():
        row = int(np.flatnonzero(improper)[0])
        raise DataError(
            f"{family}: {at_row(row)}: {column} is {asked[row]:g}, must be a whole number from 0 "
            "on. Mend or leave out the row."
        )
    above = y > asked
    if above.any():
        row = int(np.flatnonzero(above)[0])
        raise DataError(
            f"{family}: {at_row(row)}: the target is {y[row]:g}, but {column} allows at most "
            f"{asked[row]:g} successes ({int(above.sum())} such rows). Mend them, or name the "
            "column that holds each row's trials."
        )


def mean_share(y: np.ndarray, trials: Array | np.ndarray) -> float:
    """Share of successes among all trials, kept off 0 and 1 by half a success."""
    asked = np.broadcast_to(np.asarray(trials), np.shape(y))
    return float((np.sum(y) + 0.5) / (np.sum(asked) + 1))
