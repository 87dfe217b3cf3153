"""Native boosters of LightGBM and XGBoost: fitted elsewhere, used as they are."""

import abc
from typing import Any

from assay.adapter.abstract import AbstractAdapted, Options, Predicting
from assay.adapter.encoding import as_table
from assay.adapter.leaks import refuse_more_rows_than_open
from assay.adapter.outputs import chances, points, probabilities, quantiles
from assay.adapter.quantile import refuse_lonely_quantile
from assay.adapter.setting import Setting, numbers_of
from assay.errors import PredictionsError
from assay.frame import Frame
from assay.predictive import AbstractPredictive

CANNOT_REFIT = "it cannot be fitted again, so it has no score on open rows"


class AbstractBooster(AbstractAdapted):
    """A fitted booster, whose objective says what it returns."""

    numbers: frozenset[str]
    """Objectives whose predictions are values of the target."""
    yes_or_no: frozenset[str]
    """Objectives whose predictions are probabilities of 1."""
    several: frozenset[str]
    """Objectives whose predictions are probabilities of classes."""

    def __init__(self, model: Any, setting: Setting, options: Options) -> None:
        """Take a booster for a problem.

        Raises:
            PredictionsError: it cannot be an attempt at this problem; says why.
        """
        self.model, self.setting, self.options = model, setting, options
        self._objective = self.objective()
        self._levels = self.levels()
        refuse_refitting(options, type(model).__name__, setting)
        self._refuse_wrong_kind()
        refuse_lonely_quantile(self._levels, setting)
        self._columns, self._names_columns = self._reads()
        refuse_more_rows_than_open(model, setting.rows, setting.where)

    @abc.abstractmethod
    def objective(self) -> str:
        """Name of the objective that it was fitted to."""

    @abc.abstractmethod
    def levels(self) -> tuple[float, ...]:
        """Levels of its quantiles; empty where it predicts none."""

    @abc.abstractmethod
    def names(self) -> tuple[str, ...] | None:
        """The columns it was fitted on, `None` where they had no names."""

    @abc.abstractmethod
    def width(self) -> int:
        """How many columns it was fitted on."""

    @abc.abstractmethod
    def raw(self, X: Any) -> Any:
        """What the booster returns for some rows."""

    @property
    def can_refit(self) -> bool:
        return False

    def notes(self) -> tuple[str, ...]:
        return (f"A fitted booster is used as it is: {CANNOT_REFIT}.",)

    def as_given(self, data: Frame, target: str, /, *, seed: int) -> Predicting | None:
        del data, target, seed
        return self

    def fit(self, data: Frame, target: str, /, *, seed: int) -> Predicting:
        del data, target, seed
        raise PredictionsError(f"{self.setting.where}: a booster was given; {CANNOT_REFIT}.")

    def predict(self, data: Frame, /) -> AbstractPredictive:
        """One distribution for each row."""
        if self._names_columns:
            X = as_table(data, self._columns, categories=True)
        else:
            X = numbers_of(data, self._columns, self.setting.where)
        found, rows, where = self.raw(X), data.rows, type(self.model).__name__
        if self._objective in self.yes_or_no:
            if self.setting.is_binary:
                return chances(found, rows, where)
            ones = chances(found, rows, where).mean()
            return probabilities([[1 - p, p] for p in ones], 2, rows, where)
        if self._objective in self.several:
            return probabilities(found, len(self.setting.classes) or 2, rows, where)
        if len(self._levels) > 1:
            return quantiles(found, self._levels, rows, where, is_count=self.setting.is_whole)
        return points(found, rows, where, is_count=self.setting.is_whole)

    def _refuse_wrong_kind(self) -> None:
        setting, target = self.setting, self.setting.roles.target
        where = f"{setting.where}: the booster was fitted to the objective `{self._objective}`"
        gives_chances = self._objective in self.yes_or_no | self.several
        if not gives_chances and self._objective not in self.numbers:
            raise PredictionsError(
                f"{where}, so what it returns are raw scores, or nothing that Assay knows how to "
                f"read. Accepted are {', '.join(sorted(self.numbers))} for numbers and "
                f"{', '.join(sorted(self.yes_or_no | self.several))} for classes; or offer "
                "its predictions as a file."
            )
        if gives_chances and not setting.takes_probabilities:
            raise PredictionsError(
                f"{where}, which is one of classes, but `{target}` is a number. Fit it to an "
                "objective for numbers."
            )
        if not gives_chances and (setting.classes or setting.metric == "log"):
            what = "a class" if setting.classes else "judged by `log`, which needs a probability"
            raise PredictionsError(
                f"{where}, which is one of numbers, but `{target}` is {what}. Fit it to an "
                f"objective such as {', '.join(sorted(self.yes_or_no | self.several)[:2])}."
            )
        if self._objective in self.yes_or_no and len(setting.classes) > 2:
            raise PredictionsError(
                f"{where}, which knows two classes, but `{target}` has {len(setting.classes)}. "
                f"Fit it to {' or '.join(sorted(self.several))}."
            )

    def _reads(self) -> tuple[tuple[str, ...], bool]:
        own = self.names()
        named = self.options.features or own
        columns = self.setting.features(named)
        if len(columns) != self.width():
            raise PredictionsError(
                f"{self.setting.where}: the booster was fitted on {self.width()} features, and "
                f"{len(columns)} are offered. Name them in the order of the fit: "
                "`assay.adapt(model, features=[...])`."
            )
        return columns, own is not None


def refuse_refitting(options: Options, name: str, setting: Setting) -> None:
    """Refuse a spread that rests on fits which cannot be made.

    Raises:
        PredictionsError: the law of out-of-fold residuals was asked for.
    """
    if options.spread == "residuals":
        raise PredictionsError(
            f'{setting.where}: spread = "residuals" needs fits on parts of the open rows, and a '
            f"fitted {name} cannot be fitted again. Offer the estimator of the same library, or "
            "quantiles."
        )
