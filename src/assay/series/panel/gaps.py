"""Steps without a row: unknown, or steps on which nothing was sold."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl

from assay.errors import ConfigError
from assay.family.support import Support
from assay.frame import Frame
from assay.series.kinds import Floats, Whole
from assay.series.panel.grid import Grid

if TYPE_CHECKING:
    from assay.series.panel.arrange import Recipe

Gaps = Literal["missing", "zero"]
MANY = 0.1  # share of steps without a row from which on a table of sales alone is suspected


def check_gaps(gaps: object) -> None:
    """Refuse an unknown way to treat steps without a row.

    Raises:
        ConfigError: says what is accepted.
    """
    if gaps not in get_args(Gaps):
        raise ConfigError(
            f"`gaps` is {gaps!r}, must be `missing` (what was sold on a day without a row is "
            "unknown) or `zero` (such a day was open and sold nothing)."
        )


def refuse_zeros(support: Support) -> None:
    """Refuse to fill gaps with zeros for a family that takes none.

    Raises:
        ConfigError: names what the family takes.
    """
    if not support.contains(np.zeros(1))[0]:
        raise ConfigError(
            f"`gaps` is 'zero', but the family takes {support.name}, and no zeros. Write "
            "`gaps='missing'`, or take a family with zeros such as `Tweedie()`."
        )


@dataclass(frozen=True, eq=False)
class Placed:
    """Rows and where they stand.

    Fields:
        rows: sorted by series and step.
        series: number of the series of each.
        step: of each.
    """

    rows: Frame
    series: Whole
    step: Whole


def filled(
    sound: Placed, refused: Placed, grid: Grid, recipe: "Recipe", end: int | None = None
) -> tuple[Placed, tuple[str, ...]]:
    """Rows of nothing sold on each step that has none, from a series' first row to the last of all.

    Of such a row nothing else is known: it has no limit, its day was open, its features are
    missing.

    Args:
        sound: rows that can stand, one a series and step.
        refused: rows that cannot; on their steps something was written, so that nothing is known.
        grid: the steps.
        recipe: names the columns.
        end: the last step of all; by default that of the rows.
    """
    owner, begins = np.unique(sound.series, return_index=True)
    first, end = sound.step[begins], int(sound.step.max()) if end is None else end
    counts = end + 1 - first
    starts = np.cumsum(counts) - counts
    series = np.repeat(owner, counts)
    step = np.arange(counts.sum()) - np.repeat(starts - first, counts)
    # Where the cell of a step stands: that of step 0 of its series, and so many further.
    zero = np.full(int(owner.max()) + 1, -1)
    zero[owner] = starts - first
    from_first = np.zeros(zero.size, np.int64)
    from_first[owner] = first
    row = np.full(series.size, -1)
    row[zero[sound.series] + sound.step] = np.arange(sound.step.size)
    inside = np.isin(refused.series, owner) & (refused.step <= end)
    inside[inside] = refused.step[inside] >= from_first[refused.series[inside]]
    silent = np.zeros(series.size, bool)
    silent[zero[refused.series[inside]] + refused.step[inside]] = True
    sold_nothing = (row < 0) & ~silent
    if not sold_nothing.any():
        return sound, ()
    rows = sound.rows.table
    source = pl.Series(row).replace(-1, None)
    heads = pl.Series(np.repeat(begins, counts))
    table = pl.DataFrame(
        [rows[name].gather(heads if name in recipe.by else source) for name in rows.columns]
    ).with_columns(
        grid.times(step).alias(recipe.time),
        pl.when(pl.Series(sold_nothing)).then(0).otherwise(recipe.target).alias(recipe.target),
    )
    note = f"steps without a row that count as nothing sold: {int(sold_nothing.sum()):,}"
    return Placed(sound.rows.having(table), series, step), (note,)


def transactions(y: Floats, series: Whole, step: Whole, support: Support) -> tuple[str, ...]:
    """What to say of counts above 0 with many gaps: the table may hold sales alone.

    Args:
        y: the target, NaN where it is missing.
        series: number of the series of each row, ascending.
        step: of each row.
        support: of the family.
    """
    known = y[~np.isnan(y)]
    if not known.size or not support.whole or not (known > 0).all():
        return ()
    within = np.diff(series) == 0
    steps = int(np.diff(step)[within].sum()) + int((~within).sum()) + 1
    absent = steps - y.size
    if absent < MANY * steps:
        return ()
    note = (
        f"no value is 0, and {absent:,} of {steps:,} steps between the rows of a series have no "
        "row: if the table leaves out days on which nothing was sold, say so with `gaps='zero'` "
        "(`--gaps zero`); otherwise such days are taken as unknown, and demand comes out too high"
    )
    return (note,)
