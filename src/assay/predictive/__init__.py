"""What comes out of a model: a distribution for each row."""

from assay.predictive.abstract import AbstractPredictive
from assay.predictive.classes import ClassPredictive
from assay.predictive.concat import concatenated
from assay.predictive.distribution import DistributionPredictive
from assay.predictive.ensemble import EnsemblePredictive
from assay.predictive.quantiles import QuantilePredictive
from assay.predictive.seen import Hidden, Observed, under_limit
from assay.predictive.store import from_bytes, to_bytes

__all__ = [
    "AbstractPredictive",
    "ClassPredictive",
    "DistributionPredictive",
    "EnsemblePredictive",
    "Hidden",
    "Observed",
    "QuantilePredictive",
    "concatenated",
    "from_bytes",
    "to_bytes",
    "under_limit",
]
