"""What hides a target, and what that does to its mean."""

import numpy as np
import polars as pl
import pytest

from assay.problem import profile


def test_the_recorded_mean_is_called_a_lower_bound(shop):
    found = profile(shop, target="units", censored_above="stock")["censoring"]
    hidden = (shop["units"] >= shop["stock"]).to_numpy()
    recorded, seen = shop["units"].mean(), shop["units"].to_numpy()[~hidden].mean()
    assert found.finding == (
        f"{100 * hidden.mean():.0f} % of rows hidden: recorded mean {recorded:.4g} is a lower bound"
    )
    assert found.evidence["above"] == hidden.sum()
    assert found.evidence["mean_of_seen_rows"] == pytest.approx(seen)
    assert "biased too" in found.meaning


def test_kaplan_and_meier_come_near_the_truth_where_the_other_means_do_not(shop):
    truth = shop["demand"].mean()
    found = profile(shop, target="units", censored_above="stock")["censoring"].evidence
    assert found["recorded_mean"] < 0.93 * truth
    assert found["mean_of_seen_rows"] < 0.85 * truth
    assert found["kaplan_meier_mean"] == pytest.approx(truth, rel=0.04)


def test_kaplan_and_meier_by_hand():
    # Events at 1, 2 and 4, one row hidden at 2: the target of that row is 2 or more, so it leaves
    # before the event at 2. S = 3/4 from 1, 3/8 from 2, 0 from 4: mean 1 + 3/4 + 2 * 3/8 = 2.5
    # with S(1) = 3/4 of 4 rows, S(2) = 3/4 * 1/2 of the 2 rows left.
    table = pl.DataFrame({"y": [1, 2, 2, 4], "out": [False, False, True, False]})
    found = profile(table, target="y", censored_above="out")["censoring"].evidence
    assert found["kaplan_meier_mean"] == pytest.approx(2.5)


def test_hidden_below_is_the_mirror_of_hidden_above():
    y = np.array([1.0, 2.0, 2.0, 4.0, 7.5])
    out = [False, False, True, False, True]
    above = profile(pl.DataFrame({"y": y, "o": out}), target="y", censored_above="o")["censoring"]
    below = profile(pl.DataFrame({"y": -y, "o": out}), target="y", censored_below="o")["censoring"]
    assert below.evidence["kaplan_meier_mean"] == -above.evidence["kaplan_meier_mean"]
    assert below.evidence["share_below"] == above.evidence["share_above"] == 0.4
    assert "an upper bound" in below.finding


def test_nobody_reached_a_limit():
    table = pl.DataFrame({"y": [1, 2], "c": [5, None]})
    found = profile(table, target="y", censored_above="c")["censoring"]
    assert found.finding == "0 % of rows hidden: recorded mean 1.5 is the mean of the target"
    assert found.evidence["limits_missing"] == 1
    assert found.meaning.startswith("No row reached its limit")


def test_both_sides_hide():
    table = pl.DataFrame({"y": [0.1, 3, 9], "lo": [0.1] * 3, "hi": [9] * 3})
    found = profile(table, target="y", censored_below="lo", censored_above="hi")["censoring"]
    assert found.finding.startswith("67 % of rows hidden: recorded mean")
    assert "cut from both sides" in found.finding
    assert "kaplan_meier_mean" not in found.evidence


def test_without_a_column_the_remedy_is_named():
    found = profile(pl.DataFrame({"y": [1, 2]}), target="y")["censoring"]
    assert found.finding == "no column of censoring is named"
    assert "`censored_above`" in found.meaning
