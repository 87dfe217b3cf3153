"""What the released model and the baseline say of new rows."""

import io
from typing import Any

import numpy as np
import polars as pl

from assay.adapter import read_predictions
from assay.compute.progress import waiting
from assay.errors import AssayError, ExperimentError, PredictionsError
from assay.experiment.offer import fit_on_open_rows
from assay.experiment.recipe import planned_model
from assay.experiment.task import Fittable, SealedTask
from assay.experiment.watch.rows import NewRows
from assay.predictive import AbstractPredictive, to_bytes
from assay.record import AttemptBody, ModelSpec

SAME = 1e-6
"""Relative difference up to which two runs of one fit count as the same, across machines."""


def of_file(predictions: Any, rows: NewRows, task: SealedTask) -> AbstractPredictive:
    """Predictions that were made elsewhere, for the rows to be scored.

    Args:
        predictions: a path or a table with a prediction for each of the given rows.
        rows: the given rows.
        task: the problem in which they are the sealed ones.

    Raises:
        PredictionsError: they are for other rows, incomplete, or of a kind that cannot be scored.
        DataError: the file cannot be read.
    """
    found = read_predictions(predictions, wanted=rows.frame, roles=task.roles).take(rows.fresh)
    task.refuse_unscorable(found, task.sealing.sealed_rows)
    return found


def of_model(
    model: Fittable, attempt: AttemptBody, judged: bytes, registered: SealedTask, task: SealedTask
) -> AbstractPredictive:
    """The released model's predictions for the rows to be scored.

    It is fitted again on the rows that were open, with the recorded seed, and must say of the
    sealed rows what was judged.

    Args:
        model: not fitted, in the terms of the problem.
        attempt: the one that was released.
        judged: its stored predictions for the sealed rows.
        registered: the registered problem.
        task: the problem in which the new rows are the sealed ones.

    Raises:
        PredictionsError: the model is another one now, or cannot predict the new rows.
    """
    seed = registered.seed if attempt.seed is None else attempt.seed
    fitted = fit_on_open_rows(model, registered, seed=seed)
    sealed = registered.sealing.sealed_rows
    with waiting(f"predicting {len(sealed):,} sealed rows again"):
        again = to_bytes(
            registered.predict(fitted, sealed), registered.asked.column("row_id").to_numpy()
        )
    if not _same(again, judged):
        raise PredictionsError(
            f'experiment "{registered.project.key}": `{attempt.name}`, fitted again, does not '
            "predict the sealed rows as it did when it was judged, so production would run another "
            "model than the verdict speaks of. Restore its recipe, data and versions "
            "(`assay ledger show` lists them), or give its predictions for the new rows."
        )
    rows = task.sealing.sealed_rows
    try:
        with waiting(f"predicting {len(rows):,} new rows"):
            found = task.predict(fitted, rows)
    except AssayError:
        raise
    except Exception as error:  # whatever another library raises
        raise PredictionsError(
            f'experiment "{registered.project.key}": `{attempt.name}` cannot predict the new rows: '
            f"{type(error).__name__}: {error}. Correct the rows, or leave those out that it cannot "
            "take."
        ) from error
    task.refuse_unscorable(found, rows)
    return found


def released_model(attempt: AttemptBody, task: SealedTask) -> Fittable:
    """The model of a released attempt, as `assay.toml` plans it.

    Raises:
        ExperimentError: it is not planned there, or is a file of predictions.
        ConfigError: its recipe cannot be read.
    """
    where = f'experiment "{task.project.key}": the released attempt `{attempt.name}`'
    plan = next((each for each in task.project.attempts if each.name == attempt.name), None)
    if plan is None or plan.model.predictions is not None:
        what = "is not planned in assay.toml" if plan is None else "is a file of predictions"
        raise ExperimentError(
            f"{where} {what}, so Assay has no model to ask. In Python give it: `model=`, or what "
            "it predicts for these rows: `predictions=`. On the command line: --predictions FILE."
        )
    return planned_model(plan, task)


def of_baseline(
    predictions: Any, rows: NewRows, registered: SealedTask, task: SealedTask
) -> AbstractPredictive:
    """What the registered baseline, learnt on the rows that were open, says of the new rows.

    Args:
        predictions: the baseline's own for these rows, needed where it is a file; else `None`.
        rows: the given rows.
        registered: the registered problem.
        task: the problem in which they are the sealed ones.

    Raises:
        ExperimentError: the baseline is a file and no predictions were given, or the other way.
        PredictionsError: they are for other rows, incomplete, or of a kind that cannot be scored.
    """
    spec = registered.project.baseline
    file = spec.predictions if isinstance(spec, ModelSpec) else None
    where = f'experiment "{registered.project.key}": the baseline'
    if file is not None and predictions is None:
        raise ExperimentError(
            f"{where} is a file of predictions, {file}, which holds none for the new rows. Give "
            "the baseline's own for them: --baseline FILE, or in Python `baseline=`."
        )
    if predictions is None:
        return task.baseline_at(task.sealing.sealed_rows)
    if file is None:
        raise ExperimentError(
            f"{where} is learnt from open rows, so no file of predictions is taken for it. Leave "
            "--baseline out."
        )
    return of_file(predictions, rows, task)


def _same(again: bytes, judged: bytes) -> bool:
    """Whether two files of predictions say the same, up to rounding."""
    if again == judged:
        return True
    one, other = (pl.read_parquet(io.BytesIO(content)) for content in (again, judged))
    if one.columns != other.columns or one.height != other.height:
        return False
    return all(_are_close(one[name], other[name]) for name in one.columns)


def _are_close(one: pl.Series, other: pl.Series) -> bool:
    if not (one.dtype.is_numeric() and other.dtype.is_numeric()):
        return one.equals(other)
    now, then = one.to_numpy(), other.to_numpy()
    finite = then[np.isfinite(then)]
    size = float(np.abs(finite).mean()) if finite.size else 0.0
    return np.allclose(now, then, rtol=SAME, atol=SAME * size, equal_nan=True)
