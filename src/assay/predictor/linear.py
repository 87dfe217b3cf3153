"""The linear predictor: a formula of columns, factors and their interactions."""

from dataclasses import dataclass
from functools import cached_property

import formulaic
import numpy as np
import scipy.sparse as sp

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.formula import first_matrix, read_formula, repeat_matrix
from assay.predictor.matrix import Matrix, as_dense, is_mostly_zero


@dataclass(frozen=True)
class PreparedLinear(AbstractPrepared):
    """A formula with its factor levels fixed."""

    formula: str
    spec: formulaic.ModelSpec
    prior_sd: float

    @cached_property
    def _kept(self) -> np.ndarray:
        """Positions of all columns but the intercept, which the sum supplies."""
        found = [name != "Intercept" for name in self.spec.column_names]
        return np.flatnonzero(found)

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Names of the columns, as formulaic gives them."""
        return tuple(str(self.spec.column_names[index]) for index in self._kept)

    @property
    def has_intercept(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the formula leaves the intercept in."""
        return "Intercept" in self.spec.column_names

    def columns(self, frame: Frame) -> Matrix:
        return self.keep(repeat_matrix(self.formula, self.spec, frame))

    def keep(self, matrix: sp.csc_array) -> Matrix:
        """Without the intercept; dense unless most cells are 0."""
        kept = sp.csr_array(matrix[:, self._kept])
        return kept if is_mostly_zero(kept) else as_dense(kept)


@dataclass(frozen=True)
class Linear(AbstractPredictor):
    """A formula in Wilkinson's notation: ``Linear("price + C(store):promo + log(area)")``.

    Inputs are standardised inside and coefficients reported on the user's scale.

    Fields:
        formula: columns, factors `C(...)`, interactions `:` and `*`, and a few functions; `- 1`
            takes the intercept out.
        prior_sd: prior standard deviation of each standardised coefficient (that is, of the
            effect of one standard deviation of the input), times the target's sd under an
            identity link. The default is weak; smaller values shrink more.

    Source: Wilkinson & Rogers (1973), Symbolic description of factorial models.
    """

    formula: str
    prior_sd: float = 2.5

    def __post_init__(self) -> None:
        if not isinstance(self.formula, str):
            raise ConfigError(
                f"Linear: the formula is {self.formula!r}, must be text such as `price + promo`."
            )
        if not (isinstance(self.prior_sd, int | float) and 0 < self.prior_sd < np.inf):
            raise ConfigError(f"Linear: `prior_sd` is {self.prior_sd!r}, must be above 0.")
        read_formula(self.formula)

    def prepare(self, frame: Frame) -> tuple[PreparedLinear, Matrix]:
        matrix, spec = first_matrix(self.formula, frame)
        prepared = PreparedLinear(self.formula, spec, self.prior_sd)
        return prepared, prepared.keep(matrix)

    def describe(self) -> str:
        weak = self.prior_sd == Linear.prior_sd
        return f"linear({self.formula!r}{'' if weak else f', prior_sd={self.prior_sd:g}'})"
