"""The polynomial predictor: powers of one column, such as a braking distance in speed."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.formula import check_columns
from assay.predictor.matrix import Matrix

_DEPENDENT = 1e-8


@dataclass(frozen=True)
class PreparedPolynomial(AbstractPrepared):
    """Powers 1 to `degree` of one column."""

    column: str
    degree: int
    prior_sd: tuple[float, ...]
    has_intercept: bool = True

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`speed`, `speed^2`, ..."""
        powers = range(2, self.degree + 1)
        return (self.column, *(f"{self.column}^{power}" for power in powers))

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def columns(self, frame: Frame) -> Matrix:
        check_columns(frame, [self.column])
        return frame.numbers(self.column)[:, None] ** np.arange(1, self.degree + 1)


def _inflation(columns: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, " columns"]:
    """By how much less of each column the others leave: the root of its variance inflation.

    Source: Marquardt (1970), Generalized inverses, ridge regression, biased linear estimation.
    """
    away = columns - columns.mean(axis=0)
    size = np.sqrt(np.sum(away**2, axis=0))
    triangle = np.linalg.qr(away / np.where(size > 0, size, 1.0), mode="r")
    if len(triangle) < len(size) or np.abs(np.diag(triangle)).min() < _DEPENDENT:
        return np.ones(len(size))  # refused elsewhere, or decided by the prior on purpose
    return np.sqrt(np.sum(np.linalg.inv(triangle) ** 2, axis=1))


@dataclass(frozen=True)
class Polynomial(AbstractPredictor):
    """Powers of one column up to `degree`: ``Polynomial("speed", 3)``.

    Fields:
        column: a numeric column.
        degree: highest power, 1 to 9.
        prior_sd: prior standard deviation of the effect of one standard deviation of each power,
            beyond what the other powers tell: far from 0 they tell nearly the same, and their
            coefficients are large and of opposite signs.
    """

    column: str
    degree: int
    prior_sd: float = 10.0

    def __post_init__(self) -> None:
        if not isinstance(self.column, str):
            raise ConfigError(f"Polynomial: the column is {self.column!r}, must be a name.")
        if not (isinstance(self.prior_sd, int | float) and 0 < self.prior_sd < np.inf):
            raise ConfigError(f"Polynomial: `prior_sd` is {self.prior_sd!r}, must be above 0.")
        if not (isinstance(self.degree, int) and 1 <= self.degree <= 9):
            raise ConfigError(
                f"Polynomial({self.column!r}): the degree is {self.degree!r}, must be a whole "
                "number from 1 to 9."
            )

    def prepare(self, frame: Frame) -> tuple[PreparedPolynomial, Matrix]:
        prepared = PreparedPolynomial(self.column, self.degree, (self.prior_sd,) * self.degree)
        powers = np.asarray(prepared.columns(frame))
        wider = tuple(float(self.prior_sd * each) for each in _inflation(powers))
        return replace(prepared, prior_sd=wider), powers

    def describe(self) -> str:
        if self.prior_sd != Polynomial.prior_sd:
            return f"polynomial({self.column!r}, {self.degree}, prior_sd={self.prior_sd:g})"
        if self.degree == 2:
            return f"quadratic({self.column!r})"
        return f"polynomial({self.column!r}, {self.degree})"


def Quadratic(column: str) -> Polynomial:
    """A parabola in one column: ``Quadratic("speed")``."""
    return Polynomial(column, 2)
