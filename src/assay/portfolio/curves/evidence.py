"""What attempts and beliefs say for and against each possible curve."""

from collections.abc import Sequence

import numpy as np

from assay.portfolio.curves.likelihood import log_density, log_not_above
from assay.portfolio.curves.observation import Belief, Observation
from assay.portfolio.curves.prior import Atoms, prior_atoms
from assay.portfolio.curves.resample import LogLikelihood
from assay.portfolio.kinds import Floats

BLOCK = 16_000  # attempts times atoms at a time: 128 kB stay in the cache, and out of fresh pages


def log_likelihood_of(
    observations: Sequence[Observation], belief: Belief | None, effort_per_person_day: float
) -> LogLikelihood:
    """Log likelihood of everything that is known, as a function of atoms.

    Args:
        observations: what the attempts showed.
        belief: what the team expected before the first attempt.
        effort_per_person_day: units of effort in one person-day.
    """
    terms = [_of_attempts(observations, effort_per_person_day)] if observations else []
    if belief is not None:
        terms.append(_of_belief(belief, effort_per_person_day))
    return lambda atoms: np.sum([term(atoms) for term in terms], axis=0) + np.zeros(atoms.size)


def _of_attempts(
    observations: Sequence[Observation], effort_per_person_day: float
) -> LogLikelihood:
    """Scored attempts by their density, the others by the probability of not beating the best."""
    in_order = sorted(observations, key=lambda seen: seen.score is None)
    scored = sum(seen.score is not None for seen in observations)
    days = np.array([seen.effort for seen in in_order]) / effort_per_person_day
    level = np.array([[seen.level] for seen in in_order])
    se = np.array([[seen.noise] for seen in in_order])

    def of_block(atoms: Atoms) -> Floats:
        shortfall = atoms.headroom(days).T - level
        found = log_density(shortfall[:scored], atoms.kappa, se[:scored]).sum(axis=0)
        if scored == len(in_order):
            return found
        failed = log_not_above(shortfall[scored:], atoms.kappa, se[scored:])
        return found + failed.sum(axis=0)

    def likelihood(atoms: Atoms) -> Floats:
        size = max(1, BLOCK // len(observations))
        blocks = [
            atoms.take(np.arange(at, min(at + size, atoms.size)))
            for at in range(0, atoms.size, size)
        ]
        return np.concatenate([of_block(block) for block in blocks])

    return likelihood


def _of_belief(belief: Belief, effort_per_person_day: float) -> LogLikelihood:
    """A normal factor on live atoms, scaled to leave the chance of a dead project alone."""
    days = np.array([belief.effort / effort_per_person_day])

    def factor(atoms: Atoms) -> Floats:
        return -0.5 * ((atoms.headroom(days)[:, 0] - belief.share) / belief.give_or_take) ** 2

    live = factor(prior_atoms().take(~prior_atoms().dead))
    scale = live.max() + np.log(np.mean(np.exp(live - live.max())))
    return lambda atoms: np.where(atoms.dead, 0.0, factor(atoms) - scale)
