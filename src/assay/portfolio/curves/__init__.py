"""Effort-accuracy curves: what effort brings, learnt from attempts, failed ones included."""

from assay.portfolio.curves.check import Contradiction, contradiction
from assay.portfolio.curves.curve import AbstractCurve, Curve, KnownCurve, Worth
from assay.portfolio.curves.history import HistoryCurve
from assay.portfolio.curves.observation import UNSCORED_SE, Belief, Observation
from assay.portfolio.curves.shape import SHAPES
from assay.portfolio.curves.stages import StageOfWork, Stages

__all__ = [
    "SHAPES",
    "UNSCORED_SE",
    "AbstractCurve",
    "Belief",
    "Contradiction",
    "Curve",
    "HistoryCurve",
    "KnownCurve",
    "Observation",
    "StageOfWork",
    "Stages",
    "Worth",
    "contradiction",
]
