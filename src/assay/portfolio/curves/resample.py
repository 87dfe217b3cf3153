"""Fresh atoms near a sharp posterior, where too few of the shared atoms carry the weight.

The likelihood is let in step by step. At each step the atoms are resampled by weight and then moved
by Metropolis steps whose jumps are differences of other atoms of the same family, so that their
size and direction follow the posterior.

Source: Del Moral, Doucet & Jasra (2006), Sequential Monte Carlo samplers; ter Braak (2006) for the
jumps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root_scalar
from scipy.special import expit, logit

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
from assay.portfolio.curves.shape import SHAPES
from assay.portfolio.kinds import Floats, Whole

KEPT = 4000
LEAST_EFFECTIVE = 2000.0  # effective atoms that each step leaves
MOVES = 4
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


@dataclass(frozen=True)
class _Cloud:
    """Atoms on their way to the posterior, one column an atom.

    Fields:
        atoms: where they are.
        at: their coordinates on the whole line.
        prior: log prior density of the coordinates, up to a constant of each family.
        score: log likelihood.
    """

    atoms: Atoms
    at: Floats
    prior: Floats
    score: Floats


def resample_locally(atoms: Atoms, score: Floats, log_likelihood: LogLikelihood) -> Atoms:
    """Draw equally weighted atoms from the posterior.

    Args:
        atoms: draws from the prior.
        score: their log likelihood, finite.
        log_likelihood: of any atoms.

    Returns:
        `KEPT` atoms; the same for the same input, since the seed is fixed.
    """
    rng = np.random.default_rng(SEED)
    known = 0.0
    while known < 1.0:
        step = _largest_step(score, 1.0 - known)
        known = 1.0 if step >= 1.0 - known else known + step
        chosen = _systematic(normalised(step * score), rng)
        atoms, score = _moved(atoms.take(chosen), score[chosen], known, log_likelihood, rng)
    return atoms


def _largest_step(score: Floats, most: float) -> float:
    """The largest power of the likelihood that leaves enough effective atoms."""

    def surplus(log_step: float) -> float:
        return effective_size(np.exp(log_step) * score) - LEAST_EFFECTIVE

    if surplus(np.log(most)) >= 0.0:
        return most
    bracket = (np.log(most) - 60.0, np.log(most))
    return float(np.exp(root_scalar(surplus, bracket=bracket, xtol=1e-2).root))


def _systematic(weights: Floats, rng: np.random.Generator) -> Whole:
    """Ascending indices of `KEPT` atoms, each as often as its weight says, to within one."""
    points = (np.arange(KEPT) + rng.random()) / KEPT
    return np.searchsorted(np.cumsum(weights), points).clip(max=weights.size - 1)


def _moved(
    atoms: Atoms, score: Floats, known: float, likelihood: LogLikelihood, rng: np.random.Generator
) -> tuple[Atoms, Floats]:
    """The atoms after `MOVES` Metropolis steps; the target is prior times likelihood ** known."""
    at = _coordinates(atoms)
    cloud = _Cloud(atoms, at, _log_prior(atoms, at), score)
    alike = _alike(atoms)
    for _ in range(MOVES):
        there = cloud.at + _jumps(cloud.at, alike, rng)
        proposed = _from_coordinates(atoms, there)
        new = _Cloud(proposed, there, _log_prior(atoms, there), likelihood(proposed))
        rise = known * (new.score - cloud.score) + new.prior - cloud.prior
        accepted = np.log1p(-rng.random(atoms.size)) < rise
        cloud = _mixed(accepted, new, cloud)
    return cloud.atoms, cloud.score


def _mixed(accepted: np.ndarray, new: _Cloud, old: _Cloud) -> _Cloud:
    def either(one: Floats, other: Floats) -> Floats:
        return np.where(accepted, one, other)

    here, there = old.atoms, new.atoms
    atoms = here.with_values(
        either(there.tau, here.tau),
        either(there.q, here.q),
        either(there.a, here.a),
        either(there.kappa, here.kappa),
    )
    at, prior = either(new.at, old.at), either(new.prior, old.prior)
    return _Cloud(atoms, at, prior, either(new.score, old.score))


def _alike(atoms: Atoms) -> tuple[Whole, Whole, Whole]:
    """An order by family and life; for each atom where its kind starts in it, and how many."""
    group = 2 * atoms.family + atoms.dead
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(2 * len(SHAPES) + 1))
    return order, ends[group], np.diff(ends)[group]


def _jumps(here: Floats, alike: tuple[Whole, Whole, Whole], rng: np.random.Generator) -> Floats:
    order, start, count = alike
    first, second = (order[start + (rng.random(start.size) * count).astype(int)] for _ in range(2))
    size = rng.uniform(0.2, 0.9, start.size)
    return size * (here[:, first] - here[:, second]) + NOISE * rng.normal(size=here.shape)


def _coordinates(atoms: Atoms) -> Floats:
    """Log tau, logit a, log kappa and the exponent on the whole line: one row each."""
    a = logit(np.where(atoms.dead, 0.5, atoms.a).clip(EDGE, 1.0 - EDGE))
    share = (atoms.q - Q_LEAST) / (Q_MOST - Q_LEAST)
    q = np.where(_bounded(atoms), logit(share.clip(EDGE, 1.0 - EDGE)), np.log(atoms.q))
    return np.stack([np.log(atoms.tau), a, np.log(atoms.kappa), q])


def _from_coordinates(atoms: Atoms, at: Floats) -> Atoms:
    log_tau, logit_a, log_kappa, free = at
    of_bounded = Q_LEAST + (Q_MOST - Q_LEAST) * expit(free)
    q = np.where(_bounded(atoms), of_bounded, np.where(atoms.family == POWER, np.exp(free), 1.0))
    a = np.where(atoms.dead, 0.0, expit(logit_a))
    return atoms.with_values(np.exp(log_tau), q, a, np.exp(log_kappa))


def _log_prior(atoms: Atoms, at: Floats) -> Floats:
    """Log prior density of the coordinates, up to a constant of each family."""
    log_tau, logit_a, log_kappa, free = at
    live = A_BETA[0] * _log_expit(logit_a) + A_BETA[1] * _log_expit(-logit_a)
    q = np.where(_bounded(atoms), _log_expit(free) + _log_expit(-free), 0.0)
    q = np.where(atoms.family == POWER, _log_normal(free, LOG_Q_POWER), q)
    alike = _log_normal(log_tau, LOG_TAU) + _log_normal(log_kappa, LOG_KAPPA)
    return alike + q + np.where(atoms.dead, 0.0, live)


def _bounded(atoms: Atoms) -> np.ndarray:
    """Which atoms have an exponent that lies between two limits."""
    return (atoms.family == BOUNDED_Q[0]) | (atoms.family == BOUNDED_Q[1])


def _log_expit(x: Floats) -> Floats:
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


def _log_normal(value: Floats, law: tuple[float, float]) -> Floats:
    return -0.5 * ((value - law[0]) / law[1]) ** 2
