"""From features to one parameter of a family; one file for each predictor."""

from assay.predictor.abstract import AbstractPredictor, AbstractPrepared, Design, Sum, as_sum
from assay.predictor.constant import Constant
from assay.predictor.group import Group
from assay.predictor.linear import Linear
from assay.predictor.neural import Neural
from assay.predictor.offset import Offset
from assay.predictor.polynomial import Polynomial, Quadratic
from assay.predictor.score_driven import ScoreDriven
from assay.predictor.spline import Spline

__all__ = [
    "AbstractPredictor",
    "AbstractPrepared",
    "Constant",
    "Design",
    "Group",
    "Linear",
    "Neural",
    "Offset",
    "Polynomial",
    "Quadratic",
    "ScoreDriven",
    "Spline",
    "Sum",
    "as_sum",
]
