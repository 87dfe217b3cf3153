"""Standard learners whose out-of-fold predictions for any number of targets cost one factorisation.

Kernel ridge regression with an unpenalised intercept, for a few kernels and penalties. With the
centred kernel matrix `K = U diag(v) U'` and `G = (K + penalty I)^-1 - 11' / (n penalty)`, the
weights of a target are `G y`, and the residuals of the rows of a fold `b`, had they been left out,
are `G_bb^-1 (G y)_b`: nothing is fitted anew.

Source: Cawley & Talbot (2004), Fast exact leave-one-out cross-validation of sparse least-squares
support vector machines, Neural Networks 17(10); Saunders, Gammerman & Vovk (1998), Ridge regression
learning algorithm in dual variables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

Floats = NDArray[np.float64]
Folds = tuple[NDArray[np.intp], ...]

PENALTIES = tuple(float(penalty) for penalty in 10.0 ** np.arange(-3.0, 3.5, 0.5))
"""Penalties that are tried, each times the mean variance of the kernel over the rows."""

MOST_CURVES = 50
"""Beyond this many features no curve is tried for each: there would be too many to tell apart."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """How alike any two rows are.

    Fields:
        name: what a learner with this kernel can follow.
        gram: likeness of each row to each, symmetric, shape `(row, row)`.
    """

    name: str
    gram: Floats


@dataclass(frozen=True)
class Choice:
    """The learner that did best: its kernel and its penalty, each as a place counted from 0."""

    kernel: int
    penalty: int


@dataclass(frozen=True, eq=False)
class Factors:
    """The centred kernel matrix of the training rows: its eigenvectors, eigenvalues and scale."""

    vectors: Floats
    values: Floats
    scale: float

    @classmethod
    def of(cls, gram: Floats) -> "Factors":
        """Factorise the kernel matrix of the training rows."""
        centred = gram - gram.mean(axis=0)
        centred -= centred.mean(axis=1)[:, None]
        values, vectors = np.linalg.eigh(centred)
        kept = np.maximum(values, 0.0)
        return cls(vectors, kept, float(kept.mean()) or 1.0)  # no feature varies on these rows

    def shrunk(self) -> Floats:
        """What each penalty leaves of each direction, shape `(penalty, row)`."""
        return 1.0 / (self.values + self.scale * np.array(PENALTIES)[:, None])

    def weights(self, y: Floats) -> Floats:
        """Weights of the rows for each penalty and target; they sum to 0.

        Args:
            y: targets, shape `(row, target)`.

        Returns:
            Shape `(penalty, row, target)`.
        """
        turned = self.vectors.T @ (y - y.mean(axis=0))
        return self.vectors @ (turned * self.shrunk()[:, :, None])

    def residuals(self, y: Floats, folds: Folds | None) -> Floats:
        """Target less prediction for each row, from a fit to the rows outside its fold.

        Args:
            y: targets, shape `(row, target)`.
            folds: rows that are left out together; one row at a time where None.

        Returns:
            Shape `(penalty, row, target)`.
        """
        weights, shrunk = self.weights(y), self.shrunk()
        intercept = 1.0 / (len(y) * self.scale * np.array(PENALTIES))
        if folds is None:
            return weights / (shrunk @ self.vectors.T**2 - intercept[:, None])[:, :, None]
        out = np.empty_like(weights)
        for rows in folds:
            part = self.vectors[rows]
            inverse = (part * shrunk[:, None, :]) @ part.T - intercept[:, None, None]
            out[:, rows] = np.linalg.solve(inverse, weights[:, rows])
        return out


def kernels(x: Floats) -> tuple[Kernel, ...]:
    """The kernels that are tried: lines, lines with interactions, smooth surfaces, smooth curves.

    Args:
        x: features on a common scale, shape `(row, feature)`, at least one feature.

    Returns:
        Kernels between all rows; they see the features alone, never a target.
    """
    inner = x @ x.T / x.shape[1]
    squared = squareform(pdist(x, "sqeuclidean"))
    usual = float(np.median(squared)) or 1.0
    found = [
        Kernel("lines", inner),
        Kernel("lines and interactions", (1.0 + inner) ** 2),
        Kernel("a smooth surface", np.exp(-squared / (2.0 * usual))),
        Kernel("a bent surface", np.exp(-squared / (0.5 * usual))),
    ]
    if 1 < x.shape[1] <= MOST_CURVES:
        found.append(Kernel("a curve for each feature", _curves(x)))
    return tuple(found)


def errors(
    of: Sequence[Kernel], y: Floats, *, folds: Folds | None = None, is_share: bool = False
) -> Floats:
    """The out-of-fold error of every learner for every target.

    Args:
        of: kernels between the training rows.
        y: targets, shape `(row, target)`.
        folds: rows that are left out together; one row at a time where None.
        is_share: whether a prediction is a chance, and so cut off at 0 and 1.

    Returns:
        Sums of squares over the rows, shape `(kernel, penalty, target)`.
    """
    return np.stack([_errors(Factors.of(each.gram), y, folds, is_share) for each in of])


def _errors(factors: Factors, y: Floats, folds: Folds | None, is_share: bool) -> Floats:
    off = factors.residuals(y, folds)
    if is_share:
        off = y - np.clip(y - off, 0.0, 1.0)
    return np.einsum("prt,prt->pt", off, off)


def best(
    of: Sequence[Kernel], y: Floats, *, folds: Folds | None = None, is_share: bool = False
) -> Choice:
    """The learner with the least out-of-fold error for one target, shape `(row,)`."""
    found = errors(of, y[:, None], folds=folds, is_share=is_share)[:, :, 0]
    kernel, penalty = np.unravel_index(np.argmin(found), found.shape)
    return Choice(int(kernel), int(penalty))


def predict(
    of: Sequence[Kernel],
    y: Floats,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    *,
    folds: Folds | None = None,
    is_share: bool = False,
) -> Floats:
    """Choose the learner on some rows, fit it to them, and predict others.

    Args:
        of: kernels between all rows.
        y: target of all rows; only that of `train` is looked at.
        train: rows to choose and fit on.
        test: rows to predict.
        folds: positions in `train` that are left out together while choosing.
        is_share: whether a prediction is a chance, and so cut off at 0 and 1.

    Returns:
        A prediction for each row of `test`.
    """
    own = [Kernel(each.name, each.gram[np.ix_(train, train)]) for each in of]
    chosen = best(own, y[train], folds=folds, is_share=is_share)
    gram = own[chosen.kernel].gram
    weights = Factors.of(gram).weights(y[train][:, None])[chosen.penalty, :, 0]
    intercept = float(np.mean(y[train] - gram @ weights))
    told = of[chosen.kernel].gram[np.ix_(test, train)] @ weights + intercept
    return np.clip(told, 0.0, 1.0) if is_share else told


def _curves(x: Floats) -> Floats:
    """The mean over the features of a kernel of one feature alone."""
    total = np.zeros((len(x), len(x)))
    for column in x.T:
        total += np.exp(-0.5 * (column[:, None] - column[None, :]) ** 2)
    return total / x.shape[1]
