"""Each kind of odd table by itself: what is said of it, and that the other series do not move."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from small_panel import START, changed, panel_of, recipe, table

import assay
from assay.errors import ConfigError, DataError
from assay.family import Censored, NegativeBinomial
from assay.frame import read
from assay.predictor import Linear, Sum
from assay.series.future.ahead import future_of
from assay.series.panel.arrange import arrange


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 1, 1)])
def test_a_date_far_off_moves_neither_beginning_nor_end(day):
    panel = panel_of(changed(table(), "b", 7, date=day))
    assert (panel.step.min(), panel.end) == (0, 19)
    assert list(panel.set_aside) == [1]
    assert f"{day} lies far from the times of all other rows" in panel.set_aside[1]


def test_times_that_are_no_numbers_are_left_out():
    days = (pl.col("date") - START).dt.total_days().cast(float)
    rows = table().with_columns(date=days)
    odd = rows.with_columns(
        date=pl.when((pl.col("item") == "b") & (pl.col("date") == 3)).then(np.inf).otherwise("date")
    )
    panel = panel_of(odd)
    assert panel.step.size == 59
    assert panel.notes == ("rows without a time or a key that were left out: 1",)


@pytest.mark.parametrize(("form", "kind"), [("%Y%m%d", "day"), ("%Y%m", "month")])
def test_days_written_as_numbers_are_no_numbers(form, kind):
    months = table().with_columns(
        date=pl.col("date").dt.offset_by("1mo" if kind == "month" else "1d")
    )
    written = months.with_columns(pl.col("date").dt.strftime(form).cast(int))
    rows = written if kind == "day" else written.with_columns(date=pl.col("date") + pl.col("units"))
    with pytest.raises(DataError, match=f"each is a {kind} written as a number"):
        panel_of(rows)


def test_numbers_that_only_look_like_days_are_numbers():
    counted = table(60).with_columns(date=20240101 + (pl.col("date") - START).dt.total_days())
    assert panel_of(counted).grid.said == "1 unit"  # 20240132 is no day


@pytest.mark.parametrize(
    "text",
    ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%B %d, %Y"],
)
def test_days_as_text_are_read_in_one_way_or_refused_with_it(text):
    with pytest.raises(DataError, match=r"in row 1\. Days are written 2024-02-01, months"):
        panel_of(table().with_columns(pl.col("date").dt.strftime(text)))


def test_days_as_plain_text_are_days():
    panel = panel_of(table().with_columns(pl.col("date").cast(pl.String)))
    assert panel.grid.said == "1 day"


def test_hours_of_a_clock_without_a_zone_name_the_way_out():
    hours = pl.datetime_range(
        datetime(2024, 10, 26), datetime(2024, 10, 28), "1h", time_zone="Europe/Berlin", eager=True
    )
    rows = pl.DataFrame({"item": "a", "date": hours, "units": np.arange(len(hours)) % 5})
    assert panel_of(rows).step.size == 50  # 25 hours on the 27th, and the hour after
    local = rows.with_columns(pl.col("date").dt.replace_time_zone(None))
    other = local.with_columns(item=pl.lit("b")).unique("date", keep="first")
    panel = panel_of(pl.concat([local, other]))
    assert panel.set_aside[0].endswith("Where clocks are set back, hours need a time zone")
    assert list(panel.set_aside) == [0]


def test_two_zones_in_one_column_are_refused():
    zone = pl.when(pl.col("item") == "b").then(pl.lit("+01:00")).otherwise(pl.lit("+02:00"))
    rows = table().with_columns(date=pl.col("date").cast(pl.String) + "T00:00:00" + zone)
    with pytest.raises(DataError, match=r"mixes times with offset \+02:00 \(row 1\)"):
        panel_of(rows)


@pytest.mark.parametrize("value", [2**53, 2**63 - 1, 2**64 - 1])
def test_counts_too_large_to_tell_apart_set_their_series_aside(value):
    rows = table().with_columns(pl.col("units").cast(pl.UInt64))
    own = (pl.col("item") == "b") & (pl.col("date") == START)
    large = pl.lit(value, pl.UInt64)
    panel = panel_of(rows.with_columns(units=pl.when(own).then(large).otherwise("units")))
    assert list(panel.set_aside) == [1]
    assert "but values stay below 9e+15" in panel.set_aside[1]


def test_large_and_narrow_integers_are_read_as_they_are():
    large = panel_of(table().with_columns(units=(pl.col("units") + 1) * 10**15))
    assert not large.set_aside
    assert large.y.max() == 3e15
    narrow = panel_of(table().with_columns(units=(pl.col("units") + 100).cast(pl.Int8)))
    assert (narrow.y[:3].tolist(), narrow.y.sum()) == ([100, 101, 102], 6057)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (("rows",), "key `rows` has the name of a column of the answers. Rename it"),
        (("store", "mean"), "key `mean`"),
        (("hi-90",), "key `hi-90`"),
        (("__series",), "key `__series`"),
        (("store", "unique_id"), "key `unique_id`"),
        (("ds",), "key `ds`"),
        (("item", "item"), "key `item` is named twice"),
    ],
)
def test_keys_named_as_answers_are_refused_at_the_door(by, said):
    with pytest.raises(ConfigError, match=said):
        recipe(by=by)


def test_the_names_of_forecasting_tools_are_keys_and_times():
    assert recipe(by=("unique_id",), time="ds").by == ("unique_id",)
    with pytest.raises(ConfigError, match="time column `seen` has the name"):
        recipe(time="seen")


def test_a_key_of_lists_is_refused():
    with pytest.raises(DataError, match=r"key `item` is List\(String\); text, numbers and days"):
        panel_of(table().with_columns(pl.concat_list("item")))


def test_a_target_of_text_names_its_first_word():
    rows = table().with_columns(units=pl.when(pl.col("item") == "b").then(pl.lit("n/a")))
    with pytest.raises(DataError, match=r"column `units` holds text.*row 21 is 'n/a'"):
        panel_of(rows)


def test_a_series_without_any_value_teaches_nothing_and_stays():
    rows = table().with_columns(units=pl.when(pl.col("item") != "b").then("units"))
    panel = panel_of(rows)
    assert panel.series == 3
    assert not panel.set_aside
    assert np.add.reduceat(panel.weight, panel.edges[:-1]).tolist() == [20, 0, 20]


def test_limits_that_hide_every_value_are_refused():
    family = Censored(NegativeBinomial(), above="gone")
    with pytest.raises(DataError, match=r"hidden in all 39 rows that tell of it.*true means hid"):
        panel_of(table().with_columns(gone=True), family=family)


def test_zeros_and_ones_as_limits_are_taken_for_flags():
    family = Censored(NegativeBinomial(), above="gone")
    rows = table().with_columns(gone=(pl.col("units") == 0).cast(int))
    with pytest.raises(DataError, match="`gone` holds only 0 and 1, and the target is larger in"):
        panel_of(rows, family=family)


def test_stock_at_the_end_of_the_day_is_no_limit():
    family = Censored(NegativeBinomial(), above="left")
    notes = panel_of(table().with_columns(left=2 - pl.col("units")), family=family).notes
    assert any("not what was left" in note for note in notes)
    assert any("sold while `left` was 0, yet teach nothing: 18" in note for note in notes)


def test_a_price_that_has_no_logarithm_costs_its_row_alone():
    rows = changed(table(), "a", 3, price=0.0)
    rows = changed(rows, "b", 3, price=np.inf)
    for formula in ("log(price)", "log(`price`) + price"):
        panel = panel_of(rows, others=Sum((Linear(formula),)))
        assert panel.weight.sum() == 58
        assert "lack a feature and teach nothing: 2 (first: item='a', 2024-01-04)" in panel.notes[0]


def ahead(rows, horizon=3):
    priced = recipe(others=Sum((Linear("price"),)))
    return future_of(priced, arrange(read(table()), priced), read(rows), horizon)


def to_come(days=3):
    return table(20 + days).filter(pl.col("date") >= START + timedelta(20)).drop("units")


def test_rows_to_come_that_overlap_the_past_are_left_out_and_told():
    late = table().filter(pl.col("date") > START + timedelta(17)).drop("units")
    future = ahead(pl.concat([late, to_come(9)]))
    assert np.array_equal(future.features, ahead(to_come()).features)
    assert future.notes == (
        "rows to come that lie in the past and were left out: 6 (first: item='a', 2024-01-19)",
    )


def test_rows_to_come_without_keys_are_counted_and_a_missing_key_is_named():
    lost = to_come().with_columns(item=pl.when(pl.col("item") != "b").then("item"))
    notes = ahead(lost).notes
    assert notes[0] == "rows to come without a time or a key that were left out: 3"
    said = "features at their average: 3 of 9, in 1 series (first: item='b': no row for 2024-01-21"
    assert said in notes[1]
    with pytest.raises(DataError, match="no column `item` among its"):
        ahead(to_come().drop("item"))


@pytest.fixture(scope="module")
def single():
    model = assay.Model(NegativeBinomial(), mean=assay.ScoreDriven())
    one = table(40, ("a",)).drop("item")
    return model, one, model.fit(one, "units", time="date")


def test_a_single_series_needs_no_key(single):
    model, one, fitted = single
    assert len(fitted) == 1
    found = fitted.forecast(60).table()  # further than its past is long
    assert found["unique_id"].unique().to_list() == ["1"]
    assert found.height == 60
    assert found["mean"].is_between(0.5, 1.5).all()
    assert fitted.results()["rows"].to_list() == [40]
    assert fitted.demand().columns == ["date", "seen", "hidden", "mean"]
    ahead_of = one.tail(3).with_columns(pl.col("date") + timedelta(3)).drop("units")
    assert fitted.forecast(3, ahead_of).sums().height == 1
    tested = model.backtest(one, "units", time="date", horizon=3, origins=1)
    assert tested.rows.height == 9
    assert tested.rows["model"].n_unique() == 3


def test_scores_refuse_keys_of_their_own_names(single):
    model = single[0]
    with pytest.raises(ConfigError, match="key `model` has the name of a column of the answers"):
        model.backtest(
            table().rename({"item": "model"}), "units", time="date", by="model", horizon=3
        )


def test_parameters_refuse_keys_of_their_own_names(single):
    model = single[0]
    rows = table(40).with_columns(item=pl.col("item") == "a").unique(["item", "date"])
    fitted = model.fit(rows.rename({"item": "size"}), "units", time="date", by="size")
    assert fitted.results().columns[0] == "size"
    with pytest.raises(ConfigError, match="key `size` has the name"):
        fitted.parameters()


@pytest.mark.slow
def test_a_season_longer_than_half_the_past_and_a_series_in_another_unit_are_told():
    model = assay.Model(NegativeBinomial(), mean=assay.ScoreDriven(season=15))
    huge = table().with_columns(units=pl.when(pl.col("item") == "c").then(10**9).otherwise("units"))
    fitted = model.fit(huge, "units", time="date", by="item")
    assert fitted.notes[:1] == (
        "season 15: 20 steps hold no two rounds of it, so little is known of it",
    )
    said = fitted.results()["message"].to_list()
    assert said[:2] == ["", ""]
    assert said[2].startswith("more than a million times what most series hold: in another unit?")
