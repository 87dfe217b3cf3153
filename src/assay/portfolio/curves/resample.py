"""Fresh atoms near a sharp posterior, where too few of the shared atoms carry the weight.

The likelihood is let in step by step. At each step the atoms are resampled by weight and then moved
by Metropolis steps whose jumps are differences of other atoms of the same family, so that their
size and direction follow the posterior.

Source: Del Moral, Doucet & Jasra (2006), Sequential Monte Carlo samplers; ter Braak (2006) for the
jumps.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import root_scalar
from scipy.special import expit, log_expit, logit

from assay.portfolio.curves.prior import (
    A_BETA,
    BOUNDED_Q,
    LOG_KAPPA,
    LOG_Q_POWER,
    LOG_TAU,
    POWER,
    Q_LEAST,
    Q_MOST,
    Atoms,
)
from assay.portfolio.kinds import Floats, Whole

KEPT = 4000
LEAST_EFFECTIVE = 2000.0  # effective atoms that each step leaves
MOVES = 5
NOISE = 1e-3  # lets two copies of one atom part
EDGE = 1e-12  # an atom that rounding put on a limit would have an infinite coordinate
SEED = 506

LogLikelihood = Callable[[Atoms], Floats]


def effective_size(log_weights: Floats) -> float:
    """Effective number of atoms under unnormalised log weights (Kong, 1992)."""
    weights = normalised(log_weights)
    return float(1.0 / np.sum(weights**2))


def normalised(log_weights: Floats) -> Floats:
    """Weights that sum to 1, from log weights on any scale."""
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


def resample_locally(atoms: Atoms, log_likelihood: LogLikelihood) -> Atoms:
    """Draw equally weighted atoms from the posterior.

    Args:
        atoms: draws from the prior.
        log_likelihood: one value an atom, finite.

    Returns:
        `KEPT` atoms; the same for the same input, since the seed is fixed.
    """
    rng = np.random.default_rng(SEED)
    known, score = 0.0, log_likelihood(atoms)
    while known < 1.0:
        step = _largest_step(score, 1.0 - known)
        known = 1.0 if step >= 1.0 - known else known + step
        chosen = _systematic(normalised(step * score), rng)
        atoms, score = atoms.take(chosen), score[chosen]
        for _ in range(MOVES):
            atoms, score = _move(atoms, score, known, log_likelihood, rng)
    return atoms


def _largest_step(score: Floats, most: float) -> float:
    """The largest power of the likelihood that leaves enough effective atoms."""

    def surplus(log_step: float) -> float:
        return effective_size(np.exp(log_step) * score) - LEAST_EFFECTIVE

    if surplus(np.log(most)) >= 0.0:
        return most
    bracket = (np.log(most) - 60.0, np.log(most))
    return float(np.exp(root_scalar(surplus, bracket=bracket, xtol=1e-3).root))


def _systematic(weights: Floats, rng: np.random.Generator) -> Whole:
    """Ascending indices of `KEPT` atoms, each as often as its weight says, to within one."""
    points = (np.arange(KEPT) + rng.random()) / KEPT
    return np.searchsorted(np.cumsum(weights), points).clip(max=weights.size - 1)


def _move(
    atoms: Atoms, score: Floats, known: float, likelihood: LogLikelihood, rng: np.random.Generator
) -> tuple[Atoms, Floats]:
    """One Metropolis step of every atom; the target is prior times likelihood ** known."""
    here = _coordinates(atoms)
    there = here + _jumps(atoms, here, rng)
    proposed = _from_coordinates(atoms, there)
    proposed_score = likelihood(proposed)
    rise = known * (proposed_score - score) + _log_prior(atoms, there) - _log_prior(atoms, here)
    accepted = np.log1p(-rng.random(atoms.size)) < rise
    moved = _from_coordinates(atoms, np.where(accepted, there, here))
    return moved, np.where(accepted, proposed_score, score)


def _jumps(atoms: Atoms, here: Floats, rng: np.random.Generator) -> Floats:
    group = 2 * atoms.family + atoms.dead
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], group)
    count = np.searchsorted(group[order], group, side="right") - start
    first, second = (order[start + (rng.random(atoms.size) * count).astype(int)] for _ in range(2))
    size = rng.uniform(0.2, 0.9, atoms.size)
    return size * (here[:, first] - here[:, second]) + NOISE * rng.normal(size=here.shape)


def _coordinates(atoms: Atoms) -> Floats:
    """Log tau, logit a, log kappa and the exponent on the whole line: one row each."""
    a = logit(np.where(atoms.dead, 0.5, atoms.a).clip(EDGE, 1.0 - EDGE))
    bounded = np.isin(atoms.family, BOUNDED_Q)
    share = (atoms.q - Q_LEAST) / (Q_MOST - Q_LEAST)
    q = np.where(bounded, logit(share.clip(EDGE, 1.0 - EDGE)), np.log(atoms.q))
    return np.stack([np.log(atoms.tau), a, np.log(atoms.kappa), q])


def _from_coordinates(atoms: Atoms, at: Floats) -> Atoms:
    log_tau, logit_a, log_kappa, free = at
    bounded = np.isin(atoms.family, BOUNDED_Q)
    of_bounded = Q_LEAST + (Q_MOST - Q_LEAST) * expit(free)
    q = np.where(bounded, of_bounded, np.where(atoms.family == POWER, np.exp(free), 1.0))
    a = np.where(atoms.dead, 0.0, expit(logit_a))
    return atoms.with_values(np.exp(log_tau), q, a, np.exp(log_kappa))


def _log_prior(atoms: Atoms, at: Floats) -> Floats:
    """Log prior density of the coordinates, up to a constant of each family."""
    log_tau, logit_a, log_kappa, free = at
    live = A_BETA[0] * log_expit(logit_a) + A_BETA[1] * log_expit(-logit_a)
    of_bounded = log_expit(free) + log_expit(-free)
    q = np.where(np.isin(atoms.family, BOUNDED_Q), of_bounded, 0.0)
    q = np.where(atoms.family == POWER, _log_normal(free, LOG_Q_POWER), q)
    alike = _log_normal(log_tau, LOG_TAU) + _log_normal(log_kappa, LOG_KAPPA)
    return alike + q + np.where(atoms.dead, 0.0, live)


def _log_normal(value: Floats, law: tuple[float, float]) -> Floats:
    return -0.5 * ((value - law[0]) / law[1]) ** 2
