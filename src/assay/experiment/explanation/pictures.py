"""Pictures of an explanation, drawn from its record alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from assay.picture.importance import importance_picture
from assay.picture.response import responses

_BARS = {
    "label": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "certain": pl.Boolean,
}
_POINTS = {
    "column": pl.String,
    "output": pl.String,
    "value": pl.Float64,
    "level": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def importance_of(record: Mapping[str, Any]) -> alt.LayerChart | None:
    """How much of the gain rests on each column; in the metric's unit where there is no gain.

    Args:
        record: as `Explanation.as_record` gives it.

    Returns:
        `None` where the model reads no column that could be asked about.
    """
    # What costs exactly nothing was not read at all, and a bar of no length says nothing.
    asked = [each for each in record["importance"] if each["loss"]]
    if not asked:
        return None
    is_share = all(each["share"] is not None for each in asked)
    name = "share" if is_share else "loss"
    rows = [
        {
            "label": each["label"],
            "value": each[name],
            "low": each[f"{name}_low"],
            "high": each[f"{name}_high"],
            "certain": each["certain"],
        }
        for each in asked
    ]
    axis = "share of the gain lost without it" if is_share else "added to the loss without it"
    table = pl.DataFrame(rows, schema=_BARS)
    return importance_picture(table, axis=axis, format="%" if is_share else "")


def effects_of(record: Mapping[str, Any]) -> alt.VConcatChart | None:
    """What is predicted as each of the most important columns moves.

    Args:
        record: as `Explanation.as_record` gives it.

    Returns:
        `None` where no effect was followed.
    """
    rows = [row for each in record["effects"] for row in _points(each)]
    return responses(pl.DataFrame(rows, schema=_POINTS)) if rows else None


def _points(effect: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    ends = zip(effect["at"], effect["estimate"], effect["low"], effect["high"], strict=True)
    return [
        {
            "column": effect["column"],
            "output": effect["output"],
            "value": None if isinstance(at, str) else at,
            "level": at if isinstance(at, str) else None,
            "estimate": estimate,
            "low": low,
            "high": high,
        }
        for at, estimate, low, high in ends
    ]
