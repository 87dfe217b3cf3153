"""Assay weighs machine-learning work: from a question to an honest verdict, and to the next day."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, nearest

if TYPE_CHECKING:
    from assay import simulate
    from assay.adapter import adapt
    from assay.experiment import register
    from assay.family import (
        GB2,
        AsymmetricLaplace,
        Bernoulli,
        Beta,
        BetaBinomial,
        Binomial,
        Categorical,
        Censored,
        Exponential,
        Gamma,
        GeneralizedBeta,
        GeneralizedPoisson,
        Gumbel,
        Hurdle,
        Laplace,
        Logistic,
        LogitNormal,
        LogLogistic,
        LogNormal,
        Lomax,
        Mixture,
        NegativeBinomial,
        Normal,
        OrderedLogistic,
        Pareto,
        Poisson,
        Rounded,
        SkewNormal,
        StudentT,
        Truncated,
        Tweedie,
        Weibull,
        ZeroInflated,
    )
    from assay.frame import read
    from assay.ledger import Ledger
    from assay.model import Model, compare, load
    from assay.portfolio import Curve, plan
    from assay.predictor import (
        Constant,
        Group,
        Linear,
        Neural,
        Offset,
        Polynomial,
        Quadratic,
        ScoreDriven,
        Spline,
    )
    from assay.problem import feasibility, profile

__version__ = "0.1.0"

__all__ = [
    "GB2",
    "AssayError",
    "AsymmetricLaplace",
    "Bernoulli",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "Categorical",
    "Censored",
    "Constant",
    "Curve",
    "Exponential",
    "Gamma",
    "GeneralizedBeta",
    "GeneralizedPoisson",
    "Group",
    "Gumbel",
    "Hurdle",
    "Laplace",
    "Ledger",
    "Linear",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "LogitNormal",
    "Lomax",
    "Mixture",
    "Model",
    "NegativeBinomial",
    "Neural",
    "Normal",
    "Offset",
    "OrderedLogistic",
    "Pareto",
    "Poisson",
    "Polynomial",
    "Quadratic",
    "Rounded",
    "ScoreDriven",
    "SkewNormal",
    "Spline",
    "StudentT",
    "Truncated",
    "Tweedie",
    "Weibull",
    "ZeroInflated",
    "__version__",
    "adapt",
    "compare",
    "feasibility",
    "load",
    "plan",
    "profile",
    "read",
    "register",
    "simulate",
]

# Rooms are imported at the first use of a name from them: JAX alone takes longer to import than
# `assay --help` may take to answer.
_ADDRESSES = {
    "AsymmetricLaplace": "assay.family:AsymmetricLaplace",
    "Bernoulli": "assay.family:Bernoulli",
    "Beta": "assay.family:Beta",
    "BetaBinomial": "assay.family:BetaBinomial",
    "Binomial": "assay.family:Binomial",
    "Categorical": "assay.family:Categorical",
    "Censored": "assay.family:Censored",
    "Constant": "assay.predictor:Constant",
    "Curve": "assay.portfolio:Curve",
    "Exponential": "assay.family:Exponential",
    "GB2": "assay.family:GB2",
    "Gamma": "assay.family:Gamma",
    "GeneralizedBeta": "assay.family:GeneralizedBeta",
    "GeneralizedPoisson": "assay.family:GeneralizedPoisson",
    "Group": "assay.predictor:Group",
    "Gumbel": "assay.family:Gumbel",
    "Hurdle": "assay.family:Hurdle",
    "Laplace": "assay.family:Laplace",
    "Ledger": "assay.ledger:Ledger",
    "Linear": "assay.predictor:Linear",
    "LogLogistic": "assay.family:LogLogistic",
    "LogNormal": "assay.family:LogNormal",
    "Logistic": "assay.family:Logistic",
    "LogitNormal": "assay.family:LogitNormal",
    "Lomax": "assay.family:Lomax",
    "Mixture": "assay.family:Mixture",
    "Model": "assay.model:Model",
    "NegativeBinomial": "assay.family:NegativeBinomial",
    "Neural": "assay.predictor:Neural",
    "Normal": "assay.family:Normal",
    "Offset": "assay.predictor:Offset",
    "OrderedLogistic": "assay.family:OrderedLogistic",
    "Pareto": "assay.family:Pareto",
    "Poisson": "assay.family:Poisson",
    "Polynomial": "assay.predictor:Polynomial",
    "Quadratic": "assay.predictor:Quadratic",
    "Rounded": "assay.family:Rounded",
    "ScoreDriven": "assay.predictor:ScoreDriven",
    "SkewNormal": "assay.family:SkewNormal",
    "Spline": "assay.predictor:Spline",
    "StudentT": "assay.family:StudentT",
    "Truncated": "assay.family:Truncated",
    "Tweedie": "assay.family:Tweedie",
    "Weibull": "assay.family:Weibull",
    "ZeroInflated": "assay.family:ZeroInflated",
    "adapt": "assay.adapter:adapt",
    "compare": "assay.model:compare",
    "feasibility": "assay.problem:feasibility",
    "load": "assay.model:load",
    "plan": "assay.portfolio:plan",
    "profile": "assay.problem:profile",
    "read": "assay.frame:read",
    "register": "assay.experiment:register",
    "simulate": "assay.simulate",
}


def __getattr__(name: str) -> Any:
    if name not in _ADDRESSES:
        raise AttributeError(f"module `assay` has no name `{name}`. {nearest(name, __all__)}")
    module, _, attribute = _ADDRESSES[name].partition(":")
    room = import_module(module)
    value = getattr(room, attribute) if attribute else room
    globals()[name] = value  # so that the next use costs nothing
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
