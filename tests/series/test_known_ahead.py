"""What is known of the days to come: missing, new and odd rows."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from assay.errors import DataError
from assay.family import NegativeBinomial
from assay.frame import read
from assay.predictor import Linear, Offset, ScoreDriven, Sum
from assay.series.future.ahead import future_of, unique_ids
from assay.series.panel.arrange import Recipe, arrange

START = date(2024, 1, 1)
RECIPE = Recipe(
    family=NegativeBinomial(),
    driven="mean",
    term=ScoreDriven(open="open"),
    others=Sum((Linear("price + kind"),)),
    target="units",
    time="date",
    by=("item",),
)


def table(first=0, days=12, items=("a", "b", "c")):
    rows = [
        {
            "item": item,
            "date": START + timedelta(day),
            "units": day % 3,
            "price": 1.0 + day % 4,
            "kind": ("x", "y")[day % 2],
            "open": day % 5 > 0,
        }
        for item in items
        for day in range(first, first + days)
    ]
    return pl.DataFrame(rows)


PANEL = arrange(read(table()), RECIPE)


def ahead(rows, horizon=3):
    return future_of(RECIPE, PANEL, read(rows), horizon)


def test_features_and_closures_stand_on_their_days():
    future = ahead(table(12, 3).drop("units").sample(fraction=1.0, shuffle=True, seed=1))
    assert future.features.shape == (2, 3, 3)
    assert future.is_open.tolist() == [[1] * 3, [1] * 3, [1] * 3]
    assert np.ptp(future.features, axis=2).max() == 0
    assert future.notes == ()
    later = ahead(table(12, 4), 4)
    assert later.is_open[3].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda rows, own: rows.filter(~own), "no row for 2024-01-14 with all features"),
        (
            lambda rows, own: rows.with_columns(
                price=pl.when(own).then(None).otherwise(pl.col("price"))
            ),
            "no row for 2024-01-14 with all features",
        ),
        (
            lambda rows, own: rows.with_columns(
                kind=pl.when(own).then(pl.lit("new")).otherwise(pl.col("kind"))
            ),
            "was not among the fitting rows",
        ),
    ],
    ids=["no row", "no price", "a kind never seen"],
)
def test_a_series_whose_features_are_not_known_moves_no_other(bad, said):
    good = ahead(table(12, 3))
    own = (pl.col("item") == "b") & (pl.col("date") == START + timedelta(13))
    future = ahead(bad(table(12, 3), own))
    assert np.array_equal(future.features[:, :, [0, 2]], good.features[:, :, [0, 2]])
    assert not future.features[:, 1, 1].any()
    assert "(first: item='b': " in future.notes[0]
    assert said in future.notes[0]


def test_features_that_nobody_knows_are_asked_for():
    with pytest.raises(DataError, match=r"no series has all .*: no row for 2024-01-15"):
        ahead(table(12, 2))
    with pytest.raises(DataError, match="the model reads `kind`, `price`, which must be known"):
        future_of(RECIPE, PANEL, None, 3)


def test_new_series_come_last_and_are_told():
    future = ahead(table(12, 3, ("a", "b", "c", "new")))
    assert future.place.tolist() == [0, 1, 2, -1]
    assert unique_ids(future.keys) == ["a", "b", "c", "new"]
    assert "new series" in future.notes[0]


def test_keys_and_times_of_another_kind_are_refused():
    with pytest.raises(DataError, match="time column `date` is Int64, that of the past was Date"):
        ahead(table(12, 3).with_columns(date=pl.lit(3, pl.Int64)))
    numbered = arrange(
        read(table().with_columns(item=pl.col("item").replace_strict({"a": 1, "b": 2, "c": 3}))),
        RECIPE,
    )
    with pytest.raises(DataError, match="key `item` is String, that of the past was Int64"):
        future_of(RECIPE, numbered, read(table(12, 3)), 3)


def test_ids_stay_apart_whatever_keys_hold():
    keys = pl.DataFrame({"store": ["a/b", "a", "ü "], "item": ["c", "b/c", "'%\n"]})
    ids = unique_ids(keys)
    assert len(set(ids)) == 3
    assert unique_ids(keys[2:]) == ["ü /'%\n"]


def test_closures_that_nobody_said_are_told():
    future = ahead(table(12, 3).filter(pl.col("item") != "b"))
    assert "of which `open` is not known, forecast as open: 3 of 9" in future.notes[1]
    assert "though 9 of the past were closed; say `open`" in future.notes[1]
    assert ahead(table(12, 3)).notes == ()
    sundays = (
        table(days=28).drop("price", "kind").with_columns(open=pl.col("date").dt.weekday() < 7)
    )
    plain = replace(RECIPE, others=None)
    past = future_of(plain, arrange(read(sundays), plain), None, 7)
    assert (
        "forecast as open: 21 of 21, though 12 of the past were closed, all of them Sundays"
        in (past.notes[0])
    )


def test_a_missing_row_has_the_last_known_offset():
    recipe = replace(RECIPE, term=ScoreDriven(), others=Sum((Offset("pop", log=True),)))
    rows = table(days=15).with_columns(pop=pl.lit(np.exp(9.0)) * pl.col("date").dt.day())
    panel = arrange(read(rows.filter(pl.col("date") < START + timedelta(12))), recipe)
    own = (pl.col("item") == "b") & (pl.col("date") == START + timedelta(13))
    future = future_of(
        recipe, panel, read(rows.filter(~own, pl.col("date") >= START + timedelta(12))), 3
    )
    assert future.offset[:, 0] == pytest.approx(9 + np.log([13, 14, 15]))
    assert future.offset[:, 1] == pytest.approx(9 + np.log([13, 12, 15]))
    assert "forecast with the last known offset: 1 of 9, in 1 series" in future.notes[0]
    new = pl.DataFrame([{"item": "d", "date": START + timedelta(12), "pop": 1.0}])
    more = pl.concat(
        [rows.filter(pl.col("date") >= START + timedelta(12)).select(new.columns), new]
    )
    assert future_of(recipe, panel, read(more), 3).offset[1, 3] == pytest.approx(9 + np.log(12))


def test_a_future_beside_the_point_is_refused():
    twice = pl.concat([table(12, 3), table(12, 1, ("b",)).with_columns(price=9.0)])
    with pytest.raises(DataError, match="item='b' has two rows for 2024-01-13 that do not say"):
        ahead(twice)
    repeated = pl.concat([table(12, 3), table(12, 1, ("b",))])
    assert np.array_equal(ahead(repeated).features, ahead(table(12, 3)).features)
    beyond = "next steps, 2024-01-13 to 2024-01-15, .* The table holds 2024-02-10 to 2024-02-12"
    with pytest.raises(DataError, match=beyond):
        ahead(table(40, 3))
    with pytest.raises(DataError, match="The table holds no row"):
        ahead(table(12, 3).with_columns(item=pl.lit(None, pl.String)))
    with pytest.raises(DataError, match="polars table: no column `kind`, which the model reads"):
        ahead(table(12, 3).drop("kind"))


def test_a_horizon_longer_than_the_past_is_told():
    assert "13 days are forecast from 12 days" in ahead(table(12, 13), 13).notes[0]


def test_weekdays_that_were_always_closed_are_named_among_other_closures():
    recipe = replace(RECIPE, others=None)
    day = pl.col("date").dt.weekday()
    shut = table(days=28).with_columns(open=(day < 6) & (pl.col("date") != START + timedelta(9)))
    note = future_of(recipe, arrange(read(shut), recipe), None, 7).notes[0]
    assert "27 of the past were closed, among them all Saturdays and Sundays;" in note
