"""A model: a family, a predictor for each of its parameters, a way of fitting."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from assay.compute import Engine, on_engine, one_blas_thread
from assay.compute.progress import waiting
from assay.errors import ConfigError, nearest
from assay.family import AbstractFamily
from assay.fit import Nuts, Prior, covariance, judge
from assay.fit.expected import expected_curvature
from assay.frame import Frame, read
from assay.model.diagnosis import findings, refuse
from assay.model.fitted import FittedModel
from assay.model.follow import driven_parameter, series_recipe
from assay.model.panel import FittedPanel
from assay.model.panel_fit import PanelRecipe, fit_panel, key_columns
from assay.model.penalised import climb, penalty_weights
from assay.model.prepared import Prepared, prepare
from assay.model.prior import PriorKind, labels, stated_prior, units, weak_prior
from assay.model.trained import with_trained
from assay.model.uncertain import with_laplace, with_nuts
from assay.model.weights import read_weights
from assay.predictor import AbstractPredictor, Constant, Design, Sum, as_sum
from assay.series import Backtest, FittedSeries, Precision, Recipe, backtest, fit_series
from assay.series.panel.check import Returns
from assay.series.panel.gaps import Gaps

Method = Literal["map", "laplace", "nuts"]
Information = Literal["observed", "expected"]


class Model:
    """A family with a predictor for each of its parameters: ``Model(Gamma(), mean=Linear("x"))``.

    Parameters without a predictor are constant. Priors are weak and stated by `FittedModel.priors`.
    """

    def __init__(
        self,
        family: AbstractFamily,
        *,
        method: Method | Nuts = "laplace",
        prior: PriorKind | Prior = "weak",
        information: Information = "observed",
        **predictors: AbstractPredictor | Sum,
    ) -> None:
        """Compose a model.

        Args:
            family: the recipe of the likelihood, possibly wrapped as `Censored(...)`.
            method: `laplace` carries the uncertainty of the coefficients into predictives as a
                Normal around their mode, `map` leaves it out, `nuts` samples it, however skewed;
                `Nuts(samples=4000)` says for how long.
            prior: `weak` keeps standardised coefficients within reason, as each predictor's
                `prior_sd` says; `flat` lets the data alone speak, so that the mode is the maximum
                of the likelihood and its standard errors are the inverse observed information (of
                a Normal's `sd` too: it divides by the rows, not by the degrees of freedom). A
                `Prior` states mean and sd of every standardised coefficient, in order, whatever
                the data are; a penalty goes before it.
            information: what standard errors rest on: the curvature that these rows show, or
                `expected`, its mean over all targets that their predictors might have brought, as
                other tools report for generalised linear models. They agree on many rows.
            predictors: one for each parameter of the family, by name.

        Raises:
            ConfigError: no family, a parameter that it does not have, or an unknown method.
        """
        if not isinstance(family, AbstractFamily):
            raise ConfigError(
                f"the family is {family!r}, must be made of a class, such as `Gamma()`. For the "
                "recipe `gamma` in text: `assay.sklearn`, or a model in `assay.toml`."
            )
        known = [parameter.name for parameter in family.parameters]
        for name, predictor in predictors.items():
            if name not in known:
                raise ConfigError(
                    f"family `{family.name}` has no parameter `{name}`. {nearest(name, known)}"
                )
            if not isinstance(predictor, AbstractPredictor | Sum):
                raise ConfigError(
                    f"parameter `{name}` is given {predictor!r}, needs a predictor such as "
                    '`Linear("price")`.'
                )
        if not (isinstance(method, Nuts) or method in ("map", "laplace", "nuts")):
            raise ConfigError(f"method is {method!r}, must be `map`, `laplace` or `nuts`.")
        if not (isinstance(prior, Prior) or prior in ("weak", "flat")):
            raise ConfigError(f"prior is {prior!r}, must be `weak`, `flat` or a `Prior`.")
        if information not in ("observed", "expected"):
            raise ConfigError(f"information is {information!r}, must be `observed` or `expected`.")
        self.family = family
        self.information: Information = information
        self.prior: PriorKind | Prior = prior
        self.method: Method = "nuts" if isinstance(method, Nuts) else method
        self.nuts = method if isinstance(method, Nuts) else Nuts()
        self.predictors = {name: predictors.get(name, Constant()) for name in known}

    @overload
    def fit(
        self,
        data: Any,
        target: str,
        *,
        by: None = None,
        time: None = None,
        weights: Any = None,
        engine: Engine | None = None,
        seed: int = 0,
        near: "FittedModel | None" = None,
    ) -> FittedModel: ...

    @overload
    def fit(
        self,
        data: Any,
        target: str,
        *,
        time: str,
        by: str | Sequence[str] | None = None,
        engine: Engine | None = None,
        seed: int = 0,
        returns: Returns = "refuse",
        precision: Precision = "float64",
        pool: str | Sequence[str] | None = None,
        gaps: Gaps = "missing",
        checkpoint: str | Path | None = None,
    ) -> FittedSeries: ...

    @overload
    def fit(
        self,
        data: Any,
        target: str,
        *,
        by: str | Sequence[str],
        weights: Any = None,
        engine: Engine | None = None,
        seed: int = 0,
    ) -> FittedPanel: ...

    def fit(
        self,
        data: Any,
        target: str,
        *,
        by: str | Sequence[str] | None = None,
        time: str | None = None,
        weights: Any = None,
        engine: Engine | None = None,
        seed: int = 0,
        near: "FittedModel | None" = None,
        returns: Returns = "refuse",
        precision: Precision = "float64",
        pool: str | Sequence[str] | None = None,
        gaps: Gaps = "missing",
        checkpoint: str | Path | None = None,
    ) -> FittedModel | FittedPanel | FittedSeries:
        """Fit to all rows that have a target.

        Args:
            data: a frame, or anything that `assay.read` takes.
            target: column of the target.
            by: key columns; one model is fitted to each group of rows with equal keys, all of
                them in one batch.
            time: column of time, for a model with a `ScoreDriven` term: it follows each series of
                `by` in time and returns a `FittedSeries`.
            weights: how often each row counts: a column, or one number of 0 or more for each row.
            engine: `cpu` or `gpu`, by default what JAX takes by itself.
            seed: of the posterior draws.
            near: a fit of this model to similar rows, such as all rows beside a fold of them: a
                place to begin, without influence on the result.
            returns: beside `time`: what negative values are where the family takes none. `refuse`
                sets a series that has one aside and names it, `zero` counts them as nothing sold,
                `missing` as unknown.
            precision: beside `time`: of the numbers of the search; forecasts are drawn in float64
                from either. `float32` takes about half the time and memory. Quantiles of counts
                mostly stay the same; expected values and sums of lost sales of the tests move by
                less than 1 %.
            pool: beside `time`: columns whose groups the levels of series are pooled by, such as
                store and category, each the same in all rows of a series; by default the key
                columns where there are several, `()` for none. Each group has an effect, as far as
                its series tell of one; a series with few rows, one that is set aside and a new one
                lean on the effects of their groups: `FittedSeries.groups()`.
            gaps: beside `time`: what steps without a row are. `missing`: unknown. `zero`: open, and
                nothing was sold, from the first row of a series to the last of the table, as in a
                table that holds sales alone.
            checkpoint: beside `time`: a folder that keeps what is done, so that a fit that was
                stopped goes on from there, to the same numbers.

        Returns:
            The fitted model, which has converged; with `by` a panel of them, which says what
            became of each group.

        Raises:
            DataError: a value off the support (names rows and families that would take it), a
                missing feature, a column without variation, no row that shows its target.
            FitError: the fit did not converge; says why, as far as that can be told. With `by`,
                no group did.
            ConfigError: no device of the `engine`.
        """
        if not isinstance(target, str):
            raise ConfigError(
                f"the target is {type(target).__name__}, must be the name of a column."
            )
        frame = data if isinstance(data, Frame) else read(data)
        if (driven := driven_parameter(self.predictors)) is not None or time is not None:
            if weights is not None:
                raise ConfigError("a score-driven model takes no `weights`. Leave them out.")
            recipe = self._followed(driven, target, time, by, returns, pool, gaps)
            with on_engine(engine), one_blas_thread():
                return fit_series(
                    recipe, frame, seed=seed, precision=precision, checkpoint=checkpoint
                )
        if (
            returns != "refuse"
            or gaps != "missing"
            or pool is not None
            or checkpoint is not None
            or precision != "float64"
        ):
            raise ConfigError(
                "`returns`, `gaps`, `pool`, `precision` and `checkpoint` belong to models that "
                "follow series in time. Leave them out, or add `ScoreDriven(season=7)` to the "
                "predictor and name the `time`."
            )
        with on_engine(engine), one_blas_thread():
            counted = read_weights(frame, weights)
            if by is None:
                return self._fit(frame, counted, target=target, seed=seed, near=near)
            recipe = self._recipe(frame, target, by, seed)
            return fit_panel(recipe, frame, counted, partial(self._fit, target=target, seed=seed))

    def _followed(
        self,
        driven: str | None,
        target: str,
        time: str | None,
        by: str | Sequence[str] | None,
        returns: Returns = "refuse",
        pool: str | Sequence[str] | None = None,
        gaps: Gaps = "missing",
    ) -> Recipe:
        if driven is None:
            raise ConfigError(
                f"`time` is {time!r}, but no term of the model follows a series in time. Add "
                "`ScoreDriven(season=7)` to the predictor, or leave `time` out."
            )
        return series_recipe(
            self.family,
            self.predictors,
            driven,
            target=target,
            time=time,
            by=by,
            returns=returns,
            pool=pool,
            gaps=gaps,
        )

    def _fit(
        self,
        frame: Frame,
        weights: np.ndarray | None,
        *,
        target: str,
        seed: int,
        near: FittedModel | None = None,
    ) -> FittedModel:
        ready = with_trained(self._prepared(frame, target, weights), self.family)
        start, spread = ready.start(self.family), ready.spread
        weak = weak_prior(self.family, ready.designs, start, spread, ready.offsets)
        named = labels(tuple(self.predictors), ready.designs)
        stated = stated_prior(self.prior, weak, named)
        parts = ready.fitting_rows()
        unit = units(self.family, ready.designs, spread)
        near_by = _start(near, ready.designs)
        with waiting(f"fitting {self.family.describe()} (the first time its functions compile)"):
            end = climb(ready.designs, parts, stated, unit=unit, start=near_by, rough=weak)
        optimum, prior = end.optimum, end.prior
        where = f"{frame.source}, `{target}`"
        # What the rows leave open, a penalty decides on purpose.
        is_plain = not ready.surplus and not any(each.penalties for each in ready.designs)
        found = findings(ready, optimum, prior, labels=named, unit=unit) if is_plain else []
        refuse(found, optimum, prior, where=where)
        notes = (*ready.notes, *ready.surplus, *found, *end.notes)
        result = judge(optimum, rows=ready.rows, hidden=ready.hidden, where=where, notes=notes)
        mode, curvature = optimum.coefficients, optimum.curvature
        if self.information == "expected":
            curvature = expected_curvature(parts, mode) + np.diag(prior.sd**-2.0)
        fitted = FittedModel(
            family=self.family,
            parameters=tuple(self.predictors),
            target=target,
            designs=ready.designs,
            mode=mode,
            covariance=covariance(curvature),
            draws=mode[None],
            result=result,
            prior=prior,
        )
        if self.method == "laplace":
            return with_laplace(fitted, curvature, seed=seed)
        if self.method == "nuts":
            known = (parts, stated, penalty_weights(ready.designs, unit))
            return with_nuts(fitted, *known, self.nuts, seed=seed, where=where)
        return fitted

    def backtest(
        self,
        data: Any,
        target: str,
        *,
        time: str,
        by: str | Sequence[str] | None = None,
        horizon: int,
        origins: int = 3,
        every: int | None = None,
        rivals: Sequence[str] | Mapping[str, Any] = ("seasonal-naive", "croston-sba"),
        returns: Returns = "refuse",
        pool: str | Sequence[str] | None = None,
        gaps: Gaps = "missing",
        seed: int = 0,
    ) -> Backtest:
        """Forecast from several places in the past, and score what came.

        Args:
            data: a frame, or anything that `assay.read` takes.
            target: column of the target.
            time: column of time.
            by: key columns of the series.
            horizon: steps that are forecast at each origin.
            origins: how many; the last one leaves `horizon` steps after it.
            every: steps from one origin to the next; by default the horizon.
            rivals: `seasonal-naive`, `croston`, `croston-sba`, `tsb` and `ets` (AutoETS of
                statsforecast with the model's season); or models of statsforecast by name, such
                as `{"AutoETS": AutoETS(season_length=7)}`. On a series where one fails, seasonal
                naive takes its place, and a note says so.
            returns: as for `fit`.
            pool: as for `fit`.
            gaps: as for `fit`.
            seed: of everything random.

        Raises:
            ConfigError: no term follows a series in time, an unknown rival, a number that cannot
                be.
            DataError: as `fit`, or the table is too short.
        """
        frame = data if isinstance(data, Frame) else read(data)
        driven = driven_parameter(self.predictors)
        recipe = self._followed(driven, target, time, by, returns, pool, gaps)
        with one_blas_thread():
            return backtest(
                recipe,
                frame,
                horizon=horizon,
                origins=origins,
                every=every,
                rivals=rivals,
                seed=seed,
            )

    def check(self, data: Any, target: str) -> None:
        """Everything that can be refused before a fit.

        Raises:
            DataError: as `fit`.
        """
        self._prepared(data if isinstance(data, Frame) else read(data), target)

    def describe(self) -> str:
        """The recipe as text: ``gamma with mean = linear('bmi'), cv = constant()``."""
        inside = ", ".join(f"{name} = {each.describe()}" for name, each in self.predictors.items())
        return f"{self.family.describe()} with {inside}"

    def __repr__(self) -> str:
        return self.describe()

    def _recipe(self, frame: Frame, target: str, by: str | Sequence[str], seed: int) -> PanelRecipe:
        return PanelRecipe(
            family=self.family,
            sums=tuple(as_sum(each) for each in self.predictors.values()),
            parameters=tuple(self.predictors),
            target=target,
            by=key_columns(by, frame, target),
            is_flat=self.prior == "flat",
            is_batchable=self.method != "nuts"
            and not self.family.has_kink
            and self.information == "observed"
            and not isinstance(self.prior, Prior),
            is_certain=self.method == "map",
            seed=seed,
        )

    def _prepared(self, frame: Frame, target: str, weights: np.ndarray | None = None) -> Prepared:
        sums = tuple(as_sum(each) for each in self.predictors.values())
        flat = self.prior == "flat"
        return prepare(frame, target, self.family, sums, weights=weights, flat=flat)


def _start(near: FittedModel | None, designs: tuple[Design, ...]) -> np.ndarray | None:
    """The coefficients of another fit on this one's scale; `None` where they do not correspond."""
    if near is None or [each.names for each in near.designs] != [each.names for each in designs]:
        return None
    return np.concatenate(
        [
            np.linalg.solve(here.to_user(), there.to_user() @ block)
            for here, there, block in zip(designs, near.designs, near.split(near.mode), strict=True)
        ]
    )
