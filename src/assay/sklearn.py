"""Assay's models under scikit-learn's contract: pipelines, grid searches, cross-validation.

`predict` gives means or classes; whole distributions come from `predict_distribution`,
`predict_quantile` and `predict_interval`.
"""

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import polars as pl
from scipy.linalg import qr
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_X_y,
    column_or_1d,
    validate_data,
)

from assay.errors import AssayError, ConfigError, DataError, FitError
from assay.family import AbstractFamily, Bernoulli, Categorical
from assay.frame import Frame, read
from assay.model import FittedModel, Model
from assay.predictive import AbstractPredictive
from assay.predictor import AbstractPredictor, Constant, Linear, Sum
from assay.registry import families, parse
from assay.registry import predictors as known_predictors

Recipe = str | AbstractPredictor | Sum
_DEPENDENT = 1e-8
_PREFERENCE = 1e-6
_MOST_ROWS = 1_000_000
_FINE, _FINEST = 1e-6, 1e-12


class InvalidInputError(DataError, ValueError):
    """What scikit-learn expects of a refused table, with Assay's words."""


class _DistributionEstimator(BaseEstimator):
    """What regressor and classifier share: tables in, a fitted model kept, distributions out.

    Fields:
        model_: the fitted model, an `assay` object with coefficients and posterior.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
    """

    family: str | AbstractFamily
    predictors: Mapping[str, Recipe] | None
    method: str
    seed: int
    model_: FittedModel

    def predict_distribution(self, X: Any) -> AbstractPredictive:
        """One distribution for each row.

        Args:
            X: features as in `fit`, (rows, features).

        Raises:
            NotFittedError: `fit` has not been called.
            ValueError: other features than those of `fit`.
        """
        check_is_fitted(self, "model_")
        frame = self._frame(X, reset=False)
        return _translated(lambda: self.model_.predict(frame))

    def _frame(self, X: Any, *, reset: bool) -> Frame:
        """A table with named columns; numbers are checked as scikit-learn checks them."""
        if self.predictors is not None and hasattr(X, "columns"):
            # Recipes name columns, which may hold text: each predictor checks its own.
            validate_data(self, X, reset=reset, skip_check_array=True)
            return _translated(lambda: read(X))
        values = np.asarray(validate_data(self, X, reset=reset, dtype=np.float64))
        names = getattr(self, "feature_names_in_", None)
        names = [f"x{j}" for j in range(values.shape[1])] if names is None else names
        columns = dict(zip(map(str, names), values.T, strict=True))
        table = pl.DataFrame(columns)
        # A flag that hides targets is no limit of 0 or 1.
        flags = [name for name in _read_by(getattr(self, "family", None)) if _is_flag(X, name)]
        return Frame(table.with_columns(pl.col(flags).cast(pl.Boolean)), "X")

    def _fit_frame(
        self, frame: Frame, y: np.ndarray, family: AbstractFamily, weights: np.ndarray | None
    ) -> Self:
        if weights is not None:  # a row that counts for nothing tells nothing either
            counted = weights > 0
            frame, y, weights = frame.take(counted), y[counted], weights[counted]
        if frame.rows < 2:
            raise InvalidInputError("X: found 1 sample, a fit needs 2 or more.")
        self.model_ = _translated(lambda: self._fitted(frame, y, family, weights))
        self.n_iter_ = self.model_.result.iterations
        return self

    def _fitted(
        self, frame: Frame, y: np.ndarray, family: AbstractFamily, weights: np.ndarray | None
    ) -> FittedModel:
        target, model = _free_name(frame), self._model(frame, family, weights)

        def fitted(frame: Frame, y: np.ndarray, weights: np.ndarray | None) -> FittedModel:
            table = frame.table.with_columns(pl.Series(target, y))
            return model.fit(Frame(table, frame.source), target, weights=weights, seed=self.seed)

        try:
            return fitted(frame, y, weights)
        except FitError as error:
            # Where features tell the target exactly, no density is the largest. A record has so
            # many digits: with what follows them drawn at random, one is.
            if family.support.whole:
                raise
            warnings.warn(
                f"{error} Fitted again to targets whose digits beyond a millionth of their spread "
                "are drawn at random.",
                ConvergenceWarning,
                stacklevel=4,
            )
            each = _repeated(weights)
            if each is not None:  # each record has digits of its own
                frame, y, weights = frame.take(each), y[each], None
            return fitted(frame, _to_the_last_digit(y, frame, family, self.seed), weights)

    def _model(self, frame: Frame, family: AbstractFamily, weights: np.ndarray | None) -> Model:
        if self.predictors is None:
            every = _all_columns(frame, family.needs(), weights)
            terms = {parameter.name: every for parameter in _leading(family)}
        elif not isinstance(self.predictors, Mapping):
            raise InvalidInputError(
                f"predictors is {self.predictors!r}, must hold a predictor for each parameter: "
                '`{"mean": "linear(\'price\')"}`.'
            )
        else:
            terms = {
                name: parse(recipe, known_predictors) if isinstance(recipe, str) else recipe
                for name, recipe in self.predictors.items()
            }
        return Model(family, method=self.method, **terms)  # pyright: ignore[reportArgumentType]


class DistributionRegressor(RegressorMixin, _DistributionEstimator):
    """A regressor whose predictions are distributions, of any family.

    Targets that the features tell exactly leave no spread to learn. They count as recorded to a
    millionth of their spread, and the digits beyond are drawn at random.

    Args:
        family: a family or its recipe, such as `"gamma"`, `"student-t"` or
            `"truncated(normal, below=0)"`.
        predictors: for each parameter a predictor or its recipe; by default the family's first
            parameter is linear in all features and the others are constant.
        method: `"map"`, `"laplace"` or `"nuts"`.
        seed: of the posterior draws.
    """

    def __init__(
        self,
        family: str | AbstractFamily = "normal",
        predictors: Mapping[str, Recipe] | None = None,
        *,
        method: str = "laplace",
        seed: int = 0,
    ) -> None:
        self.family = family
        self.predictors = predictors
        self.method = method
        self.seed = seed

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to all rows.

        Args:
            X: features, (rows, features): numbers, or a data frame where `predictors` are given.
            y: targets on the family's support, (rows,).
            sample_weight: how often each row counts, (rows,); by default once.

        Returns:
            The estimator itself.

        Raises:
            ValueError: missing or infinite values, targets off the support, unknown recipes.
        """
        frame = self._frame(X, reset=True)
        target = _target(y, frame)
        family = _translated(lambda: _family(self.family))
        return self._fit_frame(frame, target, family, _weights(sample_weight, X))

    def predict(self, X: Any) -> np.ndarray:
        """Mean of each row, in the target's unit, (rows,); the median of a row without a mean."""
        predictive = self.predict_distribution(X)
        mean = predictive.mean()
        if np.isfinite(mean).all():
            return mean
        return np.where(np.isfinite(mean), mean, predictive.quantile(0.5))

    def predict_quantile(self, X: Any, level: float | np.ndarray = 0.5) -> np.ndarray:
        """Quantiles of each row.

        Args:
            X: features, (rows, features).
            level: one level strictly between 0 and 1, or several.

        Returns:
            (rows,) for one level, (rows, levels) for several.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: a level out of range, or features of another number or kind.
        """
        levels = np.atleast_1d(np.asarray(level, dtype=float))
        if not ((levels > 0) & (levels < 1)).all():
            raise InvalidInputError(
                f"predict_quantile: the level is {level}, must lie strictly between 0 and 1."
            )
        predictive = self.predict_distribution(X)
        found = np.column_stack([predictive.quantile(float(each)) for each in levels])
        return found if np.ndim(level) else found[:, 0]

    def predict_interval(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Ends of the central interval that holds `level` of each row's mass, (rows, 2).

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: `level` does not lie strictly between 0 and 1, or features of another number
                or kind.
        """
        predictive = self.predict_distribution(X)
        return np.column_stack(_translated(lambda: predictive.interval(level)))


class DistributionClassifier(ClassifierMixin, _DistributionEstimator):
    """A classifier whose probabilities come from a fitted model: Bernoulli or categorical.

    Args:
        predictors: for each parameter (`probability` of two classes, `logit_1`, ... of more) a
            predictor or its recipe; by default each is linear in all features.
        method: `"map"`, `"laplace"` or `"nuts"`.
        seed: of the posterior draws.
    """

    def __init__(
        self,
        predictors: Mapping[str, Recipe] | None = None,
        *,
        method: str = "laplace",
        seed: int = 0,
    ) -> None:
        self.predictors = predictors
        self.method = method
        self.seed = seed

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to all rows.

        Args:
            X: features, (rows, features): numbers, or a data frame where `predictors` are given.
            y: classes of any kind, (rows,), two or more of them.
            sample_weight: how often each row counts, (rows,); by default once.

        Returns:
            The estimator itself.

        Raises:
            ValueError: missing or infinite values, fewer than two classes, unknown recipes.
        """
        frame = self._frame(X, reset=True)
        check_classification_targets(y)
        labels = column_or_1d(y, warn=True)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        _same_length(codes, frame)
        if len(self.classes_) < 2:
            raise InvalidInputError(
                f"y: found one class only ({self.classes_[0]!r}); a classifier needs two or more."
            )
        count = len(self.classes_)
        family = Bernoulli() if count == 2 else Categorical(count)
        return self._fit_frame(frame, codes.astype(float), family, _weights(sample_weight, X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class in the order of `classes_`, (rows, classes)."""
        predictive = self.predict_distribution(X)
        if len(self.classes_) == 2:
            yes = predictive.mean()
            return np.column_stack([1 - yes, yes])
        codes = range(len(self.classes_))
        logs = [predictive.log_prob(np.full(predictive.rows, float(code))) for code in codes]
        chances = np.exp(np.column_stack(logs))
        return chances / chances.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, (rows,)."""
        chances = self.predict_proba(X)
        return self.classes_[np.argmax(chances, axis=1)]


def _family(given: str | AbstractFamily) -> AbstractFamily:
    family = parse(given, families) if isinstance(given, str) else given
    if not isinstance(family, AbstractFamily):
        raise ConfigError(f"family is {given!r}, must be a family or its recipe, such as `gamma`.")
    return family


def _leading(family: AbstractFamily) -> tuple[Any, ...]:
    """The parameters that follow the features: the first, or every class's log-odds."""
    return family.parameters if isinstance(family, Categorical) else family.parameters[:1]


def _read_by(family: str | AbstractFamily | None) -> tuple[str, ...]:
    """Columns that a family reads besides those of its predictors; none for a classifier's."""
    return () if family is None else _translated(lambda: _family(family).needs())


def _is_flag(X: Any, name: str) -> bool:
    """Whether a column of a data frame holds nothing but true and false."""
    return name in getattr(X, "columns", ()) and np.asarray(X[name]).dtype == bool


def _all_columns(
    frame: Frame, without: tuple[str, ...], weights: np.ndarray | None
) -> AbstractPredictor:
    """Linear in as many columns as tell something that the others do not."""
    table = frame.table.drop(without, strict=False)
    values, often = table.to_numpy(), np.ones(frame.rows) if weights is None else weights
    away = (values - np.average(values, axis=0, weights=often)) * np.sqrt(often)[:, None]
    size = np.sqrt(np.sum(away**2, axis=0) / np.sum(often))
    moving = np.flatnonzero(size > 1e-12 * (1 + np.abs(values).max(axis=0)))
    if not len(moving):
        return Constant()
    # Of columns that tell the same the first stays: rounding must not choose between equals.
    first_ones = 1 - _PREFERENCE * np.arange(len(moving)) / len(moving)
    pivoted: Any = qr(away[:, moving] / size[moving] * first_ones, mode="r", pivoting=True)
    triangle, order = pivoted
    left_over = np.abs(np.diag(triangle)) / np.sqrt(np.sum(often))
    kept = np.sort(moving[order[: len(left_over)][left_over > _DEPENDENT]])
    return Linear(" + ".join(f"`{table.columns[j]}`" for j in kept))


def _target(y: Any, frame: Frame) -> np.ndarray:
    """Numbers, as scikit-learn checks them."""
    rows = np.zeros((frame.rows, 1))
    if y is None:
        raise InvalidInputError("This estimator requires y to be passed, but the target y is None.")
    return check_X_y(rows, y, y_numeric=True)[1].astype(float)


def _weights(given: Any, X: Any) -> np.ndarray | None:
    """Numbers of 0 or more, as scikit-learn checks them, not all of them 0."""
    if given is None:
        return None
    weights = _check_sample_weight(given, X, dtype=np.float64)
    if (weights < 0).any():
        raise InvalidInputError(
            f"sample_weight: found {weights.min():g}, a weight is a number of 0 or more."
        )
    if not weights.any():
        raise InvalidInputError("sample_weight: all are 0, so no row counts.")
    return weights


def _repeated(weights: np.ndarray | None) -> np.ndarray | None:
    """Each row as often as it counts, by index; `None` where that is no number of times."""
    if weights is None or weights.sum() > _MOST_ROWS or np.any(weights != np.floor(weights)):
        return None
    return np.repeat(np.arange(len(weights)), weights.astype(int))


def _to_the_last_digit(
    y: np.ndarray, frame: Frame, family: AbstractFamily, seed: int
) -> np.ndarray:
    """Values that are recorded to a millionth of their spread, with the digits that follow.

    The same record has the same digits, wherever it stands in the table.
    """
    step = max(_FINE * np.std(y), _FINEST * np.abs(y).max())
    digits = np.empty(len(y))
    recorded = frame.table.with_columns(pl.Series(_free_name(frame), y))
    places = recorded.with_row_index("").sort(recorded.columns)[""]
    digits[places.to_numpy()] = np.random.default_rng(seed).random(len(y))
    moved = y + step * (digits - 0.5)
    return np.where(family.support.contains(moved), moved, y)


def _same_length(codes: np.ndarray, frame: Frame) -> None:
    if len(codes) != frame.rows:
        raise InvalidInputError(f"X has {frame.rows} rows and y {len(codes)}; they must match.")


def _free_name(frame: Frame) -> str:
    name = "target"
    while name in frame.columns:
        name += "_"
    return name


def _translated(work: Any) -> Any:
    """Assay's refusals as errors that scikit-learn takes for what they are."""
    try:
        return work()
    except AssayError as error:
        raise InvalidInputError(str(error)) from error
