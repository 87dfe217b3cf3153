"""Predictions files: any model's output, as long as it says for which row."""

import re
from typing import Any

import numpy as np
import polars as pl

from assay.adapter.outputs import as_bernoulli
from assay.errors import PredictionsError, nearest
from assay.frame import Frame, Roles, read
from assay.frame.moments import parse_times
from assay.frame.rows import at_row, first, shown
from assay.predictive import (
    AbstractPredictive,
    ClassPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    QuantilePredictive,
)

_ACCEPTED = (
    "`mean`; `model-lo-90` and `model-hi-90`; `q0.05`, `q0.5`, ...; `sample_1`, `sample_2`, ...; "
    "or `p_1` for a 0/1 target"
)
_SUM_SLACK = 1e-6


def predictions_frame(data: Any) -> Frame:
    """A table of predictions as it is given.

    Args:
        data: a path or a table.

    Raises:
        PredictionsError: bare numbers, which do not say for which rows they are.
        DataError: the file cannot be read.
    """
    if isinstance(data, np.ndarray | list | tuple | pl.Series):
        raise PredictionsError(
            f"predictions: found {type(data).__name__}, which does not say for which rows it is. "
            "Give a path, or a pandas, Polars or PyArrow table, with `row_id` (or `unique_id` and "
            f"`ds`) and {_ACCEPTED}."
        )
    return data if isinstance(data, Frame) else read(data)


def read_predictions(
    data: Any,  # whatever `assay.frame.read` takes
    *,
    wanted: Frame,
    roles: Roles,
    known_until: Any = None,  # a time, of the table's own kind
) -> AbstractPredictive:
    """Predictions for exactly the rows of `wanted`, in its order.

    Args:
        data: a path, or a table, with `row_id` (or `unique_id` and `ds`) and one of: `mean`;
            interval columns; quantile columns; samples; class probabilities.
        wanted: the rows to be predicted, with `row_id`.
        roles: what the columns of `wanted` mean.
        known_until: if given, the file needs a column `origin`, the last time known when each row
            was forecast, and none may lie after this one.

    Returns:
        One distribution for each row of `wanted`.

    Raises:
        PredictionsError: rows are missing, foreign or doubled, a value is missing or infinite,
            quantiles cross, probabilities do not add up to 1, an origin is too late, or no
            accepted column is there.
        DataError: the file cannot be read.
    """
    frame = predictions_frame(data)
    classes = wanted.classes.get(roles.target, ())
    is_count = roles.target in wanted.columns and wanted.column(roles.target).dtype.is_integer()
    table = _aligned(frame.table, frame.source, wanted, roles)
    if known_until is not None:
        _refuse_late_origins(table, frame.source, wanted.column(str(roles.time)), known_until)
    if classes:
        return _class_chances(table, frame.source, classes)
    return _predictive(table, frame.source, is_count=is_count)


def _refuse_late_origins(table: pl.DataFrame, source: str, times: pl.Series, end: Any) -> None:
    """Every forecast must come from the open history, or its author vouches for it."""
    origins = _as_key(table["origin"], times.dtype, source)
    late = first(origins > end)
    if late is not None:
        raise PredictionsError(
            f"{source}, {_at(table, late)}: `origin` is {shown(origins[late])}, but the open rows "
            f"end at {shown(end)}, so a file cannot show what its author knew then "
            f"({int((origins > end).sum())} rows). Forecast every row from the open history, offer "
            "a model, or mark the file `attested`."
        )


def _aligned(given: pl.DataFrame, source: str, wanted: Frame, roles: Roles) -> pl.DataFrame:
    """The given columns in the order of the wanted rows, each of them there once."""
    key = _key(given, source, roles)
    keys = _wanted_keys(wanted, roles, key)
    given = given.with_columns(_as_key(given[name], keys[name].dtype, source) for name in key)
    again = first(given.select(pl.struct(key).is_duplicated()).to_series())
    if again is not None:
        raise PredictionsError(
            f"{source}, {at_row(again)}: {_named(given, again, key)} appears more than once. Give "
            "one prediction for each row."
        )
    found = keys.join(given, on=key, how="inner", maintain_order="left")
    if len(found) == len(keys) == len(given):  # no key stands there twice, so these are all
        return found
    foreign = given.join(keys, on=key, how="anti")
    missing = keys.join(given, on=key, how="anti")
    example = missing if len(missing) else foreign
    raise PredictionsError(
        f"{source}: predictions are for {len(given)} rows, {len(keys)} rows are asked for; "
        f"{len(missing)} of these are missing and {len(foreign)} do not belong to them (for "
        f"example {_named(example, 0, key)}). Predict the rows of `sealed.parquet` as "
        "`assay split` writes it."
    )


def _as_key(column: pl.Series, dtype: pl.DataType, source: str) -> pl.Series:
    """A key column in the type of the wanted rows; what cannot be brought there is refused."""
    column = parse_times(column) if dtype.is_temporal() else column
    try:
        cast = column.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:  # some pairs of types are refused as such
        cast = pl.Series(column.name, [None] * len(column), dtype=dtype)
    rounded = column.dtype.is_float() and (cast.cast(column.dtype) != column).any()
    if cast.null_count() or rounded:
        row = first(cast.is_null()) or 0
        raise PredictionsError(
            f"{source}: column `{column.name}` is {column.dtype} (such as {shown(column[row])}), "
            f"where the rows to be predicted have {dtype}. Copy it from `sealed.parquet`."
        )
    return cast


def _named(table: pl.DataFrame, row: int, key: list[str]) -> str:
    """A row as a user finds it again: `row_id = 17`."""
    return ", ".join(f"{name} = {shown(table[name][row])}" for name in key)


def _key(given: pl.DataFrame, source: str, roles: Roles) -> list[str]:
    if "row_id" in given.columns:
        return ["row_id"]
    if roles.time and {"unique_id", "ds"} <= set(given.columns):
        return ["unique_id", "ds"]
    hint = nearest("row_id", given.columns)
    raise PredictionsError(
        f"{source}: found columns {', '.join(f'`{name}`' for name in given.columns[:12])}, but no "
        f"`row_id` (nor `unique_id` and `ds`) that says which row is predicted. {hint}"
    )


def _wanted_keys(wanted: Frame, roles: Roles, key: list[str]) -> pl.DataFrame:
    if key == ["row_id"]:
        return wanted.table.select("row_id")
    joined = (
        pl.concat_str([pl.col(name).cast(pl.String) for name in roles.series], separator="/")
        if roles.series
        else pl.lit("1")
    )
    return wanted.table.select(joined.alias("unique_id"), pl.col(str(roles.time)).alias("ds"))


def _predictive(table: pl.DataFrame, source: str, *, is_count: bool) -> AbstractPredictive:
    """The richest description that the columns give."""
    samples = [name for name in table.columns if re.fullmatch(r"sample_\d+", name)]
    if samples:
        values = np.column_stack([_finite(table, name, source) for name in samples])
        return EnsemblePredictive.of(values, is_count=is_count)
    levels = _quantile_columns(table.columns, source)
    if levels:
        return _quantiles(table, levels, source, is_count=is_count)
    if "p_1" in table.columns:
        return _chances(table, source)
    if "mean" in table.columns:
        return EnsemblePredictive(_finite(table, "mean", source)[:, None], is_count)
    raise PredictionsError(
        f"{source}: found columns {', '.join(f'`{name}`' for name in table.columns[:12])}; "
        f"accepted are {_ACCEPTED}. Name the columns of predictions so."
    )


def _quantiles(
    table: pl.DataFrame, levels: dict[float, str], source: str, *, is_count: bool
) -> QuantilePredictive:
    ordered = sorted(levels)
    values = np.column_stack([_finite(table, levels[level], source) for level in ordered])
    falls = np.asarray((np.diff(values, axis=1) < 0).any(axis=1))
    row = first(falls)
    if row is not None:
        raise PredictionsError(
            f"{source}, {_at(table, row)}: quantiles fall as their level rises "
            f"({values[row].tolist()}), in {int(falls.sum())} rows. Sort them."
        )
    return QuantilePredictive(np.array(ordered), values, is_count)


def _chances(table: pl.DataFrame, source: str) -> DistributionPredictive:
    chance = _finite(table, "p_1", source)
    row = first(np.asarray((chance < 0) | (chance > 1)))
    if row is not None:
        raise PredictionsError(
            f"{source}, {_at(table, row)}: `p_1` is {chance[row]:g}, must lie between 0 and 1."
        )
    return as_bernoulli(chance)


def _class_chances(table: pl.DataFrame, source: str, classes: tuple[str, ...]) -> ClassPredictive:
    """One probability of each class, `p_<class>`."""
    names = [f"p_{label}" for label in classes]
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise PredictionsError(
            f"{source}: no column `{missing[0]}`; for a target of {len(classes)} classes a file "
            f"needs {', '.join(f'`{name}`' for name in names[:12])}. "
            f"{nearest(missing[0], table.columns)}"
        )
    foreign = [name for name in table.columns if name.startswith("p_") and name not in names]
    if foreign:
        raise PredictionsError(
            f"{source}: column `{foreign[0]}` is of no class of the target; its classes are "
            f"{', '.join(classes[:12])}. Rename or drop it."
        )
    values = np.column_stack([_finite(table, name, source) for name in names])
    outside = first(np.asarray(((values < 0) | (values > 1)).any(axis=1)))
    if outside is not None:
        wrong = int(np.argmax((values[outside] < 0) | (values[outside] > 1)))
        raise PredictionsError(
            f"{source}, {_at(table, outside)}: `{names[wrong]}` is {values[outside, wrong]:g}, "
            "must lie between 0 and 1."
        )
    total = values.sum(axis=1)
    off = first(np.asarray(np.abs(total - 1) > _SUM_SLACK))
    if off is not None:
        raise PredictionsError(
            f"{source}, {_at(table, off)}: the probabilities of the {len(classes)} classes add up "
            f"to {total[off]:.6g}, must be 1. Divide each row by its sum."
        )
    return ClassPredictive(values / total[:, None])


def _at(table: pl.DataFrame, row: int) -> str:
    """A row of the aligned table, by its key."""
    key = ["row_id"] if "row_id" in table.columns else ["unique_id", "ds"]
    return _named(table, row, key)


def _quantile_columns(names: list[str], source: str) -> dict[float, str]:
    """Level → column, of `q0.05` and `model-lo-90` alike.

    Raises:
        PredictionsError: two columns give the same level.
    """
    levels: dict[float, str] = {}
    for name in names:
        level = _level(name)
        if level is None:
            if re.fullmatch(r"q-?\d+(\.\d+)?", name):
                raise PredictionsError(
                    f"{source}: column `{name}` is no quantile: a level lies strictly between 0 "
                    "and 1, as in `q0.05`. Rename it."
                )
            continue
        if level in levels:
            raise PredictionsError(
                f"{source}: columns `{levels[level]}` and `{name}` both give the quantile at "
                f"{level:g}. Keep the columns of one model."
            )
        levels[level] = name
    return levels


def _level(name: str) -> float | None:
    if match := re.fullmatch(r"q(0?\.\d+)", name):
        return float(match.group(1))
    if match := re.fullmatch(r".*-(lo|hi)-(\d+(?:\.\d+)?)", name):
        tail = (1 - float(match.group(2)) / 100) / 2
        return round(tail if match.group(1) == "lo" else 1 - tail, 12)
    return 0.5 if name.endswith("-median") else None


def _finite(table: pl.DataFrame, name: str, source: str) -> np.ndarray:
    column = table[name]
    if not column.dtype.is_numeric():
        raise PredictionsError(
            f"{source}: column `{name}` holds {column.dtype}, predictions are numbers. Convert it."
        )
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    row = first(~np.isfinite(values))
    if row is not None:
        raise PredictionsError(
            f"{source}: column `{name}`, {_at(table, row)}: found {values[row]}, but a prediction "
            f"must be a finite number ({int((~np.isfinite(values)).sum())} rows are not). Predict "
            "these rows, or fall back on a baseline for them."
        )
    return values
