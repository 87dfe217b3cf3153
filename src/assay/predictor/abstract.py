"""What every predictor can do: turn features into columns that one parameter is linear in.

A predictor is a recipe. `prepare` fixes what it learns from the features of the fitting rows
(factor levels, centres, scales) and returns a prepared predictor, which makes the same columns of
any later table.
"""

import abc
from dataclasses import dataclass
from functools import reduce

import numpy as np
from jaxtyping import Float

from assay.errors import DataError
from assay.frame import Frame


class AbstractPredictor(abc.ABC):
    """A recipe that maps features to one parameter of a family; predictors add up with `+`."""

    @abc.abstractmethod
    def prepare(self, frame: Frame) -> "AbstractPrepared":
        """Fix factor levels and the like on the fitting rows.

        Raises:
            DataError: a column is missing or holds missing values.
            ConfigError: the recipe cannot be read.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """The recipe as text, such as `linear('price + promo')`."""

    def __add__(self, other: "AbstractPredictor") -> "Sum":
        return Sum((*_terms(self), *_terms(other)))


class AbstractPrepared(abc.ABC):
    """A predictor whose columns are fixed."""

    names: tuple[str, ...]
    has_intercept: bool
    prior_sd: float

    @abc.abstractmethod
    def columns(self, frame: Frame) -> Float[np.ndarray, "rows columns"]:
        """The raw columns, on the user's scale and without intercept.

        Raises:
            DataError: a column is missing, holds missing values or an unseen category.
        """


@dataclass(frozen=True)
class Sum(AbstractPredictor):
    """Predictors added up."""

    terms: tuple[AbstractPredictor, ...]

    def prepare(self, frame: Frame) -> "Design":
        return design(tuple(term.prepare(frame) for term in self.terms), frame)

    def describe(self) -> str:
        return " + ".join(term.describe() for term in self.terms)


@dataclass(frozen=True)
class Design:
    """The standardised columns of all terms of one parameter, and the way back.

    Column j of the design is (raw_j - centre_j) / scale_j; the intercept comes first where there
    is one. Without an intercept nothing is centred, so that the line still meets the origin.

    Fields:
        terms: prepared predictors, in order.
        names: one name for each coefficient, on the user's scale.
        has_intercept: whether the first coefficient is an intercept.
        centre: centre of each raw column.
        scale: scale of each raw column, above 0.
        prior_sd: prior sd of each standardised coefficient except the intercept's.
    """

    terms: tuple[AbstractPrepared, ...]
    names: tuple[str, ...]
    has_intercept: bool
    centre: np.ndarray
    scale: np.ndarray
    prior_sd: np.ndarray

    def matrix(self, frame: Frame) -> Float[np.ndarray, "rows coefficients"]:
        """Standardised columns of any table; the intercept's ones first."""
        standard = (_raw(self.terms, frame) - self.centre) / self.scale
        if not self.has_intercept:
            return standard
        return np.concatenate([np.ones((frame.rows, 1)), standard], axis=1)

    def to_user(self) -> Float[np.ndarray, "coefficients coefficients"]:
        """Matrix from standardised coefficients to those on the user's scale."""
        back = np.diag(1.0 / self.scale)
        if not self.has_intercept:
            return back
        first = np.concatenate([[1.0], -self.centre / self.scale])
        return np.vstack([first, np.column_stack([np.zeros(len(self.scale)), back])])


def design(terms: tuple[AbstractPrepared, ...], frame: Frame) -> Design:
    """Standardise the columns of `terms` on the rows of `frame`.

    Raises:
        DataError: a column is constant or a combination of others; names it.
    """
    names = tuple(name for term in terms for name in term.names)
    has_intercept = all(term.has_intercept for term in terms)
    raw = _raw(terms, frame)
    centre = raw.mean(axis=0) if has_intercept and raw.size else np.zeros(raw.shape[1])
    spread = np.sqrt(np.mean((raw - centre) ** 2, axis=0)) if raw.size else np.zeros(0)
    # What is constant to rounding error would be blown up into noise by a division.
    flat = spread <= 1e-12 * (1.0 + np.abs(centre))
    if flat.any():
        which = ", ".join(f"`{name}`" for name, is_flat in zip(names, flat, strict=True) if is_flat)
        raise DataError(
            f"{frame.source}: {which} has one value on all {frame.rows} fitting rows, so nothing "
            "can be learnt about its effect. Leave it out of the formula."
        )
    prior_sd = np.repeat([term.prior_sd for term in terms], [len(term.names) for term in terms])
    all_names = ("intercept", *names) if has_intercept else names
    return Design(terms, all_names, has_intercept, centre, spread, prior_sd)


def _raw(terms: tuple[AbstractPrepared, ...], frame: Frame) -> Float[np.ndarray, "rows columns"]:
    blocks = [term.columns(frame) for term in terms]
    return np.concatenate([np.empty((frame.rows, 0)), *blocks], axis=1)


def _terms(predictor: AbstractPredictor) -> tuple[AbstractPredictor, ...]:
    return predictor.terms if isinstance(predictor, Sum) else (predictor,)


def as_sum(predictor: AbstractPredictor) -> Sum:
    """Any predictor as a sum of one or more."""
    return reduce(lambda total, term: total + term, [predictor], Sum(()))
