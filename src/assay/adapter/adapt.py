"""Which adapter takes a model: told by its ancestors, without importing a foreign library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assay.adapter.abstract import AbstractAdapted, Options
from assay.adapter.estimator import AdaptedEstimator, is_estimator
from assay.adapter.lightgbm import LightGBMBooster, is_lightgbm_booster
from assay.adapter.series import AdaptedSeries, is_followed
from assay.adapter.setting import Setting
from assay.adapter.statsforecast import AdaptedForecaster, is_statsforecast
from assay.adapter.torch import OUTPUTS, AdaptedModule, is_module
from assay.adapter.xgboost import XGBoostBooster, is_xgboost_booster
from assay.errors import PredictionsError, nearest

SPREADS = ("none", "residuals")

# In this order: the classes of LightGBM and XGBoost that follow scikit-learn are estimators.
_ADAPTERS: tuple[
    tuple[Callable[[object], bool], Callable[[Any, Setting, Options], AbstractAdapted]], ...
] = (
    (is_estimator, AdaptedEstimator),
    (is_lightgbm_booster, LightGBMBooster),
    (is_xgboost_booster, XGBoostBooster),
    (is_module, AdaptedModule),
    (is_statsforecast, AdaptedForecaster),
    (is_followed, AdaptedSeries),
)


@dataclass(frozen=True, eq=False)
class Adapted:
    """A model of another library and how it is to be taken; `Experiment.attempt` takes it.

    Fields:
        model: as it came.
        options: how it is to be taken.
    """

    model: Any
    options: Options

    def __repr__(self) -> str:
        return f"adapted {type(self.model).__name__}, spread {self.options.spread!r}"

    def bind(self, setting: Setting) -> AbstractAdapted:
        """The model as an attempt at one problem.

        Raises:
            PredictionsError: it cannot be one; says why.
        """
        adapter = next(adapter for is_ours, adapter in _ADAPTERS if is_ours(self.model))
        return adapter(self.model, setting, self.options)


def adapt(
    model: Any,  # another library's object
    *,
    features: Sequence[str] | None = None,
    spread: str = "none",
    output: str | None = None,
    levels: Sequence[float] = (),
) -> Adapted:
    """Say how a model of another library is to be taken by `Experiment.attempt`.

    Without options `attempt(model)` does the same.

    Args:
        model: an estimator or pipeline of scikit-learn, LightGBM or XGBoost, fitted or not; a
            fitted `Booster`; a fitted `torch.nn.Module`; `StatsForecast` or one of its models.
        features: columns that it reads, in the order of its fit; by default those that it names,
            or all that are known when a row is predicted.
        spread: `none`, a point is scored as certainty; or `residuals`, the law of its errors on
            open rows that it was not fitted on is put around each point.
        output: what a module returns: `mean` (rows,), `logits` or `probabilities` (rows, classes),
            or `quantiles` (rows, levels).
        levels: of these quantiles, ascending.

    Returns:
        What `Experiment.attempt` takes.

    Raises:
        PredictionsError: no adapter knows the model, or an option is not one of those named.
    """
    if not is_recognised(model):
        raise PredictionsError(
            f"adapt: {type(model).__module__}.{type(model).__qualname__} is not known here. "
            "Accepted are estimators of scikit-learn, LightGBM and XGBoost, fitted boosters, "
            "PyTorch modules and models of statsforecast. Any other model is offered by its "
            "predictions: `attempt(predictions=...)`."
        )
    for name, value, known in (("spread", spread, SPREADS), ("output", output, (None, *OUTPUTS))):
        if value not in known:
            hint = nearest(str(value), [each for each in known if each])
            raise PredictionsError(f"adapt: `{name}` is {value!r}. {hint}")
    if (output is not None or levels) and not is_module(model):
        raise PredictionsError(
            f"adapt: `output` and `levels` say what a PyTorch module returns; "
            f"{type(model).__name__} says it itself. Leave them out."
        )
    rising = list(levels) == sorted(set(levels)) and all(0 < level < 1 for level in levels)
    if not rising:
        raise PredictionsError(
            f"adapt: `levels` is {list(levels)}, must rise and lie strictly between 0 and 1, such "
            "as [0.1, 0.5, 0.9]."
        )
    named = None if features is None else tuple(features)
    return Adapted(model, Options(named, spread, output, tuple(map(float, levels))))


def is_recognised(model: object) -> bool:
    """Whether an adapter knows this kind of model."""
    return any(is_ours(model) for is_ours, _ in _ADAPTERS)
