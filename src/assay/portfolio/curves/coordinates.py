"""Coordinates on the whole line in which atoms of one kind are spread, and their prior density.

A kind is a family of live atoms, or all dead ones together: these are told apart by their typical
shortfall alone, since a project that gains nothing has no time scale and no exponent.
"""

import numpy as np
from scipy.special import betaln, expit, logit

from assay.portfolio.curves.prior import (
    A_BETA,
    BOUNDED_Q,
    FAMILIES,
    LOG_KAPPA,
    LOG_Q_POWER,
    LOG_TAU,
    POWER,
    Q_LEAST,
    Q_MOST,
    SHARE_DEAD,
    Atoms,
)
from assay.portfolio.kinds import Floats, Whole

DEAD = 0  # the kind of dead atoms; a live one is 1 + its family
KINDS = range(1 + len(FAMILIES))
LOG_SHARE_DEAD = float(np.log(SHARE_DEAD))
LOG_SHARE_LIVE = float(np.log((1.0 - SHARE_DEAD) / len(FAMILIES)))  # of each family
EDGE = 1e-12  # an atom that rounding put on a limit would have an infinite coordinate
FAR = 25.0  # coordinates beyond it are as good as infinite, and stay finite when undone
_HALF_LOG_2_PI = 0.5 * np.log(2.0 * np.pi)


def kind_of(atoms: Atoms) -> Whole:
    """The kind of each atom."""
    return np.where(atoms.dead, DEAD, 1 + atoms.family)


def coordinates(kind: int, atoms: Atoms) -> Floats:
    """Log kappa, log tau, logit a and the exponent, as far as the kind has them: one row each."""
    if kind == DEAD:
        return np.log(atoms.kappa)[None]
    rows = [np.log(atoms.kappa), np.log(atoms.tau), logit(atoms.a.clip(EDGE, 1.0 - EDGE))]
    if kind - 1 == POWER:
        rows.append(np.log(atoms.q))
    if kind - 1 in BOUNDED_Q:
        share = (atoms.q - Q_LEAST) / (Q_MOST - Q_LEAST)
        rows.append(logit(share.clip(EDGE, 1.0 - EDGE)))
    return np.stack(rows)


def atoms_at(kind: int, at: Floats) -> Atoms:
    """The atoms of a kind at coordinates: one column of `at` an atom. The dead have no shape."""
    at = at.clip(-FAR, FAR)
    kappa, ones = np.exp(at[0]), np.ones(at.shape[1])
    if kind == DEAD:
        return Atoms(np.zeros(kappa.size, int), ones, ones, np.zeros(kappa.size), kappa)
    q = ones
    if kind - 1 == POWER:
        q = np.exp(at[3])
    if kind - 1 in BOUNDED_Q:
        q = Q_LEAST + (Q_MOST - Q_LEAST) * expit(at[3])
    return Atoms(np.full(kappa.size, kind - 1), np.exp(at[1]), q, expit(at[2]), kappa)


def log_prior(kind: int, at: Floats) -> Floats:
    """Log prior density of the coordinates; over all kinds together it integrates to 1."""
    found = _log_normal(at[0], LOG_KAPPA)
    if kind == DEAD:
        return found + LOG_SHARE_DEAD
    found += _log_normal(at[1], LOG_TAU)
    found += A_BETA[0] * _log_expit(at[2]) + A_BETA[1] * _log_expit(-at[2]) - betaln(*A_BETA)
    if kind - 1 == POWER:
        found += _log_normal(at[3], LOG_Q_POWER)
    if kind - 1 in BOUNDED_Q:
        found += _log_expit(at[3]) + _log_expit(-at[3])
    return found + LOG_SHARE_LIVE


def _log_expit(x: Floats) -> Floats:
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


def _log_normal(value: Floats, law: tuple[float, float]) -> Floats:
    return -0.5 * ((value - law[0]) / law[1]) ** 2 - np.log(law[1]) - _HALF_LOG_2_PI
