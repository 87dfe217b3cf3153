"""Fresh atoms near a sharp posterior, where too few of the shared atoms carry the weight.

Round after round, atoms are drawn from a law that covers the weighted atoms of the round before,
and weighed by prior times likelihood over the density of that law. Such weights are exact for any
law; a law that lies near the posterior only makes them more even. As long as few atoms would carry
all the weight, the next law covers them by a power of their weights that leaves enough. Each kind
of atoms is covered on its own, so that none is lost before it is known what it is worth.

Source: Cappé, Guillin, Marin & Robert (2004), population Monte Carlo; Koblents & Míguez (2015) for
the power.
"""

from dataclasses import dataclass

import numpy as np

from assay.portfolio.curves.coordinates import KINDS, atoms_at, coordinates, kind_of, log_prior
from assay.portfolio.curves.cover import Noise, draw_over, noise
from assay.portfolio.curves.evidence import LogLikelihood
from assay.portfolio.curves.prior import Atoms
from assay.portfolio.kinds import Floats

DRAWN = 4000  # atoms in a round
ENOUGH = 800.0  # effective atoms with which the rounds end
ROUNDS = 20  # at most: a score far off the scale leaves no atom that explains it
COVERED = 150.0  # effective atoms, of all kinds, by which draws are shared out
COVERED_EACH = 40.0  # effective atoms of a kind that its law covers at least,
SOME = 0.25  # or this share of its atoms, where those are few
LEAST_SHARE = 0.03  # of the draws, for each kind, since one that seems not to matter yet may
MATTERS = 1e-4  # share of weight from which on a kind must be
SETTLED = 0.05  # as even as this: effective atoms over atoms
HALVINGS = 6  # of the range in which a power is sought
COORDINATES = 4


def effective_size(log_weights: Floats) -> float:
    """Effective number of atoms under unnormalised log weights (Kong, 1992)."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / np.sum(weights * weights))


def normalised(log_weights: Floats) -> Floats:
    """Weights that sum to 1, from log weights on any scale."""
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


@dataclass(frozen=True)
class _Cloud:
    """Weighted atoms, those of each kind beside each other.

    Fields:
        atoms: by kind, so by family too.
        at: coordinates of each kind's atoms, one column an atom.
        score: log weights.
        evenness: effective number of atoms.
    """

    atoms: Atoms
    at: tuple[Floats, ...]
    score: Floats
    evenness: float

    def of_kinds(self, values: Floats) -> list[Floats]:
        """What belongs to the atoms of each kind."""
        return np.split(values, np.cumsum([at.shape[1] for at in self.at])[:-1])

    @property
    def is_enough(self) -> bool:
        """Whether the atoms may stand for the posterior."""
        if self.evenness < ENOUGH:
            return False
        weights = self.of_kinds(normalised(self.score))
        matter = [of_kind for of_kind in weights if of_kind.sum() > MATTERS]
        return all(w.sum() ** 2 >= SETTLED * w.size * np.sum(w * w) for w in matter)


def resample_locally(
    atoms: Atoms, score: Floats, log_likelihood: LogLikelihood
) -> tuple[Atoms, Floats]:
    """Draw atoms from near the posterior.

    Args:
        atoms: draws from the prior, some of each kind.
        score: their log likelihood, finite.
        log_likelihood: of any atoms.

    Returns:
        `DRAWN` atoms or a few less, and their log weights; the same for the same input.
    """
    best = cloud = _next(_first(atoms, score), log_likelihood, noise(COORDINATES, DRAWN, 0))
    for at in range(1, ROUNDS):
        if cloud.is_enough:
            return cloud.atoms, cloud.score
        cloud = _next(cloud, log_likelihood, noise(COORDINATES, DRAWN, at))
        best = max(best, cloud, key=lambda each: each.evenness)
    return best.atoms, best.score


def _first(atoms: Atoms, score: Floats) -> _Cloud:
    """The best of the shared atoms of each kind: the others would carry no weight."""
    kind, most = kind_of(atoms), DRAWN // len(KINDS)
    places = []
    for each in KINDS:
        alike = np.flatnonzero(kind == each)
        places.append(alike[np.argpartition(score[alike], max(0, alike.size - most))[-most:]])
    at = tuple(coordinates(k, atoms.take(of)) for k, of in zip(KINDS, places, strict=True))
    order = np.concatenate(places)
    return _Cloud(atoms.take(order), at, score[order], effective_size(score[order]))


def _next(cloud: _Cloud, log_likelihood: LogLikelihood, drawn: Noise) -> _Cloud:
    """Draws over a cloud, weighed by prior times likelihood."""
    counts = _counts(cloud)
    starts = np.cumsum([0, *counts])
    of_kinds = zip(KINDS, cloud.at, cloud.of_kinds(cloud.score), counts, starts, strict=False)
    at, log_weights = [], []
    for kind, before, score, count, start in of_kinds:
        least = min(COVERED_EACH, SOME * score.size)
        weights = normalised(_power(score, least) * score)
        points, density = draw_over(before, weights, drawn.part(len(before), start, count))
        at.append(points)
        log_weights.append(log_prior(kind, points) - density - np.log(count))
    atoms = _joined([atoms_at(kind, points) for kind, points in zip(KINDS, at, strict=True)])
    score = np.concatenate(log_weights) + log_likelihood(atoms)
    return _Cloud(atoms, tuple(at), score, effective_size(score))


def _counts(cloud: _Cloud) -> list[int]:
    """How many draws each kind gets, by its share of weight."""
    weights = normalised(_power(cloud.score, COVERED) * cloud.score)
    shares = np.array([of_kind.sum() for of_kind in cloud.of_kinds(weights)])
    wanted = np.maximum(shares, LEAST_SHARE)
    return [int(count) for count in DRAWN * wanted / wanted.sum()]


def _power(score: Floats, least: float) -> float:
    """The largest power of the weights, at most 1, that leaves `least` effective atoms."""
    if effective_size(score) >= least:
        return 1.0
    low, high = -np.log1p(np.ptp(score)), 0.0  # with weights a factor e apart at most, all count
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        is_enough = effective_size(np.exp(middle) * score) >= least
        low, high = (middle, high) if is_enough else (low, middle)
    return float(np.exp(low))


def _joined(parts: list[Atoms]) -> Atoms:
    names = ("family", "tau", "q", "a", "kappa")
    return Atoms(*(np.concatenate([getattr(each, name) for each in parts]) for name in names))
