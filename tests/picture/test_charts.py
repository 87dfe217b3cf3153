"""Each chart shows what its table says, in words, and refuses a table that it cannot draw."""

import re
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from assay import picture
from assay.errors import DataError
from assay.picture.allocation import optimum_by_budget
from assay.picture.regret import regret_by_effort

from .conftest import (
    attempts,
    bins,
    course,
    curve,
    growing,
    places,
    profile,
    promised,
    regrets,
    sealed,
)


def words(chart) -> list[str]:
    root = ET.fromstring(picture.svg(chart))
    return [node.text or "" for node in root.iter() if node.tag.endswith("text")]


def bars(drawn: str) -> list[tuple[float, float]]:
    """Width and height of each rectangle that is a mark."""
    found = re.findall(
        r'd="M[\d.]+,[\d.]+h([\d.]+)v([\d.]+)h-[\d.]+Z" fill="var\(--chart-(?:blue|orange)', drawn
    )
    return [(float(width), float(height)) for width, height in found]


def test_a_histogram_shows_the_hidden_part_in_proportion():
    table = pl.DataFrame({"bin_left": [0], "bin_right": [5], "count": [100], "hidden": [25]})
    drawn = picture.svg(picture.histogram(table, "units a day"))
    heights = sorted(height for width, height in bars(drawn) if width > 1)
    assert len(heights) == 2
    assert heights[1] / heights[0] == pytest.approx(3)


def test_a_histogram_names_the_axis_and_the_hidden_part():
    shown = words(picture.histogram(bins(), "units sold a day", rows="days", hidden="cut off"))
    assert {"units sold a day", "days", "seen", "cut off"} <= set(shown)


def test_a_histogram_without_censoring_has_no_legend():
    assert "seen" not in words(picture.histogram(bins(hidden=False), "units"))


def test_a_series_shows_the_hidden_share_only_where_there_is_one():
    assert "stock-outs" in words(picture.series(course(), "units", hidden="stock-outs"))
    assert "stock-outs" not in words(picture.series(course(hidden=0.0), "units"))


def test_a_long_series_is_thinned_to_means_that_keep_its_level():
    chart = picture.series(course(rows=20_000), "units")
    rows = next(iter(chart.to_dict()["datasets"].values()))
    assert len(rows) <= 400
    mean = sum(row["value"] for row in rows) / len(rows)
    assert mean == pytest.approx(float(course(rows=20_000)["value"].mean()), rel=0.01)


def watched(units: int, *, days: bool = False) -> pl.DataFrame:
    at = pl.Series(range(1, units + 1))
    if days:
        at = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 1) + pl.duration(days=units - 1),
                           eager=True)  # fmt: skip
    evidence = [2.0 ** min(place - units / 2, 9.0) for place in range(units)]
    return pl.DataFrame({"at": at, "evidence": evidence, "gain": [0.2] * units})


def test_a_watch_says_when_it_withdraws_and_what_was_claimed():
    chart = picture.watch_course(watched(30), needed=20, least=0.1, unit="rows", is_share=True)
    shown = words(chart)
    assert {"withdrawn from 20 on", "the verdict: more than 10 %"} <= set(shown)
    assert "rows since the release" in shown
    plain = picture.watch_course(
        watched(30, days=True), needed=20, least=0.4, unit="periods", is_share=False
    )
    assert "the verdict: more than 0.4" in words(plain)
    assert "periods since the release" not in words(plain)


def test_a_long_watch_is_thinned_and_keeps_its_greatest_evidence():
    table = watched(5000).with_columns(evidence=pl.lit(1.0))
    table[1234, "evidence"] = 19.0
    chart = picture.watch_course(table, needed=20, least=0.1, unit="rows", is_share=True)
    drawn = [data for data in chart.to_dict()["datasets"].values() if "gain" in data[0]]
    rows = next(data for data in drawn if len(data) > 1)
    assert len(rows) <= 400
    assert max(row["evidence"] for row in rows) == 19.0


def test_a_watch_says_where_its_evidence_is_no_longer_drawn():
    table = watched(30)
    drawn = {"needed": 20, "least": 0.1, "unit": "rows", "is_share": True}
    high = table.with_columns(evidence=pl.Series([10.0**place for place in range(30)]))
    assert "higher values not drawn (over 1,000,000)" in words(picture.watch_course(high, **drawn))
    low = table.with_columns(evidence=pl.Series([10.0**-place for place in range(30)]))
    assert "lower values not drawn (below 0.001)" in words(picture.watch_course(low, **drawn))
    whole = table.with_columns(evidence=pl.Series([1.0 + 33_000 * place for place in range(30)]))
    assert not any("not drawn" in word for word in words(picture.watch_course(whole, **drawn)))


@pytest.mark.parametrize(
    ("gain", "place"),
    [
        ([0.8] * 30, ("left", "bottom")),
        ([0.35] * 15 + [-0.5] * 15, ("left", "top")),
        ([0.35, 0.25] * 7 + [0.9] * 16, ("right", "bottom")),
        ([0.35, 0.25] * 7 + [0.35] * 15 + [0.9], ("right", "top")),
    ],
)
def test_what_was_claimed_is_written_where_the_curve_leaves_room(gain, place):
    table = watched(30).with_columns(gain=pl.Series(gain))
    chart = picture.watch_course(table, needed=20, least=0.3, unit="rows", is_share=True)
    below = chart.to_dict()["vconcat"][1]["layer"]
    (text,) = (layer["mark"] for layer in below if layer["mark"]["type"] == "text")
    assert (text["align"], text["baseline"]) == place


def test_a_watch_without_a_unit_cannot_be_drawn():
    with pytest.raises(DataError, match="course of a watch"):
        picture.watch_course(watched(1).clear(), needed=20, least=0, unit="rows", is_share=True)


def test_a_season_profile_keeps_the_order_of_its_positions():
    shown = words(picture.season_profile(profile(), "units"))
    days = [word for word in shown if word in set(profile()["position"])]
    assert days == profile()["position"].to_list()


def test_a_curve_numbers_attempts_as_their_table_does_and_leaves_out_unknown_effort():
    # Ten times the effort, so that no tick of the axis reads like the number of an attempt.
    tens = pl.col("effort") * 10
    wide, tried = curve().with_columns(tens), attempts().with_columns(tens)
    shown = words(picture.effort_accuracy(wide, tried, unit="person-day", planned=180, spent=120))
    assert "planned: 60 more person-days" in shown
    assert "effort (person-days)" in shown
    assert {"improved", "no better", "broke"} <= set(shown)
    assert sorted(word for word in shown if word in set("123456")) == ["1", "2", "3", "4", "6"]


def test_a_curve_without_attempts_or_plan_is_still_a_curve():
    shown = words(picture.effort_accuracy(curve(), attempts().clear(), unit="hour"))
    assert "effort (hours)" in shown
    assert not any(word.startswith("planned") for word in shown)


def test_a_curve_that_is_no_share_has_plain_numbers():
    shown = words(picture.effort_accuracy(curve(), attempts(), unit="hour", is_share=False))
    assert "0.2" in shown
    assert not any(word.endswith("%") for word in shown)


def test_an_attempt_that_nobody_scored_keeps_its_number_and_is_not_drawn():
    tens = pl.col("effort") * 10
    tried = attempts().with_columns(tens, kind=pl.lit("not scored"))
    shown = words(picture.effort_accuracy(curve().with_columns(tens), tried, unit="hour"))
    assert not set("123456") & set(shown)


@pytest.mark.parametrize(
    ("low", "high", "reading"),
    [(0.3, 0.9, "above the bar"), (-0.5, 0.1, "below the bar"), (0.1, 0.4, "cannot tell")],
)
def test_an_interval_is_read_against_the_bar(low, high, reading):
    table = pl.DataFrame({"name": ["a"], "gain": [(low + high) / 2], "low": [low], "high": [high]})
    shown = words(picture.gains(table, bar=0.25, axis="gain in CRPS"))
    assert reading in shown
    assert "bar: 0.25" in shown


def test_without_an_interval_a_gain_is_a_point_that_tells_nothing():
    table = sealed().with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    drawn = words(picture.gains(table, bar=5, axis="gain", unit=" %"))
    assert "cannot tell" in drawn
    assert "bar: 5 %" in drawn
    assert [word for word in drawn if word in set(table["name"])] == table["name"].to_list()


def test_bars_at_whole_numbers_are_labelled_there():
    table = pl.DataFrame(
        {"bin_left": [-0.5, 0.5], "bin_right": [0.5, 1.5], "count": [3, 1], "hidden": [0, 0]}
    )
    numbers = [word for word in words(picture.histogram(table, "is it an 8")) if word[0].isdigit()]
    assert set(numbers) == {"0", "1", "2", "3"}


def test_the_optimum_moves_from_dot_to_dot_of_each_project():
    shown = words(optimum_by_budget(*growing()))
    assert {"up: 8, then 72", "down: 2, then 28"} <= set(shown)
    assert "dots, from small to large: what each project gets of 10 and 100 person-days" in shown
    assert "300" not in shown  # nothing moves out there


def test_the_band_of_a_pit_histogram_is_the_binomial_one():
    from scipy.stats import binom

    table = places()
    total = int(table["count"].sum())
    chart = picture.pit_histogram(table).to_dict()
    band = next(rows for rows in chart["datasets"].values() if "even" in rows[0])[0]
    low, high = binom.ppf([0.025, 0.975], total, 0.1)
    assert band["even"] == pytest.approx(total / 10)
    assert band["from"] == pytest.approx(low, abs=2)
    assert band["to"] == pytest.approx(high, abs=2)


@pytest.mark.parametrize(
    ("draw", "table", "column"),
    [
        (lambda t: picture.histogram(t, "units"), bins(), "hidden"),
        (lambda t: picture.series(t, "units"), course(), "value"),
        (lambda t: picture.season_profile(t, "units"), profile(), "mean"),
        (lambda t: picture.effort_accuracy(t, attempts(), unit="day"), curve(), "low"),
        (lambda t: picture.effort_accuracy(curve(), t, unit="day"), attempts(), "kind"),
        (lambda t: picture.gains(t, bar=0, axis="gain"), sealed(), "gain"),
        (picture.reliability, promised(), "observed"),
        (picture.pit_histogram, places(), "count"),
    ],
)
def test_a_missing_column_is_named_with_what_is_needed(draw, table, column):
    with pytest.raises(DataError, match=rf"no column `{column}`, needed are .*{column}"):
        draw(table.drop(column))


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match="0 rows"):
        picture.histogram(bins().clear(), "units")


def test_regret_names_each_policy_with_its_last_figure():
    drawn = regret_by_effort(regrets())
    assert {"equal 26.0", "plan 11.2", "greedy 11.1"} <= set(words(drawn))
    assert "What each policy loses as effort is spent" in words(drawn)
    assert "bands: one standard error each way" in drawn.to_dict()["title"]["subtitle"]


def test_regret_of_one_company_has_no_error_and_nothing_to_lose_is_drawn_too():
    one = regrets().with_columns(regret=0.0, se=pl.lit(None))
    assert "plan 0.0" in words(regret_by_effort(one))
    assert "band" not in " ".join(regret_by_effort(one).to_dict()["title"]["subtitle"])


def test_regret_names_a_missing_column():
    with pytest.raises(DataError, match="no column `se`"):
        regret_by_effort(regrets().drop("se"))
