"""Other ways to read the same attempts: least squares, and the learnt curve less one idea."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from _curve_truth import Floats, Truth

from assay.portfolio import SHAPES, Curve, Observation
from assay.portfolio.curves.evidence import log_likelihood_of
from assay.portfolio.curves.likelihood import MIXTURE
from assay.portfolio.curves.prior import A_BETA, Atoms, draw_atoms, prior_atoms
from assay.portfolio.curves.resample import effective_size, normalised, resample_locally

SEED = 71
_MEAN = sum(p * k for p, k in MIXTURE)
SPREAD = np.sqrt(sum(2 * p * k**2 for p, k in MIXTURE) - _MEAN**2)  # of a shortfall, in kappas
Fit = Callable[[Truth, int], Curve]


def learnt(truth: Truth, count: int) -> Curve:
    """The curve as the library learns it."""
    return Curve.learn(truth.seen(count))


def failures_hidden(truth: Truth, count: int) -> Curve:
    """From those attempts alone that beat the best before them."""
    return Curve.learn(truth.improvements(count))


def without_shortfall(truth: Truth, count: int) -> Curve:
    """Attempts scatter normally around the curve, as widely as shortfalls do below it."""
    seen = truth.seen(count)
    efforts = np.array([each.effort for each in seen])
    scores = np.array([each.level for each in seen])
    noise = np.array([each.noise for each in seen])

    def likelihood(atoms: Atoms) -> Floats:
        sd = np.hypot(SPREAD * atoms.kappa[:, None], noise)
        apart = (atoms.headroom(efforts) - scores) / sd
        return np.sum(-0.5 * apart**2 - np.log(sd), axis=1)

    atoms = prior_atoms()
    score = likelihood(atoms)
    if effective_size(score) < 100.0:
        atoms, score = resample_locally(atoms, score, likelihood)
    return Curve(atoms, normalised(score), effective_size(score))


def only(family: str) -> Fit:
    """Curves of one shape alone."""
    return lambda truth, count: _weighed(_of_shape(family), truth.seen(count))


def without_dead(truth: Truth, count: int) -> Curve:
    """No project is exactly dead: each has some headroom."""
    return _weighed(_all_live(), truth.seen(count))


def least_squares(truth: Truth, count: int, at: Floats, *, through_origin: bool) -> Floats:
    """Heights at the efforts `at` of `a * log(b * x)` fitted to the attempts, within 0 to 1.

    Args:
        truth: the project.
        count: attempts that are used.
        at: efforts.
        through_origin: add the point (1, 0), no headroom after one unit.
    """
    x, y = truth.efforts[:count], truth.scores[:count]
    if through_origin:
        x, y = np.concatenate([[1.0], x]), np.concatenate([[0.0], y])
    slope, height = np.polyfit(np.log(x), y, 1)
    return np.clip(height + slope * np.log(at), 0.0, 1.0)


def _weighed(atoms: Atoms, seen: tuple[Observation, ...]) -> Curve:
    score = log_likelihood_of(seen, None, 1.0)(atoms)
    return Curve(atoms, normalised(score), effective_size(score))


@cache
def _of_shape(family: str) -> Atoms:
    atoms = draw_atoms(20_000 * len(SHAPES), SEED)
    return atoms.take(atoms.family == list(SHAPES).index(family))


@cache
def _all_live() -> Atoms:
    atoms = prior_atoms()
    a = np.random.default_rng(SEED).beta(*A_BETA, atoms.size)
    return replace(atoms, a=np.where(atoms.dead, a, atoms.a))
