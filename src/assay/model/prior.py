"""Priors of a model's coefficients: weak ones, or none."""

from collections.abc import Mapping
from typing import Literal

import jax.numpy as jnp
import numpy as np

from assay.errors import ConfigError
from assay.family import AbstractFamily
from assay.fit import Prior
from assay.predictor import Design

PriorKind = Literal["weak", "flat"]
INTERCEPT_PRIOR_SD = 5.0


def weak_prior(
    family: AbstractFamily,
    designs: tuple[Design, ...],
    start: Mapping[str, float],
    spread: float,
    offsets: np.ndarray | None = None,
) -> Prior:
    """Weak priors of all coefficients; their means are where the fit starts.

    Args:
        family: recipe of the likelihood.
        designs: prepared predictors, one for each parameter.
        start: natural parameters to start from.
        spread: standard deviation of the target.
        offsets: what each parameter has without coefficients, (parameters, rows); intercepts are
            what is left.
    """
    known = np.zeros(len(designs)) if offsets is None else offsets.mean(axis=1)
    means, sds = [], []
    for parameter, each, part in zip(family.parameters, designs, known, strict=True):
        centre = float(parameter.link.inverse(jnp.asarray(start[parameter.name]))) - part
        first = [centre] if each.has_intercept else []
        width = [INTERCEPT_PRIOR_SD] if each.has_intercept else []
        means.append(np.concatenate([first, np.zeros(len(each.prior_sd))]))
        sds.append(np.concatenate([width, each.prior_sd]))
    return Prior(np.concatenate(means), np.concatenate(sds) * units(family, designs, spread))


def stated_prior(asked: PriorKind | Prior, weak: Prior, named: tuple[str, ...]) -> Prior:
    """The prior that a model asks for.

    Args:
        asked: its name, or the prior itself.
        weak: what `weak` stands for here.
        named: what each coefficient is.

    Raises:
        ConfigError: a prior of another number of coefficients, or one that is none.
    """
    if not isinstance(asked, Prior):
        return weak if asked == "weak" else flattened(weak)
    mean, sd = np.asarray(asked.mean, dtype=float), np.asarray(asked.sd, dtype=float)
    if mean.shape != (len(named),) or sd.shape != (len(named),):
        raise ConfigError(
            f"prior: its mean has shape {mean.shape} and its sd {sd.shape}, but the model has "
            f"{len(named)} coefficients: {', '.join(f'`{each}`' for each in named[:20])}."
        )
    if not (np.isfinite(mean).all() and np.all(sd > 0)):
        raise ConfigError("prior: every mean must be finite and every sd above 0; inf is flat.")
    return Prior(mean, sd)


def flattened(prior: Prior) -> Prior:
    """No prior at all; its mean stays as a place to begin."""
    return Prior(prior.mean, np.full_like(prior.sd, np.inf))


def units(family: AbstractFamily, designs: tuple[Design, ...], spread: float) -> np.ndarray:
    """What counts as 1 for each standardised coefficient.

    Under an identity link coefficients carry the target's unit, and so do their priors.
    """
    own = [max(spread, 1e-9) if each.link.has_unit else 1.0 for each in family.parameters]
    return np.repeat(own, [len(each.names) for each in designs])


def labels(parameters: tuple[str, ...], designs: tuple[Design, ...]) -> tuple[str, ...]:
    """What each coefficient is: ``mean: price``."""
    return tuple(
        f"{parameter}: {name}"
        for parameter, each in zip(parameters, designs, strict=True)
        for name in each.names
    )
