"""What each term of a model does: its part of a parameter, over the values of a column."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor import AbstractPrepared, Design
from assay.predictor.group import OTHER, PreparedGroup
from assay.predictor.linear import PreparedLinear
from assay.predictor.matrix import as_dense
from assay.predictor.neural import PreparedNeural
from assay.predictor.seen import Seen, seen_of
from assay.predictor.spline import PreparedSpline

CURVE_POINTS = 101
SURFACE_POINTS = 31
_NORMAL_95 = 1.959963984540054
SCHEMA = {
    "parameter": pl.String,
    "term": pl.String,
    "column": pl.String,
    "value": pl.Float64,
    "level": pl.String,
    "column-2": pl.String,
    "value-2": pl.Float64,
    "estimate": pl.Float64,
    "lo-95": pl.Float64,
    "hi-95": pl.Float64,
}


@dataclass(frozen=True, eq=False)
class _Sweep:
    """Rows that differ in one or two columns only.

    Fields:
        columns: that differ.
        frame: the rows.
        reference: rows to compare with, one in all or none; none means the average.
    """

    columns: tuple[str, ...]
    frame: Frame
    reference: Frame | None


def effects_of(
    parameters: tuple[str, ...],
    designs: tuple[Design, ...],
    mode: np.ndarray,
    covariance: np.ndarray,
    frame: Frame | None = None,
) -> pl.DataFrame:
    """What each term adds to its parameter, before the link.

    Args:
        parameters: names of the family's parameters.
        designs: one for each.
        mode: coefficients, all parameters in a row.
        covariance: of these.
        frame: whose ranges and levels are swept; by default those of the fitting rows.

    Returns:
        Columns `parameter`, `term`, `column`, `value` (of a number) or `level` (of a factor or a
        group), `column-2` and `value-2` for surfaces, `estimate`, `lo-95`, `hi-95`. Curves, groups
        and surfaces are told as differences from the average of the fitting rows; columns of a
        formula or a network as differences from the typical row (median, most frequent level)
        with the other columns of the term as they are there.

    Raises:
        ConfigError: the model does not know what its fitting rows held, and no frame is given.
        DataError: the frame lacks a column.
    """
    kinds: Any = SCHEMA  # Polars does not type a plain mapping of names
    tables, low = [pl.DataFrame(schema=SCHEMA)], 0
    for parameter, design in zip(parameters, designs, strict=True):
        place = slice(low, low + len(design.names))
        low = place.stop
        for t, own in enumerate(design.places()):
            found = _term(design, t, mode[place][own], covariance[place, place][own, own], frame)
            tables += [each.with_columns(parameter=pl.lit(parameter)) for each in found]
    return pl.concat([each.select(list(SCHEMA)).cast(kinds) for each in tables])


def _term(
    design: Design, t: int, mode: np.ndarray, covariance: np.ndarray, frame: Frame | None
) -> Iterator[pl.DataFrame]:
    term = design.terms[t]
    if isinstance(term, PreparedGroup):
        yield from _groups(term, mode, covariance)
        return
    if not term.names or not term.reads():
        return
    seen = _seen(design, term, frame)
    for sweep in _sweeps(term, seen):
        rows = as_dense(design.block(t, sweep.frame))
        if sweep.reference is not None:
            rows = rows - as_dense(design.block(t, sweep.reference))
        yield _told(sweep.frame.table, label_of(term), sweep.columns, rows, mode, covariance)


def label_of(term: AbstractPrepared) -> str:
    """What a term is called in tables and pictures."""
    if isinstance(term, PreparedLinear):
        return f"linear({term.formula})"
    if isinstance(term, PreparedSpline | PreparedNeural):
        return term.label
    return f"polynomial({', '.join(term.reads())})"


def _seen(design: Design, term: AbstractPrepared, frame: Frame | None) -> Mapping[str, Seen]:
    if frame is not None:
        return {name: seen_of(frame.column(name)) for name in term.reads()}
    missing = [name for name in term.reads() if name not in design.seen]
    if missing:
        raise ConfigError(
            f"effects: the model does not say which values column `{missing[0]}` had when it was "
            "fitted. Pass the table, as in `fitted.effects(table)`."
        )
    return design.seen


def _sweeps(term: AbstractPrepared, seen: Mapping[str, Seen]) -> Iterator[_Sweep]:
    read = tuple(dict.fromkeys(term.reads()))
    typical = {name: _typical(term, name, seen[name]) for name in read}
    if isinstance(term, PreparedSpline) and len(read) > 1:
        across = [np.linspace(seen[n].low, seen[n].high, SURFACE_POINTS) for n in read[:2]]
        left, right = (each.ravel() for each in np.meshgrid(*across, indexing="ij"))
        yield _Sweep(read[:2], _rows(typical, {read[0]: left, read[1]: right}), None)
        return
    is_relative = isinstance(term, PreparedLinear | PreparedNeural)
    reference = _rows(typical, {}) if is_relative else None
    for name in read:
        values = _values(term, name, seen[name])
        yield _Sweep((name,), _rows(typical, {name: values}), reference)


def _is_factor(term: AbstractPrepared, name: str, seen: Seen) -> bool:
    """Whether a column is read as categories: by its kind, or because the formula says so."""
    if not seen.is_number:
        return True
    formula = term.formula if isinstance(term, PreparedLinear | PreparedNeural) else ""
    called = re.search(rf"\bC\(\s*`?{re.escape(name)}`?\s*[,)]", formula)
    return called is not None and bool(seen.levels)


def _typical(term: AbstractPrepared, name: str, seen: Seen) -> object:
    return seen.levels[0] if _is_factor(term, name, seen) else seen.typical


def _values(term: AbstractPrepared, name: str, seen: Seen) -> np.ndarray | list[Any]:
    if _is_factor(term, name, seen):
        return sorted(seen.levels)
    return np.linspace(seen.low, seen.high, CURVE_POINTS)


def _rows(typical: Mapping[str, object], varied: Mapping[str, np.ndarray | list[Any]]) -> Frame:
    count = max([1, *(len(each) for each in varied.values())])
    columns = {name: [value] * count for name, value in typical.items()}
    return Frame(pl.DataFrame({**columns, **varied}), "effects")


def _told(
    table: pl.DataFrame,
    label: str,
    columns: tuple[str, ...],
    rows: np.ndarray,
    mode: np.ndarray,
    covariance: np.ndarray,
) -> pl.DataFrame:
    values = table[columns[0]]
    is_number = values.dtype.is_numeric() and len(values) in (CURVE_POINTS, SURFACE_POINTS**2)
    made = {
        "term": [label] * len(rows),
        "column": [columns[0]] * len(rows),
        "value": values.cast(pl.Float64) if is_number else [None] * len(rows),
        "level": [None] * len(rows) if is_number else values.cast(pl.String),
        "column-2": [columns[1] if len(columns) > 1 else None] * len(rows),
        "value-2": table[columns[1]] if len(columns) > 1 else [None] * len(rows),
    }
    spread = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0.0))
    return pl.DataFrame({"parameter": [""] * len(rows), **made, **_interval(rows @ mode, spread)})


def _interval(estimate: np.ndarray, spread: np.ndarray) -> dict[str, np.ndarray]:
    reach = _NORMAL_95 * spread
    return {"estimate": estimate, "lo-95": estimate - reach, "hi-95": estimate + reach}


def _groups(
    term: PreparedGroup, mode: np.ndarray, covariance: np.ndarray
) -> Iterator[pl.DataFrame]:
    """One row for each level of each depth, and one for any other."""
    spread = np.sqrt(np.diag(covariance))
    for depth, name in enumerate(term.depths):
        place = term.restricted(depth)
        count = place.stop - place.start
        made = {
            "parameter": [""] * count,
            "term": [f"group({name})"] * count,
            "column": [name] * count,
            "value": [None] * count,
            "level": [*term.levels[depth], OTHER],
            "column-2": [None] * count,
            "value-2": [None] * count,
        }
        yield pl.DataFrame({**made, **_interval(mode[place], spread[place])})
