"""What is known of the steps to come."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.errors import DataError
from assay.frame import Frame
from assay.frame.moments import parse_months, parse_times
from assay.predictor.matrix import as_dense
from assay.series.arrange import Panel, Recipe
from assay.series.grid import Grid
from assay.series.kinds import Floats, Whole


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
    """

    keys: pl.DataFrame
    names: list[str]
    place: Whole
    grid: Grid
    steps: Whole
    offset: Floats
    features: Floats
    is_open: Floats


def future_of(recipe: Recipe, panel: Panel, known: Frame | None, horizon: int) -> Future:
    """The next steps, with what is known of them.

    Raises:
        DataError: a row or a feature is missing; names the series and the time.
    """
    steps = np.arange(panel.end + 1, panel.end + 1 + horizon)
    design = panel.design
    if known is None:
        if design is not None and (design.terms and any(term.reads() for term in design.terms)):
            read = sorted({name for term in design.terms for name in term.reads()})
            raise DataError(
                f"forecast: the model reads {', '.join(f'`{name}`' for name in read)}, which must "
                "be known ahead. Pass a table of the next steps as `future`."
            )
        return Future(
            panel.keys,
            panel.names(),
            np.arange(panel.series),
            panel.grid,
            steps,
            np.zeros((1, 1)),
            np.zeros((0, horizon, panel.series)),
            np.ones((1, 1)),
        )
    rows, keys, place = _placed(recipe, panel, known)
    at, _ = panel.grid.steps(rows.column(recipe.time))
    series, inside = place, (at > panel.end) & (at <= panel.end + horizon)
    count = keys.height
    seen = np.zeros((horizon, count), bool)
    cell = (at[inside] - panel.end - 1, series[inside])
    seen[cell] = True
    is_open = np.ones((horizon, count))
    if recipe.term.open is not None:
        is_open[cell] = rows.numbers(recipe.term.open)[inside] != 0
    offset, features = np.zeros((1, 1)), np.zeros((0, horizon, count))
    names = (
        [", ".join(f"{k}={v!r}" for k, v in row.items()) or "the series" for row in keys.to_dicts()]
        if keys.width
        else panel.names()
    )
    if design is not None:
        missing = np.argwhere(~seen.T)
        if len(missing):
            which, step = missing[0]
            time = panel.grid.times(steps[[step]])[0]
            raise DataError(
                f"{known.source}: series {names[which]} has no row for {time}, whose features the "
                f"model reads ({len(missing):,} rows are missing). Add them."
            )
        some = rows.take(inside)
        matrix = as_dense(design.matrix(some))[:, int(design.has_intercept) :]
        features = np.zeros((matrix.shape[1], horizon, count))
        for k, column in enumerate(matrix.T):
            features[k][cell] = column
        own = np.asarray(design.offset(some))
        if own.size > 1:
            offset = np.zeros((horizon, count))
            offset[cell] = own
    panel_place = np.concatenate([np.arange(panel.series), np.full(count - panel.series, -1)])
    return Future(keys, names, panel_place, panel.grid, steps, offset, features, is_open)


def _placed(recipe: Recipe, panel: Panel, known: Frame) -> tuple[Frame, pl.DataFrame, Whole]:
    """Rows with a time and keys, all series with the new ones last, and the series of each row."""
    time = parse_months(parse_times(known.column(recipe.time)))
    keys = list(recipe.by)
    table = known.table.with_columns(time.alias(recipe.time)).drop_nulls([*keys, recipe.time])
    rows = known.having(table)
    if not keys:
        return rows, panel.keys, np.zeros(table.height, np.int64)
    given = table.select(pl.col(k).cast(kind) for k, kind in panel.keys.schema.items())
    new = given.unique(maintain_order=True).join(panel.keys, on=keys, how="anti")
    every = pl.concat([panel.keys, new])
    numbered = every.with_row_index("__series")
    place = given.join(numbered, on=keys, how="left", maintain_order="left")["__series"]
    return rows, every, place.to_numpy().astype(np.int64)
