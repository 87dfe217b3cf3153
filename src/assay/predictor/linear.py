"""The linear predictor: a formula of columns, factors and their interactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import formulaic
import numpy as np

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.formula import effects, first_matrix, read_formula, repeat_matrix
from assay.predictor.formula_state import restored_spec, spec_state
from assay.predictor.matrix import Matrix


@dataclass(frozen=True)
class PreparedLinear(AbstractPrepared):
    """A formula with its factor levels fixed."""

    formula: str
    spec: formulaic.ModelSpec
    prior_sd: float

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Names of the columns, as formulaic gives them."""
        return tuple(str(self.spec.column_names[index]) for index in effects(self.spec))

    @property
    def has_intercept(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the formula leaves the intercept in."""
        return "Intercept" in self.spec.column_names

    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read_formula(self.formula)[1]))

    def columns(self, frame: Frame) -> Matrix:
        return repeat_matrix(self.formula, self.spec, frame)

    def state(self) -> dict[str, Any]:
        return {
            "formula": self.formula,
            "prior_sd": self.prior_sd,
            "spec": spec_state(self.spec),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "PreparedLinear":
        formula = str(state["formula"])
        spec = restored_spec(formula, state["spec"])
        return cls(formula, spec, float(state["prior_sd"]))


@dataclass(frozen=True)
class Linear(AbstractPredictor):
    """A formula in Wilkinson's notation: ``Linear("price + C(store):promo + log(area)")``.

    Inputs are standardised inside and coefficients reported on the user's scale.

    Fields:
        formula: columns, factors `C(...)`, interactions `:` and `*`, and a few functions; `- 1`
            takes the intercept out, `C(batch, Treatment(10))` chooses the reference level.
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
        return PreparedLinear(self.formula, spec, self.prior_sd), matrix

    def describe(self) -> str:
        weak = self.prior_sd == Linear.prior_sd
        return f"linear({self.formula!r}{'' if weak else f', prior_sd={self.prior_sd:g}'})"
