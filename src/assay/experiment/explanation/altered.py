"""A forecasting procedure that is shown other values, another past, calendar or series."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from assay.adapter import time_axis
from assay.experiment.explanation.certainty import stream
from assay.experiment.task import Procedure, SealedTask
from assay.frame import Frame

Kind = Literal["values", "past", "calendar", "series"]


@dataclass(frozen=True, eq=False)
class Alteration:
    """What each sealed row shows instead of its own values.

    Fields:
        columns: whose values come from other rows.
        source: place among the sealed rows that each row's values come from, (rows,).
        kind: what is altered. Of a procedure also the past: the targets of each history change
            their order in time within their series; the calendar: history and asked rows move
            in time together, so that an origin falls where another one was; the series: all rows
            of one bear the keys of another.
        seed: of the stream that these three are drawn from.
    """

    columns: tuple[str, ...]
    source: np.ndarray
    kind: Kind = "values"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Altered:
    """A forecasting procedure that is shown altered rows.

    Fields:
        fitted: the procedure.
        task: problem and split.
        visible: what it may see of the sealed rows.
        alteration: of these, or of the histories.
    """

    fitted: Procedure
    task: SealedTask
    visible: Frame
    alteration: Alteration

    def forecast(self, history: Frame, asked: Frame, /) -> Any:
        """What the procedure forecasts from what it is shown instead."""
        random = stream(self.alteration.seed, self.alteration.kind, history.rows)
        if self.alteration.kind == "past":
            return self.fitted.forecast(self._past(history, random), asked)
        if self.alteration.kind == "calendar":
            return self.fitted.forecast(*self._elsewhen(history, asked, random))
        if self.alteration.kind == "series":
            return self.fitted.forecast(*self._relabelled(history, asked, random))
        return self.fitted.forecast(history, self._ahead(asked))

    def _ahead(self, asked: Frame) -> Frame:
        """Asked rows with the values of their sources; rows that are not sealed keep their own."""
        place = {row: at for at, row in enumerate(self.visible.table["row_id"])}
        own = [place.get(row, -1) for row in asked.table["row_id"]]
        from_others = np.where(
            np.array(own) >= 0, asked.rows + self.alteration.source[own], np.arange(asked.rows)
        )
        columns = {
            name: pl.concat([asked.table[name], self.visible.table[name]]).gather(from_others)
            for name in self.alteration.columns
        }
        return asked.having(asked.table.with_columns(**columns))

    def _past(self, history: Frame, random: np.random.Generator) -> Frame:
        """The history with its known targets, and what hides them, in another order in time."""
        roles = self.task.roles
        names = (
            roles.target, roles.censored_above, roles.censored_flag, roles.censored_below,
        )  # fmt: skip
        known = np.flatnonzero(history.column(roles.target).is_not_null().to_numpy())
        series = time_axis(history, roles)[0][known]
        source = np.arange(history.rows)
        source[known] = known[within(series, random)]
        columns = {name: history.table[name].gather(source) for name in names if name}
        return history.having(history.table.with_columns(**columns))

    def _elsewhen(
        self, history: Frame, asked: Frame, random: np.random.Generator
    ) -> tuple[Frame, Frame]:
        """Both, moved in time so that the first row asked for falls on any sealed time."""
        name = str(self.task.roles.time)
        times = self.visible.table[name].unique().sort()
        at = times.gather([int(random.integers(len(times)))])
        since = asked.table[name].sort().head(1)
        months = _is_monthly(self.task.frame.table[name])

        def later(frame: Frame) -> Frame:
            column = pl.col(name)
            if months:
                moved = column.dt.offset_by(f"{_month(at) - _month(since)}mo")
            else:
                moved = column + (at - since)[0]
            return frame.having(frame.table.with_columns(moved.cast(frame.table[name].dtype)))

        return later(history), later(asked)

    def _relabelled(
        self, history: Frame, asked: Frame, random: np.random.Generator
    ) -> tuple[Frame, Frame]:
        """Both, with the keys of the sealed series exchanged among whole series."""
        names = list(self.task.roles.series)
        keys = self.visible.table.select(names).unique().sort(names)
        other = keys[random.permutation(keys.height)]
        dealt = keys.with_columns(other[name].alias(f"\0{name}") for name in names)

        def renamed(frame: Frame) -> Frame:
            found = frame.table.join(dealt, on=names, how="left", maintain_order="left")
            own = (pl.coalesce(f"\0{name}", name).alias(name) for name in names)
            return frame.having(found.with_columns(*own).select(frame.table.columns))

        return renamed(history), renamed(asked)


def within(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A permutation that moves places only among those of the same label, (rows,)."""
    source = np.empty(len(labels), dtype=int)
    source[np.lexsort((np.arange(len(labels)), labels))] = np.lexsort(
        (random.random(len(labels)), labels)
    )
    return source


def _is_monthly(times: pl.Series) -> bool:
    """Whether all times are the same day of a month, so that steps are months and not days."""
    if times.dtype not in (pl.Date, pl.Datetime):
        return False
    return times.n_unique() > 2 and times.drop_nulls().dt.day().n_unique() == 1


def _month(time: pl.Series) -> int:
    return int(12 * time.dt.year()[0] + time.dt.month()[0])
