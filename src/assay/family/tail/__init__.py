"""Log probabilities of both tails, exact where probabilities underflow, and their inverses."""

from assay.family.tail.beta import log_beta_tails
from assay.family.tail.gamma import log_gamma_tails
from assay.family.tail.gamma_quantile import gamma_quantile, gamma_quantile_upper
from assay.family.tail.log1mexp import log1mexp, log1mexpexp
from assay.family.tail.negative_binomial import negative_binomial_log_tails
from assay.family.tail.normal import log_ndtr, log_ndtri

__all__ = [
    "gamma_quantile",
    "gamma_quantile_upper",
    "log1mexp",
    "log1mexpexp",
    "log_beta_tails",
    "log_gamma_tails",
    "log_ndtr",
    "log_ndtri",
    "negative_binomial_log_tails",
]
