"""A model: a family, a predictor for each of its parameters, a way of fitting."""

from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from assay.errors import ConfigError, nearest
from assay.family import AbstractFamily
from assay.fit import PartRows, Prior, covariance, draw, draw_count, judge, maximise
from assay.frame import Frame, read
from assay.model.fitted import FittedModel
from assay.model.prepared import Prepared, prepare
from assay.predictor import AbstractPredictor, Constant, Design, Sum, as_sum

Method = Literal["map", "laplace"]
INTERCEPT_PRIOR_SD = 5.0


class Model:
    """A family with a predictor for each of its parameters: ``Model(Gamma(), mean=Linear("x"))``.

    Parameters without a predictor are constant. Priors are weak and stated by `FittedModel.priors`.
    """

    def __init__(
        self,
        family: AbstractFamily,
        *,
        method: Method = "laplace",
        **predictors: AbstractPredictor | Sum,
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
                missing feature, a column without variation, no row that shows its target.
            FitError: the fit did not converge.
        """
        frame = data if isinstance(data, Frame) else read(data)
        ready = self._prepared(frame, target)
        start = ready.start(self.family)
        prior = _prior(self.family, ready.designs, start, float(np.std(ready.y)))
        parts = tuple(
            PartRows(
                family=part.family,
                known=part.known,
                designs=tuple(matrix[part.rows] for matrix in ready.matrices),
                y=part.y,
                offsets=ready.offsets[:, part.rows],
                columns=part.columns,
            )
            for part in ready.parts
        )
        optimum = maximise(parts, prior, _start(near, ready.designs))
        where = f"{frame.source}, `{target}`"
        result = judge(optimum, rows=len(ready.y), hidden=ready.hidden, where=where)
        mode, curvature = optimum.coefficients, optimum.curvature
        draws = (
            draw(mode, curvature, count=draw_count(len(ready.y), len(mode)), seed=seed)
            if self.method == "laplace"
            else mode[None]
        )
        return FittedModel(
            family=self.family,
            parameters=tuple(self.predictors),
            target=target,
            designs=ready.designs,
            mode=mode,
            covariance=covariance(curvature),
            draws=draws,
            result=result,
            prior=prior,
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

    def _prepared(self, frame: Frame, target: str) -> Prepared:
        sums = tuple(as_sum(each) for each in self.predictors.values())
        return prepare(frame, target, self.family, sums)


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
