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
from assay.family.asymmetric_laplace import AsymmetricLaplace
from assay.family.bernoulli import Bernoulli
from assay.family.beta import Beta
from assay.family.beta_binomial import BetaBinomial
from assay.family.binomial import Binomial
from assay.family.categorical import Categorical
from assay.family.censored import Censored
from assay.family.exponential import Exponential
from assay.family.gamma import Gamma
from assay.family.generalized_beta import GeneralizedBeta
from assay.family.generalized_beta_prime import GB2
from assay.family.generalized_poisson import GeneralizedPoisson
from assay.family.gumbel import Gumbel
from assay.family.hurdle import Hurdle
from assay.family.laplace import Laplace
from assay.family.log_logistic import LogLogistic
from assay.family.logistic import Logistic
from assay.family.logit_normal import LogitNormal
from assay.family.lognormal import LogNormal
from assay.family.lomax import Lomax
from assay.family.mixture import Mixture
from assay.family.negative_binomial import NegativeBinomial
from assay.family.normal import Normal
from assay.family.ordered_logistic import OrderedLogistic
from assay.family.pareto import Pareto
from assay.family.poisson import Poisson
from assay.family.rounded import Rounded
from assay.family.skew_normal import SkewNormal
from assay.family.student_t import StudentT
from assay.family.support import Support
from assay.family.truncated import Truncated
from assay.family.tweedie import Tweedie
from assay.family.weibull import Weibull
from assay.family.zero_inflated import ZeroInflated

__all__ = [
    "GB2",
    "UPPER_END",
    "AbstractDistribution",
    "AbstractFamily",
    "AsymmetricLaplace",
    "Bernoulli",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "Categorical",
    "Censored",
    "Exponential",
    "Gamma",
    "GeneralizedBeta",
    "GeneralizedPoisson",
    "Gumbel",
    "Hurdle",
    "Known",
    "Laplace",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "LogitNormal",
    "Lomax",
    "Mixture",
    "NegativeBinomial",
    "Normal",
    "OrderedLogistic",
    "Parameter",
    "Pareto",
    "Part",
    "Poisson",
    "Rounded",
    "SkewNormal",
    "StudentT",
    "Support",
    "Truncated",
    "Tweedie",
    "Weibull",
    "ZeroInflated",
    "log_likelihood",
]
