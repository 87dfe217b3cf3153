"""What every predictor can do: turn features into columns that one parameter is linear in.

A predictor is a recipe. `prepare` fixes what it learns from the features of the fitting rows
(factor levels, centres, scales) and returns a prepared predictor, which makes the same columns of
any later table.
"""

import abc
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from assay.compute import MANY_ROWS, on_all_cores
from assay.errors import ConfigError, DataError
from assay.frame import Frame
from assay.predictor.matrix import (
    Matrix,
    binary_columns,
    mean_of,
    side_by_side,
    spread_of,
    standardised,
)
from assay.predictor.seen import Seen, seen_of


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

    A term may be penalised: the prior precision of its columns is then the sum over its penalties
    of lambda_j times `penalties[j]`, and the fit chooses every lambda_j. Columns that no penalty
    covers keep their `prior_sd`.

    Fields:
        names: one for each column.
        has_intercept: whether it leaves the sum's intercept in.
        prior_sd: prior standard deviation of the standardised coefficients, one for all columns
            or one for each; inf for a flat prior.
        penalties: non-negative weights of the columns, one array for each lambda.
        penalty_names: what each lambda smooths or pools, such as `spline(x)`.
        is_standardised: whether the columns come centred and scaled already.
    """

    names: tuple[str, ...]
    has_intercept: bool
    prior_sd: Any  # a number, or an array of one for each column
    penalties: tuple[np.ndarray, ...] = ()
    penalty_names: tuple[str, ...] = ()
    is_standardised: bool = False

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

    def reads(self) -> tuple[str, ...]:
        """Columns of the table that the term reads, in the order of its recipe."""
        return ()

    def state(self) -> dict[str, Any]:
        """All that `restore` needs: numbers, text, arrays, lists and dictionaries of them.

        Raises:
            TypeError: the term keeps its state elsewhere and gives no `state` of its own.
        """
        if not is_dataclass(self):
            raise TypeError(f"{type(self).__name__} has no fields to save: give it `state`.")
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """The term whose `state` this was; lists stand for tuples, as JSON writes them."""
        return cls(**{name: _tuples(value) for name, value in state.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list | tuple) else value


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
        return made, made.finish(raw, in_place=True)

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
        prior_sd: prior sd of each standardised coefficient except the intercept's; without
            meaning where a penalty covers the coefficient.
        seen: what the fitting rows held in each column that a term reads.
    """

    terms: tuple[AbstractPrepared, ...]
    names: tuple[str, ...]
    has_intercept: bool
    centre: np.ndarray
    scale: np.ndarray
    prior_sd: np.ndarray
    seen: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def penalties(self) -> tuple[np.ndarray, ...]:
        """Weights of all coefficients, the intercept's included, one array for each lambda."""
        spread = []
        for term, place in zip(self.terms, self.places(), strict=True):
            for weights in term.penalties:
                padded = np.zeros(len(self.names))
                padded[place] = weights
                spread.append(padded)
        return tuple(spread)

    @property
    def penalty_names(self) -> tuple[str, ...]:
        """What each lambda smooths or pools."""
        return tuple(name for term in self.terms for name in term.penalty_names)

    @property
    def is_penalised(self) -> np.ndarray:
        """Which coefficients a penalty covers, the intercept's included."""
        return np.sum([np.zeros(len(self.names)), *self.penalties], axis=0) > 0

    def places(self) -> tuple[slice, ...]:
        """Where each term's coefficients stand among those of the design."""
        edges = int(self.has_intercept) + np.cumsum([0, *(len(each.names) for each in self.terms)])
        return tuple(slice(int(low), int(high)) for low, high in itertools.pairwise(edges))

    def block(self, term: int, frame: Frame) -> Matrix:
        """The standardised columns of one term alone, (rows, columns of the term)."""
        place = self.places()[term]
        shift = int(self.has_intercept)
        own = slice(place.start - shift, place.stop - shift)
        raw = self.terms[term].columns(frame)
        return standardised(raw, self.centre[own], self.scale[own])

    def matrix(self, frame: Frame) -> Matrix:
        """Standardised columns of any table, (rows, coefficients); the intercept's ones first.

        Raises:
            DataError: as `AbstractPrepared.columns`.
        """
        return self.finish(side_by_side([term.columns(frame) for term in self.terms], frame.rows))

    def offset(self, frame: Frame) -> np.ndarray:
        """What all terms add without any coefficient, (rows,) or (1,)."""
        return np.sum(np.broadcast_arrays(*(term.offset(frame) for term in self.terms)), axis=0)

    def finish(self, raw: Matrix, *, in_place: bool = False) -> Matrix:
        """From raw columns to the design's, which may take their memory."""
        return standardised(
            raw, self.centre, self.scale, intercept=self.has_intercept, in_place=in_place
        )

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
    ready = _by_column([term.is_standardised for term in terms], terms).astype(bool)
    mean = mean_of(raw)
    spread = spread_of(raw, mean)
    # What is constant to rounding error would be blown up into noise by a division.
    flat = (spread <= 1e-12 * (1.0 + np.abs(mean))) & ~ready
    if flat.any() and has_intercept:
        which = ", ".join(f"`{name}`" for name, is_flat in zip(names, flat, strict=True) if is_flat)
        raise DataError(
            f"{frame.source}: {which} has one value on all {frame.rows} fitting rows, so nothing "
            "can be learnt about its effect. Leave it out of the formula."
        )
    left = binary_columns(raw) | ready
    away = mean if has_intercept else np.zeros_like(mean)
    size = np.sqrt(spread**2 + (mean - away) ** 2)
    return Design(
        terms=terms,
        names=("intercept", *names) if has_intercept else names,
        has_intercept=has_intercept,
        centre=np.where(left, 0.0, away),
        scale=np.where(left | (size == 0), 1.0, size),
        prior_sd=_by_column([term.prior_sd for term in terms], terms),
        seen=_seen(terms, frame),
    )


def _seen(terms: tuple[AbstractPrepared, ...], frame: Frame) -> dict[str, Seen]:
    names = [name for term in terms for name in term.reads()]
    look = on_all_cores if frame.rows >= MANY_ROWS else map
    return dict(zip(names, look(seen_of, [frame.column(name) for name in names]), strict=True))


def _by_column(values: list[Any], terms: tuple[AbstractPrepared, ...]) -> np.ndarray:
    """What each term says, repeated for its columns where it says one thing for all."""
    spread = [
        np.broadcast_to(np.asarray(value, dtype=float), len(term.names))
        for value, term in zip(values, terms, strict=True)
    ]
    return np.concatenate([np.zeros(0), *spread])


def as_sum(predictor: AbstractPredictor | Sum) -> Sum:
    """Any predictor as a sum of one or more.

    Raises:
        ConfigError: it is something else.
    """
    if not isinstance(predictor, AbstractPredictor | Sum):
        raise ConfigError(
            f"{predictor!r} is no predictor. Add predictors to each other, such as "
            '`Linear("price") + Spline("day")`.'
        )
    return predictor if isinstance(predictor, Sum) else Sum((predictor,))
