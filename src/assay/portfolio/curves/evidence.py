"""What attempts and beliefs say for and against each possible curve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assay.portfolio.curves.likelihood import log_density, log_not_above, log_peak
from assay.portfolio.curves.observation import Belief, Observation
from assay.portfolio.curves.prior import Atoms, prior_atoms
from assay.portfolio.kinds import Floats

BLOCK = 16_000  # attempts times atoms at a time: 128 kB stay in the cache, and out of fresh pages
NEGLIGIBLE = 1e-7  # weights below this share of the largest move no figure that is shown
MOST_PARTS = 5  # in which attempts are asked: each part sorts out atoms for the ones after it
LEADING = 32  # atoms whose likelihood says what the others must reach
ROUNDING = 1e-12  # of a score: a smaller standard error says nothing, and overflows
FAR_OFF = 1e5  # headroom: scores and errors beyond it say the same of all curves, and overflow

LogLikelihood = Callable[[Atoms], Floats]


def log_likelihood_of(
    observations: Sequence[Observation], belief: Belief | None, effort_per_person_day: float
) -> LogLikelihood:
    """Log likelihood of everything that is known, as a function of atoms.

    Args:
        observations: what the attempts showed.
        belief: what the team expected before the first attempt.
        effort_per_person_day: units of effort in one person-day.
    """
    attempts = _attempts_of(observations, effort_per_person_day)
    believed = _of_belief(belief, effort_per_person_day)
    return lambda atoms: believed(atoms) + attempts.log_likelihood(atoms)


def weigh(
    atoms: Atoms,
    observations: Sequence[Observation],
    belief: Belief | None,
    effort_per_person_day: float,
) -> Floats:
    """Log likelihood of each atom where it matters, in less time than of all atoms.

    Args:
        atoms: to be weighed.
        observations: what the attempts showed.
        belief: what the team expected before the first attempt.
        effort_per_person_day: units of effort in one person-day.

    Returns:
        For atoms whose likelihood is at least `NEGLIGIBLE` times the largest, its logarithm as
        `log_likelihood_of` gives it; for others an upper bound, itself below that.
    """
    attempts = _attempts_of(observations, effort_per_person_day)
    found = _of_belief(belief, effort_per_person_day)(atoms)
    parts = attempts.parts()
    alive, least = np.arange(atoms.size), -np.inf
    for at, part in enumerate(parts):
        left = atoms if alive.size == atoms.size else atoms.take(alive)
        found[alive] += part.log_likelihood(left)
        later = parts[at + 1 :]
        if not later:
            break
        if at == 0:
            leading = np.sort(np.argpartition(found, -LEADING)[-LEADING:])
            reached = found[leading] + sum(x.log_likelihood(atoms.take(leading)) for x in later)
            least = float(np.max(reached)) + np.log(NEGLIGIBLE)
        bound = found[alive] + _log_peak(later, left)
        is_out = bound < least
        found[alive[is_out]] = bound[is_out]
        alive = alive[~is_out]
    return found


@dataclass(frozen=True)
class _Attempts:
    """Attempts, those with a score first.

    Fields:
        scored: how many have a score.
        days: person-days after which each was made.
        level: the score, or the bound that was not beaten; a column, as is the next.
        se: standard error of the score.
    """

    scored: int
    days: Floats
    level: Floats
    se: Floats

    def log_likelihood(self, atoms: Atoms) -> Floats:
        """Scored attempts by their density, others by the probability of not beating the best."""
        if not self.days.size:
            return np.zeros(atoms.size)
        size = max(1, BLOCK // self.days.size)
        starts = range(0, atoms.size, size)
        return np.concatenate([self._of_block(atoms.part(at, at + size)) for at in starts])

    def parts(self) -> list["_Attempts"]:
        """The same attempts in a few parts, the highest scores first: they rule out the most."""
        count = min(MOST_PARTS, max(1, self.days.size // 2))
        order = np.lexsort((-self.level[:, 0], np.arange(self.days.size) >= self.scored))
        return [
            _Attempts(int((at < self.scored).sum()), self.days[at], self.level[at], self.se[at])
            for at in np.array_split(order, count)
        ]

    def _of_block(self, atoms: Atoms) -> Floats:
        scored = self.scored
        shortfall = atoms.headroom(self.days).T - self.level
        found = log_density(shortfall[:scored], atoms.kappa, self.se[:scored]).sum(axis=0)
        if scored == self.days.size:
            return found
        return found + log_not_above(shortfall[scored:], atoms.kappa, self.se[scored:]).sum(axis=0)


def _log_peak(parts: Sequence[_Attempts], atoms: Atoms) -> Floats:
    """What no log likelihood of these attempts exceeds; a probability is at most 1."""
    scored = sum(each.scored for each in parts)
    if not scored:
        return np.zeros(atoms.size)
    least = min(float(each.se[: each.scored].min()) for each in parts if each.scored)
    return scored * log_peak(atoms.kappa, least)


def _attempts_of(observations: Sequence[Observation], effort_per_person_day: float) -> _Attempts:
    in_order = sorted(observations, key=lambda seen: seen.score is None)
    level = np.array([seen.level for seen in in_order]).clip(-FAR_OFF, FAR_OFF)
    noise = np.clip([seen.noise for seen in in_order], ROUNDING * (1.0 + abs(level)), FAR_OFF)
    return _Attempts(
        scored=sum(seen.score is not None for seen in observations),
        days=np.array([seen.effort for seen in in_order]) / effort_per_person_day,
        level=level[:, None],
        se=noise[:, None],
    )


def _of_belief(belief: Belief | None, effort_per_person_day: float) -> LogLikelihood:
    """A normal factor on live atoms, scaled to leave the chance of a dead project alone."""
    if belief is None:
        return lambda atoms: np.zeros(atoms.size)
    days = np.array([belief.effort / effort_per_person_day])

    def factor(atoms: Atoms) -> Floats:
        return -0.5 * ((atoms.headroom(days)[:, 0] - belief.share) / belief.give_or_take) ** 2

    live = factor(prior_atoms().take(~prior_atoms().dead))
    scale = live.max() + np.log(np.mean(np.exp(live - live.max())))
    return lambda atoms: np.where(atoms.dead, 0.0, factor(atoms) - scale)
