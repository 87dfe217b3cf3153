"""Three tables of demand, each cut into what a model may see and what it is judged by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from _demand_scores import Floats

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TENTHS = 10.0  # fresh food sells in steps of 0.1
WELL_STOCKED = 0.65  # share of days without a stock-out
EMPTY_SHELF = 0.01  # least share of a day's demand that any hours in stock are taken for


@dataclass(frozen=True, eq=False)
class Case:
    """A table, cut.

    Fields:
        name: for tables of results.
        history: rows before the cut.
        ahead: rows after it, with the same columns.
        key: column that names series.
        time: column of steps.
        target: column of counts.
        steps: how many are held back.
        season: steps of the season that rivals are told of; 1 for none.
        scored: rows of `ahead` that count, (steps, series), sorted by key.
        share: of a usual step's demand that could be met, likewise; `None` for all of it.
    """

    name: str
    history: pl.DataFrame
    ahead: pl.DataFrame
    key: str
    time: str
    target: str
    steps: int
    season: int
    scored: np.ndarray
    share: Floats | None = None

    @property
    def truth(self) -> Floats:
        """What was sold, (steps, series), sorted by key."""
        return side_by_side(self.ahead, self.target, self.steps)

    @property
    def past(self) -> Floats:
        """What rivals see, (steps, series)."""
        steps = self.history[self.time].n_unique()
        return side_by_side(self.history, self.target, steps)


def side_by_side(table: pl.DataFrame, column: str, steps: int) -> Floats:
    """A column of a full panel, sorted by key and time, as (steps, series)."""
    return table[column].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(-1, steps).T


def gifts(series: int | None = None, earlier: int = 0) -> Case:
    """Daily sales of a UK gift shop; 28 days, where the shop is open.

    Args:
        series: how many; by default all.
        earlier: how many days before its end the table ends.
    """
    table = _some(_read("retail_online_uk", "daily"), "item_id", series).sort("item_id", "date")
    history, ahead = _cut(_without_last(table, "date", earlier), "date", 28)
    is_open = side_by_side(ahead, "shop_open", 28) > 0
    return Case("gifts", history, ahead, "item_id", "date", "units", 28, 7, is_open)


def parts(series: int | None = None, earlier: int = 0) -> Case:
    """Monthly sales of spare parts of cars; 6 months.

    Args:
        series: how many; by default all.
        earlier: how many months before its end the table ends.
    """
    table = _some(_read("spare_parts_car", "monthly"), "series", series).sort("series", "month")
    history, ahead = _cut(_without_last(table, "month", earlier), "month", 6)
    known = ~np.isnan(side_by_side(ahead, "units", 6))
    return Case("car parts", history, ahead, "series", "month", "units", 6, 1, known)


def fresh(series: int | None = None) -> Case:
    """Daily sales of fresh food under stock-outs; the last 14 days, all of them."""
    table = fresh_table(series)
    history, ahead = _cut(table, "date", 14)
    share = side_by_side(ahead, "share", 14)
    every = np.ones(share.shape, bool)
    return Case("fresh food", history, ahead, "series_id", "date", "tenths", 14, 7, every, share)


def fresh_table(series: int | None = None) -> pl.DataFrame:
    """Sales in tenths, sorted by series and date.

    Returns:
        The columns of the data, and: `tenths`; `is_out`, whether a stock-out fell into the hours
        from 6 to 22; `limit`, what was sold where one did, else nothing; `share`, of a usual day's
        demand that falls into the hours in stock.
    """
    daily = _some(_read("retail_freshretailnet", "daily"), "series_id", series)
    hourly = hourly_table()
    tenths = (TENTHS * pl.col("units")).round()
    is_out = pl.col("stockout_hours_6_22") > 0
    profile = usual_hours(hourly)
    return (
        daily.join(shares(hourly, profile), on=["series_id", "date"], how="left")
        .with_columns(
            pl.col("date").str.to_date(),
            tenths.alias("tenths"),
            is_out.alias("is_out"),
            pl.when(is_out).then(tenths).alias("limit"),
        )
        .sort("series_id", "date")
    )


def hourly_table() -> pl.DataFrame:
    """Sales and stock-outs of each hour, sorted."""
    return _read("retail_freshretailnet", "hourly").sort("series_id", "date", "hour")


def usual_hours(hourly: pl.DataFrame) -> Floats:
    """Share of a day's demand that falls into each hour: of mean sales while in stock, (24,).

    Of the days before the last 14 alone.
    """
    last = hourly["date"].unique().sort()[-14]
    known = hourly.filter((pl.col("stockout") == 0) & (pl.col("date") < last))
    means = known.group_by("hour").agg(pl.col("units").mean()).sort("hour")["units"]
    found = means.cast(pl.Float64).to_numpy()
    return found / found.sum()


def shares(hourly: pl.DataFrame, profile: Floats) -> pl.DataFrame:
    """Share of each day's usual demand that falls into hours in stock.

    Args:
        hourly: sorted by series, date and hour.
        profile: share of each hour.

    The hour in which the last piece is sold counts half: it was in stock for a part that nobody
    recorded, and its sales are among the day's.
    """
    out = hourly["stockout"].to_numpy().reshape(-1, 24) == 1
    before = np.concatenate([np.zeros((len(out), 1), bool), out[:, :-1]], axis=1)
    begins = out & ~before
    begins[:, 0] = False  # empty overnight
    share = (~out + 0.5 * begins) @ profile
    days = hourly.select("series_id", "date").gather_every(24)
    return days.with_columns(pl.Series("share", np.maximum(share, EMPTY_SHELF)))


def _read(folder: str, name: str) -> pl.DataFrame:
    return pl.read_parquet(DATA / folder / f"{name}.parquet")


def _some(table: pl.DataFrame, key: str, series: int | None) -> pl.DataFrame:
    """Evenly spaced series, or all."""
    if series is None:
        return table
    names = table[key].unique().sort()
    at = np.linspace(0, names.len() - 1, series).astype(int)
    return table.filter(pl.col(key).is_in(names[at].to_list()))


def _cut(table: pl.DataFrame, time: str, steps: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    first = table[time].unique().sort()[-steps]
    return table.filter(pl.col(time) < first), table.filter(pl.col(time) >= first)


def _without_last(table: pl.DataFrame, time: str, steps: int) -> pl.DataFrame:
    return _cut(table, time, steps)[0] if steps else table
