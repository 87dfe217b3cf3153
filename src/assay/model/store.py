"""Fitted models as files."""

from pathlib import Path

from assay.fit import Draws, FitResult, Prior
from assay.model.fitted import FittedModel
from assay.model.panel import Batch, FittedPanel, PanelResult
from assay.predictor import Design, store
from assay.predictor.seen import Seen
from assay.series import FittedSeries
from assay.series.stored import PARTS

_OWN = (FittedModel, FittedPanel, Design, FitResult, Prior, Draws, Seen, Batch, PanelResult)


def save(fitted: FittedModel | FittedPanel, path: str | Path) -> None:
    """Write a fitted model, or a panel of them, to one file.

    Args:
        fitted: any model, however it was fitted.
        path: such as `demand.assay`; a file that is there is replaced once the new one is whole.

    Raises:
        ConfigError: a part of the model exists in Python only and cannot be written; nothing was
            written then.
        DataError: the file cannot be written.
    """
    store.save(fitted, path, _OWN)


def load(path: str | Path) -> FittedModel | FittedPanel | FittedSeries:
    """A fitted model from the file that its `save` wrote; nothing in the file is run.

    Args:
        path: of the file.

    Returns:
        The model; what it answers is what the model that was saved answers, to the last bit.

    Raises:
        DataError: there is no such file, it is damaged or not one of Assay's, or a newer version
            wrote it.
        ConfigError: it needs a family or a predictor of a package that is not installed.
    """
    return store.load(path, (FittedModel, FittedPanel, FittedSeries), (*_OWN, *PARTS))
