"""What the values of a target show: support, counts, zeros, ends, skew, spread."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from assay.problem import profile
from assay.problem.words import percent


def look(values, name, **roles):
    return profile(pl.DataFrame({"y": values}), target="y", **roles)[name]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, 1], "binary"),
        ([True, False], "binary"),
        ([0.0, 0.5, 1.0], "unit interval"),
        ([0.1, 3.0], "positive"),
        ([0, 3], "nonnegative"),
        ([-0.1, 3.0], "real"),
    ],
)
def test_support(values, kind):
    found = look(values, "support")
    assert found.evidence["kind"] == kind
    assert found.finding.startswith(kind)


def test_the_unseen_share_is_clopper_and_pearsons_limit():
    found = look(list(range(1, 443)), "support")
    limit = stats.binomtest(0, 442).proportion_ci(0.90, "exact").high  # one-sided 95 %
    assert found.evidence["unseen_share_at_most"] == pytest.approx(limit, rel=1e-9)
    assert "0 of 442 values lie below 0" in found.meaning


def test_integers_and_grids():
    assert look([1, 2, 30], "integrality").finding == "all 3 values are whole numbers"
    tenths = look(np.array([0.1, 0.7, 22.8], dtype=np.float32), "integrality")
    assert tenths.evidence["decimals"] == 1
    assert "grid of 0.1" in tenths.finding
    assert "the target times 10" in tenths.meaning
    assert look([np.pi, 2.0], "integrality").finding == "1 of 2 values are whole numbers"


def test_missing_targets_are_counted_and_left_out():
    problem = profile(pl.DataFrame({"y": [1, None, 3], "x": [None, None, 1]}), target="y")
    assert problem["missing"].evidence["targets_missing"] == 1
    assert problem["missing"].evidence["worst_column"] == "x"
    assert problem["missing"].finding == "1 of 3 targets missing; holes in 1 of 2 other columns"
    assert problem["size"].evidence["targets"] == 2
    assert problem["dispersion"].evidence["mean"] == 2.0


def test_zeros_of_a_poisson_law_are_not_too_many_and_inflated_ones_are():
    draw = np.random.default_rng(1)
    plain = draw.poisson(2.0, 2000)
    found = look(plain, "zeros")
    assert found.evidence["expected_poisson"] == pytest.approx(
        2000 * stats.poisson.pmf(0, plain.mean())
    )
    assert found.evidence["p_value"] > 0.01
    inflated = look(np.where(draw.random(2000) < 0.1, 0, plain), "zeros")
    assert inflated.evidence["p_value"] < 1e-4
    assert "More zeros than a Poisson law has" in inflated.meaning


def test_the_zero_test_keeps_its_level():
    draw = np.random.default_rng(2)
    p = [look(draw.poisson(1.5, 300), "zeros").evidence["p_value"] for _ in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_zeros_where_a_poisson_law_has_none():
    found = look([0] * 5 + [2000] * 95, "zeros")
    assert found.evidence["p_value"] < 1e-6
    assert "More zeros" in found.meaning
    assert "No more zeros" in look([1999] * 5 + [2000] * 95, "zeros").meaning


def test_zeros_of_a_measure():
    assert "need a part of their own" in look([0.0, 0.5, 3.2], "zeros").meaning
    assert look([0.1, 0.5, 3.2], "zeros").meaning.startswith("No zeros")
    assert "inside the support" in look([-1.0, 0.0, 3.2], "zeros").meaning


def test_a_cap_shows_as_a_pile_at_the_greatest_value():
    draw = np.random.default_rng(3)
    capped = look(np.minimum(draw.gamma(4.0, 6.0, 500), 40.0), "bounds")
    assert "sit at the greatest (40)" in capped.finding
    assert "`censored_above`" in capped.meaning
    n = capped.evidence["at_greatest"]
    assert capped.evidence["greatest_p_value"] == pytest.approx(
        (n + 2) * 0.5 ** (n + 1), rel=1e-9, abs=0.0
    )  # n or n + 1 of n + 1 coins


def test_a_detection_limit_shows_as_a_pile_at_the_least_value():
    draw = np.random.default_rng(4)
    found = look(np.maximum(draw.gamma(4.0, 6.0, 500), 10.0), "bounds")
    assert "sit at the least (10)" in found.finding
    assert "`censored_below`" in found.meaning


def test_smooth_ends_are_no_piles():
    draw = np.random.default_rng(5)
    assert look(draw.gamma(4.0, 6.0, 500), "bounds").finding.startswith("no pile-up")
    assert look(draw.poisson(10.0, 500), "bounds").finding.startswith("no pile-up")


def test_skew_is_scipys():
    y = np.random.default_rng(6).lognormal(size=200)
    found = look(y, "skew").evidence
    assert found["skewness"] == pytest.approx(stats.skew(y))
    assert found["p_value"] == pytest.approx(stats.skewtest(y).pvalue)
    assert found["skewness_of_logs"] == pytest.approx(stats.skew(np.log(y)))
    assert "long upper tail" in look(y, "skew").meaning
    assert "long lower tail" in look(-y, "skew").meaning


def test_dispersion_against_a_hand_computed_index():
    # Mean 2, variance 10/3: index of dispersion 3 * (10/3) / 2 = 5 on 3 degrees of freedom, whose
    # upper tail is 0.1718 (chi-square table).
    found = look([0, 1, 3, 4], "dispersion").evidence
    assert found["ratio"] == pytest.approx(5 / 3)
    assert found["statistic"] == pytest.approx(5.0)
    assert found["p_value"] == pytest.approx(2 * 0.1718, abs=1e-4)


def test_dispersion_within_series_leaves_levels_out(shop):
    draw = np.random.default_rng(7)
    level = np.repeat([2.0, 20.0, 60.0], 200)
    table = pl.DataFrame(
        {"s": np.repeat([0, 1, 2], 200), "t": np.tile(np.arange(200), 3), "y": draw.poisson(level)}
    )
    found = profile(table, target="y", time="t", series="s")["dispersion"].evidence
    assert found["ratio"] > 10
    assert found["ratio_within_series"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (0.27, "27 %"), (0.0237, "2.4 %"), (0.9981, "99.81 %"), (1.0, "100 %")],
)
def test_shares_are_printed_with_the_digits_that_count(share, said):
    assert percent(share) == said


def test_nearly_all_is_never_printed_as_all():
    assert percent(0.999999) == "nearly 100 %"
