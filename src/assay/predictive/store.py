"""Predictives as files: Parquet with the row ids, the same bytes for the same predictions."""

import io
import json

import numpy as np
import polars as pl

from assay.errors import PredictionsError
from assay.predictive.abstract import AbstractPredictive
from assay.predictive.classes import ClassPredictive
from assay.predictive.distribution import DistributionPredictive
from assay.predictive.ensemble import EnsemblePredictive
from assay.predictive.quantiles import QuantilePredictive
from assay.registry import families, parse


def to_bytes(predictive: AbstractPredictive, row_id: np.ndarray) -> bytes:
    """Everything needed to judge these predictions again, sorted by row.

    Args:
        predictive: one distribution for each row; limits are not stored.
        row_id: (rows,).
    """
    base = predictive.underlying
    order = np.argsort(row_id, kind="stable")
    kind, columns = _columns(base.take(order))
    head = {"format": 1, "is_count": base.is_count, **kind}
    table = pl.DataFrame({"row_id": np.asarray(row_id)[order], **columns})
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd", metadata={"assay": json.dumps(head)})
    return out.getvalue()


def from_bytes(content: bytes) -> tuple[AbstractPredictive, np.ndarray]:
    """Predictions as `to_bytes` wrote them, with their row ids.

    Raises:
        PredictionsError: the file is not one of them, or from a newer version.
    """
    try:
        table = pl.read_parquet(io.BytesIO(content))
        head = json.loads(pl.read_parquet_metadata(io.BytesIO(content))["assay"])
    except (pl.exceptions.PolarsError, KeyError, ValueError, OSError) as error:
        raise PredictionsError(
            "Stored predictions cannot be read: not written by Assay."
        ) from error
    if head.get("format") != 1:
        raise PredictionsError(
            f"Stored predictions have format {head.get('format')}, this version reads format 1. "
            "Use a newer Assay."
        )
    return _restore(head, table), table["row_id"].to_numpy()


def _columns(base: AbstractPredictive) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    if isinstance(base, DistributionPredictive):
        columns = {
            f"{parameter.name}_{draw}": np.broadcast_to(values, (base.rows,))
            for parameter, linked in zip(base.family.parameters, base.linked, strict=True)
            for draw, values in enumerate(linked)
        }
        own = {f"column {name}": column for name, column in base.columns.items()}
        return {"kind": "family", "family": base.family.describe()}, columns | own
    if isinstance(base, QuantilePredictive):
        levels = [float(level) for level in base.levels]
        columns = {
            f"q{level!r}": column for level, column in zip(levels, base.values.T, strict=True)
        }
        return {"kind": "quantiles", "levels": levels}, columns
    if isinstance(base, ClassPredictive):
        columns = {f"p_{k}": column for k, column in enumerate(base.probabilities.T)}
        return {"kind": "classes"}, columns
    if isinstance(base, EnsemblePredictive):
        columns = {f"sample_{k}": column for k, column in enumerate(base.values.T, start=1)}
        return {"kind": "ensemble"}, columns
    raise PredictionsError(f"Predictions of type {type(base).__name__} cannot be stored.")


def _restore(head: dict[str, object], table: pl.DataFrame) -> AbstractPredictive:
    values = table.drop("row_id")
    if head["kind"] == "family":
        family = parse(str(head["family"]), families)
        columns = {name: values[f"column {name}"].to_numpy() for name in family.needs()}
        linked = tuple(
            _collapsed(values.select(f"^{parameter.name}_[0-9]+$").to_numpy().T)
            for parameter in family.parameters
        )
        return DistributionPredictive(family, linked, len(values), columns)
    matrix = np.ascontiguousarray(values.to_numpy())
    if head["kind"] == "quantiles":
        levels = np.asarray(head["levels"], dtype=float)
        return QuantilePredictive(levels, matrix, bool(head["is_count"]))
    if head["kind"] == "classes":
        return ClassPredictive(matrix)
    return EnsemblePredictive(matrix, bool(head["is_count"]))


def _collapsed(linked: np.ndarray) -> np.ndarray:
    """One column where all rows share the parameter, as the model had it."""
    shared = linked.shape[1] > 0 and bool((linked == linked[:, :1]).all())
    return np.ascontiguousarray(linked[:, :1] if shared else linked)
