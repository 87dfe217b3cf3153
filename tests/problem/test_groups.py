"""Groups: how many, how large, how different."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from assay.problem import profile


def groups(y, keys):
    return profile(pl.DataFrame({"y": y, "g": keys}), target="y", group="g")["groups"]


def test_numbers_and_sizes():
    found = groups([1, 2, 3, 4, 5, None], ["a", "b", "b", "c", "c", "c"])
    assert found.finding == "3 groups by `g`, 1 to 3 rows each"
    assert found.evidence["smallest"] == 1
    assert found.evidence["largest"] == 3
    assert found.evidence["median_rows"] == 2.0


def test_the_f_test_is_scipys():
    draw = np.random.default_rng(1)
    sizes = [5, 9, 30]
    y = [draw.normal(mean, 1.0, size) for mean, size in zip((0.0, 0.5, 1.0), sizes, strict=True)]
    truth = stats.f_oneway(*y)
    found = groups(np.concatenate(y), np.repeat(["a", "b", "c"], sizes)).evidence
    assert found["statistic"] == pytest.approx(truth.statistic)
    assert found["p_value"] == pytest.approx(truth.pvalue)


def test_the_share_between_groups_is_recovered():
    draw = np.random.default_rng(2)
    level = draw.normal(0.0, 1.0, 400)
    y = np.repeat(level, 10) + draw.normal(0.0, 2.0, 4000)  # 1 / (1 + 4) lies between groups
    assert groups(y, np.repeat(np.arange(400), 10)).evidence["share_between"] == pytest.approx(
        0.2, abs=0.03
    )


def test_groups_that_cannot_be_compared():
    assert groups([1.0, 2.0], ["a", "a"]).meaning.startswith("Groups cannot be compared")
    assert groups([1.0, 2.0], ["a", "b"]).meaning.startswith("Groups cannot be compared")


def test_the_series_of_a_panel_are_its_groups(shop):
    problem = profile(shop, target="units", time="day", series=["item"])
    assert problem["groups"].finding == "30 groups by `item`, 84 to 84 rows each"
    assert "sealed together" not in problem["groups"].meaning
