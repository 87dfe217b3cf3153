"""What is known of the steps to come."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.frame import Frame
from assay.frame.moments import parse_months, parse_times
from assay.predictor import Design
from assay.series.kinds import Flags, Floats, Whole
from assay.series.panel.arrange import Panel, Recipe, names_of, refuse_other_times
from assay.series.panel.features import read_features
from assay.series.panel.grid import Grid
from assay.series.panel.values import open_days

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FEW_DAYS = 2  # of a week that are always closed


@dataclass(frozen=True, eq=False)
class Future:
    """The steps to come of each series.

    Fields:
        keys: one row a series; those of the panel first, then new ones.
        names: one text a series.
        place: number of the series in the panel; -1 for a new one.
        grid: of the steps.
        steps: their numbers, after the end of the panel.
        offset: added without a parameter, (steps, series) or (1, 1).
        features: (features, steps, series).
        is_open: whether anything can be sold, (steps, series) or (1, 1).
        pools: groups of each series that levels are pooled by, as text; empty where they are not
            known.
        notes: what a user should know, in sentences.
        known: rows of the steps to come, where a table was given.
        cell: step and series of each of them.
    """

    keys: pl.DataFrame
    names: list[str]
    place: Whole
    grid: Grid
    steps: Whole
    offset: Floats
    features: Floats
    is_open: Floats
    pools: pl.DataFrame
    notes: tuple[str, ...] = ()
    known: Frame | None = None
    cell: tuple[Whole, Whole] | None = None

    @property
    def source(self) -> str:
        """What messages call the table of what is known."""
        return "forecast" if self.known is None else self.known.source

    def read(self, name: str) -> Floats:
        """A column of numbers that is known ahead, (steps, series); NaN where it is not.

        Raises:
            ConfigError: there is no table of the future.
            DataError: it has no such column, or one that is no numbers.
        """
        if self.known is None or self.cell is None:
            raise ConfigError(
                f"forecast: `{name}` is not known ahead. Pass a table with it as `future`."
            )
        found = np.full((self.steps.size, self.place.size), np.nan)
        found[self.cell] = self.known.numbers(name)
        return found


def unique_ids(keys: pl.DataFrame) -> list[str]:
    """One text a series, as forecasting tools join keys: `north/7`.

    Where that would call two series alike, slashes within keys are written `%2F`.
    """
    if not keys.width:
        return ["1"]
    texts = [pl.col(name).cast(pl.String) for name in keys.columns]
    joined = keys.select(pl.concat_str(texts, separator="/")).to_series()
    if joined.n_unique() < len(joined):
        apart = [
            each.str.replace_all("%", "%25", literal=True).str.replace_all("/", "%2F", literal=True)
            for each in texts
        ]
        joined = keys.select(pl.concat_str(apart, separator="/")).to_series()
    return joined.to_list()


def future_of(recipe: Recipe, panel: Panel, known: Frame | None, horizon: int) -> Future:
    """The next steps, with what is known of them.

    A series whose features are not known on some days is forecast with the average of them, and
    with its last known offset, and said to be; the others are not touched by it. Steps whose
    openness is not known are taken as open.

    Raises:
        DataError: features are known of no series, no row is of the next steps, or two rows of one
            step contradict each other; says what is missing.
    """
    steps = np.arange(panel.end + 1, panel.end + 1 + horizon)
    long = _too_far(panel, horizon)
    if known is None:
        _refuse_unknown(panel.design)
        ones = np.ones((1, 1))
        none = np.zeros((0, horizon, panel.series))
        place = np.arange(panel.series)
        names = names_of(panel.keys)
        notes = (*long, *_unsaid(recipe, panel, np.ones((horizon, len(names)), bool)))
        return Future(
            panel.keys, names, place, panel.grid, steps, 0 * ones, none, ones, panel.pools, notes
        )
    _refuse_lacking(panel.design, known)
    rows, keys, series = _placed(recipe, panel, known)
    at, on_grid = panel.grid.steps(rows.column(recipe.time))
    notes = [*long, *_unused(known, rows, recipe, on_grid, at <= panel.end)]
    inside = on_grid & (at > panel.end) & (at <= panel.end + horizon)
    _refuse_outside(rows.column(recipe.time), panel, inside, steps, known.source)
    ahead = rows.take(inside)
    cell = (at[inside] - panel.end - 1, series[inside])
    names = names_of(keys)
    _refuse_twice(ahead, cell, names, recipe.time)
    is_open, closures = np.ones((horizon, len(names))), ()
    if recipe.term.open is not None:
        is_open[cell] = open_days(ahead, recipe.term.open)
        unsaid = np.ones(is_open.shape, bool)
        unsaid[cell] = np.isnan(ahead.numbers(recipe.term.open))
        closures = _unsaid(recipe, panel, unsaid)
    new = len(names) - panel.series
    place = np.concatenate([np.arange(panel.series), np.full(new, -1)])
    offset, features = np.zeros((1, 1)), np.zeros((0, horizon, len(names)))
    if panel.design is not None:
        offset, features, lacks = _read(recipe, panel, ahead, cell, place, names, steps)
        notes += lacks
    notes += closures
    if new:
        notes.append(_new_ones(new, recipe.pooled))
    pools = panel.still_pooled(keys, rows, series)
    every = (panel.grid, steps, offset, features, is_open, pools, tuple(notes), ahead, cell)
    return Future(keys, names, place, *every)


def _read(
    recipe: Recipe,
    panel: Panel,
    ahead: Frame,
    cell: tuple[Whole, Whole],
    place: Whole,
    names: list[str],
    steps: Whole,
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Offsets, features, and what is to be said of steps that lack some; fields of `Future`."""
    assert panel.design is not None
    own, matrix, good, refused = read_features(ahead, recipe.others, panel.design, cell[1])
    where, shape = (cell[0][good], cell[1][good]), (steps.size, place.size)
    features = np.zeros((matrix.shape[1], *shape))
    for k, column in enumerate(matrix.T):
        features[k][where] = column
    offset, taken = np.zeros((1, 1)), ["features at their average"] * bool(len(features))
    if panel.offset.size > 1:
        offset = np.tile(_last_offsets(panel, place), (steps.size, 1))
        offset[where] = own
        taken.append("the last known offset")
    there = np.zeros(shape, bool)
    there[where] = True
    times = panel.grid.times(steps)
    lacks = _lacking(ahead.source, there, names, times, refused, " and ".join(taken))
    return offset, features, lacks


def _unused(known: Frame, rows: Frame, recipe: Recipe, on_grid: Flags, past: Flags) -> list[str]:
    """Rows of the future that say nothing of it; those beyond the horizon are no matter."""
    found = []
    if count := known.rows - rows.rows:
        found.append(f"rows to come without a time or a key that were left out: {count:,}")
    for wrong, text in (
        (~on_grid, "rows to come that lie between the steps and were left out"),
        (on_grid & past, "rows to come that lie in the past and were left out"),
    ):
        if wrong.any():
            found.append(f"{text}: {int(wrong.sum()):,} (first: {_row(rows, recipe, wrong)})")
    return found


def _row(rows: Frame, recipe: Recipe, which: Flags) -> str:
    """Key and time of the first of some rows."""
    first = rows.table.row(int(np.argmax(which)), named=True)
    parts = [f"{name}={first[name]!r}" for name in recipe.by]
    return ", ".join([*parts, str(first[recipe.time])])


def last_step(recipe: Recipe, panel: Panel, asked: Frame) -> int:
    """The last step of rows that are asked for.

    Raises:
        DataError: there are none, or one lies on no later step of the panel's grid; names it.
    """
    rows = _placed(recipe, panel, asked)[0]
    if rows.rows < asked.rows or not rows.rows:
        raise DataError(
            f"{asked.source}: {asked.rows - rows.rows:,} of {asked.rows:,} rows have no "
            f"`{recipe.time}` or key, so they cannot be forecast. Fill them in, or leave them out."
        )
    at, on_grid = panel.grid.steps(rows.column(recipe.time))
    wrong = np.flatnonzero(~on_grid | (at <= panel.end))
    if wrong.size:
        end = panel.grid.times(np.array([panel.end]))[0]
        raise DataError(
            f"{asked.source}: the row for {rows.column(recipe.time)[int(wrong[0])]} cannot be "
            f"forecast. Rows must lie after {end}, in steps of {panel.grid.said}."
        )
    return int(at.max())


def _refuse_unknown(design: Design | None) -> None:
    read = sorted({name for term in (design.terms if design else ()) for name in term.reads()})
    if read:
        raise DataError(
            f"forecast: the model reads {', '.join(f'`{name}`' for name in read)}, which must "
            "be known ahead. Pass a table of the next steps as `future`."
        )


def _refuse_lacking(design: Design | None, known: Frame) -> None:
    terms = design.terms if design else ()
    for name in sorted({name for term in terms for name in term.reads()} - {*known.columns}):
        raise DataError(
            f"{known.source}: no column `{name}`, which the model reads and which must be known "
            "ahead. Add it to the rows of the next steps."
        )


def _refuse_twice(rows: Frame, cell: tuple[Whole, Whole], names: list[str], time: str) -> None:
    """Refuse two rows for one step of a series that do not say the same."""
    placed = rows.table.with_columns(__step=pl.Series(cell[0]), __series=pl.Series(cell[1]))
    both = placed.select("__step", "__series")
    if not both.is_duplicated().any():
        return
    apart = placed.unique(maintain_order=True)
    twice = apart.filter(apart.select("__step", "__series").is_duplicated())
    if twice.height:
        first = twice.row(0, named=True)
        raise DataError(
            f"{rows.source}: {names[first['__series']]} has two rows for {first[time]} that do "
            "not say the same. Keep one of them."
        )


def _refuse_outside(
    times: pl.Series, panel: Panel, inside: Flags, steps: Whole, source: str
) -> None:
    if inside.any():
        return
    asked = panel.grid.times(steps[[0, -1]])
    held = f"holds {times.min()} to {times.max()}" if len(times) else "holds no row with a time"
    raise DataError(
        f"{source}: no row is of the next steps, {asked[0]} to {asked[1]}, each "
        f"{panel.grid.said} after the one before. The table {held}."
    )


def _too_far(panel: Panel, horizon: int) -> tuple[str, ...]:
    past = int(panel.lengths.max())
    if horizon <= past:
        return ()
    quantity = panel.grid.quantity
    note = (
        f"{quantity(horizon)} are forecast from {quantity(past)}: nothing in so short a past tells "
        "what comes so far ahead"
    )
    return (note,)


def _unsaid(recipe: Recipe, panel: Panel, unsaid: Flags) -> tuple[str, ...]:
    """Steps that are taken as open since nothing says so, where some of the past were closed.

    Args:
        recipe: names the column.
        panel: the past.
        unsaid: whether nothing says if a step is open, (steps, series).
    """
    closed = np.flatnonzero(np.broadcast_to(panel.closed, panel.step.shape))
    if recipe.term.open is None or not unsaid.any() or not closed.size:
        return ()
    name = recipe.term.open
    note = (
        f"steps to come of which `{name}` is not known, forecast as open: "
        f"{np.count_nonzero(unsaid):,} of {unsaid.size:,}, though {closed.size:,} of the past were "
        f"closed{_on_weekdays(panel)}; say `{name}` in rows of `future`"
    )
    return (note,)


def _on_weekdays(panel: Panel) -> str:
    """Weekdays on which the past was always closed, if these are few."""
    if panel.grid.unit != "days":
        return ""
    first = int(panel.step.min())
    weekday = panel.grid.times(np.arange(first, panel.end + 1)).dt.weekday().to_numpy()
    every, shut = panel.step - first, panel.step[panel.closed] - first
    seen, closed, days = (
        np.bincount(weekday[each], minlength=8)[1:] for each in (every, shut, np.unique(shut))
    )
    always = (closed == seen) & (days > 1)
    if not 0 < np.count_nonzero(always) <= FEW_DAYS:
        return ""
    share = "all of them" if closed[~always].sum() == 0 else "among them all"
    named = [f"{WEEKDAYS[number]}s" for number in np.flatnonzero(always)]
    return f", {share} {' and '.join(named)}"


def _last_offsets(panel: Panel, place: Whole) -> Floats:
    """The last known offset of each series, the mean of them where none is known."""
    rows = np.flatnonzero(panel.weight > 0)
    series = np.searchsorted(panel.edges, rows, side="right") - 1
    last = np.full(panel.series, np.nan)
    last[series] = panel.offset[rows]
    last = np.where(np.isnan(last), np.nanmean(last), last)
    return np.where(place < 0, last.mean(), last[place])


def _lacking(
    source: str,
    there: Flags,
    names: list[str],
    times: pl.Series,
    refused: dict[int, str],
    taken: str,
) -> tuple[str, ...]:
    """Steps without features.

    Raises:
        DataError: no series has them on all days.
    """
    lacking = np.flatnonzero(~there.all(axis=0))
    if not lacking.size:
        return ()
    first = int(lacking[0])
    day = times[int(np.argmin(there[:, first]))]
    said = refused.get(first, f"no row for {day} with all features")
    said = f"{names[first]}: {said.removeprefix(f'{source}: ')}"
    if lacking.size == there.shape[1]:
        raise DataError(
            f"{source}: no series has all features that the model reads, first {said.rstrip('.')}. "
            f"Add rows with all of them from {times[0]} to {times[-1]}."
        )
    note = (
        f"steps to come without all that the model reads, forecast with {taken}: "
        f"{np.count_nonzero(~there):,} of {there.size:,}, in {lacking.size:,} series "
        f"(first: {said})"
    )
    return (note,)


def _new_ones(count: int, pooled: tuple[str, ...]) -> str:
    """How many series are new, and what they are forecast from."""
    groups = f" and their groups ({', '.join(f'`{name}`' for name in pooled)})" if pooled else ""
    return f"new series, forecast from what all have in common{groups}: {count:,}"


def _placed(recipe: Recipe, panel: Panel, known: Frame) -> tuple[Frame, pl.DataFrame, Whole]:
    """Rows with a time and keys, all series with the new ones last, and the series of each row.

    Raises:
        DataError: times or keys of another kind than those of the past.
    """
    time = parse_months(parse_times(known.column(recipe.time)))
    refuse_other_times(time, panel.grid, known.source)
    keys = list(recipe.by)
    for name in keys:
        known.column(name)
    table = known.table.with_columns(time.alias(recipe.time)).drop_nulls([*keys, recipe.time])
    rows = known.having(table)
    if not keys:
        return rows, panel.keys, np.zeros(table.height, np.int64)
    kinds = panel.keys.schema
    given = table.select(pl.col(k).cast(kind, strict=False) for k, kind in kinds.items())
    for name in keys:
        if given[name].null_count():
            raise DataError(
                f"{known.source}: key `{name}` is {table[name].dtype}, that of the past was "
                f"{kinds[name]}. Write both alike."
            )
    new = given.unique(maintain_order=True).join(panel.keys, on=keys, how="anti")
    every = pl.concat([panel.keys, new])
    numbered = every.with_row_index("__series")
    place = given.join(numbered, on=keys, how="left", maintain_order="left")["__series"]
    return rows, every, place.to_numpy().astype(np.int64)
