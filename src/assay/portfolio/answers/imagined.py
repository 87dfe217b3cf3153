"""What a curve would say after one more attempt, for each of many outcomes of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.portfolio.answers.case import Case
from assay.portfolio.curves import UNSCORED_SE, Curve
from assay.portfolio.curves.likelihood import MIXTURE, log_density
from assay.portfolio.curves.prior import Atoms
from assay.portfolio.kinds import Floats, Whole

KEPT = 4000  # atoms; enough for an outcome to single some out, few enough to weigh at once


@dataclass(frozen=True)
class Possible:
    """A project's possible curves, few enough to be weighed anew for each outcome.

    Fields:
        atoms: possible curves.
        weights: probability of each.
        rises: value of the units asked about under each: one row an atom.
        expected: the same as the plan expects it, by all atoms.
        days: person-days that count of the efforts of the project.
        effort_spent: effort spent before.
        noise: standard error that the next score would have, headroom.
    """

    atoms: Atoms
    weights: Floats
    rises: Floats
    expected: Floats
    days: Callable[[ArrayLike], Floats]
    effort_spent: float
    noise: float

    def heights(self, step: float) -> Floats:
        """Headroom of each atom after `step` more units of effort."""
        return self.atoms.headroom(self.days([self.effort_spent + step]))[:, 0]

    def outcomes(self, step: float, count: int, seed: int) -> Floats:
        """Scores that the next attempt may have, as probable as the curve makes them.

        score = f(x) - D + e: an atom's height, less a shortfall that is at times large, plus the
        noise of scoring. The same random numbers serve every project and every step.

        Args:
            step: units of effort that the attempt takes.
            count: how many scores are drawn.
            seed: of the random numbers.
        """
        rng = np.random.default_rng([seed, count])
        chosen = _systematic(self.weights, count, rng)
        (_, of_most), (rare, larger) = MIXTURE
        scale = np.where(rng.random(count) < rare, larger, of_most) * self.atoms.kappa[chosen]
        shortfall = scale * rng.permutation(-np.log1p(-_spread(count, rng)))
        noise = self.noise * rng.standard_normal(count)
        return self.heights(step)[chosen] - shortfall + noise

    def values_after(self, step: float, scores: Floats) -> Floats:
        """Expected value of the next 0, 1, 2, ... units once a score is known: one row a score.

        Only the difference that a score makes is taken from these atoms, so that averaged over the
        outcomes the values are those that the plan stands on.
        """
        short = self.heights(step)[:, None] - scores
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.weights)[:, None] + log_density(
                short, self.atoms.kappa[:, None], np.array(self.noise)
            )
        weights = np.exp(log_weights - log_weights.max(axis=0))
        return (
            self.expected + (weights / weights.sum(axis=0) - self.weights[:, None]).T @ self.rises
        )


def possible(case: Case, values: Floats, units: Whole | None = None) -> Possible | None:
    """The curves that a project may have; `None` where its curve is known and nothing is learnt.

    Args:
        case: the project.
        values: expected value of the units asked about, above that of the first of them.
        units: which; 0, 1, 2, ... by default.
    """
    state, curve = case.state, case.state.curve
    if not isinstance(curve, Curve):
        return None
    further = np.arange(values.size) if units is None else units
    atoms, weights = _thinned(curve)
    efforts = state.effort_spent + further.astype(float)
    worth = state.worth(atoms.headroom(curve.days(efforts)))
    rises = worth - worth[:, :1]
    return Possible(atoms, weights, rises, values, curve.days, state.effort_spent, _noise(case))


def _thinned(curve: Curve) -> tuple[Atoms, Floats]:
    """At most `KEPT` atoms that stand for all of them."""
    if curve.atoms.size <= KEPT:
        return curve.atoms, curve.weights
    chosen = _systematic(curve.weights, KEPT, np.random.default_rng(KEPT))
    kept, times = np.unique(chosen, return_counts=True)
    return curve.atoms.take(kept), times / KEPT


def _noise(case: Case) -> float:
    """As noisy as the project's scores usually were."""
    seen = [each.point.observation for each in case.tried]
    known = [each.noise for each in seen if each is not None and each.score is not None]
    return float(np.median(known)) if known else UNSCORED_SE


def _systematic(weights: Floats, count: int, rng: np.random.Generator) -> Whole:
    """Indices, each as often as its weight says, to within one."""
    return np.searchsorted(np.cumsum(weights), _spread(count, rng)).clip(max=weights.size - 1)


def _spread(count: int, rng: np.random.Generator) -> Floats:
    """Ascending numbers between 0 and 1, one in each of `count` equal parts."""
    return (np.arange(count) + rng.random(count)) / count
