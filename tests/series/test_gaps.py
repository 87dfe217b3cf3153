"""Days without a row: unknown, or sold nothing."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
import small_panel
from small_panel import START, recipe

import assay
from assay.errors import ConfigError
from assay.family import Gamma, NegativeBinomial, Poisson, Tweedie
from assay.predictor import Linear, ScoreDriven, Sum


def table(*sold):
    """Rows of item, day and units."""
    rows = [(item, START + timedelta(day), units) for item, day, units in sold]
    return pl.DataFrame(rows, schema=["item", "date", "units"], orient="row")


SALES = table(("a", 0, 3), ("a", 1, 2), ("a", 4, 1), ("b", 2, 5), ("b", 3, 1), ("b", 9, 2))


def panel_of(rows, **given):
    return small_panel.panel_of(rows, **({"gaps": "zero"} | given))


def test_absent_days_sold_nothing_from_the_first_row_to_the_last_of_the_table():
    panel = panel_of(SALES)
    assert panel.y.tolist() == [3, 2, 0, 0, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 0, 2]
    assert panel.weight.tolist() == [1.0] * 18
    assert panel.step.tolist() == [*range(10), *range(2, 10)]
    assert panel.edges.tolist() == [0, 10, 18]
    assert panel.notes == ("steps without a row that count as nothing sold: 12",)


def test_absent_days_are_unknown_unless_said_otherwise():
    assert panel_of(SALES, gaps="missing").y.tolist() == [3, 2, 1, 5, 1, 2]


def test_a_row_without_a_value_or_one_that_cannot_be_is_no_day_without_sales():
    rows = pl.concat([SALES, table(("a", 2, None), ("a", 3, -4))])
    panel = panel_of(rows)
    assert list(panel.set_aside) == [0]
    assert panel.weight[:5].tolist() == [1, 1, 0, 0, 1]
    assert panel.notes[0].endswith(": 10")


def test_limits_closures_and_features_of_absent_days_are_not_known():
    rows = SALES.with_columns(stock=9, open=True, price=pl.col("units") + 0.5)
    family = assay.Censored(NegativeBinomial(), above="stock")
    panel = panel_of(rows, family=family, term=ScoreDriven(open="open"))
    assert panel.weight.sum() == 18
    assert np.isinf(panel.limit).sum() == 12
    assert not panel.hidden.any()
    priced = panel_of(rows, others=Sum((Linear("price"),)))
    assert priced.weight.sum() == 6
    assert "rows that lack a feature and teach nothing: 12 (first: item='a'" in priced.notes[-1]


def test_sales_that_come_evenly_apart_are_no_other_frequency():
    weekly = table(*(("c", 7 * week, 1) for week in range(8)))
    daily = table(*(("a", day, 1 + day % 2) for day in range(50)))
    assert list(panel_of(pl.concat([daily, weekly]), gaps="missing").set_aside) == [1]
    panel = panel_of(pl.concat([daily, weekly]))
    assert not panel.set_aside
    assert panel.y[50:57].tolist() == [1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "family", "is_said"),
    [
        (SALES, NegativeBinomial(), True),
        (pl.concat([SALES, table(("b", 4, 0))]), NegativeBinomial(), False),
        (table(*(("a", day, 1) for day in range(9))), Poisson(), False),
        (SALES, Gamma(), False),
    ],
    ids=["gaps and no zeros", "a zero", "no gaps", "no counts"],
)
def test_a_table_of_sales_alone_is_suspected(rows, family, is_said):
    notes = panel_of(rows, family=family, gaps="missing").notes
    assert any("`gaps='zero'` (`--gaps zero`)" in note for note in notes) is is_said
    if is_said:
        assert "no value is 0, and 7 of 13 steps" in notes[0]


def test_what_gaps_may_be():
    with pytest.raises(ConfigError, match="`gaps` is 'fill', must be `missing`"):
        recipe(gaps="fill")
    with pytest.raises(ConfigError, match=r"the family takes above 0, and no zeros"):
        recipe(family=Gamma(), gaps="zero")
    recipe(family=Tweedie(), gaps="zero")
    with pytest.raises(ConfigError, match="`gaps`, `pool`, `precision` and `checkpoint` belong to"):
        assay.Model(NegativeBinomial()).fit(SALES, "units", gaps="zero")


def test_hours_over_a_change_of_clocks_are_filled_once_each():
    hours = pl.datetime_range(
        pl.datetime(2024, 10, 26), pl.datetime(2024, 10, 28), "1h", time_zone="Europe/Berlin",
        eager=True,
    )  # fmt: skip
    assert len(hours) == 50  # the 27th has 25
    rows = pl.DataFrame({"item": "a", "date": hours, "units": 1})
    panel = panel_of(rows.filter(pl.int_range(50) % 9 != 5))
    assert panel.grid.times(panel.step).to_list() == hours.to_list()
    assert panel.y.sum() == 45
