"""PyTorch's modules: fitted elsewhere, called in evaluation mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from assay.adapter.abstract import AbstractAdapted, Options, Predicting, lineage, loaded
from assay.adapter.booster import CANNOT_REFIT, refuse_refitting
from assay.adapter.outputs import chances, logistic, points, probabilities, quantiles, softmax
from assay.adapter.quantile import refuse_lonely_quantile
from assay.adapter.setting import Setting, numbers_of
from assay.errors import PredictionsError
from assay.frame import Frame
from assay.predictive import AbstractPredictive

OUTPUTS = ("mean", "logits", "probabilities", "quantiles")
_LONGEST = 200


def is_module(model: object) -> bool:
    """Whether a model is a `torch.nn.Module`, told by its ancestors alone."""
    return "torch.nn.modules.module.Module" in lineage(model)


class AdaptedModule(AbstractAdapted):
    """A fitted `torch.nn.Module` that takes one tensor of features, (rows, features)."""

    library = "torch"

    def __init__(self, model: Any, setting: Setting, options: Options) -> None:
        """Take a module for a problem.

        Raises:
            PredictionsError: it cannot be an attempt at this problem; says why.
        """
        self.model, self.setting, self.options = model, setting, options
        where = setting.where
        if not options.features:
            raise PredictionsError(
                f"{where}: {type(model).__name__} does not say which columns it takes. Name them "
                "in the order of the fit: `assay.adapt(module, features=[...])`."
            )
        self._columns = setting.features(options.features)
        numbers_of(setting.visible, self._columns, where)
        self._output = options.output or ("logits" if setting.classes else "mean")
        refuse_refitting(options, type(model).__name__, setting)
        check_output(self._output, options.levels, setting)

    @property
    def can_refit(self) -> bool:
        return False

    def notes(self) -> tuple[str, ...]:
        return (f"A fitted module is used as it is: {CANNOT_REFIT}.",)

    def describe(self) -> str:
        text = " ".join(repr(self.model).split())
        return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."

    def as_given(self, data: Frame, target: str, /, *, seed: int) -> Predicting | None:
        del data, target, seed
        return self

    def fit(self, data: Frame, target: str, /, *, seed: int) -> Predicting:
        del data, target, seed
        raise PredictionsError(f"{self.setting.where}: a fitted module was given; {CANNOT_REFIT}.")

    def predict(self, data: Frame, /) -> AbstractPredictive:
        """One distribution for each row."""
        X = numbers_of(data, self._columns, self.setting.where)
        where = type(self.model).__name__
        return read_output(_called(self.model, X), self._output, self.options, self.setting, where)


def check_output(output: str, levels: tuple[float, ...], setting: Setting) -> None:
    """Refuse a meaning of a module's numbers that this target does not have.

    Raises:
        PredictionsError: names the output and what is accepted.
    """
    where, target = setting.where, setting.roles.target
    if setting.classes and output not in ("logits", "probabilities"):
        raise PredictionsError(
            f'{where}: output is "{output}", but `{target}` is one of {len(setting.classes)} '
            'classes. Accepted are "logits" and "probabilities", (rows, classes).'
        )
    if not setting.takes_probabilities and output in ("logits", "probabilities"):
        raise PredictionsError(
            f'{where}: output is "{output}", but `{target}` is a number. Accepted are "mean" and '
            '"quantiles".'
        )
    if setting.metric == "log" and output in ("mean", "quantiles"):
        raise PredictionsError(
            f'{where}: output is "{output}", which has no density, and the metric is `log`. '
            + (
                'Say output="logits" or "probabilities" for a probability of 1.'
                if setting.is_binary
                else "Register the metric `crps`."
            )
        )
    if output == "quantiles":
        if not levels:
            raise PredictionsError(
                f'{where}: output is "quantiles" and no levels are named. Say which they are: '
                "`assay.adapt(module, ..., levels=[0.1, 0.5, 0.9])`."
            )
        refuse_lonely_quantile(levels, setting)


def read_output(
    values: np.ndarray, output: str, options: Options, setting: Setting, where: str
) -> AbstractPredictive:
    """A module's numbers as a predictive.

    Args:
        values: as the module returned them.
        output: what they are.
        options: levels of quantiles.
        setting: the problem.
        where: start of a message.

    Raises:
        PredictionsError: another shape, or a value that is no finite number.
    """
    rows, is_count = len(values), setting.is_whole
    if output == "quantiles":
        return quantiles(values, options.levels, rows, where, is_count=is_count)
    if output == "mean":
        return points(values, rows, where, is_count=is_count)
    is_single = values.ndim == 1 or values.shape[1:] == (1,)
    if output == "logits" and np.isfinite(values).all() and values.ndim in (1, 2):
        values = logistic(values) if is_single else softmax(values)
    if setting.is_binary:
        return chances(values, rows, where)
    if is_single and len(setting.classes) == 2:
        values = np.column_stack([1 - values.ravel(), values.ravel()])
    return probabilities(values, len(setting.classes), rows, where)


def _called(module: Any, X: np.ndarray) -> np.ndarray:
    """What the module returns, computed in evaluation mode where its weights lie."""
    torch = loaded("torch")
    first = next(module.parameters(), None)
    kind = {} if first is None else {"dtype": first.dtype, "device": first.device}
    with _evaluating(module), torch.no_grad():
        found = module(torch.as_tensor(X.astype(np.float32), **kind))
    if not hasattr(found, "detach"):
        raise PredictionsError(
            f"{type(module).__name__} returned {type(found).__name__}, where one tensor is needed. "
            "Wrap it in a module that returns its forecast alone."
        )
    values = found.detach().cpu().double().numpy()
    if len(values) != len(X):
        raise PredictionsError(
            f"{type(module).__name__} predicted {len(values)} rows, {len(X)} were asked for."
        )
    return values


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Evaluation mode, and afterwards the mode that each part was in."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
