"""What can be said of data and recipe before anything is fitted."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.family import AbstractFamily, Known, Part
from assay.fit import PartRows
from assay.fit.collapse import collapsed
from assay.frame import Frame
from assay.frame.rows import at_row
from assay.model.collinear import quoted, refuse_collinear
from assay.model.weights import repeated, reweighted, total
from assay.predictor import Design, Sum
from assay.predictor.matrix import Matrix, reorder, rows_of
from assay.registry import families


@dataclass(frozen=True, eq=False)
class Prepared:
    """Fitting rows with all that a fit needs, checked.

    Fields:
        y: target of the rows that have one, (rows,).
        designs: prepared predictors, one for each parameter.
        matrices: their columns of these rows.
        offsets: what each parameter has without coefficients, (parameters, rows) or, where no row
            differs from the others, (parameters, 1).
        columns: what else the family reads, each (rows,).
        parts: rows grouped by what they say about their target.
        weights: how often each row counts, or `None`.
        notes: what a user should know about the rows, in sentences.
        surplus: parameters with more coefficients than rows can tell, in sentences.
    """

    y: np.ndarray
    designs: tuple[Design, ...]
    matrices: tuple[Matrix, ...]
    offsets: np.ndarray
    columns: Mapping[str, np.ndarray]
    parts: tuple[Part, ...]
    weights: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were seen."""
        return total(self.weights, len(self.y))

    @property
    def hidden(self) -> int:
        """Rows that are known only to lie beyond a limit; an interval says where they lie."""
        shown = np.zeros(len(self.y), dtype=bool)
        for part in self.parts:
            shown[part.rows] |= part.known in (Known.VALUE, Known.BETWEEN)
        if self.weights is None or self.rows != self.weights.sum():
            return int(np.sum(~shown))
        return int(self.weights[~shown].sum())

    @property
    def shown(self) -> np.ndarray:
        """Rows whose targets nobody hid, as often as they count; all where only one is."""
        seen = [part.rows for part in self.parts if part.known is Known.VALUE]
        rows = np.concatenate(seen) if seen and sum(map(len, seen)) > 1 else np.arange(len(self.y))
        return repeated(rows, self.weights)

    @property
    def spread(self) -> float:
        """Standard deviation of the recorded target."""
        if self.weights is None:
            return float(np.std(self.y))
        return float(np.std(self.y[repeated(np.arange(len(self.y)), self.weights)]))

    def start(self, family: AbstractFamily) -> dict[str, float]:
        """Natural parameters to start from, by the targets that nobody hid."""
        rows = self.shown
        return family.start(self.y[rows], {name: each[rows] for name, each in self.columns.items()})

    def fitting_rows(self) -> tuple[PartRows, ...]:
        """What a fit works on: rows by what they say, equal ones counted and not repeated."""
        return tuple(collapsed(self._part(part)) for part in self.parts)

    def _part(self, part: Part) -> PartRows:
        return PartRows(
            family=part.family,
            known=part.known,
            designs=tuple(rows_of(matrix, part.rows) for matrix in self.matrices),
            y=part.y,
            offsets=self.offsets if self.offsets.shape[1] == 1 else self.offsets[:, part.rows],
            columns=part.columns,
            weights=None if self.weights is None else self.weights[part.rows],
        )


def prepare(
    frame: Frame,
    target: str,
    family: AbstractFamily,
    predictors: tuple[Sum, ...],
    *,
    weights: np.ndarray | None = None,
    flat: bool = False,
) -> Prepared:
    """Check data against a recipe and make its columns.

    Args:
        frame: the table.
        target: column of the target.
        family: recipe of the likelihood.
        predictors: one sum for each parameter.
        weights: how often each row of the table counts.
        flat: whether the data alone must tell all coefficients.

    Raises:
        DataError: no row has or shows a target, a value lies off the support, a feature is
            missing, without variation or a combination of others.
    """
    kept, y, columns, weights = fitting_part(frame, target, family, weights)
    made = [each.prepare(kept) for each in predictors]
    notes, surplus, dropped = [], [], frame.rows - kept.rows
    if dropped:
        left_out = "without a target" if weights is None else "without a target or a weight"
        notes.append(f"rows {left_out} that were left out: {dropped}")
    notes += family.remarks(y, columns)
    for parameter, (design, matrix) in zip(family.parameters, made, strict=True):
        surplus += refuse_collinear(design, matrix, frame.source, parameter.name, flat=flat)
    if weights is not None:
        made = [reweighted(design, matrix, weights) for design, matrix in made]
    offsets = np.broadcast_arrays(*(each.offset(kept) for each, _ in made))
    prepared = Prepared(
        y=y,
        designs=tuple(design for design, _ in made),
        matrices=tuple(matrix for _, matrix in made),
        offsets=np.stack(offsets),
        columns=columns,
        parts=family.parts(y, columns),
        weights=weights,
        notes=tuple(notes),
        surplus=tuple(surplus),
    )
    if prepared.hidden == prepared.rows:
        raise DataError(
            f"{frame.source}: all {len(y)} rows of `{target}` are hidden beyond a limit, so no row "
            "shows what lies there. At least some rows must show the target."
        )
    # A network keeps its inputs in the order of the table.
    learns = any(hasattr(term, "fitting") for each in prepared.designs for term in each.terms)
    return prepared if learns else _in_order_of_parts(prepared)


def _in_order_of_parts(ready: Prepared) -> Prepared:
    """Rows that say the same kind of thing side by side, so that no part needs a copy."""
    order = np.concatenate([part.rows for part in ready.parts])
    is_once = len(order) == len(ready.y) and np.bincount(order).max() == 1
    if not is_once or np.array_equal(order, np.arange(len(order))):
        return ready
    edges = np.cumsum([0, *(len(part.rows) for part in ready.parts)])
    return replace(
        ready,
        y=ready.y[order],
        matrices=tuple(reorder(each, order) for each in ready.matrices),
        offsets=ready.offsets if ready.offsets.shape[1] == 1 else ready.offsets[:, order],
        columns={name: each[order] for name, each in ready.columns.items()},
        parts=tuple(
            replace(part, rows=np.arange(low, high))
            for part, (low, high) in zip(ready.parts, itertools.pairwise(edges), strict=True)
        ),
        weights=None if ready.weights is None else ready.weights[order],
    )


def fitting_part(
    frame: Frame, target: str, family: AbstractFamily, weights: np.ndarray | None
) -> tuple[Frame, np.ndarray, dict[str, np.ndarray], np.ndarray | None]:
    """The rows that have a target and count, and what the family reads of them.

    Returns:
        These rows, their targets, the family's columns and the weights.

    Raises:
        DataError: no row has a target, or a value lies off the support.
    """
    columns = {name: limit_column(frame, name) for name in family.needs()}
    y = family.recorded(frame.numbers(target), columns)
    present = ~np.isnan(y) if weights is None else ~np.isnan(y) & (weights > 0)
    if not present.any():
        raise DataError(f"{frame.source}: column `{target}` has no value on any row.")
    for row in np.flatnonzero(present & np.isinf(y))[:1]:
        raise DataError(
            f"{frame.source}: column `{target}` is {y[row]} in {at_row(int(row))}, finite numbers "
            "are needed. Leave the value empty if it is missing, or name what hides it as a limit: "
            "`Censored(..., above=...)`."
        )
    kept = frame
    if not present.all():
        kept, y = frame.take(present), y[present]
        columns = {name: each[present] for name, each in columns.items()}
        weights = None if weights is None else weights[present]
    outside = ~family.support.contains(y)
    if outside.any():
        raise _off_support(frame, target, family, y, np.flatnonzero(present)[outside])
    if y.min() == y.max() and not family.support.whole:
        raise _one_value(frame, target, family, y)
    return kept, y, columns, weights


def _one_value(frame: Frame, target: str, family: AbstractFamily, y: np.ndarray) -> DataError:
    takers = [name for name in _takers(y) if _is_whole(name)]
    said = "the only row that has it" if len(y) == 1 else f"all {len(y)} rows that have it"
    instead = f" Families that learn from one value: {quoted(takers)}." if takers else ""
    return DataError(
        f"{frame.source}: column `{target}` is {y[0]:g} on {said}, and a spread cannot be learnt "
        f"from one value. Family `{family.name}` needs two or more.{instead}"
    )


def _off_support(
    frame: Frame, target: str, family: AbstractFamily, y: np.ndarray, rows: np.ndarray
) -> DataError:
    first = ", ".join(at_row(int(row)) for row in rows[:3])
    values = frame.numbers(target)[rows[:3]]
    takers = _takers(y)
    return DataError(
        f"{frame.source}: column `{target}`, {first}{' and more' if len(rows) > 3 else ''}: "
        f"found {', '.join(f'{value:g}' for value in values)} ({len(rows)} rows), but family "
        f"`{family.name}` accepts {family.support.name}. Families that take all values: "
        f"{quoted(takers) or 'none'}."
    )


def _takers(y: np.ndarray) -> list[str]:
    """Names of the families that could have given all these values."""
    return [
        name
        for name in families
        if not (kind := families.get(name)).is_wrapper
        and any(each.support.contains(y).all() for each in kind.examples())
    ]


def _is_whole(name: str) -> bool:
    return any(each.support.whole for each in families.get(name).examples())


def limit_column(frame: Frame, name: str) -> np.ndarray:
    """Limits as numbers, or flags as truth values; a missing flag hides nothing."""
    column = frame.column(name)
    if column.dtype == pl.Boolean:
        return column.fill_null(False).to_numpy()
    return frame.numbers(name)
