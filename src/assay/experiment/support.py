"""Predictions where the target cannot be: refused if they are no chances, else said aloud."""

import numpy as np

from assay.errors import PredictionsError
from assay.experiment.task import SealedTask
from assay.family import Bernoulli
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    DistributionPredictive,
    QuantilePredictive,
)

WASTED = 0.01
"""Mass below 0 from which on a prediction is said to lie where the target never was."""

ROUNDING = 1e-9


def off_support(predictive: AbstractPredictive, task: SealedTask) -> tuple[str, ...]:
    """What is to be said of predictions that the target's open values rule out.

    Args:
        predictive: for the sealed rows, in their order.
        task: problem and split; only its open targets are looked at.

    Raises:
        PredictionsError: the target is 0 or 1, and a mean is no chance; or it is not, and what is
            offered are chances.
    """
    _refuse_lonely_quantile(predictive, task)
    y = task.y[task.open_rows]
    if task.classes or isinstance(predictive.underlying, ClassPredictive):
        return ()
    if np.isin(y, (0.0, 1.0)).all():
        _refuse_no_chances(predictive, task)
        return ()
    base = predictive.underlying
    if isinstance(base, DistributionPredictive) and isinstance(base.family, Bernoulli):
        raise PredictionsError(
            f'project "{task.project.key}": what is offered are probabilities of 1, but '
            f"`{task.roles.target}` runs from {y.min():g} to {y.max():g} in the open rows. Offer "
            "`mean`, quantiles or samples."
        )
    if y.min() < 0:
        return ()
    # Not the number next to 0, which is subnormal: compiled code takes it for 0 itself.
    below = predictive.cdf(np.full(predictive.rows, -np.finfo(float).tiny)) > WASTED
    if not below.any():
        return ()
    return (
        f"In {int(below.sum()):,} of {len(below):,} rows more than {100 * WASTED:g} % of what it "
        f"predicts lies below 0, where `{task.roles.target}` never was among the open rows: a "
        "family on the right support would not waste it.",
    )


def _refuse_lonely_quantile(predictive: AbstractPredictive, task: SealedTask) -> None:
    """One quantile is no distribution; only the loss of that very quantile can score it."""
    base = predictive.underlying
    if not isinstance(base, QuantilePredictive) or len(base.levels) > 1:
        return
    level, project = float(base.levels[0]), task.project
    is_asked = project.metric == "pinball" and tuple(project.levels) == (level,)
    if not is_asked and not (project.metric == "absolute" and level == 0.5):
        raise PredictionsError(
            f'project "{project.key}": the quantile at {level:g} alone is no forecast under '
            f"`{project.metric}`. Give several quantiles, both ends of an interval, samples, or "
            "`mean`."
        )


def _refuse_no_chances(predictive: AbstractPredictive, task: SealedTask) -> None:
    chance = predictive.mean()
    outside = np.flatnonzero((chance < -ROUNDING) | (chance > 1 + ROUNDING))
    if outside.size:
        row = task.asked.column("row_id")[int(outside[0])]
        raise PredictionsError(
            f'project "{task.project.key}": `{task.roles.target}` is 0 or 1, but the mean '
            f"predicted for the row with row_id {row} is {chance[outside[0]]:.4g} "
            f"({outside.size} such rows). Predict chances between 0 and 1."
        )
