"""A model of another library, bound to one problem so that it can be an attempt at it."""

import abc
import sys
from dataclasses import dataclass
from typing import Any, Protocol, Self

from assay.adapter.setting import Setting
from assay.frame import Frame
from assay.predictive import AbstractPredictive


@dataclass(frozen=True)
class Options:
    """How a model is to be taken, beyond what it says of itself.

    Fields:
        features: columns that it reads, in order; `None` for those that it names, or all.
        spread: `none`, or `residuals` to add the law of out-of-fold open residuals to its points.
        output: what its numbers are, where the library cannot say: `mean`, `logits`,
            `probabilities` or `quantiles`.
        levels: of its quantiles, ascending.
    """

    features: tuple[str, ...] | None = None
    spread: str = "none"
    output: str | None = None
    levels: tuple[float, ...] = ()


class Predicting(Protocol):
    """Something fitted that predicts the rows of a frame."""

    def predict(self, data: Frame, /) -> AbstractPredictive:
        """One distribution for each row, whose target is not there."""
        ...


class AbstractAdapted(abc.ABC):
    """A foreign model in the terms of an attempt: fitted on open rows, or used as it is.

    Building one refuses what can be known to be wrong before any fit.
    """

    library: str
    """Name of the package whose version is recorded."""
    model: Any  # another library's object: its type is not known here
    setting: Setting
    options: Options

    @property
    def can_refit(self) -> bool:
        """Whether it can be fitted on other rows, as scoring it out of fold needs."""
        return True

    @abc.abstractmethod
    def describe(self) -> str:
        """The model in one line."""

    def unseeded(self) -> Self:
        """The same model, taking every seed from `fit`, whatever its author wrote into it."""
        return self

    def check(self, data: Frame, target: str, /) -> None:
        """Refuse what the open rows show to be wrong before any fit.

        Raises:
            DataError: a column is missing, or nothing can be learnt from these rows.
            ConfigError: the model cannot be fitted to them.
        """
        del data, target

    def notes(self) -> tuple[str, ...]:
        """What the author should know of how the model is used, one sentence each."""
        return ()

    def as_given(self, data: Frame, target: str, /, *, seed: int) -> Predicting | None:
        """The model as it was fitted elsewhere; `None` where Assay is to fit it.

        Args:
            data: open rows, for what is learnt beside the fit, such as a spread.
            target: its column.
            seed: of what is drawn at random.
        """
        del data, target, seed
        return None

    @abc.abstractmethod
    def fit(self, data: Frame, target: str, /, *, seed: int) -> Any:
        """A fresh copy, fitted on the rows of a frame.

        Returns:
            What has `predict(frame)`, or `forecast(history, asked)`.
        """

    @property
    def packages(self) -> tuple[str, ...]:
        """Names of the distributions whose versions its numbers depend on."""
        return (self.library,)


def loaded(module: str) -> Any:
    """A library that the model at hand belongs to, so that it is there already."""
    return sys.modules[module]


def lineage(model: object) -> tuple[str, ...]:
    """`module.Class` of the model's type and all its ancestors, nearest first."""
    return tuple(f"{each.__module__}.{each.__qualname__}" for each in type(model).__mro__)
