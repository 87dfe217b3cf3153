"""A fitted model: the posterior of its coefficients, and what it predicts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float
from scipy.linalg import block_diag

from assay.errors import ConfigError, DataError
from assay.family import AbstractFamily, Censored
from assay.family.limit import Limit
from assay.fit import Draws, FitResult, Prior
from assay.frame import Frame, read
from assay.frame.rows import at_row
from assay.model.effects import effects_of
from assay.model.penalised import in_words, smooths
from assay.model.prepared import limit_column
from assay.model.prior import labels
from assay.predictive import AbstractPredictive, DistributionPredictive, Hidden
from assay.predictor import Design

_SHOWN = 6  # coefficients of a parameter
SPREAD_DEGREES, SPREAD_SCALE = 3.0, 2.5  # half-t prior of the spread of penalised terms, for NUTS


@dataclass(frozen=True, repr=False)
class FittedModel:
    """A model with the posterior of its coefficients.

    Fields:
        family: recipe of the likelihood.
        parameters: names of its parameters, in order.
        target: column it was fitted to.
        designs: prepared predictors, one for each parameter.
        mode: coefficients on the standardised scale, all parameters in a row.
        covariance: of these coefficients, by Laplace's approximation or of the draws of NUTS.
        draws: (draws, coefficients) that predictives mix over.
        result: how the fit went.
        prior: of the standardised coefficients.
        sampled: all draws of NUTS with their diagnostics, where it was asked for.
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
    sampled: Draws | None = None

    def __repr__(self) -> str:
        table = self.coefficients()
        lines = [f"{self.family.describe()} fitted to `{self.target}`"]
        for parameter in self.family.parameters:
            own = table.filter(parameter=parameter.name)
            pairs = zip(own["name"], own["estimate"], strict=True)
            said = [f"{name} {value:.4g}" for name, value in pairs]
            more = f", {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
            lines.append(
                f"  {parameter.name} ({parameter.link.name}): {', '.join(said[:_SHOWN])}{more}"
            )
        return "\n".join([*lines, f"  {self.result.message}"])

    def predict(self, data: Any) -> AbstractPredictive:
        """One distribution for each row of `data`; its target is not read.

        Under a censored family the predictive answers for the `underlying` value and, where each of
        its limits is a number or a numeric column of the table, for the `observed` one.

        Raises:
            DataError: a feature is missing or has an unseen category, or a lower limit lies above
                an upper one.
        """
        frame = data if isinstance(data, Frame) else read(data)
        linked = tuple(
            _linked(each, block, frame)
            for each, block in zip(self.designs, self.split(self.draws), strict=True)
        )
        return predictive_of(self.family, linked, frame)

    def coefficients(self) -> pl.DataFrame:
        """Coefficients on the user's scale: parameter, name, estimate, se, lo-95, hi-95.

        After NUTS these are the mean, the standard deviation and the 2.5 and 97.5 % quantiles of
        the posterior.
        """
        back = block_diag(*(each.to_user() for each in self.designs))
        if self.sampled is None:
            estimate = back @ self.mode
            se = np.sqrt(np.diag(back @ self.covariance @ back.T))
            low, high = estimate - 1.96 * se, estimate + 1.96 * se
        else:
            every = self.coefficient_draws().reshape(-1, len(self.mode)) @ back.T
            estimate, se = every.mean(axis=0), every.std(axis=0, ddof=1)
            low, high = np.quantile(every, [0.025, 0.975], axis=0)
        counts = [len(each.names) for each in self.designs]
        return pl.DataFrame(
            {
                "parameter": np.repeat(self.parameters, counts),
                "name": [name for each in self.designs for name in each.names],
                "estimate": estimate,
                "se": se,
                "lo-95": low,
                "hi-95": high,
            }
        )

    def labels(self) -> tuple[str, ...]:
        """What each coefficient is: ``mean: price``."""
        return labels(self.parameters, self.designs)

    def penalties(self) -> tuple[str, ...]:
        """What each penalty keeps small: ``mean: spread of group(store)``."""
        return tuple(
            f"{parameter}: spread of {name}"
            for parameter, each in zip(self.parameters, self.designs, strict=True)
            for name in each.penalty_names
        )

    def coefficient_draws(self) -> Float[np.ndarray, "chains samples coefficients"]:
        """All draws of NUTS, on the standardised scale.

        Raises:
            ConfigError: the model was not fitted by NUTS.
        """
        return self._draws_of_nuts()[..., : len(self.mode)]

    def spread_draws(self) -> Float[np.ndarray, "chains samples penalties"]:
        """All draws of what `penalties` names, standard deviations on the scale of the link.

        Raises:
            ConfigError: the model was not fitted by NUTS.
        """
        return np.exp(self._draws_of_nuts()[..., len(self.mode) :])

    def _draws_of_nuts(self) -> Float[np.ndarray, "chains samples scalars"]:
        if self.sampled is None:
            raise ConfigError(
                "This model was fitted without sampling, so there are no chains. Fit it with "
                '`method="nuts"`.'
            )
        return self.sampled.matrix

    def to_arviz(self, data: Any = None) -> Any:
        """The draws of NUTS as ArviZ's `InferenceData` (`DataTree` from ArviZ 1 on).

        Args:
            data: the fitting rows; with them the log-likelihood of each row and the observed
                targets are included, as model comparison by ArviZ wants them.

        Raises:
            ConfigError: ArviZ is not installed, or the model was not fitted by NUTS.
            DataError: as `predict`.
        """
        from assay.model.inference_data import inference_data

        return inference_data(self, data)

    def save(self, path: str | Path) -> None:
        """Write the model to one file, which `assay.load` reads without running anything in it.

        Args:
            path: such as `demand.assay`; a file that is there is replaced once the new one is
                whole.

        Raises:
            ConfigError: a part of the model exists in Python only and cannot be written; nothing
                was written then.
            DataError: the file cannot be written.
        """
        from assay.model.store import save

        save(self, path)

    def priors(self) -> list[str]:
        """The priors in words, one sentence a parameter and one for each sampled spread."""
        sampled = self.sampled is not None
        spreads = [
            f"{name} ~ half-t with {SPREAD_DEGREES:g} degrees of freedom and scale "
            f"{SPREAD_SCALE:g}, times the target's sd under an identity link"
            for name in (self.penalties() if sampled else ())
        ]
        return spreads + [
            f"{name} ({parameter.link.name} link): {in_words(design, sd, sampled=sampled)}"
            for parameter, (name, sd), design in zip(
                self.family.parameters,
                zip(self.parameters, self.split(self.prior.sd), strict=True),
                self.designs,
                strict=True,
            )
        ]

    def smooths(self) -> pl.DataFrame:
        """What became of each penalised term, as the marginal likelihood has it.

        Returns:
            Columns `parameter`, `term`, `lambda`, `sd` (between groups; null for splines),
            `columns`, `freedom` (effective degrees of freedom). After NUTS these are where
            sampling began; `spread_draws` holds what was sampled.
        """
        return smooths(self.parameters, self.designs, self.prior.sd, self.covariance)

    def effects(self, data: Any = None) -> pl.DataFrame:
        """What each term adds to its parameter before the link, with 95 % intervals.

        Args:
            data: a table whose ranges and levels are swept; by default those of the fitting rows.

        Returns:
            Columns `parameter`, `term`, `column`, `value` or `level`, `column-2` and `value-2`
            for surfaces, `estimate`, `lo-95`, `hi-95`. Curves, groups and surfaces are told as
            differences from the average of the fitting rows, columns of a formula or a network
            as differences from the typical row (median, most frequent level).

        Raises:
            DataError: `data` lacks a column.
        """
        frame = data if data is None or isinstance(data, Frame) else read(data)
        return effects_of(self.parameters, self.designs, self.mode, self.covariance, frame)

    def picture(self, data: Any = None) -> Any:
        """A chart of all effects, as notebooks and `assay.picture.svg` show it.

        Args:
            data: as in `effects`.

        Raises:
            DataError: as `effects`, or no term has an effect: all parameters are constant.
        """
        from assay.picture.effect import effects  # Altair takes its time to import

        table = self.effects(data)
        if table.is_empty():
            raise DataError(
                "picture: all parameters are constant, so there is no effect to draw. Give one a "
                f'predictor, such as `{self.parameters[0]}=Linear("price")`.'
            )
        return effects(table)

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Values of all coefficients, split along the last axis by parameter."""
        edges = np.cumsum([len(each.names) for each in self.designs])[:-1]
        return np.split(values, edges, axis=-1)


def predictive_of(
    family: AbstractFamily, linked: tuple[Float[np.ndarray, "draws rows"], ...], frame: Frame
) -> AbstractPredictive:
    """What a family predicts for each row of a table.

    Args:
        family: possibly censored.
        linked: what each parameter is before its link, for each draw of the coefficients.
        frame: the table, with the limits where they are known.
    """
    base = family.underlying
    columns = {name: limit_column(frame, name) for name in base.needs()}
    predictive = DistributionPredictive(base, linked, frame.rows, columns)
    if not isinstance(family, Censored):
        return predictive
    most, least = _limits(family.above, frame, np.inf), _limits(family.below, frame, -np.inf)
    if most is None or least is None or (family.above is None and family.below is None):
        return predictive
    for row in np.flatnonzero(most <= least)[:1]:
        raise DataError(
            f"Censored: {at_row(row)} is hidden above {most[row]:g} and below "
            f"{least[row]:g} at once. The lower limit must lie below the upper one."
        )
    return Hidden(predictive, most, None if family.below is None else least)


def _limits(limit: Limit, frame: Frame, absent: float) -> Float[np.ndarray, " rows"] | None:
    """The limit of each row, `absent` where it has none; None for flags and for lost columns."""
    if limit is None or not isinstance(limit, str):
        return np.full(frame.rows, absent if limit is None else float(limit))
    found = limit_column(frame, limit) if limit in frame.columns else np.empty(0, dtype=bool)
    return None if found.dtype == bool else np.where(np.isnan(found), absent, found)


def _linked(
    design: Design, draws: Float[np.ndarray, "draws coefficients"], frame: Frame
) -> Float[np.ndarray, "draws rows"]:
    offset = design.offset(frame)
    if design.names == ("intercept",):
        return draws + offset
    return np.ascontiguousarray((design.matrix(frame) @ draws.T).T) + offset
