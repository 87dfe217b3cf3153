"""The polynomial predictor: powers of one column, such as a braking distance in speed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.formula import check_columns


@dataclass(frozen=True)
class PreparedPolynomial(AbstractPrepared):
    """Powers 1 to `degree` of one column."""

    column: str
    degree: int
    prior_sd: float
    has_intercept: bool = True

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`speed`, `speed^2`, ..."""
        powers = range(2, self.degree + 1)
        return (self.column, *(f"{self.column}^{power}" for power in powers))

    def columns(self, frame: Frame) -> Float[np.ndarray, "rows columns"]:
        check_columns(frame, [self.column])
        return frame.numbers(self.column)[:, None] ** np.arange(1, self.degree + 1)


@dataclass(frozen=True)
class Polynomial(AbstractPredictor):
    """Powers of one column up to `degree`: ``Polynomial("speed", 3)``.

    Fields:
        column: a numeric column.
        degree: highest power, 1 to 9.
        prior_sd: prior standard deviation of each standardised coefficient, as in `Linear`.
    """

    column: str
    degree: int
    prior_sd: float = 10.0

    def __post_init__(self) -> None:
        if not (isinstance(self.degree, int) and 1 <= self.degree <= 9):
            raise ConfigError(
                f"Polynomial({self.column!r}): the degree is {self.degree!r}, must be a whole "
                "number from 1 to 9."
            )

    def prepare(self, frame: Frame) -> PreparedPolynomial:
        return PreparedPolynomial(self.column, self.degree, self.prior_sd)

    def describe(self) -> str:
        if self.degree == 2:
            return f"quadratic({self.column!r})"
        return f"polynomial({self.column!r}, {self.degree})"


def Quadratic(column: str) -> Polynomial:  # noqa: N802 - reads as the predictor that it makes
    """A parabola in one column: ``Quadratic("speed")``."""
    return Polynomial(column, 2)
