"""Assay weighs machine-learning work: from a question to an honest verdict, and to the next day."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, nearest

if TYPE_CHECKING:
    from assay import simulate
    from assay.experiment import register
    from assay.family import Bernoulli, Censored, Gamma, LogNormal, NegativeBinomial, Normal
    from assay.frame import read
    from assay.ledger import Ledger
    from assay.model import Model
    from assay.portfolio import plan
    from assay.predictor import Constant, Linear, Polynomial, Quadratic
    from assay.problem import profile

__version__ = "0.1.0"

__all__ = [
    "AssayError",
    "Bernoulli",
    "Censored",
    "Constant",
    "Gamma",
    "Ledger",
    "Linear",
    "LogNormal",
    "Model",
    "NegativeBinomial",
    "Normal",
    "Polynomial",
    "Quadratic",
    "__version__",
    "plan",
    "profile",
    "read",
    "register",
    "simulate",
]

# Rooms are imported at the first use of a name from them: JAX alone takes longer to import than
# `assay --help` may take to answer.
_ADDRESSES = {
    "Bernoulli": "assay.family:Bernoulli",
    "Censored": "assay.family:Censored",
    "Constant": "assay.predictor:Constant",
    "Gamma": "assay.family:Gamma",
    "Ledger": "assay.ledger:Ledger",
    "Linear": "assay.predictor:Linear",
    "LogNormal": "assay.family:LogNormal",
    "Model": "assay.model:Model",
    "NegativeBinomial": "assay.family:NegativeBinomial",
    "Normal": "assay.family:Normal",
    "Polynomial": "assay.predictor:Polynomial",
    "Quadratic": "assay.predictor:Quadratic",
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
