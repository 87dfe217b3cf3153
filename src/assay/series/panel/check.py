"""Rows that cannot be, and the series that they put aside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import polars as pl

from assay.errors import ConfigError
from assay.family.support import Support
from assay.series.kinds import Flags, Floats, Whole
from assay.series.panel.gaps import Gaps
from assay.series.panel.grid import Grid, far_off

Returns = Literal["refuse", "zero", "missing"]
GAPS = 5  # equal gaps, all wider than a step, from which on a series keeps steps of its own
WHOLE = 2.0**53  # from here on whole numbers lie further apart than 1
LARGE = 1e100  # from here on squares of values, and sums of them, are no numbers


@dataclass(frozen=True, eq=False)
class Checked:
    """What can be used of rows that are sorted by series and step.

    Fields:
        sound: rows that can stand; of two that say the same, one.
        set_aside: by the number of a series, why it is not learnt from.
        notes: sentences.
    """

    sound: Flags
    set_aside: Mapping[int, str]
    notes: tuple[str, ...]


def check_returns(returns: object) -> None:
    """Refuse an unknown way to treat returns.

    Raises:
        ConfigError: says what is accepted.
    """
    if returns not in get_args(Returns):
        raise ConfigError(
            f"`returns` is {returns!r}, must be `refuse` (a series with negative values is set "
            "aside), `zero` (they count as nothing sold) or `missing` (such a day is unknown)."
        )


def check_names(by: Sequence[str], time: str, taken: frozenset[str]) -> None:
    """Refuse keys and a time that could not stand beside the columns of an answer.

    Args:
        by: the keys; `unique_id` may be one where it is the only one.
        time: column of time; `ds` is what answers call it anyway.
        taken: columns of the answer.

    Raises:
        ConfigError: names the column, and how to rename it.
    """
    for name in by:
        if list(by).count(name) > 1:
            raise ConfigError(f"key `{name}` is named twice among {list(by)}. Name each once.")
        ends = name.startswith(("lo-", "hi-", "__")) or (name == "unique_id" and len(by) > 1)
        if name in taken or ends:
            raise ConfigError(
                f"key `{name}` has the name of a column of the answers. Rename it in the table, in "
                f'Polars with `.rename({{"{name}": "{name}_key"}})`.'
            )
    if time in taken - {"ds"}:
        raise ConfigError(
            f"time column `{time}` has the name of a column of the answers. Rename it in the "
            f'table, in Polars with `.rename({{"{time}": "ds"}})`.'
        )


def treated(y: Floats, returns: Returns, support: Support) -> tuple[Floats, tuple[str, ...]]:
    """The target with its returns treated as asked, where the family takes nothing below 0."""
    below = y < min(0.0, support.lower) if support.lower >= 0 else np.zeros(y.size, bool)
    if returns == "refuse" or not below.any():
        return y, ()
    said = "nothing sold" if returns == "zero" else "unknown"
    note = f"negative values (returns) taken as {said}: {int(below.sum()):,}"
    return np.where(below, 0.0 if returns == "zero" else np.nan, y), (note,)


def checked(
    times: pl.Series,
    series: Whole,
    grid: Grid,
    y: Floats,
    alike: Flags,
    support: Support,
    target: str,
    gaps: Gaps = "missing",
) -> Checked:
    """Find rows that cannot be; a series that has one is set aside, the others are untouched.

    Args:
        times: of the rows.
        series: number of the series of each row, ascending.
        grid: the steps.
        y: the target, NaN where it is missing.
        alike: rows that say what the row before them says, key and time included.
        support: of the family.
        target: its column.
        gaps: what steps without a row are; where nothing was sold on them, any gap may be.
    """
    step, on_grid = grid.steps(times)
    repeated = alike & np.append(False, np.diff(series) == 0)
    rest = ~repeated
    sound, aside = rest.copy(), {}
    for wrong, text in _faults(step, on_grid, series, rest, grid, y, support, target):
        sound &= ~wrong
        for row in np.flatnonzero(wrong & rest):
            said = text.format(time=times[int(row)], y=y[row])
            aside.setdefault(int(series[row]), said)
    wider = _wider(step, series, rest) if gaps == "missing" else {}
    for number, gap in wider.items():
        own = f"its rows are {grid.quantity(gap)} apart, those of the other series {grid.said}"
        aside.setdefault(number, own)
        sound &= series != number
    count = int(repeated.sum())
    notes = (f"rows that repeat another row and count once: {count:,}",) if count else ()
    return Checked(sound, aside, notes)


def _faults(
    step: Whole,
    on_grid: Flags,
    series: Whole,
    rest: Flags,
    grid: Grid,
    y: Floats,
    support: Support,
    target: str,
) -> Iterator[tuple[Flags, str]]:
    """Rows that are wrong in one way, and how to say so."""
    yield ~on_grid, f"{{time}} does not lie on the steps of the other series ({grid.said})"
    kept, twice = np.flatnonzero(rest), np.zeros(step.size, bool)
    same = (np.diff(series[kept]) == 0) & (np.diff(step[kept]) == 0)
    twice[kept[np.append(same, False) | np.append(False, same)]] = True
    zone = getattr(grid.dtype, "time_zone", None)
    clock = ". Where clocks are set back, hours need a time zone" if grid.has_hours(zone) else ""
    yield twice, f"{{time}} stands there twice, with different values{clock}"
    known = ~np.isnan(y)
    off = known & ~(np.isfinite(y) & support.contains(np.where(known, y, 1.0)))
    yield off, f"{{time}} has `{target}` = {{y:g}}, but the family takes {support.name}"
    most = WHOLE if support.whole else LARGE
    large = known & np.isfinite(y) & (np.abs(y) >= most)
    yield large, f"{{time}} has `{target}` = {{y:g}}, but values stay below {most:.2g}"
    yield far_off(step.astype(float), 1.0), "{time} lies far from the times of all other rows"


def _wider(step: Whole, series: Whole, rest: Flags) -> dict[int, int]:
    """Series whose gaps are all the same and wider than a step, and that gap."""
    at, owner = step[rest], series[rest]
    gap, owner = np.diff(at), np.where(np.diff(owner) == 0, owner[1:], -1)
    gap, owner = gap[owner >= 0], owner[owner >= 0]
    if not gap.size:
        return {}
    begins = np.flatnonzero(np.append(True, np.diff(owner) != 0))
    least, most = np.minimum.reduceat(gap, begins), np.maximum.reduceat(gap, begins)
    enough = np.diff(np.append(begins, gap.size)) >= GAPS
    odd = np.flatnonzero(enough & (least == most) & (least > 1))
    return {int(owner[begins[k]]): int(least[k]) for k in odd}
