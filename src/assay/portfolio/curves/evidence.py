"""What attempts and beliefs say for and against each possible curve."""

from collections.abc import Sequence

import numpy as np

from assay.portfolio.curves.likelihood import log_density, log_not_above
from assay.portfolio.curves.observation import Belief, Observation
from assay.portfolio.curves.prior import Atoms, prior_atoms
from assay.portfolio.curves.resample import LogLikelihood
from assay.portfolio.kinds import Floats

BLOCK = 16_384  # attempts times atoms at a time, so that what is in work stays in the cache


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
    days = np.array([seen.effort for seen in observations]) / effort_per_person_day
    level = np.array([seen.level for seen in observations])
    se = np.array([seen.noise for seen in observations])
    scored = np.array([seen.score is not None for seen in observations])

    def of_block(atoms: Atoms) -> Floats:
        shortfall, kappa = atoms.headroom(days) - level, atoms.kappa[:, None]
        of_scored = log_density(shortfall[:, scored], kappa, se[scored])
        of_failed = log_not_above(shortfall[:, ~scored], kappa, se[~scored])
        return of_scored.sum(axis=1) + of_failed.sum(axis=1)

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
