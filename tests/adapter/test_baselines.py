"""Baselines on tables small enough to be worked by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from assay.adapter import BASELINES, Task, baseline, forecast_blocks, time_axis
from assay.errors import ConfigError, UnknownNameError
from assay.frame import Roles, check, read

WEEK = [3.0, 1, 4, 1, 5, 9, 2]


def panel(series, *, start=date(2024, 1, 1)):
    """One row a day and series; a missing value is None."""
    rows = [
        {"shop": shop, "day": start + timedelta(days=day), "units": value}
        for shop, values in series.items()
        for day, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema_overrides={"units": pl.Float64})


def task(table, *, first, season=None, horizon=None, series=("shop",)):
    """Rows from day `first` on are to be predicted, those before are open."""
    roles = Roles("units", time="day", series=series, season=season, horizon=horizon)
    frame = check(read(table), roles)
    _, time = time_axis(frame, roles)
    rows = np.arange(frame.rows)
    return Task(frame, roles, rows[time < first], rows[time >= first])


def test_climatology_is_the_law_of_the_open_target():
    found = baseline("climatology", task(panel({"a": [1, 2, 4, 9, 9, 9]}), first=3))
    assert found.rows == 3
    assert found.mean() == pytest.approx([7 / 3] * 3)
    assert found.quantile(0.5) == pytest.approx([2.0] * 3)
    assert found.is_count


def test_climatology_of_many_values_keeps_their_quantiles():
    values = np.random.default_rng(1).gamma(2, size=5000)
    table = read(pl.DataFrame({"y": values}))
    many = Task(table, Roles("y"), np.arange(5000), np.arange(3))
    found = baseline("climatology", many)
    for level in (0.01, 0.5, 0.99):
        share = np.mean(values <= found.quantile(level)[0])
        assert share == pytest.approx(level, abs=1 / 400)


def test_base_rate_is_a_share_that_is_never_certain():
    frame = read(pl.DataFrame({"y": [0, 0, 1, 0, 0, 0]}))
    rows = np.arange(6)
    found = baseline("base-rate", Task(frame, Roles("y"), rows[:4], rows[4:]))
    assert found.mean() == pytest.approx([1.5 / 5] * 2)
    never = baseline("base-rate", Task(frame, Roles("y"), rows[:2], rows[2:]))
    assert never.mean() == pytest.approx([0.5 / 3] * 4)
    assert np.isfinite(never.log_prob(np.ones(4))).all()


def test_base_rate_of_a_count_is_refused():
    with pytest.raises(ConfigError, match=r"`base-rate` needs a target of 0 and 1"):
        baseline("base-rate", task(panel({"a": [1, 2, 4]}), first=2))


def test_naive_is_the_last_value_plus_the_law_of_the_steps():
    # Steps of +1 and +3 in turn; the last open value is 12.
    found = baseline("naive", task(panel({"a": [0, 1, 4, 5, 8, 9, 12, 77, 78]}), first=7))
    assert found.values[0].min() == 13
    assert found.values[0].max() == 15
    assert found.mean()[0] == pytest.approx(14.0)
    # The second day sees what the first one brought.
    assert found.mean()[1] == pytest.approx(79.0)


def test_naive_over_two_days_looks_two_steps_ahead():
    found = baseline(
        "naive", task(panel({"a": [0, 1, 4, 5, 8, 9, 12, 77, 78]}), first=7, horizon=2)
    )
    assert found.mean() == pytest.approx([14.0, 16.0])


def test_seasonal_naive_repeats_the_week():
    table = panel({"a": WEEK * 4, "b": [10 * value for value in WEEK * 4]})
    found = baseline("seasonal-naive", task(table, first=21, season=7, horizon=7))
    assert found.mean()[:7] == pytest.approx(WEEK)
    assert found.mean()[7:] == pytest.approx([10 * value for value in WEEK])


def test_a_horizon_beyond_the_season_goes_back_two_seasons():
    # The level rises by 7 a week: one week back is 7 short, two weeks back 14, and the law of the
    # residuals at each lag makes up for it.
    rising = [value + 7 * week for week in range(6) for value in WEEK]
    found = baseline("seasonal-naive", task(panel({"a": rising}), first=28, season=7, horizon=14))
    assert found.mean() == pytest.approx(rising[28:])
    # From one origin, nothing of the first forecast week is used for the second.
    changed = [*rising[:28], *([500.0] * 14)]
    again = baseline("seasonal-naive", task(panel({"a": changed}), first=28, season=7, horizon=14))
    assert again.mean() == pytest.approx(rising[28:])


def test_a_missing_day_is_replaced_by_the_week_before():
    values = [*WEEK, *WEEK, *WEEK[:2], None, *WEEK[3:], *WEEK]
    found = baseline("seasonal-naive", task(panel({"a": values}), first=21, season=7, horizon=7))
    assert found.mean() == pytest.approx(WEEK)


def test_a_missing_row_is_replaced_by_the_week_before():
    table = panel({"a": WEEK * 4, "b": WEEK * 4})
    gone = (pl.col("shop") == "a") & (pl.col("day") == date(2024, 1, 17))
    found = baseline("seasonal-naive", task(table.filter(~gone), first=21, season=7, horizon=7))
    assert found.mean() == pytest.approx(WEEK * 2)


def test_a_series_without_any_past_gets_the_middle_of_the_others():
    table = pl.concat(
        [panel({"a": [5.0] * 12}), panel({"new": [1.0, 1.0]}, start=date(2024, 1, 11))]
    )
    found = baseline("naive", task(table, first=10, horizon=2))
    assert found.mean()[2:] == pytest.approx([5.0, 5.0])


def test_counts_stay_whole_and_what_is_never_negative_stays_so():
    rng = np.random.default_rng(2)
    found = baseline("naive", task(panel({"a": rng.poisson(1.0, 60).astype(float)}), first=50))
    assert np.array_equal(found.values, np.round(found.values))
    assert found.values.min() >= 0


@pytest.mark.parametrize("name", ["naive", "seasonal-naive"])
@pytest.mark.parametrize("horizon", [1, 3, 10])
def test_nothing_is_known_before_it_happens(name, horizon):
    # What comes at an origin or after it must not move what is forecast from it.
    rng = np.random.default_rng(3)
    series = {shop: rng.poisson(6.0, 60).astype(float) for shop in ("a", "b")}
    plain = task(panel(series), first=40, season=7, horizon=horizon)
    before = baseline(name, plain)
    _, time = time_axis(plain.frame, plain.roles)
    time = time[plain.target_rows]
    origin = forecast_blocks(time, 40, horizon)
    for changed in (40, 47, 59):
        moved = {shop: values.copy() for shop, values in series.items()}
        for values in moved.values():
            values[changed:] += 1000
        after = baseline(name, task(panel(moved), first=40, season=7, horizon=horizon))
        known = origin < changed
        assert np.array_equal(before.values[known], after.values[known])
        later = (origin >= changed + 7) & (time - origin <= 7)
        assert not later.any() or np.all(after.mean()[later] > before.mean()[later] + 500)


def test_origins_step_by_one_horizon():
    times = np.array([10, 11, 12, 13, 14, 15, 16])
    assert forecast_blocks(times, 10, 3).tolist() == [9, 9, 9, 12, 12, 12, 15]
    assert forecast_blocks(times, 10, 1).tolist() == [9, 10, 11, 12, 13, 14, 15]


def test_the_time_axis_numbers_series_and_times():
    frame = read(panel({"b": [1, 2, 3], "a": [4, 5, 6]}))
    series, time = time_axis(frame, Roles("units", time="day", series=("shop",)))
    assert series.tolist() == [1, 1, 1, 0, 0, 0]
    assert time.tolist() == [0, 1, 2, 0, 1, 2]
    alone = read(panel({"a": [4, 5, 6]}))
    assert time_axis(alone, Roles("units", time="day"))[0].tolist() == [0, 0, 0]


def test_what_a_baseline_lacks_is_said():
    table = read(pl.DataFrame({"y": [1.0, 2.0]}))
    plain = Task(table, Roles("y"), np.array([0]), np.array([1]))
    with pytest.raises(ConfigError, match=r"baseline `naive` needs a `time` column"):
        baseline("naive", plain)
    with pytest.raises(ConfigError, match=r"`seasonal-naive` needs a `season`"):
        baseline("seasonal-naive", task(panel({"a": [1, 2, 3]}), first=2))
    with pytest.raises(
        UnknownNameError, match=r"unknown baseline `season-naive`.*`seasonal-naive`"
    ):
        baseline("season-naive", plain)
    assert sorted(BASELINES) == ["base-rate", "climatology", "naive", "seasonal-naive"]
