"""What every predictor can do: turn features into columns that one parameter is linear in.

A predictor is a recipe. `prepare` fixes what it learns from the features of the fitting rows
(factor levels, centres, scales) and returns a prepared predictor, which makes the same columns of
any later table.
"""

import abc
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.errors import DataError
from assay.frame import Frame
from assay.predictor.matrix import (
    Matrix,
    binary_columns,
    shape_of,
    side_by_side,
    standardised,
    with_intercept,
)


class AbstractPredictor(abc.ABC):
    """A recipe that maps features to one parameter of a family; predictors add up with `+`."""

    @abc.abstractmethod
    def prepare(self, frame: Frame) -> "tuple[AbstractPrepared, Matrix]":
        """Fix factor levels and the like on the fitting rows.

        Returns:
            The prepared predictor, and its columns of these rows.

        Raises:
            DataError: a column is missing or holds missing values.
            ConfigError: the recipe cannot be read.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """The recipe as text, such as `linear('price + promo')`."""

    def __add__(self, other: "AbstractPredictor | Sum") -> "Sum":
        return as_sum(self) + other


class AbstractPrepared(abc.ABC):
    """A predictor whose columns are fixed.

    Fields:
        names: one for each column.
        has_intercept: whether it leaves the sum's intercept in.
        prior_sd: prior standard deviation of each standardised coefficient.
    """

    names: tuple[str, ...]
    has_intercept: bool
    prior_sd: float

    def offset(self, frame: Frame) -> np.ndarray:
        """What the term adds without any coefficient, (rows,) or (1,)."""
        del frame
        return np.zeros(1)

    @abc.abstractmethod
    def columns(self, frame: Frame) -> Matrix:
        """The raw columns, (rows, columns), on the user's scale and without intercept.

        Raises:
            DataError: a column is missing, holds missing values or an unseen category.
        """


@dataclass(frozen=True)
class Sum:
    """Predictors added up; what a parameter of a model holds.

    Fields:
        terms: in the order written.
    """

    terms: tuple[AbstractPredictor, ...]

    def prepare(self, frame: Frame) -> "tuple[Design, Matrix]":
        """The design of all terms and its matrix of the fitting rows.

        Raises:
            DataError: as `AbstractPredictor.prepare`, or a column without variation.
        """
        prepared = [term.prepare(frame) for term in self.terms]
        raw = side_by_side([columns for _, columns in prepared], frame.rows)
        made = _design(tuple(term for term, _ in prepared), raw, frame)
        return made, made.finish(raw)

    def describe(self) -> str:
        """The recipe as text."""
        return " + ".join(term.describe() for term in self.terms)

    def __add__(self, other: "AbstractPredictor | Sum") -> "Sum":
        return Sum((*self.terms, *as_sum(other).terms))


@dataclass(frozen=True)
class Design:
    """The standardised columns of all terms of one parameter, and the way back.

    Column j of the design is (raw_j - centre_j) / scale_j; the intercept comes first where there
    is one. Columns of 0 and 1, such as those of factors, stay as they are, so that a prior speaks
    of the step from one category to the other and most cells stay 0. Without an intercept nothing
    is centred, so that the line still meets the origin.

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

    def matrix(self, frame: Frame) -> Matrix:
        """Standardised columns of any table, (rows, coefficients); the intercept's ones first.

        Raises:
            DataError: as `AbstractPrepared.columns`.
        """
        return self.finish(side_by_side([term.columns(frame) for term in self.terms], frame.rows))

    def offset(self, frame: Frame) -> np.ndarray:
        """What all terms add without any coefficient, (rows,) or (1,)."""
        return np.sum(np.broadcast_arrays(*(term.offset(frame) for term in self.terms)), axis=0)

    def finish(self, raw: Matrix) -> Matrix:
        """From raw columns to the design's."""
        standard = standardised(raw, self.centre, self.scale)
        return with_intercept(standard) if self.has_intercept else standard

    def to_user(self) -> Float[np.ndarray, "coefficients coefficients"]:
        """Matrix from standardised coefficients to those on the user's scale."""
        back = np.diag(1.0 / self.scale)
        if not self.has_intercept:
            return back
        first = np.concatenate([[1.0], -self.centre / self.scale])
        return np.vstack([first, np.column_stack([np.zeros(len(self.scale)), back])])


def _design(terms: tuple[AbstractPrepared, ...], raw: Matrix, frame: Frame) -> Design:
    """Centres and scales of the fitting rows.

    Raises:
        DataError: a column has one value on all rows; names it.
    """
    names = tuple(name for term in terms for name in term.names)
    has_intercept = all(term.has_intercept for term in terms)
    mean = np.asarray(raw.mean(axis=0)).ravel() if names else np.zeros(0)
    spread = _spread(raw, mean)
    # What is constant to rounding error would be blown up into noise by a division.
    flat = spread <= 1e-12 * (1.0 + np.abs(mean))
    if flat.any() and has_intercept:
        which = ", ".join(f"`{name}`" for name, is_flat in zip(names, flat, strict=True) if is_flat)
        raise DataError(
            f"{frame.source}: {which} has one value on all {frame.rows} fitting rows, so nothing "
            "can be learnt about its effect. Leave it out of the formula."
        )
    binary = binary_columns(raw)
    away = mean if has_intercept else np.zeros_like(mean)
    size = np.sqrt(spread**2 + (mean - away) ** 2)
    prior_sd = np.repeat([term.prior_sd for term in terms], [len(term.names) for term in terms])
    return Design(
        terms=terms,
        names=("intercept", *names) if has_intercept else names,
        has_intercept=has_intercept,
        centre=np.where(binary, 0.0, away),
        scale=np.where(binary | (size == 0), 1.0, size),
        prior_sd=prior_sd,
    )


def _spread(raw: Matrix, mean: np.ndarray) -> np.ndarray:
    """Standard deviation of each column, column by column so that a sparse matrix stays one."""
    if isinstance(raw, np.ndarray):
        return np.sqrt(np.mean((raw - mean) ** 2, axis=0)) if raw.size else np.zeros_like(mean)
    columns, spread = raw.tocsc(), np.zeros_like(mean)
    rows = shape_of(raw)[0]
    for j in range(len(mean)):
        filled = columns.data[columns.indptr[j] : columns.indptr[j + 1]]
        squares = np.sum((filled - mean[j]) ** 2) + (rows - len(filled)) * mean[j] ** 2
        spread[j] = np.sqrt(squares / rows)
    return spread


def as_sum(predictor: AbstractPredictor | Sum) -> Sum:
    """Any predictor as a sum of one or more."""
    return predictor if isinstance(predictor, Sum) else Sum((predictor,))
