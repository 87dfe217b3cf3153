"""Every family with a parameter that a filter drives."""

from typing import Any

import assay

# Family, what is driven, linked parameters (driven first), whether the information is exact.
CASES: dict[str, tuple[Any, str, tuple[float, ...], bool]] = {
    "poisson": (assay.Poisson(), "mean", (1.0,), True),
    "negative-binomial": (assay.NegativeBinomial(), "mean", (1.3, 0.4), True),
    "generalized-poisson": (assay.GeneralizedPoisson(), "mean", (1.0, -0.5), True),
    "bernoulli": (assay.Bernoulli(), "probability", (0.3,), True),
    "binomial": (assay.Binomial(5), "probability", (0.3,), True),
    "beta-binomial": (assay.BetaBinomial(5), "mean", (0.3, 1.0), False),
    "gamma": (assay.Gamma(), "mean", (0.5, -0.4), True),
    "exponential": (assay.Exponential(), "mean", (0.5,), True),
    "log-normal": (assay.LogNormal(), "median", (0.5, -0.3), True),
    "weibull": (assay.Weibull(), "scale", (0.5, 0.3), True),
    "log-logistic": (assay.LogLogistic(), "median", (0.5, 0.6), True),
    "gb2": (assay.GB2(), "scale", (0.2, 0.5, 0.1, 0.6), True),
    "lomax": (assay.Lomax(), "scale", (0.2, 1.0), True),
    "pareto": (assay.Pareto(), "tail", (0.8,), True),
    "tweedie": (assay.Tweedie(), "mean", (0.7, 0.1, 0.2), True),
    "normal": (assay.Normal(), "mean", (0.3, -0.2), True),
    "student-t": (assay.StudentT(), "location", (0.3, -0.2, 1.5), True),
    "logistic": (assay.Logistic(), "mean", (0.3, -0.2), True),
    "laplace": (assay.Laplace(), "mean", (0.0, -0.2), True),
    "asymmetric-laplace": (assay.AsymmetricLaplace(), "location", (0.0, -0.2, 0.4), True),
    "gumbel": (assay.Gumbel(), "location", (0.3, -0.2), True),
    "skew-normal": (assay.SkewNormal(), "location", (0.3, -0.2, 1.5), False),
    "beta": (assay.Beta(), "mean", (0.3, 1.4), True),
    "logit-normal": (assay.LogitNormal(), "median", (0.3, -0.1), True),
    "hurdle-gamma": (assay.Hurdle(assay.Gamma()), "mean", (0.5, -0.4, -0.6), True),
    "hurdle-count": (assay.Hurdle(assay.NegativeBinomial()), "mean", (0.6, 0.4, -0.6), True),
    "hurdle-zero": (assay.Hurdle(assay.Gamma()), "zero", (-0.6, 0.5, -0.4), True),
    "zeros-gamma": (assay.ZeroInflated(assay.Gamma()), "mean", (0.5, -0.4, -0.6), True),
    "zeros-count": (assay.ZeroInflated(assay.NegativeBinomial()), "mean", (0.6, 0.4, -0.6), True),
}
