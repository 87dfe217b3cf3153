"""A model: a family, a predictor for each of its parameters, a way of fitting."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Float

from assay.errors import ConfigError, DataError, FitError, nearest
from assay.family import AbstractFamily, Censored, Known
from assay.fit import FitResult, PartRows, Prior, covariance, draw, draw_count, judge, maximise
from assay.frame import Frame, read
from assay.predictive import AbstractPredictive, DistributionPredictive, Hidden
from assay.predictor import AbstractPredictor, Constant, Design, Sum, as_sum
from assay.predictor.matrix import Matrix, as_dense
from assay.registry import families

Method = Literal["map", "laplace"]
INTERCEPT_PRIOR_SD = 5.0
ENOUGH_ROWS = 8192
COLLINEAR = 1e-8


class Model:
    """A family with a predictor for each of its parameters: ``Model(Gamma(), mean=Linear("x"))``.

    Parameters without a predictor are constant. Priors are weak and stated by `FittedModel.priors`.
    """

    def __init__(
        self, family: AbstractFamily, *, method: Method = "laplace", **predictors: AbstractPredictor | Sum
    ) -> None:
        """Compose a model.

        Args:
            family: the recipe of the likelihood, possibly wrapped as `Censored(...)`.
            method: `laplace` carries the uncertainty of the coefficients into predictives, `map`
                leaves it out.
            predictors: one for each parameter of the family, by name.

        Raises:
            ConfigError: a parameter that the family does not have, or an unknown method.
        """
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
        if method not in ("map", "laplace"):
            raise ConfigError(f"method is {method!r}, must be `map` or `laplace`.")
        self.family = family
        self.method: Method = method
        self.predictors = {name: predictors.get(name, Constant()) for name in known}

    def fit(
        self, data: Any, target: str, *, seed: int = 0, near: "FittedModel | None" = None
    ) -> "FittedModel":
        """Fit to all rows that have a target.

        Args:
            data: a frame, or anything that `assay.read` takes.
            target: column of the target.
            seed: of the posterior draws.
            near: a fit of this model to similar rows, such as all rows beside a fold of them: a
                place to begin, without influence on the result.

        Returns:
            The fitted model; it has converged.

        Raises:
            DataError: a value off the support (names rows and families that would take it), a
                missing feature, a column without variation.
            FitError: the fit did not converge, or no row shows its target.
        """
        frame = data if isinstance(data, Frame) else read(data)
        kept, y, columns = self._fitting_rows(frame, target)
        prepared = [as_sum(each).prepare(kept) for each in self.predictors.values()]
        designs = tuple(design for design, _ in prepared)
        matrices = [matrix for _, matrix in prepared]
        for each, matrix in zip(designs, matrices, strict=True):
            _refuse_collinear(each.names, matrix, frame.source)
        parts = self.family.parts(y, columns)
        hidden = sum(len(part.rows) for part in parts if part.known is not Known.VALUE)
        if hidden == len(y):
            raise FitError(
                f"{frame.source}: all {len(y)} rows of `{target}` are hidden beyond a limit, so no "
                "row shows what lies there. At least some rows must show the target."
            )
        shown = np.concatenate([part.y for part in parts if part.known is Known.VALUE])
        start = self.family.start(shown if len(shown) > 1 else y)
        prior = _prior(self.family, designs, start, float(np.std(y)))
        grouped = tuple(
            PartRows(part.family, part.known, tuple(each[part.rows] for each in matrices), part.y)
            for part in parts
        )
        optimum = maximise(grouped, prior, _start(near, designs))
        result = judge(optimum, rows=len(y), hidden=hidden, where=f"{frame.source}, `{target}`")
        mode, curvature = optimum.coefficients, optimum.curvature
        draws = (
            draw(mode, curvature, count=draw_count(len(y), len(mode)), seed=seed)
            if self.method == "laplace"
            else mode[None]
        )
        return FittedModel(self, target, designs, mode, covariance(curvature), draws, result, prior)

    def describe(self) -> str:
        """The recipe as text: ``gamma(mean = linear('bmi'), cv = constant())``."""
        inside = ", ".join(f"{name} = {each.describe()}" for name, each in self.predictors.items())
        if not isinstance(self.family, Censored):
            return f"{self.family.name}({inside})"
        sides = [("above", self.family.above), ("below", self.family.below)]
        limits = ", ".join(f"{side} = {column!r}" for side, column in sides if column)
        return f"censored({self.family.base.name}({inside}), {limits})"

    def __repr__(self) -> str:
        return self.describe()

    def _fitting_rows(
        self, frame: Frame, target: str
    ) -> tuple[Frame, np.ndarray, dict[str, np.ndarray]]:
        y = frame.numbers(target)
        present = ~np.isnan(y)
        if not present.any():
            raise DataError(f"{frame.source}: column `{target}` has no value on any row.")
        kept = frame if present.all() else frame.take(present)
        y = y[present]
        outside = ~self.family.support.contains(y)
        if outside.any():
            raise _off_support(frame, target, self.family, y, np.flatnonzero(present)[outside])
        return kept, y, {name: _limit_column(kept, name) for name in self.family.needs()}


@dataclass(frozen=True)
class FittedModel:
    """A model with the posterior of its coefficients.

    Fields:
        model: the recipe.
        target: column it was fitted to.
        designs: prepared predictors, one for each parameter.
        mode: coefficients on the standardised scale, all parameters in a row.
        covariance: of these coefficients, by Laplace's approximation.
        draws: (draws, coefficients) that predictives mix over.
        result: how the fit went.
        prior: of the standardised coefficients.
    """

    model: Model
    target: str
    designs: tuple[Design, ...]
    mode: np.ndarray
    covariance: np.ndarray
    draws: np.ndarray
    result: FitResult
    prior: Prior

    def predict(self, data: Any) -> AbstractPredictive:
        """One distribution for each row of `data`; its target is not read.

        Under a censored family with a numeric limit the predictive answers for the `underlying`
        value and, where the table has the limit's column, for the `observed` one.

        Raises:
            DataError: a feature is missing or has an unseen category.
        """
        frame = data if isinstance(data, Frame) else read(data)
        family = self.model.family
        base = family.base if isinstance(family, Censored) else family
        linked = tuple(
            _linked(each, block, frame)
            for each, block in zip(self.designs, self.split(self.draws), strict=True)
        )
        predictive = DistributionPredictive(base, linked, frame.rows)
        above = family.above if isinstance(family, Censored) else None
        if above is None or above not in frame.columns:
            return predictive
        limit = _limit_column(frame, above)
        if limit.dtype == bool:
            return predictive
        return Hidden(predictive, np.where(np.isnan(limit), np.inf, limit))

    def coefficients(self) -> pl.DataFrame:
        """Coefficients on the user's scale: parameter, name, estimate, se, lo-95, hi-95."""
        back = [each.to_user() for each in self.designs]
        rows = []
        edges = np.cumsum([0, *(len(each) for each in back)])
        for name, each, matrix, low in zip(
            self.model.predictors, self.designs, back, edges, strict=False
        ):
            cut = slice(low, low + len(matrix))
            estimate = matrix @ self.mode[cut]
            se = np.sqrt(np.diag(matrix @ self.covariance[cut, cut] @ matrix.T))
            rows += [
                (name, label, value, error, value - 1.96 * error, value + 1.96 * error)
                for label, value, error in zip(each.names, estimate, se, strict=True)
            ]
        schema = ["parameter", "name", "estimate", "se", "lo-95", "hi-95"]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def priors(self) -> list[str]:
        """The priors in words, one sentence a parameter."""
        return [
            f"{name} ({parameter.link.name} link): standardised coefficients ~ Normal(0, "
            f"{sd[-1]:.3g}), intercept within {sd[0]:.3g} (sd) of its starting value"
            for parameter, (name, sd) in zip(
                self.model.family.parameters,
                zip(self.model.predictors, self.split(self.prior.sd), strict=True),
                strict=True,
            )
        ]

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Values of all coefficients, split along the last axis by parameter."""
        edges = np.cumsum([len(each.names) for each in self.designs])[:-1]
        return np.split(values, edges, axis=-1)


def build(recipe: Mapping[str, Any], *, censored_above: str | None = None, where: str = "") -> Model:
    """A model from its recipe: a family and a predictor for each parameter, as text.

    Args:
        recipe: such as ``{"family": "gamma", "mean": "linear('bmi')"}``.
        censored_above: column of limits; wraps the family in `Censored`.
        where: start of error messages, such as `assay.toml: project "demand"`.

    Raises:
        ConfigError: an unknown family, predictor or parameter, or a recipe that cannot be read.
    """
    from assay.registry import parse, predictors

    if "family" not in recipe:
        raise ConfigError(f"{where}: the model names no `family`. Known: {', '.join(families)}.")
    family = families.get(str(recipe["family"]), where)()
    if censored_above:
        family = Censored(family, above=censored_above)
    given = {
        name: parse(text, predictors, f"{where}: `{name}`")
        for name, text in recipe.items()
        if name not in ("family", "method")
    }
    try:
        return Model(family, method=recipe.get("method", "laplace"), **given)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _linked(
    design: Design, draws: Float[np.ndarray, "draws coefficients"], frame: Frame
) -> Float[np.ndarray, "draws rows"]:
    if design.names == ("intercept",):
        return draws
    return np.ascontiguousarray((design.matrix(frame) @ draws.T).T)


def _start(near: FittedModel | None, designs: tuple[Design, ...]) -> np.ndarray | None:
    """The coefficients of another fit on this one's scale; `None` where they do not correspond."""
    if near is None or [each.names for each in near.designs] != [each.names for each in designs]:
        return None
    return np.concatenate(
        [
            np.linalg.solve(here.to_user(), there.to_user() @ block)
            for here, there, block in zip(
                designs, near.designs, near.split(near.mode), strict=True
            )
        ]
    )


def _prior(
    family: AbstractFamily, designs: tuple[Design, ...], start: dict[str, float], spread: float
) -> Prior:
    """Weak priors of all coefficients; their means are where the fit starts."""
    means, sds = [], []
    for parameter, each in zip(family.parameters, designs, strict=True):
        # Under an identity link coefficients carry the target's unit, and so do their priors.
        unit = max(spread, 1e-9) if parameter.link.has_unit else 1.0
        centre = float(parameter.link.inverse(jnp.asarray(start[parameter.name])))
        first = [centre] if each.has_intercept else []
        width = [INTERCEPT_PRIOR_SD * unit] if each.has_intercept else []
        means.append(np.concatenate([first, np.zeros(len(each.prior_sd))]))
        sds.append(np.concatenate([width, each.prior_sd * unit]))
    return Prior(np.concatenate(means), np.concatenate(sds))


def _limit_column(frame: Frame, name: str) -> np.ndarray:
    column = frame.column(name)
    if column.dtype == pl.Boolean:
        return column.fill_null(False).to_numpy()
    return frame.numbers(name)


def _refuse_collinear(names: tuple[str, ...], matrix: Matrix, source: str) -> None:
    """Name the columns that others determine; the prior would hide what the data cannot tell.

    Raises:
        DataError: names the first such column.
    """
    rows, columns = matrix.shape
    if columns < 2 or rows < columns:
        return
    every = max(1, rows // ENOUGH_ROWS)
    # What is independent on some of the rows is independent on all of them.
    if every > 1 and np.all(_left_over(as_dense(matrix[::every])) > COLLINEAR):
        return
    dependent = np.flatnonzero(_left_over(as_dense(matrix)) <= COLLINEAR)
    if len(dependent):
        index = int(dependent[0])
        raise DataError(
            f"{source}: column `{names[index]}` is a combination of the columns before it "
            f"({', '.join(f'`{name}`' for name in names[:index][:8])}), so its effect cannot be "
            "told from theirs. Leave one of them out."
        )


def _left_over(matrix: np.ndarray) -> np.ndarray:
    """How far each column lies from the span of those before it, relative to its size."""
    if len(matrix) < matrix.shape[1]:
        return np.zeros(matrix.shape[1])
    triangle = np.linalg.qr(matrix, mode="r")
    return np.abs(np.diag(triangle)) / np.maximum(np.linalg.norm(triangle, axis=0), 1e-300)


def _off_support(
    frame: Frame, target: str, family: AbstractFamily, y: np.ndarray, rows: np.ndarray
) -> DataError:
    first = ", ".join(str(int(row)) for row in rows[:3])
    values = frame.numbers(target)[rows[:3]]
    takers = [name for name in families if families.get(name).support.contains(y).all()]
    return DataError(
        f"{frame.source}: column `{target}`, row {first}{' and more' if len(rows) > 3 else ''}: "
        f"found {', '.join(f'{value:g}' for value in values)} ({len(rows)} rows), but family "
        f"`{family.name}` accepts {family.support.name}. Families that take all values: "
        f"{', '.join(f'`{name}`' for name in takers)}."
    )
