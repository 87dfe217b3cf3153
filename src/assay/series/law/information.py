"""Fisher information of one unhidden value about the linked parameter that is driven.

It scales the score. Any positive number would make a filter; the information makes its step the
one that Newton would take. Where no closed form exists the information of the mean alone stands in,
(dmean/deta)² / variance, which is never more; what rounds or truncates counts as not there.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax.scipy.special import polygamma
from jaxtyping import Array

from assay.errors import ConfigError, nearest
from assay.family import AbstractFamily, BetaBinomial, Binomial

Linked: TypeAlias = Mapping[str, Array]
Information: TypeAlias = Callable[[Array, Linked], Array]


def information_of(family: AbstractFamily, driven: str) -> Information:
    """The information about a parameter, from linked parameters.

    Raises:
        ConfigError: the family has no such parameter, or no filter drives it.
    """
    known = [each.name for each in family.parameters]
    if driven not in known:
        raise ConfigError(
            f"family `{family.name}` has no parameter `{driven}`. {nearest(driven, known)}"
        )
    if family.needs():
        columns = ", ".join(f"`{name}`" for name in family.needs())
        raise ConfigError(
            f"ScoreDriven: `{family.describe()}` reads {columns} of each row, which nothing tells "
            "for the steps to come. Give it a number instead."
        )
    found = _found(family, driven)
    if found is None:
        able = ", ".join(sorted(f"`{parameter}` of {name}" for name, parameter in KNOWN))
        raise ConfigError(
            f"ScoreDriven: no filter drives `{driven}` of family `{family.describe()}`. It drives "
            f"{able}, and the same within Hurdle, ZeroInflated, Rounded, Truncated and Censored."
        )
    return found


def _found(family: AbstractFamily, driven: str) -> Information | None:
    if isinstance(family, Binomial | BetaBinomial) and isinstance(family.trials, int):
        return _successes(family.trials, driven)
    inside = getattr(family, "base", None)
    if isinstance(inside, AbstractFamily) and driven != "zero":
        return _found(inside, driven)
    return KNOWN.get((family.name, driven))


def _successes(trials: int, driven: str) -> Information:
    def information(eta: Array, linked: Linked) -> Array:
        chance = jax.nn.sigmoid(eta)
        alike = 1.0
        if driven == "mean":  # of a beta-binomial: trials that share one chance tell less
            alike = 1.0 + (trials - 1.0) / (jnp.exp(linked["precision"]) + 1.0)
        return trials * chance * (1.0 - chance) / alike

    return information


def _poisson(eta: Array, linked: Linked) -> Array:
    del linked
    return jnp.exp(eta)


def _negative_binomial(eta: Array, linked: Linked) -> Array:
    return 1.0 / (jnp.exp(-eta) + jnp.exp(-linked["size"]))


def _generalized_poisson(eta: Array, linked: Linked) -> Array:
    """Source: Consul & Shoukri (1984), from the second derivative in the intensity."""
    more = jax.nn.sigmoid(linked["dispersion"])
    begun = jnp.exp(eta) * (1.0 - more)
    return begun * (begun * (1.0 - more) + 2.0 * more) / (begun + 2.0 * more)


def _tweedie(eta: Array, linked: Linked) -> Array:
    return jnp.exp(jax.nn.sigmoid(-linked["power"]) * eta - linked["dispersion"])


def _coin(eta: Array, linked: Linked) -> Array:
    """Of a zero's own chance beside zeros of the base: never less than the information."""
    del linked
    return jax.nn.sigmoid(eta) * jax.nn.sigmoid(-eta)


def _beta(eta: Array, linked: Linked) -> Array:
    """Source: Ferrari & Cribari-Neto (2004), Beta regression for modelling rates."""
    precision, mean, rest = jnp.exp(linked["precision"]), jax.nn.sigmoid(eta), jax.nn.sigmoid(-eta)
    bends = polygamma(1, precision * mean) + polygamma(1, precision * rest)
    return (precision * mean * rest) ** 2 * bends


def _lomax(eta: Array, linked: Linked) -> Array:
    tail = jnp.exp(linked["tail"])
    return tail / (tail + 2.0) + jnp.zeros_like(eta)


def _gb2(eta: Array, linked: Linked) -> Array:
    p, q = jnp.exp(linked["p"]), jnp.exp(linked["q"])
    return jnp.exp(2.0 * linked["power"]) * (p * q / (p + q + 1.0)) + jnp.zeros_like(eta)


def _student_t(eta: Array, linked: Linked) -> Array:
    df = jnp.exp(linked["df"])
    return (df + 1.0) / (df + 3.0) * jnp.exp(-2.0 * linked["scale"]) + jnp.zeros_like(eta)


def _skew_normal(eta: Array, linked: Linked) -> Array:
    """That of the mean alone."""
    shape = linked["shape"]
    spread = 1.0 - 2.0 / jnp.pi * shape**2 / (1.0 + shape**2)
    return jnp.exp(-2.0 * linked["scale"]) / spread + jnp.zeros_like(eta)


def _power(name: str, exponent: float, factor: float = 1.0) -> Information:
    """Families of location or scale, which tell as much wherever they are."""

    def information(eta: Array, linked: Linked) -> Array:
        return factor * jnp.exp(exponent * linked[name]) + jnp.zeros_like(eta)

    return information


def _one(eta: Array, linked: Linked) -> Array:
    del linked
    return jnp.ones_like(eta)


KNOWN: dict[tuple[str, str], Information] = {
    ("poisson", "mean"): _poisson,
    ("negative-binomial", "mean"): _negative_binomial,
    ("generalized-poisson", "mean"): _generalized_poisson,
    ("bernoulli", "probability"): _coin,
    ("hurdle", "zero"): _coin,
    ("zero-inflated", "zero"): _coin,
    ("gamma", "mean"): _power("cv", -2.0),
    ("exponential", "mean"): _one,
    ("log-normal", "median"): _power("sigma", -2.0),
    ("weibull", "scale"): _power("shape", 2.0),
    ("log-logistic", "median"): _power("shape", 2.0, 1.0 / 3.0),
    ("gb2", "scale"): _gb2,
    ("lomax", "scale"): _lomax,
    ("pareto", "tail"): _one,
    ("tweedie", "mean"): _tweedie,
    ("normal", "mean"): _power("sd", -2.0),
    ("student-t", "location"): _student_t,
    ("logistic", "mean"): _power("scale", -2.0, 1.0 / 3.0),
    ("laplace", "mean"): _power("scale", -2.0),
    ("asymmetric-laplace", "location"): _power("scale", -2.0),
    ("gumbel", "location"): _power("scale", -2.0),
    ("skew-normal", "location"): _skew_normal,
    ("beta", "mean"): _beta,
    ("logit-normal", "median"): _power("sigma", -2.0),
}
