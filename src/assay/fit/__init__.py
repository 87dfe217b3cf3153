"""Inference: maximum a posteriori by Newton, and Laplace's approximation around it."""

from assay.fit.laplace import covariance, draw, draw_count
from assay.fit.newton import Optimum, PartRows, Prior, maximise
from assay.fit.result import FitResult, judge

__all__ = [
    "FitResult",
    "Optimum",
    "PartRows",
    "Prior",
    "covariance",
    "draw",
    "draw_count",
    "judge",
    "maximise",
]
