"""Inference: maximum a posteriori by Newton, Laplace's approximation around it, NUTS beside it."""

from assay.fit.density import PenalisedPosterior, Posterior, penalised, posterior
from assay.fit.draws import Draws
from assay.fit.enough import LAPLACE_ROWS, caution
from assay.fit.laplace import covariance, draw, draw_count
from assay.fit.newton import Optimum, PartRows, Prior, maximise
from assay.fit.nuts import Nuts, sample_posterior
from assay.fit.result import FitResult, judge

__all__ = [
    "LAPLACE_ROWS",
    "Draws",
    "FitResult",
    "Nuts",
    "Optimum",
    "PartRows",
    "PenalisedPosterior",
    "Posterior",
    "Prior",
    "caution",
    "covariance",
    "draw",
    "draw_count",
    "judge",
    "maximise",
    "penalised",
    "posterior",
    "sample_posterior",
]
