"""One series as a picture, and all of them added up."""

import numpy as np
import pytest

from assay.errors import ConfigError
from assay.picture import svg
from assay.series.future.total import total_of


def test_a_series_is_drawn_with_what_was_expected_or_with_its_forecast(fitted, forecast):
    past, ahead = fitted.picture("north", 3), fitted.picture("south", 0, ahead=forecast)
    assert ">sold out<" in svg(past)
    assert svg(past) != svg(fitted.picture("north", 4))
    assert len(svg(ahead)) > 1000


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (("north",), "1 values of keys are given, needed are store, item"),
        (("west", 3), "no series 'west', 3; the first is store='north', item=0"),
    ],
)
def test_a_series_that_is_not_there_is_named(fitted, key, said):
    with pytest.raises(ConfigError, match=said):
        fitted.picture(*key)


def test_a_total_is_the_sum_that_is_told(forecast):
    total, told = total_of(forecast), forecast.sums(levels=(90,)).row(0, named=True)
    assert total.mean == pytest.approx(told["mean"])
    assert (total.low, total.high) == (told["lo-90"], told["hi-90"])
    daily = forecast.sums(levels=(50, 90), each_step=True)
    assert total.steps["mean"].to_numpy() == pytest.approx(daily["mean"].to_numpy())
    for name, column in (("low", "lo-90"), ("inner_high", "hi-50")):
        assert np.array_equal(total.steps[name], daily[column])


def test_a_search_that_was_stopped_is_named(fitted):
    from dataclasses import replace

    left = fitted.fits.left.copy()
    left[2] = 0.5
    stopped = replace(fitted, fits=replace(fitted.fits, left=left))
    said = stopped.results()["message"].to_list()
    assert said[2] == "search stopped with 0.5 of its log posterior left to gain"
    assert said[3] == ""
    assert "search stopped before its end" in stopped.notes[-1]
    assert "store='north', item=2" in stopped.notes[-1]


def test_lost_sums_by_several_columns_take_one_pass_and_agree(fitted, monkeypatch):
    lost = fitted.lost_sales()
    passes = []
    drawn = type(lost)._drawn

    def counted(self, draws):
        passes.append(draws)
        return drawn(self, draws)

    monkeypatch.setattr(type(lost), "_drawn", counted)
    whole, each = lost.sums_of((), "store")
    assert len(passes) == 1
    assert whole.equals(lost.sums())
    assert each.equals(lost.sums("store"))
