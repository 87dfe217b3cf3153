"""From a long table to series on one grid of steps, and from there to padded blocks."""

from collections.abc import Mapping, Sequence
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
from assay.series.basis import Seasons
from assay.series.check import Returns, check_returns, checked, treated
from assay.series.features import learn_features, read_features, spread
from assay.series.grid import Grid, grid_of
from assay.series.kinds import Flags, Floats, Whole
from assay.series.objective import Block
from assay.series.pools import read_pools
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
        returns: what negative values are, where the family takes none.
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
    pool: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_returns(self.returns)

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
            aside keep theirs: they tell of that series' own mean.
        offset: what is added without a parameter, one a row, or a single 0.
        features: standardised columns, (rows, features).
        design: how they are made of another table; `None` where there are none.
        set_aside: why a series is not learnt from, by its number.
        limit: the most that could be seen of each row; a single inf where no column says so.
        pools: groups of each series that levels are pooled by, as text.
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
        return names_of(self.keys[number] if self.keys.width else self.keys)[0]

    def beside(self, table: pl.DataFrame, series: Whole) -> pl.DataFrame:
        """A table with the keys of the series of each row put before it."""
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


def arrange(frame: Frame, recipe: Recipe, like: Panel | None = None) -> Panel:
    """Sort a table into series on a grid.

    A series with a row that cannot be is set aside and named; the others are not touched by it.

    Args:
        frame: the table.
        recipe: what is fitted to it.
        like: a panel whose grid and design are kept, so that what was learnt of it holds here.
            What it set aside stays so; of series that were learnt from it, rows that cannot be are
            left out.

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
        grid = grid_of(times, series, frame.source)
        pools = read_pools(rows, recipe.pooled, heads, series)
    else:
        grid = like.grid
        refuse_other_times(times, grid, frame.source)
        pools = like.still_pooled(heads, rows, series)
    support = recipe.family.underlying.support
    y, said = treated(rows.numbers(recipe.target), recipe.returns, support)
    needed = [name for name in (recipe.target, *recipe.family.needs()) if name in known.columns]
    alike = _alike(known.select([*keys, recipe.time, *needed]))
    found = checked(times, series, grid, y, alike, support, recipe.target)
    set_aside = found.set_aside if like is None else like.still_aside(heads, found.set_aside)
    kept = np.flatnonzero(found.sound)
    if not kept.size:
        first = next(iter(set_aside.values()), "no row has a target")
        raise DataError(f"{frame.source}: there is nothing to learn from: {first}.")
    step = grid.steps(times)[0][kept]
    design = None if like is None else like.design
    read = _read(rows.take(kept), recipe, y[kept], series[kept], set_aside, design)
    return Panel(
        keys=heads,
        grid=grid,
        end=int(step.max()),
        edges=np.searchsorted(series[kept], np.arange(starts.size + 1)),
        step=step,
        set_aside=set_aside,
        pools=pools,
        notes=(*notes, *said, *found.notes, *read.pop("notes")),
        **read,
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
        frame.column(key)
    named = frame.table.with_columns(time.alias(name))
    known = named.drop_nulls([*keys, name])
    if not known.height:
        raise DataError(f"{frame.source}: no row has a time and keys. Name other columns.")
    lost = named.height - known.height
    notes = (f"rows without a time or a key that were left out: {lost:,}",) if lost else ()
    return known.sort([*keys, name], maintain_order=True), notes


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


def _read(
    rows: Frame,
    recipe: Recipe,
    y: Floats,
    series: Whole,
    set_aside: Mapping[int, str],
    design: Design | None,
) -> dict[str, Any]:
    """Values, weights and features of sound rows; a design that is there already is kept."""
    notes: list[str] = []
    weight = (~np.isnan(y)).astype(float)
    if recipe.term.open is not None:
        is_open = rows.numbers(recipe.term.open)
        is_open = np.where(np.isnan(is_open), 1.0, is_open != 0)
        _note(notes, rows, recipe, (is_open == 0) & (y > 0), "rows of closed days that sold, yet")
        weight *= is_open
    features, offset = np.zeros((y.size, 0)), np.zeros(1)
    if recipe.others is not None:
        if design is None:
            learnt = learn_features(rows, recipe.others, weight > 0)
            design, features, offset, complete = learnt
        else:
            own, columns, complete, _ = read_features(rows, recipe.others, design, series)
            features, offset = spread(columns, complete), spread(own, complete)
        _note(notes, rows, recipe, ~complete & (weight > 0), "rows that lack a feature and")
        weight = weight * complete
    used = np.flatnonzero(weight > 0)
    if np.isin(series[used], list(set_aside)).all():
        first = next(iter(set_aside.values()), "no row has a target")
        raise DataError(f"{rows.source}: there is nothing to learn from: {first}.")
    value, hidden = _known(rows, recipe, y, used, notes)
    # At least the least that there is: such a row says nothing.
    weight[hidden & (value <= recipe.family.underlying.support.lower)] = 0.0
    return {
        "y": value,
        "hidden": hidden,
        "weight": weight,
        "limit": _limits(rows, recipe),
        "offset": offset,
        "features": features,
        "design": design,
        "notes": tuple(notes),
    }


def _known(
    rows: Frame, recipe: Recipe, y: Floats, used: Whole, notes: list[str]
) -> tuple[Floats, Flags]:
    """The value of each row, or the limit that hid it, and whether one did."""
    value, hidden = np.zeros_like(y), np.zeros(y.size, bool)
    own = {name: _column(rows, name)[used] for name in recipe.family.needs()}
    for part in recipe.family.parts(y[used], own):
        if part.known not in (Known.VALUE, Known.AT_LEAST):
            raise ConfigError(
                "ScoreDriven follows values and values hidden above a limit. Leave `below` and "
                "`between` out of `Censored`."
            )
        value[used[part.rows]] = part.y
        hidden[used[part.rows]] = part.known is Known.AT_LEAST
    above = getattr(recipe.family, "above", None)
    if isinstance(above, str) and rows.column(above).dtype != pl.Boolean:
        limit = rows.numbers(above)
        over = np.zeros(y.size, bool)
        over[used] = (y > limit)[used]
        _note(notes, rows, recipe, over, f"rows above their own `{above}`, which hides them, and")
    elif isinstance(above, str) and rows.column(above).null_count():
        count = rows.column(above).null_count()
        notes.append(f"rows whose `{above}` is missing and that count as not hidden: {count:,}")
    return value, hidden


def _limits(rows: Frame, recipe: Recipe) -> Floats:
    """The most that could be seen of each row, where a number says so."""
    above = getattr(recipe.family, "above", None)
    if isinstance(above, int | float):
        return np.full(1, float(above))
    if not isinstance(above, str) or rows.column(above).dtype == pl.Boolean:
        return np.full(1, np.inf)
    limit = rows.numbers(above)
    return np.where(np.isnan(limit), np.inf, limit)


def _note(notes: list[str], rows: Frame, recipe: Recipe, wrong: Flags, text: str) -> None:
    """Count rows that are odd, and name the first."""
    found = np.flatnonzero(wrong)
    if not found.size:
        return
    first = rows.table.row(int(found[0]), named=True)
    which = ", ".join(f"{name}={first[name]!r}" for name in recipe.by)
    where = f"{which}, {first[recipe.time]}" if which else f"{first[recipe.time]}"
    said = "count as at least that much" if text.endswith("hides them, and") else "teach nothing"
    notes.append(f"{text} {said}: {found.size:,} (first: {where})")


def _column(rows: Frame, name: str) -> np.ndarray:
    column = rows.column(name)
    return column.fill_null(False).to_numpy() if column.dtype == pl.Boolean else rows.numbers(name)
