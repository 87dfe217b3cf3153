"""Order in time and season."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from scipy.signal import lfilter

from assay.problem import profile

FIRST = date(2023, 1, 1)


def days(n, step=1):
    return [FIRST + timedelta(days=step * k) for k in range(n)]


def order(times, y=None, **more):
    table = pl.DataFrame({"t": times, "y": range(len(times)) if y is None else y, **more})
    roles = {"series": "s"} if "s" in more else {}
    return profile(table, target="y", time="t", **roles)["order"]


def autoregression(n, r, seed):
    noise = np.random.default_rng(seed).normal(size=n + 200)
    return lfilter([1.0], [1.0, -r], noise)[200:]


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (days(30), "day"),
        (days(30, 7), "week"),
        (days(30, 3), "3 days"),
        ([date(2020 + m // 12, m % 12 + 1, 1) for m in range(30)], "month"),
        ([date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 31)], "month"),
        ([date(2020 + q // 4, 3 * (q % 4) + 1, 1) for q in range(10)], "quarter"),
        ([date(year, 12, 31) for year in range(2000, 2010)], "year"),
        ([datetime(2024, 1, 1) + timedelta(hours=h) for h in range(30)], "hour"),
        ([datetime(2024, 1, 1) + timedelta(minutes=15 * h) for h in range(30)], "15 minutes"),
        (list(range(30)), "step"),
        ([0.5 * k for k in range(30)], "0.5"),
        ([d for d in days(30) if d.weekday() < 5], "working day"),
    ],
)
def test_the_step_is_recognised_and_has_no_gaps(times, step):
    found = order(times).evidence
    assert found["step"] == step
    assert found["gaps"] == 0
    assert found["share_one_step_apart"] == 1.0


def test_a_day_of_twenty_three_hours_is_a_day():
    zone = ZoneInfo("Europe/Paris")  # clocks change on 2024-03-31
    times = [datetime(2024, 3, 25, tzinfo=zone) + timedelta(days=k) for k in range(14)]
    found = order(pl.Series(times).dt.convert_time_zone("Europe/Paris")).evidence
    assert (found["step"], found["gaps"]) == ("day", 0)


def test_gaps_are_counted_inside_series_only():
    times = [FIRST + timedelta(d) for d in (0, 1, 2, 5, 6)] + [
        FIRST + timedelta(d) for d in (40, 41)
    ]
    found = order(times, s=["a"] * 5 + ["b"] * 2)
    assert found.evidence["gaps"] == 2
    assert found.evidence["series"] == 2
    assert "2 steps missing" in found.finding


def test_irregular_times_are_counted_in_rows():
    draw = np.random.default_rng(0)
    times = np.sort(draw.random(50))
    found = order(times)
    assert found.evidence["step"] == "row"
    assert "no regular distance" in found.finding


def test_lag_one_autocorrelation_by_hand():
    # About its mean 2: -1, 0, 1, 0. Pairs (1,2), (2,3), (3,4) give 0, 0, 0: r = 0. With 1, 2, 4, 5
    # about 3: -2, -1, 1, 2, products 2, -1, 2, mean 1, variance 2.5: r = 0.4.
    assert order([0, 1, 2, 3], [1, 2, 3, 2]).evidence["autocorrelation"] == 0.0
    found = order([0, 1, 2, 3], [1, 2, 4, 5]).evidence
    assert found["autocorrelation"] == pytest.approx(0.4)
    assert found["pairs"] == 3


def test_pairs_do_not_cross_gaps_or_series_or_missing_targets():
    assert order([0, 1, 3, 4], [1, 2, 4, 5]).evidence["pairs"] == 2
    assert order([0, 1, 2, 3], [1, 2, 4, 5], s=list("aabb")).evidence["pairs"] == 2
    assert order([0, 1, 2, 3], [1, None, 4, 5]).evidence["pairs"] == 1


def test_autocorrelation_and_effective_rows_of_an_autoregression():
    found = order(list(range(20_000)), autoregression(20_000, 0.6, 1)).evidence
    assert found["autocorrelation"] == pytest.approx(0.6, abs=0.02)
    assert found["effective_rows"] == pytest.approx(20_000 * 0.4 / 1.6, rel=0.06)
    assert found["p_value"] < 1e-6


def test_white_noise_has_no_order():
    found = order(list(range(2000)), np.random.default_rng(2).normal(size=2000))
    assert "no more alike than chance" in found.meaning


def season(y, times=None, **roles):
    table = pl.DataFrame({"t": days(len(y)) if times is None else times, "y": y})
    return profile(table, target="y", time="t", **roles)["season"]


def test_a_weekly_course_is_found_in_counts(shop):
    problem = profile(shop, target="units", time="day", series="item")
    assert problem["season"].evidence["lag"] == 7
    assert "season=7" in problem["season"].meaning


def test_a_weekly_course_is_found_on_top_of_a_slow_drift():
    n = 365
    y = autoregression(n, 0.95, 3) + 1.5 * np.sin(2 * np.pi * np.arange(n) / 7)
    assert season(y).evidence["lag"] == 7


def test_a_yearly_course_of_months_is_found():
    draw = np.random.default_rng(4)
    months = [date(2010 + m // 12, m % 12 + 1, 1) for m in range(120)]
    y = np.cos(2 * np.pi * np.arange(120) / 12) + draw.normal(size=120)
    assert season(y, months).evidence["lag"] == 12


def test_of_a_day_and_a_week_of_hours_the_day_is_named():
    hours = [datetime(2024, 1, 1) + timedelta(hours=h) for h in range(24 * 28)]
    y = np.sin(2 * np.pi * np.arange(len(hours)) / 24)
    y = y + np.random.default_rng(5).normal(size=len(y))
    assert season(y, hours).evidence["lag"] == 24


@pytest.mark.parametrize("r", [0.0, 0.5, 0.95])
def test_no_season_is_found_where_there_is_none(r):
    # The test is at 1 %: of 40 courses without a season more than 3 would be named in 1 of 1,000.
    named = sum("lag" in season(autoregression(200, r, seed)).evidence for seed in range(40))
    assert named <= 3


def test_a_trend_is_no_season():
    y = np.arange(200) + np.random.default_rng(6).normal(size=200)
    assert "lag" not in season(y).evidence


def test_a_stated_season_is_tested_and_reported_either_way():
    noise = np.random.default_rng(7).normal(size=300)
    found = season(noise, season=7)
    assert found.finding.startswith("stated as 7 steps")
    assert "No sign of the stated season" in found.meaning
    assert found.evidence["stated"] == 7
    course = season(noise + 2.0 * (np.arange(300) % 9 == 0), season=9)
    assert "The course repeats" in course.meaning


def test_too_short_for_a_season():
    found = season(np.arange(6.0), season=7)
    assert found.finding == "stated as 7 steps"
    assert found.meaning == "Two full seasons are needed to see one."
