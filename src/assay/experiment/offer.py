"""What is offered to the seal: predictions for its rows, from a model or from a file."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.adapter import read_predictions
from assay.errors import PredictionsError
from assay.experiment.open_score import OpenScore, open_score
from assay.experiment.task import Fittable, SealedTask
from assay.predictive import (
    AbstractPredictive,
    EnsemblePredictive,
    QuantilePredictive,
    to_bytes,
)


@dataclass(frozen=True)
class Offer:
    """Predictions for the sealed rows, ready to be judged.

    Fields:
        content: the predictions as the ledger keeps them.
        exact: the same where their file holds the very numbers that are scored, so that it need
            not be read back; `None` for a family, whose file may share what all rows have.
        score: of the model on open rows; `None` for a file.
    """

    content: bytes
    exact: AbstractPredictive | None
    score: OpenScore | None


def of_file(predictions: Any, task: SealedTask, *, attested: bool) -> Offer:
    """Predictions that were made elsewhere.

    Args:
        predictions: a path or a table.
        task: problem and split.
        attested: the author's word that a series' file saw nothing later than each origin.

    Raises:
        PredictionsError: they are for other rows, incomplete, not finite, of a kind that the
            metric cannot score, or for a series and not attested.
    """
    if task.is_procedure and not attested:
        # A file cannot show what its author knew at each origin.
        raise PredictionsError(
            f'experiment "{task.project.key}": a series is judged as a procedure, from several '
            f"origins {task.roles.horizon or 1} steps apart, so a file of predictions cannot show "
            "that it did not look ahead. Offer a model, or mark the file `attested`."
        )
    read = read_predictions(predictions, wanted=task.asked, roles=task.roles)
    return _offer(read, task, None)


def of_model(model: Fittable, task: SealedTask, *, seed: int) -> Offer:
    """Predictions of a model, fitted on open rows and scored there out of fold.

    Raises:
        Exception: whatever the model raises; the attempt is then a broken one.
    """
    fitted = model.fit(task.frame.take(task.open_rows), task.roles.target, seed=seed)
    score = open_score(model, task, fitted)
    return _offer(task.predict(fitted, task.sealing.sealed_rows), task, score)


def _offer(predictive: AbstractPredictive, task: SealedTask, score: OpenScore | None) -> Offer:
    rows = task.sealing.sealed_rows
    task.refuse_unscorable(predictive, rows)
    row_id: np.ndarray = task.frame.column("row_id").to_numpy()[rows]
    base = predictive.underlying
    exact = base if isinstance(base, EnsemblePredictive | QuantilePredictive) else None
    return Offer(to_bytes(predictive, row_id), exact, score)
