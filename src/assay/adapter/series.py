"""Assay's own models that follow series in time, as forecasting procedures."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from assay.adapter.abstract import AbstractAdapted, Options
from assay.adapter.setting import Setting
from assay.errors import DataError, PredictionsError
from assay.frame import Frame
from assay.model import Model
from assay.model.follow import driven_parameter, series_recipe
from assay.predictive import AbstractPredictive
from assay.predictor import ScoreDriven, as_sum
from assay.series import FittedSeries, Recipe
from assay.series.future.laws import refuse_closed
from assay.series.future.paths import seed_of
from assay.series.law.rules import followed, rule_of
from assay.series.panel.arrange import arrange
from assay.series.panel.features import learn_features


def is_followed(model: object) -> bool:
    """Whether a model is Assay's and a term of it follows series in time."""
    if not isinstance(model, Model):
        return False
    terms = (term for each in model.predictors.values() for term in as_sum(each).terms)
    return any(isinstance(term, ScoreDriven) for term in terms)


class AdaptedSeries(AbstractAdapted):
    """A score-driven model, fitted to all series of the open rows.

    At every later origin its filters are moved over the longer history, without a new fit.
    """

    library = "assay-ml"

    def __init__(self, model: Model, setting: Setting, options: Options) -> None:
        """Take a model for a problem.

        Raises:
            PredictionsError: it cannot be an attempt at this problem; says why.
            ConfigError: the model itself cannot be fitted.
        """
        self.model, self.setting, self.options = model, setting, options
        _refuse_problem(setting, options)
        _refuse_unknown_ahead(self._recipe(), setting)

    @property
    def packages(self) -> tuple[str, ...]:
        return ()  # those of Assay are recorded with every attempt

    def describe(self) -> str:
        return self.model.describe()

    def check(self, data: Frame, target: str, /) -> None:
        del target  # the setting names it
        arrange(data, self._recipe())

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "SeriesProcedure":
        model, roles = cast(Model, self.model), self.setting.roles
        fitted = model.fit(data, target, time=str(roles.time), by=roles.series, seed=seed)
        return SeriesProcedure(fitted)

    def _recipe(self) -> Recipe:
        model, roles = cast(Model, self.model), self.setting.roles
        driven = str(driven_parameter(model.predictors))
        recipe = series_recipe(
            model.family,
            model.predictors,
            driven,
            target=roles.target,
            time=roles.time,
            by=roles.series,
        )
        rule_of(recipe.family, driven)
        return recipe


@dataclass(frozen=True, eq=False)
class SeriesProcedure:
    """Filters that were fitted once, and follow whatever history they are given.

    Fields:
        fitted: to the open rows.
    """

    fitted: FittedSeries

    def forecast(self, history: Frame, asked: Frame, /) -> AbstractPredictive:
        """The law of each row that follows a history.

        Args:
            history: all rows up to the origin, with their targets.
            asked: rows of the next steps, without.

        Raises:
            DataError: a row or a feature is not as in the fit.
        """
        moved = self.fitted.after(history)
        # Origins draw apart, so that what chance does at one is not done at all of them.
        origin = str(moved.panel.grid.times(np.array([moved.panel.end]))[0])
        return moved.laws(asked, seed=seed_of(moved.seed, "origin", origin))


def _refuse_problem(setting: Setting, options: Options) -> None:
    where, roles = setting.where, setting.roles
    if roles.time is None:
        raise PredictionsError(
            f"{where}: a score-driven model follows series in time, and no `time` column is named. "
            "Name it in `assay.profile`, or as `time` of the project."
        )
    if setting.classes:
        raise PredictionsError(
            f"{where}: a score-driven model forecasts numbers, but `{roles.target}` is one of "
            f"{len(setting.classes)} classes. Offer a classifier."
        )
    if roles.censored_below is not None:
        raise PredictionsError(
            f"{where}: `{roles.censored_below}` hides the target below a limit, and a score-driven "
            "model follows values and values hidden above one. Offer a model without "
            "`ScoreDriven`."
        )
    if options != Options():
        raise PredictionsError(
            f"{where}: a score-driven model names its features and gives laws of its own, so it "
            "takes no `features`, `spread`, `output` or `levels`."
        )


def _refuse_unknown_ahead(recipe: Recipe, setting: Setting) -> None:
    """Refuse columns that the model reads and that nobody knows when a forecast is made."""
    seen = setting.visible
    try:
        if recipe.others is not None:
            learn_features(seen, recipe.others, np.ones(seen.rows, bool))
        if recipe.term.open is not None:
            seen.column(recipe.term.open)
            refuse_closed(followed(recipe.family), recipe.driven)
    except DataError as error:
        raise PredictionsError(
            f"{setting.where}: {error} In forecasts only the keys, `{recipe.time}` and the columns "
            "listed in `known_ahead` are known."
        ) from error
