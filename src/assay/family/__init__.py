"""Recipes for likelihoods, exact in the tails; one file for each family."""

from assay.family.abstract import (
    UPPER_END,
    AbstractDistribution,
    AbstractFamily,
    Known,
    Parameter,
    Part,
    log_likelihood,
)
from assay.family.bernoulli import Bernoulli, BernoulliDistribution
from assay.family.censored import Censored, CensoredDistribution
from assay.family.gamma import Gamma, GammaDistribution
from assay.family.lognormal import LogNormal, LogNormalDistribution
from assay.family.negative_binomial import NegativeBinomial, NegativeBinomialDistribution
from assay.family.normal import Normal, NormalDistribution
from assay.family.support import Support

__all__ = [
    "UPPER_END",
    "AbstractDistribution",
    "AbstractFamily",
    "Bernoulli",
    "BernoulliDistribution",
    "Censored",
    "CensoredDistribution",
    "Gamma",
    "GammaDistribution",
    "Known",
    "LogNormal",
    "LogNormalDistribution",
    "NegativeBinomial",
    "NegativeBinomialDistribution",
    "Normal",
    "NormalDistribution",
    "Parameter",
    "Part",
    "Support",
    "log_likelihood",
]
