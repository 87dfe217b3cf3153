"""Tables with rows that cannot be: named, set aside, and no harm to the others."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from small_panel import START, changed, panel_of, recipe, table

from assay.errors import ConfigError, DataError
from assay.family import Censored, Gamma, NegativeBinomial
from assay.frame import read
from assay.predictor import Linear, ScoreDriven, Sum
from assay.series.panel.arrange import arrange


def test_a_good_table_sets_nothing_aside_and_says_nothing():
    panel = panel_of(table())
    assert (panel.series, panel.end, panel.notes, dict(panel.set_aside)) == (3, 19, (), {})
    assert panel.weight.sum() == 60


@pytest.mark.parametrize(
    ("value", "said"), [(-2, "has `units` = -2"), (1.5, "= 1.5"), (np.inf, "= inf")]
)
def test_a_value_that_cannot_be_sets_its_own_series_aside(value, said):
    rows = table().with_columns(pl.col("units").cast(pl.Float64))
    panel = panel_of(changed(rows, "b", 4, units=value))
    assert list(panel.set_aside) == [1]
    assert "2024-01-05" in panel.set_aside[1]
    assert said in panel.set_aside[1]
    assert panel.block(np.arange(3), 20, 8, recipe().seasons, float).seen.weight.sum() == 59


@pytest.mark.parametrize(("returns", "weight"), [("zero", 60), ("missing", 59)])
def test_returns_are_treated_as_asked(returns, weight):
    panel = panel_of(changed(table(), "b", 4, units=-2), returns=returns)
    assert not panel.set_aside
    assert panel.weight.sum() == weight
    assert panel.y.min() == 0
    assert "returns" in panel.notes[0]
    assert ": 1" in panel.notes[0]


def test_an_unknown_treatment_of_returns_is_refused():
    with pytest.raises(ConfigError, match="`returns` is 'drop', must be `refuse`"):
        recipe(returns="drop")


def test_a_day_with_two_values_sets_aside_and_one_that_is_repeated_does_not():
    other = pl.DataFrame({"item": ["b"], "date": [START], "units": [7]})
    again = pl.DataFrame({"item": ["c"], "date": [START], "units": [0]})
    panel = panel_of(pl.concat([table(), other, again], how="diagonal_relaxed"))
    assert list(panel.set_aside) == [1]
    assert "2024-01-01 stands there twice" in panel.set_aside[1]
    assert panel.notes == ("rows that repeat another row and count once: 1",)


def test_days_without_rows_are_unknown():
    gaps = table().filter(pl.col("date").dt.day() % 5 != 2)
    panel = panel_of(gaps)
    weight = panel.block(np.arange(3), 20, 8, recipe().seasons, float).seen.weight
    assert weight.sum() == gaps.height
    assert not np.asarray(weight)[1].any()


def test_weekly_rows_among_daily_ones_are_set_aside():
    weekly = table(100, ("d",)).filter(pl.col("date").dt.weekday() == 1)
    panel = panel_of(pl.concat([table(100), weekly]))
    assert panel.set_aside == {3: "its rows are 7 days apart, those of the other series 1 day"}


def test_one_series_off_the_month_moves_no_other():
    months = pl.DataFrame(
        {"item": "a", "date": pl.date_range(START, date(2025, 12, 1), "1mo", eager=True)}
    )
    many = [months.with_columns(item=pl.lit(f"{k:02}")) for k in range(20)]
    odd = months.with_columns(item=pl.lit("z"), date=pl.col("date") + timedelta(14))
    panel = panel_of(pl.concat([*many, odd]).with_columns(units=3))
    assert panel.grid.said == "1 month"
    assert list(panel.set_aside) == [20]
    assert "2024-01-15 does not lie on the steps" in panel.set_aside[20]


@pytest.mark.parametrize("every", ["1d", "1h", "1mo"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/Santiago"])
def test_times_over_a_change_of_clocks_lie_on_one_grid(every, zone):
    moments = pl.datetime_range(
        datetime(2024, 1, 1), datetime(2024, 12, 1), every, time_zone="UTC", eager=True
    )
    local = moments.dt.replace_time_zone(None)
    if zone is not None:
        # Days begin at midnight on the clock, which Santiago skips once; hours just pass.
        whole = every != "1h"
        local = (
            local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").drop_nulls()
            if whole
            else moments.dt.convert_time_zone(zone)
        )
    rows = pl.DataFrame({"item": "a", "date": local, "units": 1})
    panel = panel_of(rows)
    assert panel.grid.said == {"1d": "1 day", "1h": "1 hour", "1mo": "1 month"}[every]
    assert not panel.set_aside
    assert panel.grid.times(panel.step).to_list() == local.to_list()


def test_sales_above_the_stock_count_as_hidden_at_it_and_are_named():
    rows = changed(table().with_columns(stock=5), "b", 5, stock=1)
    panel = panel_of(rows, family=Censored(NegativeBinomial(), above="stock"))
    assert panel.hidden.sum() == 1
    assert panel.y[panel.hidden] == [1]
    assert "item='b', 2024-01-06" in panel.notes[0]


def test_an_empty_shelf_says_nothing():
    rows = changed(table().with_columns(stock=5), "b", 0, stock=0)
    panel = panel_of(rows, family=Censored(NegativeBinomial(), above="stock"))
    assert panel.weight.sum() == 59
    assert panel.hidden.tolist() == [False] * 20 + [True] + [False] * 39


def test_a_closed_day_that_sold_is_named():
    rows = changed(table().with_columns(open=True), "c", 4, open=False)
    panel = panel_of(rows, term=ScoreDriven(open="open"))
    assert panel.weight.sum() == 59
    assert "first: item='c', 2024-01-05" in panel.notes[0]


def test_a_row_without_its_feature_teaches_nothing():
    rows = changed(table().with_columns(price=pl.col("units") + 1.5), "a", 3, price=None)
    panel = panel_of(rows, others=Sum((Linear("price"),)))
    assert panel.weight.sum() == 59
    assert "rows that lack a feature and teach nothing: 1 (first: item='a'" in panel.notes[0]


def test_where_nothing_can_be_learnt_from_it_says_why():
    with pytest.raises(DataError, match=r"nothing to learn from: 2024-01-0. has `units` = -1"):
        panel_of(table().with_columns(units=-1))
    with pytest.raises(DataError, match="no series has two different times in `date`"):
        panel_of(table(1))
    with pytest.raises(DataError, match="no row has a time and keys"):
        panel_of(table().with_columns(item=pl.lit(None, pl.String)))
    with pytest.raises(DataError, match="empty table"):
        panel_of(table().clear())


def test_a_series_set_aside_keeps_what_its_sound_rows_say():
    panel = panel_of(changed(table(), "b", 4, units=-2))
    own = slice(*panel.edges[1:3])
    assert panel.weight[own].sum() == 19
    assert panel.y[own].sum() == sum(day % 3 for day in range(20) if day != 4)


def test_positive_values_meet_a_family_of_positive_values():
    panel = panel_of(table().with_columns(units=pl.col("units") + 0.5), family=Gamma())
    assert not panel.set_aside


def test_a_flag_and_a_limit_hide_together_and_their_quarrels_are_named():
    rows = table().with_columns(stock=5, gone=pl.col("units") == 5)
    rows = changed(rows, "a", 4, gone=True)  # sold 1 of 5
    rows = changed(rows, "b", 5, stock=2)  # sold 2 of 2, and the flag says no
    panel = panel_of(rows, family=Censored(NegativeBinomial(), above="stock", flag="gone"))
    assert panel.y[panel.hidden].tolist() == [1, 2]
    assert (panel.limit[panel.hidden] == [5, 2]).all()
    assert panel.notes == (
        "rows that `gone` hides below their own limit `above` (column `stock`): 1 "
        "(first: item='a', 2024-01-05)",
        "rows at their limit `above` (column `stock`) though `gone` says no: 1 "
        "(first: item='b', 2024-01-06)",
    )


def test_a_negative_stock_is_an_empty_shelf_and_a_missing_one_hides_nothing():
    rows = changed(table().with_columns(stock=pl.lit(5, pl.Int64)), "b", 0, stock=-3)
    panel = panel_of(rows, family=Censored(NegativeBinomial(), above="stock"))
    assert panel.limit.min() == 0
    assert panel.weight.sum() == 59
    assert "`stock` is below 0 and count as an empty shelf: 1 (first: item='b'" in panel.notes[0]
    unknown = rows.with_columns(stock=pl.lit(None, pl.Float64))
    free = panel_of(unknown, family=Censored(NegativeBinomial(), above="stock"))
    assert not free.hidden.any()
    assert free.notes == ("`stock` is missing in every row, so it hides nothing",)


@pytest.mark.parametrize(("name", "given"), [("below", 0), ("between", ("low", "high"))])
def test_what_is_known_from_below_is_refused_by_its_name(name, given):
    with pytest.raises(ConfigError, match=f"`{name}` of Censored is .*Leave `{name}` out"):
        panel_of(table(), family=Censored(NegativeBinomial(), **{name: given}))


def test_keys_that_were_forgotten_are_asked_for():
    days = [date(2024, 1, 1) + timedelta(day) for day in range(9)]
    rows = pl.DataFrame({"date": days * 3, "item": ["a"] * 9 + ["b"] * 9 + ["c"] * 9, "units": 1})
    rows = rows.with_columns(units=pl.int_range(27))
    said = r"18 of 27 rows share their `date` with another, .*: `by=\[\.\.\.\]` \(`--series`\)"
    with pytest.raises(DataError, match=said):
        arrange(read(rows), recipe(by=()))
