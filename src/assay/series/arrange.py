"""From a long table to series on one grid of steps, and from there to padded blocks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.family import AbstractFamily, Known
from assay.frame import Frame
from assay.frame.moments import parse_months, parse_times, refuse_text
from assay.predictor import Design, ScoreDriven, Sum
from assay.predictor.matrix import as_dense
from assay.series.basis import Seasons
from assay.series.grid import Grid, grid_of
from assay.series.kinds import Flags, Floats, Whole
from assay.series.objective import Block
from assay.series.recursion import Calendar, Seen

ONLY = "the series"  # what messages call it where there are no keys


@dataclass(frozen=True)
class Recipe:
    """What is to be fitted to a table.

    Fields:
        family: of the target, possibly censored.
        driven: the parameter that follows the series.
        term: how it follows.
        others: what else adds to it, or `None`.
        target: its column.
        time: column of time.
        by: key columns, none for a single series.
    """

    family: AbstractFamily
    driven: str
    term: ScoreDriven
    others: Sum | None
    target: str
    time: str
    by: tuple[str, ...]

    @property
    def seasons(self) -> Seasons:
        """The seasons of the term."""
        return Seasons(self.term.seasons)


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows of many series, sorted by series and step.

    Fields:
        keys: one row a series.
        grid: the steps.
        end: the last step of any series.
        edges: where the rows of each series begin; one more than there are series.
        step: of each row.
        y: the value, or the limit that hid it; 0 where the weight is.
        hidden: whether it is known only to be `y` or more.
        weight: how often the row counts; 0 where it says nothing.
        offset: what is added without a parameter, one a row, or a single 0.
        features: standardised columns, (rows, features).
        design: how they are made of another table; `None` where there are none.
        set_aside: why a series is not learnt from, by its number.
        notes: what a user should know, in sentences.
    """

    keys: pl.DataFrame
    grid: Grid
    end: int
    edges: Whole
    step: Whole
    y: Floats
    hidden: Flags
    weight: Floats
    offset: Floats
    features: Floats
    design: Design | None
    set_aside: Mapping[int, str]
    notes: tuple[str, ...] = ()

    @property
    def series(self) -> int:
        """How many there are."""
        return self.keys.height

    @property
    def lengths(self) -> Whole:
        """Steps of each series from its first row to the end of the panel."""
        first = self.step[self.edges[:-1].clip(max=max(self.step.size - 1, 0))]
        return self.end + 1 - first

    def names(self) -> list[str]:
        """One text a series, which no other has."""
        if not self.keys.width:
            return [ONLY]
        return [", ".join(f"{k}={v!r}" for k, v in row.items()) for row in self.keys.to_dicts()]

    def block(self, chosen: Whole, steps: int, columns: int, seasons: Seasons, dtype: Any) -> Block:
        """Series side by side, all ending with the panel; what is missing has weight 0.

        Args:
            chosen: numbers of the series.
            steps: at least as many as the longest of them has.
            columns: at least as many as series were chosen.
            seasons: what the calendar is made for.
            dtype: of all numbers.
        """
        counts = self.edges[chosen + 1] - self.edges[chosen]
        rows = np.repeat(self.edges[chosen] - np.cumsum(counts) + counts, counts)
        rows = rows + np.arange(counts.sum())
        place = (self.step[rows] - self.end + steps - 1, np.repeat(np.arange(chosen.size), counts))

        def spread(values: np.ndarray, kind: Any) -> np.ndarray:
            table = np.zeros((steps, columns), kind)
            table[place] = values[rows]
            return table

        has_offset = self.offset.size > 1
        offset = spread(self.offset, dtype) if has_offset else np.zeros((1, columns), dtype)
        features = [spread(column, dtype) for column in self.features.T]
        at = np.arange(self.end - steps + 1, self.end + 1)
        return Block(
            seen=Seen(
                jnp.asarray(spread(self.y, dtype)),
                jnp.asarray(spread(self.hidden, bool)),
                jnp.asarray(spread(self.weight, dtype)),
            ),
            calendar=Calendar(
                jnp.asarray(seasons.basis(at), dtype), jnp.asarray(seasons.pushes(at), dtype)
            ),
            offset=jnp.asarray(offset),
            features=jnp.asarray(
                np.stack(features) if features else np.zeros((0, steps, columns)), dtype
            ),
        )


def arrange(frame: Frame, recipe: Recipe) -> Panel:
    """Sort a table into series on a grid.

    A series with a row that cannot be is set aside and named; the others are not touched by it.

    Raises:
        DataError: a column is missing, times are no times, or nothing at all can be learnt from.
        ConfigError: the family hides values in a way that a filter cannot follow.
    """
    time = _times(frame, recipe.time)
    keys = list(recipe.by)
    for name in keys:
        frame.column(name)
    named = frame.table.with_columns(time.alias(recipe.time)).with_row_index("__row")
    known = named.drop_nulls([*keys, recipe.time])
    notes = []
    if known.height < named.height:
        lost = named.height - known.height
        notes.append(f"rows without a time or a key that were left out: {lost}")
    known = known.sort([*keys, recipe.time])
    if not known.height:
        raise DataError(f"{frame.source}: no row has a time and keys. Name other columns.")
    rows = frame.having(known.drop("__row"))
    starts = _starts(known, keys)
    edges = np.append(starts, known.height)
    series = np.repeat(np.arange(starts.size), np.diff(edges))
    grid = grid_of(known[recipe.time], series, frame.source)
    step, on_grid = grid.steps(known[recipe.time])
    checked = _checked(rows, recipe, series, step, on_grid)
    return Panel(
        keys=known[starts].select(keys),
        grid=grid,
        end=int(step.max()),
        edges=edges,
        step=step,
        notes=(*notes, *checked.pop("notes")),
        **checked,
    )


def _starts(rows: pl.DataFrame, keys: list[str]) -> Whole:
    """Where each series begins, in rows that are sorted by keys."""
    if not keys:
        return np.zeros(1, np.int64)
    changes = rows.select(pl.any_horizontal(pl.col(keys).ne_missing(pl.col(keys).shift(1))))
    begins = changes.to_series().to_numpy().copy()
    begins[0] = True
    return np.flatnonzero(begins)


def _times(frame: Frame, name: str) -> pl.Series:
    time = parse_months(parse_times(frame.column(name)))
    where = f"{frame.source}: time column `{name}`"
    refuse_text(time, where)
    if not (time.dtype.is_numeric() or time.dtype in (pl.Date, pl.Datetime)):
        raise DataError(f"{where} is {time.dtype}; days, moments and numbers are accepted.")
    return time


def _checked(
    rows: Frame, recipe: Recipe, series: Whole, step: Whole, on_grid: Flags
) -> dict[str, Any]:
    """Values, weights and features of rows that are sorted, and which series are set aside."""
    y = rows.numbers(recipe.target)
    columns = {name: _column(rows, name) for name in recipe.family.needs()}
    twice = np.append(False, (np.diff(series) == 0) & (np.diff(step) == 0))
    support = recipe.family.underlying.support
    off = ~np.isnan(y) & ~support.contains(np.where(np.isnan(y), 1.0, y))
    times = rows.column(recipe.time)
    aside: dict[int, str] = {}
    for wrong, text in (
        (~on_grid, "{time} does not lie on the steps of the other series"),
        (twice, "{time} stands there twice"),
        (off, f"{{time}} has `{recipe.target}` = {{y:g}}, but the family takes {support.name}"),
    ):
        for row in np.flatnonzero(wrong):
            said = text.format(time=times[int(row)], y=y[row])
            aside.setdefault(int(series[row]), said)
    weight = (~np.isnan(y)).astype(float)
    weight *= ~np.isin(series, list(aside)) if aside else 1.0
    notes = []
    if recipe.term.open is not None:
        is_open = rows.numbers(recipe.term.open)
        weight *= np.where(np.isnan(is_open), 1.0, is_open != 0)
    design, features, offset = None, np.zeros((y.size, 0)), np.zeros(1)
    if recipe.others is not None:
        design, features, offset, complete = _features(rows, recipe.others, weight > 0)
        if not complete.all():
            lost = int((~complete & (weight > 0)).sum())
            notes.append(f"rows that lack a feature and teach nothing: {lost}")
        weight = weight * complete
    used = np.flatnonzero(weight > 0)
    if not used.size:
        first = next(iter(aside.values()), "no row has a target")
        raise DataError(f"{rows.source}: there is nothing to learn from: {first}.")
    value, hidden = np.zeros_like(y), np.zeros(y.size, bool)
    own = {name: each[used] for name, each in columns.items()}
    for part in recipe.family.parts(y[used], own):
        if part.known not in (Known.VALUE, Known.AT_LEAST):
            raise ConfigError(
                "ScoreDriven follows values and values hidden above a limit. Leave `below` and "
                "`between` out of `Censored`."
            )
        value[used[part.rows]] = part.y
        hidden[used[part.rows]] = part.known is Known.AT_LEAST
    notes += recipe.family.remarks(y[used], own)
    return {
        "y": value,
        "hidden": hidden,
        "weight": weight,
        "offset": offset,
        "features": features,
        "design": design,
        "set_aside": aside,
        "notes": tuple(notes),
    }


def _column(rows: Frame, name: str) -> np.ndarray:
    column = rows.column(name)
    return column.fill_null(False).to_numpy() if column.dtype == pl.Boolean else rows.numbers(name)


def _features(rows: Frame, others: Sum, used: Flags) -> tuple[Design, Floats, Floats, Flags]:
    """A design that is fixed on complete rows, its columns and offsets of all rows."""
    complete = used & complete_rows(rows, others)
    if not complete.any():
        raise DataError(f"{rows.source}: no row has a target and all features.")
    some = rows.take(complete)
    design, matrix = others.prepare(some)
    dense = as_dense(matrix)
    table = np.zeros((rows.rows, dense.shape[1]))
    table[complete] = dense
    own = np.asarray(design.offset(some))
    offset = own
    if own.size > 1:
        offset = np.zeros(rows.rows)
        offset[complete] = own
    # The level of the filter is the intercept.
    return design, table[:, int(design.has_intercept) :], offset, complete | ~used


def complete_rows(rows: Frame, others: Sum) -> Flags:
    """Rows whose features are all there."""
    read = [name for name in rows.columns if name in _reads(others)]
    if not read:
        return np.ones(rows.rows, bool)
    missing = rows.table.select(pl.any_horizontal(pl.col(read).is_null())).to_series()
    return ~missing.to_numpy()


def _reads(others: Sum) -> frozenset[str]:
    """Names in the recipes of the terms; a column that is not read costs nothing but its nulls."""
    return frozenset(re.findall(r"[A-Za-z_][A-Za-z_0-9.]*", others.describe()))
