"""Do attempts contradict what every curve here has in common: that returns diminish from the start?

A project with a start-up that nobody declared, an S-shape or a breakthrough gains more from later
effort than from earlier. No curve of the prior does, so its attempts look like shortfalls that all
fall on the early ones. The check weighs the two readings by a Bayes factor: how probable the
attempts are if effort counts only after an unknown start-up, against curves as they are.

Source: Kass & Raftery (1995), Bayes factors. Were curves as the prior says, the factor would have
mean 1, and reach `LEAST_FACTOR` with a probability of at most one in so many (Markov).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from assay.portfolio.curves.evidence import log_likelihood_of
from assay.portfolio.curves.observation import Observation
from assay.portfolio.curves.prior import Atoms, prior_atoms
from assay.portfolio.curves.stages import NO_STAGES, Stages
from assay.portfolio.kinds import Floats

LEAST_FACTOR = 6.0
WORTH_A_CLOSER_LOOK = 2.5  # factor by a part of the atoms below which all of them are not asked
PART = 16  # one atom in so many
LEAST_ATTEMPTS = 3  # two attempts and an unknown start-up explain anything
MOST_STARTS = 6
REMEMBERED = 1024


@dataclass(frozen=True)
class Contradiction:
    """Attempts that rise later and faster than curves whose returns diminish from the start.

    Fields:
        factor: how many times as probable the attempts are after an unknown start-up.
        start_up: the start-up among those tried that explains them best, in the unit of effort.
    """

    factor: float
    start_up: float

    @property
    def evidence(self) -> str:
        """What was seen."""
        return (
            f"The attempts are {self.factor:,.0f} times as probable if the first effort, about "
            f"{self.start_up:.2g} of it, brought nothing as under returns that diminish at once."
        )

    @property
    def meaning(self) -> str:
        """What it says of the curve."""
        return (
            "Later effort brought more than earlier, as after a start-up, along an S-shape or "
            "after a breakthrough, so the curve misreads early attempts as shortfalls."
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return "If there was a start-up, declare a stage with its start-up cost."


def contradiction(
    observations: Iterable[Observation],
    *,
    effort_per_person_day: float = 1.0,
    stages: Stages = NO_STAGES,
) -> Contradiction | None:
    """Whether attempts contradict the shape of the curve that is learnt from them.

    What a team believes plays no part, since it speaks of the curve as it was thought to be.

    Args:
        observations: what the attempts showed, in any order, failures included.
        effort_per_person_day: units of effort in one person-day.
        stages: start-ups that are declared; only one beyond them is looked for.

    Returns:
        `None` where the attempts agree with the curve, or are too few to tell.
    """
    seen = tuple(sorted(stages.seen(observations), key=lambda each: each.effort))
    return _found(seen, float(effort_per_person_day))


@lru_cache(maxsize=REMEMBERED)
def _found(seen: tuple[Observation, ...], rate: float) -> Contradiction | None:
    starts = _starts(seen)
    if len(seen) < LEAST_ATTEMPTS or not starts.size:
        return None
    all_atoms = prior_atoms()
    part = all_atoms.take(np.arange(0, all_atoms.size, PART))
    if _log_factors(seen, starts, part, rate)[0] < np.log(WORTH_A_CLOSER_LOOK):
        return None
    log_factor, best = _log_factors(seen, starts, all_atoms, rate)
    if log_factor < np.log(LEAST_FACTOR):
        return None
    return Contradiction(factor=float(np.exp(log_factor)), start_up=float(starts[best]))


def _log_factors(
    seen: tuple[Observation, ...], starts: Floats, atoms: Atoms, rate: float
) -> tuple[float, int]:
    """Log of the Bayes factor over all start-ups, each as likely; which one explains best."""
    plain = _log_evidence(seen, atoms, rate)
    each = np.array([_log_evidence(_later(seen, start), atoms, rate) for start in starts]) - plain
    return float(np.logaddexp.reduce(each) - np.log(each.size)), int(each.argmax())


def _log_evidence(seen: tuple[Observation, ...], atoms: Atoms, rate: float) -> float:
    """Log of the probability of the attempts, averaged over the prior."""
    score = log_likelihood_of(seen, None, rate)(atoms)
    return float(score.max() + np.log(np.mean(np.exp(score - score.max()))))


def _later(seen: tuple[Observation, ...], start: float) -> tuple[Observation, ...]:
    return tuple(replace(each, effort=max(0.0, each.effort - start)) for each in seen)


def _starts(seen: tuple[Observation, ...]) -> Floats:
    """Start-ups worth trying: half-way between attempts that follow each other."""
    efforts = np.unique([each.effort for each in seen])
    between = 0.5 * (efforts[:-1] + efforts[1:])
    if between.size <= MOST_STARTS:
        return between
    return between[np.linspace(0, between.size - 1, MOST_STARTS).round().astype(int)]
