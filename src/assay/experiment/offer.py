"""What is offered to the seal: predictions for its rows, from a model or from a file."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.adapter import AbstractAdapted, predictions_frame, read_predictions
from assay.compute.progress import waiting
from assay.errors import PredictionsError
from assay.experiment.open_score import OpenScore, open_score
from assay.experiment.support import off_support
from assay.experiment.task import Fittable, Fitted, Procedure, SealedTask
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    EnsemblePredictive,
    QuantilePredictive,
    to_bytes,
)

_EXACT = (ClassPredictive, EnsemblePredictive, QuantilePredictive)
CERTAIN = "`mean` alone: a point forecast is scored as certainty."


@dataclass(frozen=True)
class Offer:
    """Predictions for the sealed rows, ready to be judged.

    Fields:
        content: the predictions as the ledger keeps them.
        exact: the same where their file holds the very numbers that are scored, so that it need
            not be read back; `None` for a family, whose file may share what all rows have.
        score: of the model on open rows; `None` for a file, and for what cannot be fitted again.
        notes: what the author should know of how it is judged, one sentence each.
    """

    content: bytes
    exact: AbstractPredictive | None
    score: OpenScore | None
    notes: tuple[str, ...] = ()


def of_file(predictions: Any, task: SealedTask, *, attested: bool) -> Offer:
    """Predictions that were made elsewhere.

    Args:
        predictions: a path or a table.
        task: problem and split.
        attested: the author's word that a series' file saw nothing later than each origin.

    Raises:
        PredictionsError: they are for other rows, incomplete, not finite, of a kind that the
            metric cannot score; or for a series, not attested, and not all forecast from the open
            history alone.
    """
    frame = predictions_frame(predictions)
    known_until = None
    if task.is_procedure and not attested:
        if "origin" not in frame.columns:
            # A file cannot show what its author knew at each origin.
            raise PredictionsError(
                f'experiment "{task.project.key}": a series is judged as a procedure, from several '
                f"origins {task.roles.horizon or 1} steps apart, so a file of predictions cannot "
                "show that it did not look ahead. Offer a model; add a column `origin` with the "
                "last time known at each forecast, none after the open rows; or mark the file "
                "`attested`."
            )
        known_until = task.setting.open_end
    found = read_predictions(frame, wanted=task.asked, roles=task.roles, known_until=known_until)
    return _offer(found, task, None)


def of_model(model: Fittable, task: SealedTask, *, seed: int) -> Offer:
    """Predictions of a model, fitted on open rows and scored there out of fold.

    Raises:
        Exception: whatever the model raises; the attempt is then a broken one.
    """
    fitted = fit_on_open_rows(model, task, seed=seed)
    notes, can_refit = (), True
    if isinstance(model, AbstractAdapted):
        notes, can_refit = model.notes(), model.can_refit
    # Before the folds: a model whose `fit` returns itself is another one after them.
    with waiting(f"predicting {len(task.sealing.sealed_rows):,} sealed rows"):
        predictive = task.predict(fitted, task.sealing.sealed_rows)
    score = open_score(model, task, fitted) if can_refit else None
    return _offer(predictive, task, score, notes)


def fit_on_open_rows(model: Fittable, task: SealedTask, *, seed: int) -> Fitted | Procedure:
    """The model as it is judged: fitted on open rows, or as it was given where it comes fitted.

    Raises:
        Exception: whatever the model raises.
    """
    data, target = task.frame.take(task.open_rows), task.roles.target
    if isinstance(model, AbstractAdapted):
        given = model.as_given(data, target, seed=seed)
        if given is not None:
            return given
    with waiting(f"fitting {type(model).__name__} on {data.rows:,} open rows"):
        return model.fit(data, target, seed=seed)


def _offer(
    predictive: AbstractPredictive,
    task: SealedTask,
    score: OpenScore | None,
    notes: tuple[str, ...] = (),
) -> Offer:
    rows = task.sealing.sealed_rows
    task.refuse_unscorable(predictive, rows)
    notes = (*notes, *off_support(predictive, task))
    row_id: np.ndarray = task.frame.column("row_id").to_numpy()[rows]
    base = predictive.underlying
    exact = base if isinstance(base, _EXACT) else None
    if isinstance(base, EnsemblePredictive) and base.is_point and task.project.metric == "crps":
        notes = (*notes, CERTAIN)
    return Offer(to_bytes(predictive, row_id), exact, score, notes)
