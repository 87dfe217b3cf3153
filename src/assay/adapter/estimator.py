"""Estimators with scikit-learn's contract, LightGBM's and XGBoost's among them."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from assay.adapter.abstract import AbstractAdapted, Options, Predicting, lineage, loaded
from assay.adapter.describing import described
from assay.adapter.encoding import Encoding, as_table, text_among
from assay.adapter.labels import class_order
from assay.adapter.leaks import refuse_more_rows_than_open
from assay.adapter.outputs import chances, points, probabilities, quantiles
from assay.adapter.quantile import asked_quantiles, refuse_lonely_quantile
from assay.adapter.residuals import Spreading, out_of_fold
from assay.adapter.setting import Setting, numbers_of
from assay.errors import PredictionsError
from assay.frame import Frame
from assay.predictive import AbstractPredictive

_BOOSTED = ("lightgbm", "xgboost")
_NO_MODELS = ("clusterer", "outlier_detector", "density_estimator", "transformer")


def is_estimator(model: object) -> bool:
    """Whether a model follows scikit-learn's contract, told by its ancestors alone."""
    return "sklearn.base.BaseEstimator" in lineage(model)


class AdaptedEstimator(AbstractAdapted):
    """An estimator or pipeline: fitted here on open rows, or used as it was fitted."""

    def __init__(self, model: Any, setting: Setting, options: Options) -> None:
        """Take an estimator for a problem.

        Raises:
            PredictionsError: it cannot be an attempt at this problem; says why.
        """
        self.model, self.setting, self.options = model, setting, options
        self.library = _library(model)
        self._is_fitted = _is_fitted(model)
        _refuse_wrong_kind(model, setting)
        self._levels = asked_quantiles(model)
        refuse_lonely_quantile(self._levels, setting)
        if options.spread == "residuals" and (setting.takes_probabilities or self._levels):
            raise PredictionsError(
                f'{setting.where}: spread = "residuals" is for points of a number, and '
                f"{type(model).__name__} predicts "
                f"{'quantiles' if self._levels else 'a class'}. Leave `spread` out."
            )
        self._columns, self._names_columns = self._reads()
        if self._is_fitted:
            refuse_more_rows_than_open(model, setting.rows, setting.where)
            if setting.takes_probabilities and _is_classifier(model):
                class_order(model.classes_, setting)

    def describe(self) -> str:
        return described(self.model)

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.library, "scikit-learn")))

    def unseeded(self) -> "AdaptedEstimator":
        if self._is_fitted:
            return self
        fresh = loaded("sklearn.base").clone(self.model)
        fresh.set_params(**dict.fromkeys(_random_states(fresh)))
        return AdaptedEstimator(fresh, self.setting, self.options)

    def as_given(self, data: Frame, target: str, /, *, seed: int) -> Predicting | None:
        if not self._is_fitted:
            return None
        given = FittedEstimator(self.model, self.setting, self._reader(None), self._levels)
        return self._spread(given, data, target, seed)

    def fit(self, data: Frame, target: str, /, *, seed: int) -> Predicting:
        return self._spread(self._fresh(data, target, seed), data, target, seed)

    def _spread(self, fitted: Predicting, data: Frame, target: str, seed: int) -> Predicting:
        """With the law of its residuals about each point, where that was asked for."""
        if self.options.spread != "residuals":
            return fitted
        fresh = partial(self._fresh, target=target, seed=seed)
        return Spreading(fitted, out_of_fold(fresh, data, target, self.setting, seed=seed))

    def _fresh(self, data: Frame, target: str, seed: int) -> "FittedEstimator":
        y, names = self._targets(data.numbers(target))
        reader = self._reader(data)
        model = _seeded(self.model, seed)
        try:
            model.fit(reader(data), y)
        except (ValueError, TypeError) as error:
            text = text_among(data, self._columns)
            if not (self._names_columns and text):
                raise
            raise PredictionsError(
                f"{type(model).__name__} gets its features as they are, text among them "
                f"({', '.join(f'`{name}`' for name in text)}), and could not take them: {error}. "
                "Encode them in a ColumnTransformer, or name the others: "
                "`assay.adapt(model, features=[...])`."
            ) from error
        return FittedEstimator(model, self.setting, reader, self._levels, names)

    def _targets(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The target as the estimator takes it, and which class each of its own numbers means."""
        if not self.setting.takes_probabilities or not _is_classifier(self.model):
            return y, None
        if any(name.startswith("xgboost.") for name in _all_lineage(self.model)):
            present, numbers = np.unique(y, return_inverse=True)  # it wants 0, 1, ... without gaps
            return numbers, present.astype(int)
        if self.setting.classes:
            return np.array(self.setting.classes, dtype=object)[y.astype(int)], None
        return y.astype(int), None

    def _reads(self) -> tuple[tuple[str, ...], bool]:
        """The columns, and whether the estimator gets them as a table that names them."""
        named = getattr(self.model, "feature_names_in_", None) if self._is_fitted else None
        if named is not None:
            columns = tuple(map(str, named))
            if self.options.features not in (None, columns):
                raise PredictionsError(
                    f"{self.setting.where}: {type(self.model).__name__} was fitted on "
                    f"{list(columns)}, and `features` is {list(self.options.features or ())}. "
                    "Leave `features` out."
                )
            return self.setting.features(columns), True
        columns = self.setting.features(self.options.features)
        if not self._is_fitted:
            return columns, _takes_tables(self.model)
        expected = getattr(self.model, "n_features_in_", len(columns))
        if expected != len(columns):
            raise PredictionsError(
                f"{self.setting.where}: {type(self.model).__name__} was fitted on {expected} "
                f"features without names, and the table offers {len(columns)}. Name them in the "
                "order of the fit: `assay.adapt(model, features=[...])`."
            )
        return columns, False

    def _reader(self, data: Frame | None) -> "Reader":
        """How features are read; an encoding is learnt from `data` where that is needed."""
        boosted = self.library in _BOOSTED
        if self._names_columns:
            return Reader(self._columns, as_table=True, categories=boosted)
        if self._is_fitted or data is None:
            return Reader(self._columns, where=self.setting.where)
        return Reader(self._columns, encoding=Encoding.of(data, self._columns))


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads features from a frame in the form that an estimator takes.

    Fields:
        columns: in order.
        as_table: as a pandas table, untouched.
        categories: with text as pandas' categories.
        encoding: as numbers by this encoding; without it as numbers only.
        where: start of a message.
    """

    columns: tuple[str, ...]
    as_table: bool = False
    categories: bool = False
    encoding: Encoding | None = None
    where: str = ""

    def __call__(self, frame: Frame) -> Any:
        """The features of each row."""
        if self.as_table:
            return as_table(frame, self.columns, categories=self.categories)
        if self.encoding is not None:
            return self.encoding.matrix(frame)
        return numbers_of(frame, self.columns, self.where)


@dataclass(frozen=True, eq=False)
class FittedEstimator:
    """A fitted estimator that answers with a predictive.

    Fields:
        model: fitted.
        setting: the problem.
        reader: of its features.
        levels: of its quantiles; empty where it predicts points or classes.
        present: for each of the estimator's own numbers the class it means; `None` where
            `classes_` says so.
    """

    model: Any
    setting: Setting
    reader: Reader
    levels: tuple[float, ...]
    present: np.ndarray | None = field(default=None)

    def predict(self, data: Frame, /) -> AbstractPredictive:
        """One distribution for each row."""
        X, rows, where = self.reader(data), data.rows, type(self.model).__name__
        if self.setting.takes_probabilities and _is_classifier(self.model):
            return self._classes(X, rows, where)
        found, is_count = self.model.predict(X), self.setting.is_whole
        if len(self.levels) > 1:
            return quantiles(found, self.levels, rows, where, is_count=is_count)
        return points(found, rows, where, is_count=is_count)

    def _classes(self, X: Any, rows: int, where: str) -> AbstractPredictive:
        own = self.model.classes_
        order = class_order(own, self.setting) if self.present is None else self.present
        if hasattr(self.model, "predict_proba"):
            shares = probabilities(self.model.predict_proba(X), len(order), rows, where)
            shares = shares.probabilities
        else:
            shares = (np.asarray(self.model.predict(X))[:, None] == np.asarray(own)).astype(float)
        count = len(self.setting.classes) or 2
        every = np.zeros((len(shares), count))
        every[:, order] = shares  # a class that was never seen is called impossible
        if self.setting.is_binary:
            return chances(every, rows, where)
        return probabilities(every, count, rows, where)


def _refuse_wrong_kind(model: Any, setting: Setting) -> None:
    name, target = type(model).__name__, setting.roles.target
    if not hasattr(model, "predict"):
        raise PredictionsError(
            f"{setting.where}: {name} has no `predict`, so it is no model by itself. Offer a "
            "pipeline that ends in one."
        )
    if _kind(model) in _NO_MODELS:
        raise PredictionsError(
            f"{setting.where}: {name} is a {_kind(model).replace('_', ' ')}, which does not "
            f"predict `{target}`. Offer a regressor or a classifier."
        )
    if _is_classifier(model):
        _refuse_classifier(model, setting, name, target)
        return
    if setting.classes:
        raise PredictionsError(
            f"{setting.where}: {name} is a regressor, but `{target}` is one of "
            f"{len(setting.classes)} classes. Offer a classifier."
        )
    if setting.is_binary and setting.metric == "log":
        raise PredictionsError(
            f"{setting.where}: {name} is a regressor, whose points have no probability, and the "
            "metric is `log`. Offer a classifier, which gives a probability of 1."
        )


def _refuse_classifier(model: Any, setting: Setting, name: str, target: str) -> None:
    if not setting.takes_probabilities:
        distinct = len(np.unique(setting.y))
        raise PredictionsError(
            f"{setting.where}: {name} is a classifier, but `{target}` is a number with "
            f"{distinct:,} values in the open rows. Offer a regressor; classes are text, or 0 "
            "and 1."
        )
    if callable(getattr(model, "objective", None)):
        raise PredictionsError(
            f"{setting.where}: {name} has an objective of its own, so what it returns are raw "
            "scores and no probabilities. Take a named objective, such as `binary`."
        )
    if setting.metric != "0-1" and not hasattr(model, "predict_proba"):
        raise PredictionsError(
            f"{setting.where}: {name} has no `predict_proba`, and metric `{setting.metric}` scores "
            "probabilities. Wrap it in CalibratedClassifierCV, or register the metric `0-1`."
        )


def _kind(model: Any) -> str:
    tags = loaded("sklearn.utils").get_tags(model)
    return str(tags.estimator_type or "")


def _is_classifier(model: Any) -> bool:
    return _kind(model) == "classifier"


def _is_fitted(model: Any) -> bool:
    validation = loaded("sklearn.utils.validation")
    try:
        validation.check_is_fitted(model)
    except (TypeError, loaded("sklearn.exceptions").NotFittedError):
        return False
    return True


def _takes_tables(model: Any) -> bool:
    """Whether it is, or holds, a pipeline or a transformer of named columns."""
    if {"sklearn.pipeline.Pipeline", "sklearn.compose._column_transformer.ColumnTransformer"} & set(
        lineage(model)
    ):
        return True
    return any(_takes_tables(part) for part in _parameters(model))


def _parameters(model: Any) -> list[Any]:
    """Estimators among the parameters of a model, the last step of a pipeline among them."""
    held = list(model.get_params(deep=False).values()) if is_estimator(model) else []
    steps = [step for value in held if isinstance(value, list) for step in value]
    held += [each for step in steps if isinstance(step, tuple) for each in step]
    return [each for each in held if is_estimator(each)]


def _all_lineage(model: Any) -> set[str]:
    """Ancestors of a model and of every model in it."""
    found = set(lineage(model))
    for part in _parameters(model):
        found |= _all_lineage(part)
    return found


def _library(model: Any) -> str:
    packages = {name.partition(".")[0] for name in _all_lineage(model)}
    return next((name for name in _BOOSTED if name in packages), "scikit-learn")


def _seeded(model: Any, seed: int) -> Any:
    """An unfitted copy whose random steps follow from the seed where nothing else was said."""
    fresh = loaded("sklearn.base").clone(model)
    states = _random_states(fresh)
    unsaid = [name for name, value in states.items() if value is None]
    return fresh.set_params(**dict.fromkeys(unsaid, seed))


def _random_states(model: Any) -> dict[str, Any]:
    """Each `random_state` in a model and in the models inside it."""
    said = model.get_params(deep=True).items()
    return {name: value for name, value in said if name.rpartition("__")[2] == "random_state"}
