"""Effort-accuracy curves: what effort brings, learnt from attempts, failed ones included."""

from assay.portfolio.curves.curve import AbstractCurve, Curve, KnownCurve
from assay.portfolio.curves.history import HistoryCurve
from assay.portfolio.curves.observation import UNSCORED_SE, Belief, Observation
from assay.portfolio.curves.shape import SHAPES

__all__ = [
    "SHAPES",
    "UNSCORED_SE",
    "AbstractCurve",
    "Belief",
    "Curve",
    "HistoryCurve",
    "KnownCurve",
    "Observation",
]
