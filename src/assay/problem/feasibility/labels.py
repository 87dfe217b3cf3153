"""Rows that were labelled twice: from a table of their own, or from two columns of the pilot."""

from dataclasses import replace
from typing import Any

import numpy as np

from assay.errors import ConfigError, DataError
from assay.frame import Frame, read
from assay.frame.rows import at_row, first
from assay.problem.feasibility.ceiling import Ceiling, class_ceiling, numeric_ceiling
from assay.problem.feasibility.learners import Floats

LEAST_PAIRS = 2


def ceiling_of(
    pilot: Frame,
    target: str,
    double_labels: Any,  # whatever `assay.frame.read` takes, or two names
    *,
    is_share: bool,
) -> Ceiling:
    """The ceiling that double labels leave room for.

    Args:
        pilot: the rows with a known target.
        target: its name.
        double_labels: a table whose two columns label the same rows, beside which there may be a
            `row_id`; or two column names of the pilot, of which rows without both do not count.
        is_share: whether the target is 0 or 1.

    Raises:
        ConfigError: names that are not two.
        DataError: labels that are missing, infinite, of another kind than the target, or so far
            from coins that one column must be turned round.
    """
    names = label_columns(double_labels)
    first_name, second_name = names or ("", "")
    frame = pilot if names else read(double_labels)
    if not names:
        first_name, second_name = _two_columns(frame)
    # Labels of a target of text are text too, of the same classes.
    known = pilot.classes.get(target)
    texts = {} if known is None else dict.fromkeys((first_name, second_name), known)
    frame = replace(frame, classes={**frame.classes, **texts})
    pair = [_label(frame, name, target, is_share) for name in (first_name, second_name)]
    both = ~np.isnan(pair[0]) & ~np.isnan(pair[1])
    if not names:
        _refuse_missing(frame, (first_name, second_name), both)
    if both.sum() < LEAST_PAIRS:
        raise DataError(
            f"{frame.source}: {int(both.sum())} rows have both labels `{first_name}` and "
            f"`{second_name}`, at least {LEAST_PAIRS} are needed and about 60 advised. Have more "
            "rows labelled twice."
        )
    y, (one, two) = pilot.numbers(target), (labels[both] for labels in pair)
    if not is_share:
        _refuse_other_scale(frame, y, one, two, target)
        return numeric_ceiling(y, one, two)
    found = class_ceiling(y, one, two)
    if found.accuracy_bound is None:
        raise DataError(
            f"{frame.source}: `{first_name}` and `{second_name}` agree in "
            f"{int((one == two).sum())} of {len(one)} rows, fewer than coins would. One of them "
            "seems to be coded the other way round: check which class counts as 1."
        )
    return found


def label_columns(double_labels: Any) -> tuple[str, str] | None:
    """The two columns of the pilot that are its labels; None where a table of their own is given.

    Raises:
        ConfigError: a tuple or list that is not two different names.
    """
    if not isinstance(double_labels, tuple | list):
        return None
    names = tuple(double_labels)
    if len(names) != 2 or not all(isinstance(name, str) for name in names) or len(set(names)) < 2:
        raise ConfigError(
            f"`double_labels` is {double_labels!r}; a path, a table, or the names of two different "
            'columns of the pilot are accepted, such as ("first", "second").'
        )
    return str(names[0]), str(names[1])


def _two_columns(frame: Frame) -> tuple[str, str]:
    names = [name for name in frame.columns if name != "row_id"]
    if len(names) != 2:
        named = ", ".join(f"`{name}`" for name in names[:8])
        raise DataError(
            f"{frame.source}: double labels stand in two columns, here are {len(names)} ({named}). "
            "Keep the two that label the same rows, or name two columns of the pilot."
        )
    return names[0], names[1]


def _label(frame: Frame, name: str, target: str, is_share: bool) -> Floats:
    labels = frame.numbers(name)
    where = f"{frame.source}: label `{name}`"
    infinite = first(np.isinf(labels))
    if infinite is not None:
        raise DataError(
            f"{where} is {labels[infinite]} in {at_row(infinite)}, finite numbers are needed. "
            "Correct it, or take the row out."
        )
    foreign = first(~np.isnan(labels) & ~np.isin(labels, (0.0, 1.0)))
    if is_share and foreign is not None:
        raise DataError(
            f"{where} is {labels[foreign]:g} in {at_row(foreign)}, but the target `{target}` is 0 "
            "or 1. Write labels as the target is written."
        )
    return labels


def _refuse_missing(frame: Frame, names: tuple[str, str], both: np.ndarray) -> None:
    row = first(~both)
    if row is not None:
        raise DataError(
            f"{frame.source}: {at_row(row)} lacks a label ({int((~both).sum())} rows do); `"
            f"{names[0]}` and `{names[1]}` label the same rows, so each needs both. Take out the "
            "rows that were labelled once."
        )


def _refuse_other_scale(frame: Frame, y: Floats, one: Floats, two: Floats, target: str) -> None:
    middle = float(np.median(np.concatenate([one, two])))
    if not y.min() <= middle <= y.max():
        raise DataError(
            f"{frame.source}: the labels lie around {middle:g}, but the target `{target}` runs "
            f"from {y.min():g} to {y.max():g}. Labels are needed in the unit of the target: "
            "convert them."
        )
