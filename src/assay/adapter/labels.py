"""Which class each of a classifier's own labels means."""

from typing import Any

import numpy as np

from assay.adapter.setting import Setting
from assay.errors import PredictionsError


def class_order(labels: Any, setting: Setting) -> np.ndarray:
    """The number of the class that each of a classifier's labels means.

    Args:
        labels: `classes_`: the target's labels; or 0, 1, ... in their order, as an encoder of
            labels numbers them.
        setting: the problem.

    Returns:
        Numbers of classes, (labels,).

    Raises:
        PredictionsError: a label is none of the target's.
    """
    own = [_plain(label) for label in np.asarray(labels).ravel().tolist()]
    if setting.classes:
        known: dict[Any, int] = {label: number for number, label in enumerate(setting.classes)}
        by_number = {number: number for number in range(len(setting.classes))}
        known = known if any(isinstance(label, str) for label in own) else by_number
    else:
        known = {0: 0, 1: 1}
    strange = [label for label in own if label not in known]
    if strange:
        accepted = ", ".join(repr(label) for label in (setting.classes or (0, 1))[:12])
        raise PredictionsError(
            f"{setting.where}: the classifier was fitted on the label {strange[0]!r}, which "
            f"`{setting.roles.target}` does not have. Its classes are {accepted}. Fit it on these "
            "labels."
        )
    return np.array([known[label] for label in own])


def _plain(label: Any) -> Any:
    """A label as Python compares it: 1.0, True and 1 are one."""
    return int(label) if isinstance(label, bool | float) and label == int(label) else label
