"""From a long table to series on one grid of steps, and from there to padded blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import polars as pl

from assay.errors import DataError
from assay.family import AbstractFamily
from assay.frame import Frame
from assay.frame.moments import parse_months, parse_times, refuse_text
from assay.predictor import Design, ScoreDriven, Sum
from assay.series.filter.basis import Seasons
from assay.series.filter.objective import Block
from assay.series.filter.recursion import Calendar, Seen
from assay.series.kinds import Flags, Floats, Whole
from assay.series.panel.check import Returns, check_names, check_returns, checked, treated
from assay.series.panel.gaps import Gaps, Placed, check_gaps, filled, refuse_zeros, transactions
from assay.series.panel.grid import Grid, grid_of, refuse_written_days
from assay.series.panel.pools import read_pools
from assay.series.panel.values import Values, values_of

ONLY = "the series"  # what messages call it where there are no keys
# Columns of the answers, beside keys and time.
TAKEN = frozenset(
    (
        *("ds", "mean", "seen", "hidden", "limit", "low", "high", "days"),
        *("rows", "last", "log_likelihood", "message"),
        *("need", "order", "missing", "left"),
    )
)


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
        returns: what negative values are, where the family takes none.
        gaps: what steps without a row are.
        pool: columns whose groups levels are pooled by; by default the keys, where there are
            several.
    """

    family: AbstractFamily
    driven: str
    term: ScoreDriven
    others: Sum | None
    target: str
    time: str
    by: tuple[str, ...]
    returns: Returns = "refuse"
    gaps: Gaps = "missing"
    pool: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_names(self.by, self.time, TAKEN)
        check_returns(self.returns)
        check_gaps(self.gaps)
        if self.gaps == "zero":
            refuse_zeros(self.family.underlying.support)

    @property
    def pooled(self) -> tuple[str, ...]:
        """Columns whose groups levels are pooled by."""
        if self.pool is not None:
            return self.pool
        return self.by if len(self.by) > 1 else ()

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
        hidden: whether it is known only to be `y` or more; on an empty shelf, with a weight of 0.
        weight: how often the row counts; 0 where it says nothing. Rows of series that are set
            aside keep theirs: they tell of that series alone.
        offset: what is added without a parameter, one a row, or a single 0.
        features: standardised columns, (rows, features).
        design: how they are made of another table; `None` where there are none.
        set_aside: why a series is not learnt from, by its number.
        limit: the most that could be seen of each row; a single inf where no column says so.
        pools: groups of each series that levels are pooled by, as text.
        closed: whether a row is of a closed day; a single False where no column says so.
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
    limit: Floats
    pools: pl.DataFrame
    closed: Flags
    notes: tuple[str, ...] = ()

    @property
    def series(self) -> int:
        """How many there are."""
        return self.edges.size - 1  # not rows of keys: a table without columns has none

    @property
    def lengths(self) -> Whole:
        """Steps of each series from its first row to the end of the panel."""
        first = self.step[self.edges[:-1].clip(max=max(self.step.size - 1, 0))]
        return self.end + 1 - first

    def name(self, number: int) -> str:
        """How messages call a series."""
        return names_of(self.keys[number])[0] if self.keys.width else ONLY

    def keyed(self, series: Whole, table: pl.DataFrame) -> pl.DataFrame:
        """A table with the keys of the series of each row before it."""
        if not self.keys.width:
            return table
        return pl.concat([self.keys[series], table], how="horizontal")

    def find(self, keys: pl.DataFrame) -> Whole:
        """The number here of each row of keys; -1 where there is no such series.

        Raises:
            DataError: keys of another kind.
        """
        if not self.keys.width:
            return np.zeros(1, np.int64)
        try:
            found = keys.join(
                self.keys.with_row_index("__series"),
                on=self.keys.columns,
                how="left",
                maintain_order="left",
            )
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"keys are {dict(keys.schema)}, those of the fit were {dict(self.keys.schema)}. "
                "Write both alike."
            ) from error
        return found["__series"].cast(pl.Int64).fill_null(-1).to_numpy()

    def still_aside(self, keys: pl.DataFrame, faults: Mapping[int, str]) -> dict[int, str]:
        """Which series of another table are set aside: as here, or new and with a fault."""
        found = {}
        for number, place in enumerate(self.find(keys)):
            why = faults.get(number) if place < 0 else self.set_aside.get(int(place))
            if why is not None:
                found[number] = why
        return found

    def still_pooled(self, keys: pl.DataFrame, rows: Frame, series: Whole) -> pl.DataFrame:
        """Groups of the series of another table: as here, or of a new one as its rows say."""
        place = self.find(keys)
        read = read_pools(rows, self.pools.columns, keys, series, is_needed=False)
        here = pl.Series(place >= 0)
        return pl.DataFrame(
            {
                name: pl.select(
                    pl.when(here).then(self.pools[name].gather(place.clip(0))).otherwise(read[name])
                ).to_series()
                for name in self.pools.columns
            },
            schema=self.pools.schema,
        )

    def places(self, chosen: Whole, steps: int) -> tuple[Whole, tuple[Whole, Whole]]:
        """Rows of some series, and where they stand in a block of so many steps."""
        counts = self.edges[chosen + 1] - self.edges[chosen]
        rows = np.repeat(self.edges[chosen] - np.cumsum(counts) + counts, counts)
        rows = rows + np.arange(counts.sum())
        column = np.repeat(np.arange(chosen.size), counts)
        return rows, (self.step[rows] - self.end + steps - 1, column)

    def block(self, chosen: Whole, steps: int, columns: int, seasons: Seasons, dtype: Any) -> Block:
        """Series side by side, all ending with the panel; what is missing has weight 0.

        Args:
            chosen: numbers of the series.
            steps: at least as many as the longest of them has.
            columns: at least as many as series were chosen.
            seasons: what the calendar is made for.
            dtype: of all numbers.
        """
        rows, place = self.places(chosen, steps)

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
                jnp.asarray(seasons.basis(at), dtype),
                jnp.asarray(seasons.pushes(at), dtype),
                jnp.asarray(seasons.shares, dtype),
                jnp.asarray(seasons.paces, dtype),
            ),
            offset=jnp.asarray(offset),
            features=jnp.asarray(
                np.stack(features) if features else np.zeros((0, steps, columns)), dtype
            ),
        )


def names_of(keys: pl.DataFrame) -> list[str]:
    """One text a series, which no other has."""
    if not keys.width:
        return [ONLY]
    return [", ".join(f"{k}={v!r}" for k, v in row.items()) for row in keys.to_dicts()]


class Span(NamedTuple):
    """Where a panel stands in time.

    Fields:
        grid: its steps.
        end: its last one, whether or not any row is of it.
    """

    grid: Grid
    end: int


def arrange(
    frame: Frame, recipe: Recipe, like: Panel | None = None, *, span: Span | None = None
) -> Panel:
    """Sort a table into series on a grid.

    A series with a row that cannot be is set aside and named; the others are not touched by it.

    Args:
        frame: the table.
        recipe: what is fitted to it.
        like: a panel whose grid and design are kept, so that what was learnt of it holds here.
            What it set aside stays so; of series that were learnt from it, rows that cannot be are
            left out.
        span: steps that are kept in place of those of the rows, such as of a longer table.

    Raises:
        DataError: a column is missing, times are no times, or nothing at all can be learnt from.
        ConfigError: the family hides values in a way that a filter cannot follow.
    """
    keys = list(recipe.by)
    known, notes = _timed(frame, recipe.time, recipe.by)
    starts = _starts(known, keys)
    series = np.repeat(np.arange(starts.size), np.diff(np.append(starts, known.height)))
    times = known[recipe.time]
    heads = known[starts].select(keys)
    rows = frame.having(known)
    if like is None:
        grid = grid_of(times, series, frame.source) if span is None else span.grid
        pools = read_pools(rows, recipe.pooled, heads, series)
    else:
        grid = like.grid
        refuse_other_times(times, grid, frame.source)
        pools = like.still_pooled(heads, rows, series)
    support = recipe.family.underlying.support
    y, said = treated(rows.numbers(recipe.target), recipe.returns, support)
    needed = [name for name in (recipe.target, *recipe.family.needs()) if name in known.columns]
    alike = _alike(known.select([*keys, recipe.time, *needed]))
    found = checked(times, series, grid, y, alike, support, recipe.target, recipe.gaps)
    set_aside = found.set_aside if like is None else like.still_aside(heads, found.set_aside)
    kept = np.flatnonzero(found.sound)
    if not kept.size:
        _refuse_nothing(frame.source, y, series[kept], set_aside)
    rows = rows.having(known.with_columns(pl.Series(recipe.target, y)))
    step, design = grid.steps(times)[0], None if like is None else like.design
    sound, refused = (
        Placed(rows.take(which), series[which], step[which])
        for which in (kept, np.flatnonzero(~found.sound))
    )
    if recipe.gaps == "zero":
        sound, about = filled(sound, refused, grid, recipe, None if span is None else span.end)
    else:
        about = transactions(y[kept], sound.series, sound.step, support)
    rows, series, step = sound.rows, sound.series, sound.step
    y = rows.numbers(recipe.target)
    values, said_of = values_of(rows, recipe, y, series, design)
    _refuse_nothing(frame.source, y, series[values.weight > 0], set_aside)
    if like is None:
        _refuse_hidden(frame.source, recipe, values)
    return Panel(
        keys=heads,
        grid=grid,
        end=int(step.max()) if span is None else span.end,
        edges=np.searchsorted(series, np.arange(starts.size + 1)),
        step=step,
        set_aside=set_aside,
        pools=pools,
        notes=(*notes, *said, *found.notes, *about, *said_of),
        **values._asdict(),
    )


def _refuse_nothing(source: str, y: Floats, used: Whole, set_aside: Mapping[int, str]) -> None:
    """Refuse a table without a row to learn from; `used` are the series of those that there are."""
    if np.isin(used, list(set_aside)).all():
        why = "no row has a target"
        if not np.isnan(y).all():
            why = "each row with a target lacks a feature, or is of a closed day or an empty shelf"
        first = next(iter(set_aside.values()), why)
        raise DataError(f"{source}: there is nothing to learn from: {first}.")


def _refuse_hidden(source: str, recipe: Recipe, values: Values) -> None:
    """Refuse a table that shows no value: nothing would bound the demand from above."""
    known = values.weight > 0
    if values.hidden[known].all():
        raise DataError(
            f"{source}: target `{recipe.target}` is hidden in all {int(known.sum()):,} rows that "
            f"tell of it, by {recipe.family.describe()}. At least one row must show the target "
            "itself: check the limit or flag (true means hidden)."
        )


def grid_steps(frame: Frame, time: str, by: Sequence[str]) -> tuple[Grid, int]:
    """The steps of a table, and how many there are from the first to the last."""
    known, _ = _timed(frame, time, by)
    starts = _starts(known, list(by))
    series = np.repeat(np.arange(starts.size), np.diff(np.append(starts, known.height)))
    grid = grid_of(known[time], series, frame.source)
    step = grid.steps(known[time])[0]
    return grid, int(step.max() - step.min()) + 1


def _timed(frame: Frame, name: str, by: Sequence[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Rows that have a time and keys, sorted by them."""
    time, keys = _times(frame, name), list(by)
    for key in keys:
        if frame.column(key).dtype.is_nested():
            raise DataError(
                f"{frame.source}: key `{key}` is {frame.column(key).dtype}; text, numbers and days "
                "are accepted. Give each part of it a column of its own."
            )
    named = frame.table.with_columns(time.alias(name))
    known = named.drop_nulls([*keys, name])
    if known[name].dtype.is_float():
        known = known.filter(pl.col(name).is_finite())
    if not known.height:
        raise DataError(f"{frame.source}: no row has a time and keys. Name other columns.")
    known = known.sort([*keys, name], maintain_order=True)
    _refuse_shared(frame.source, known, keys, name)
    lost = named.height - known.height
    notes = (f"rows without a time or a key that were left out: {lost:,}",) if lost else ()
    return known, notes


def _refuse_shared(source: str, known: pl.DataFrame, keys: list[str], time: str) -> None:
    """Refuse sorted rows most of which share their keys and time with the row before them."""
    count = int(_alike(known.select([*keys, time])).sum())
    if 2 * count > known.height:
        inside = f" within {', '.join(f'`{key}`' for key in keys)}" if keys else ""
        raise DataError(
            f"{source}: {count:,} of {known.height:,} rows share their `{time}` with another"
            f"{inside}, so they are several series. Name their keys: `by=[...]` (`--series`); or "
            "sum the rows of a step first."
        )


def _alike(rows: pl.DataFrame) -> Flags:
    """Which rows say the same as the row before them."""
    changes = rows.select(pl.any_horizontal(pl.all().ne_missing(pl.all().shift(1))))
    alike = ~changes.to_series().to_numpy()
    alike[0] = False
    return alike


def _starts(rows: pl.DataFrame, keys: list[str]) -> Whole:
    """Where each series begins, in rows that are sorted by keys."""
    return np.flatnonzero(~_alike(rows.select(keys))) if keys else np.zeros(1, np.int64)


def _times(frame: Frame, name: str) -> pl.Series:
    time = parse_months(parse_times(frame.column(name)))
    where = f"{frame.source}: time column `{name}`"
    refuse_text(time, where)
    if not (time.dtype.is_numeric() or time.dtype in (pl.Date, pl.Datetime)):
        raise DataError(f"{where} is {time.dtype}; days, moments and numbers are accepted.")
    refuse_written_days(time, where)
    return time


def refuse_other_times(times: pl.Series, grid: Grid, where: str) -> None:
    """Refuse times that cannot lie on a grid.

    Raises:
        DataError: they are of another kind.
    """
    past = grid.dtype
    if times.dtype != past and not (times.dtype.is_numeric() and past.is_numeric()):
        raise DataError(
            f"{where}: time column `{times.name}` is {times.dtype}, that of the past was {past}. "
            "Write both alike."
        )
