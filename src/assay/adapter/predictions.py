"""Predictions files: any model's output, as long as it says for which row."""

import re
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl

from assay.errors import PredictionsError, nearest
from assay.family import Bernoulli
from assay.frame import Frame, Roles, read
from assay.predictive import (
    AbstractPredictive,
    DistributionPredictive,
    EnsemblePredictive,
    QuantilePredictive,
)

_ACCEPTED = (
    "`mean`; `model-lo-90` and `model-hi-90`; `q0.05`, `q0.5`, ...; `sample_1`, `sample_2`, ...; "
    "or `p_1` for a 0/1 target"
)


def read_predictions(data: Any, *, wanted: Frame, roles: Roles) -> AbstractPredictive:
    """Predictions for exactly the rows of `wanted`, in its order.

    Args:
        data: a path, or a table, with `row_id` (or `unique_id` and `ds`) and one of: `mean`;
            interval columns; quantile columns; samples; class probabilities.
        wanted: the rows to be predicted, with `row_id`.
        roles: what the columns of `wanted` mean.

    Returns:
        One distribution for each row of `wanted`.

    Raises:
        PredictionsError: rows are missing, foreign or doubled, a value is missing or infinite,
            quantiles cross, or no accepted column is there.
        DataError: the file cannot be read.
    """
    frame = data if isinstance(data, Frame) else read(data)
    is_count = (
        roles.target in wanted.columns and wanted.column(roles.target).dtype.is_integer()
    )
    table = _aligned(frame.table, frame.source, wanted, roles)
    return _predictive(table, frame.source, is_count=is_count)


def _aligned(given: pl.DataFrame, source: str, wanted: Frame, roles: Roles) -> pl.DataFrame:
    key = _key(given, source, roles)
    duplicate = given.select(pl.struct(key).is_duplicated()).to_series()
    if duplicate.any():
        row = int(duplicate.arg_max() or 0)
        raise PredictionsError(
            f"{source}, row {row}: {given.select(key).row(row)} appears more than once. Give one "
            "prediction for each row."
        )
    keys = _wanted_keys(wanted, roles, key)
    given = given.with_columns(
        given[name].cast(keys[name].dtype, strict=False) for name in key
    )
    foreign = given.join(keys, on=key, how="anti")
    missing = keys.join(given, on=key, how="anti")
    if len(foreign) or len(missing):
        example = (missing if len(missing) else foreign).select(key).row(0)
        raise PredictionsError(
            f"{source}: predictions are for {len(given)} rows, {len(keys)} sealed rows are asked "
            f"for; {len(missing)} of these are missing and {len(foreign)} do not belong to them "
            f"(for example {dict(zip(key, example, strict=True))}). Predict the rows of "
            "`sealed.parquet` as `assay split` writes it."
        )
    return keys.join(given, on=key, how="left", maintain_order="left")


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
    levels = _quantile_columns(table.columns)
    if levels:
        ordered = sorted(levels)
        values = np.column_stack([_finite(table, levels[level], source) for level in ordered])
        crossing = np.flatnonzero((np.diff(values, axis=1) < 0).any(axis=1))
        if len(crossing):
            raise PredictionsError(
                f"{source}, row {crossing[0]}: quantiles fall as their level rises "
                f"({values[crossing[0]].tolist()}), in {len(crossing)} rows. Sort them."
            )
        return QuantilePredictive(np.array(ordered), values, is_count)
    if "p_1" in table.columns:
        chance = _finite(table, "p_1", source)
        off = np.flatnonzero((chance < 0) | (chance > 1))
        if len(off):
            raise PredictionsError(
                f"{source}, row {off[0]}: `p_1` is {chance[off[0]]:g}, must lie between 0 and 1."
            )
        bounded = np.clip(chance, 1e-300, 1 - 1e-16)
        logits = np.asarray(jnp.log(bounded) - jnp.log1p(-bounded))[None]
        return DistributionPredictive(Bernoulli(), (logits,), len(chance))
    if "mean" in table.columns:
        return EnsemblePredictive(_finite(table, "mean", source)[:, None], is_count)
    raise PredictionsError(
        f"{source}: found columns {', '.join(f'`{name}`' for name in table.columns[:12])}; "
        f"accepted are {_ACCEPTED}."
    )


def _quantile_columns(names: list[str]) -> dict[float, str]:
    """Level → column, of `q0.05` and `model-lo-90` alike."""
    levels: dict[float, str] = {}
    for name in names:
        if match := re.fullmatch(r"q(0?\.\d+)", name):
            levels[float(match.group(1))] = name
        elif match := re.fullmatch(r".*-(lo|hi)-(\d+(?:\.\d+)?)", name):
            tail = (1 - float(match.group(2)) / 100) / 2
            levels[round(tail if match.group(1) == "lo" else 1 - tail, 12)] = name
        elif name.endswith("-median"):
            levels[0.5] = name
    return levels


def _finite(table: pl.DataFrame, name: str, source: str) -> np.ndarray:
    column = table[name]
    if not column.dtype.is_numeric():
        raise PredictionsError(f"{source}: column `{name}` holds {column.dtype}, needs numbers.")
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise PredictionsError(
            f"{source}: column `{name}`, row {bad[0]}: found {values[bad[0]]}, but a prediction "
            f"must be a finite number ({len(bad)} rows are not)."
        )
    return values

