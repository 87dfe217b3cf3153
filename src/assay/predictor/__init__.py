"""From features to one parameter of a family; one file for each predictor."""

from assay.predictor.abstract import AbstractPredictor, AbstractPrepared, Design, Sum, as_sum
from assay.predictor.constant import Constant
from assay.predictor.linear import Linear
from assay.predictor.polynomial import Polynomial, Quadratic

__all__ = [
    "AbstractPredictor",
    "AbstractPrepared",
    "Constant",
    "Design",
    "Linear",
    "Polynomial",
    "Quadratic",
    "Sum",
    "as_sum",
]
