"""The constant predictor: one value for all rows."""

from dataclasses import dataclass

import numpy as np

from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.matrix import Matrix


@dataclass(frozen=True)
class PreparedConstant(AbstractPrepared):
    """Nothing but the intercept that every sum has."""

    names: tuple[str, ...] = ()
    has_intercept: bool = True
    prior_sd: float = 1.0

    def columns(self, frame: Frame) -> Matrix:
        return np.empty((frame.rows, 0))


@dataclass(frozen=True)
class Constant(AbstractPredictor):
    """The same value for all rows; what a parameter without a predictor gets."""

    def prepare(self, frame: Frame) -> tuple[PreparedConstant, Matrix]:
        prepared = PreparedConstant()
        return prepared, prepared.columns(frame)

    def describe(self) -> str:
        return "constant()"
