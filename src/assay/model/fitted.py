"""A fitted model: the posterior of its coefficients, and what it predicts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from assay.family import AbstractFamily, Censored
from assay.fit import FitResult, Prior
from assay.frame import Frame, read
from assay.model.prepared import limit_column
from assay.predictive import AbstractPredictive, DistributionPredictive, Hidden
from assay.predictor import Design


@dataclass(frozen=True)
class FittedModel:
    """A model with the posterior of its coefficients.

    Fields:
        family: recipe of the likelihood.
        parameters: names of its parameters, in order.
        target: column it was fitted to.
        designs: prepared predictors, one for each parameter.
        mode: coefficients on the standardised scale, all parameters in a row.
        covariance: of these coefficients, by Laplace's approximation.
        draws: (draws, coefficients) that predictives mix over.
        result: how the fit went.
        prior: of the standardised coefficients.
    """

    family: AbstractFamily
    parameters: tuple[str, ...]
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
        family = self.family
        base = family.underlying
        columns = {name: limit_column(frame, name) for name in base.needs()}
        linked = tuple(
            _linked(each, block, frame)
            for each, block in zip(self.designs, self.split(self.draws), strict=True)
        )
        predictive = DistributionPredictive(base, linked, frame.rows, columns)
        above = family.above if isinstance(family, Censored) else None
        if above is None or above not in frame.columns:
            return predictive
        limit = limit_column(frame, above)
        if limit.dtype == bool:
            return predictive
        return Hidden(predictive, np.where(np.isnan(limit), np.inf, limit))

    def coefficients(self) -> pl.DataFrame:
        """Coefficients on the user's scale: parameter, name, estimate, se, lo-95, hi-95."""
        back = [each.to_user() for each in self.designs]
        rows = []
        edges = np.cumsum([0, *(len(each) for each in back)])
        for name, each, matrix, low in zip(
            self.parameters, self.designs, back, edges, strict=False
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
                self.family.parameters,
                zip(self.parameters, self.split(self.prior.sd), strict=True),
                strict=True,
            )
        ]

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Values of all coefficients, split along the last axis by parameter."""
        edges = np.cumsum([len(each.names) for each in self.designs])[:-1]
        return np.split(values, edges, axis=-1)


def _linked(
    design: Design, draws: Float[np.ndarray, "draws coefficients"], frame: Frame
) -> Float[np.ndarray, "draws rows"]:
    offset = design.offset(frame)
    if design.names == ("intercept",):
        return draws + offset
    return np.ascontiguousarray((design.matrix(frame) @ draws.T).T) + offset
