"""What is claimed: gains, bounds, caps and the excess that is expected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigError, DataError
from assay.verdict import Claim, IndependentTest, assumed_sd, default_cap

losses = st.lists(st.floats(0, 1e6), min_size=1, max_size=20)


@given(losses, losses, st.floats(0, 0.95), st.floats(1e-3, 1e5), st.booleans())
def test_gains_never_leave_the_bounds(baseline, model, improve_by, cap, relative):
    rows = min(len(baseline), len(model))
    name = "improve_by" if relative else "improve_by_absolute"
    claim = Claim(**{name: improve_by * (1 if relative else cap)}, cap=cap)
    gains = claim.gains(baseline[:rows], model[:rows])
    assert (gains >= claim.lower).all()
    assert (gains <= claim.upper).all()
    assert claim.lower < claim.delta < claim.upper


def test_a_relative_claim_weighs_the_mean_losses():
    # 10 -> 9 is 10 % better: just not "by more than 10 %", but more than 5 %.
    baseline, model = np.array([8.0, 12.0]), np.array([9.5, 8.5])
    assert Claim(improve_by=0.1, cap=40).gains(baseline, model).mean() == pytest.approx(0.0)
    assert Claim(improve_by=0.05, cap=40).gains(baseline, model).mean() == pytest.approx(0.5)


def test_an_absolute_claim_keeps_its_delta():
    claim = Claim(improve_by_absolute=0.02, cap=1.0)
    assert claim.gains([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).tolist() == [1.0, -1.0, 0.0]
    assert (claim.delta, claim.lower, claim.upper) == (0.02, -1.0, 1.0)


def test_the_bounds_of_a_relative_claim():
    claim = Claim(improve_by=0.05, cap=10.0)
    assert (claim.delta, claim.lower, claim.upper) == (0.0, -10.0, 9.5)


def test_a_log_score_is_clipped_on_both_sides():
    claim = Claim(improve_by_absolute=0.1, cap=6.0, floor=-2.0)
    assert claim.gains([-5.0, 1.0], [1.0, 9.0]).tolist() == [-3.0, -5.0]
    assert (claim.lower, claim.upper) == (-8.0, 8.0)


def test_an_infinite_loss_counts_as_the_cap_but_a_missing_one_is_refused():
    claim = Claim(improve_by=0.05, cap=10.0)
    assert claim.gains([1.0], [np.inf]) == pytest.approx([0.95 - 10.0])
    with pytest.raises(DataError, match="`model_losses`: row 0 is nan"):
        claim.gains([1.0], [np.nan])


def test_gains_of_a_claim_enter_its_test():
    claim = Claim(improve_by=0.05, cap=10.0)
    test = IndependentTest(delta=claim.delta, lower=claim.lower, upper=claim.upper, sd0=1.0)
    random = np.random.default_rng(2)
    baseline = random.gamma(2.0, 1.0, 2000)
    assert test.supports(claim.gains(baseline, 0.8 * baseline), 0.004)
    assert test.refutes(claim.gains(baseline, 1.2 * baseline), 0.004)


def test_the_default_cap_is_four_means_or_the_99th_percentile():
    assert default_cap([1.0] * 10) == pytest.approx(4.0)
    heavy = np.concatenate([np.full(980, 1.0), np.full(20, 500.0)])
    assert default_cap(heavy) == pytest.approx(500.0)
    assert Claim(improve_by=0.1, cap=4.0).clipped_share(heavy) == pytest.approx(0.02)


def test_the_assumed_spread_is_that_of_two_losses_correlated_by_point_eight():
    random = np.random.default_rng(8)
    pair = random.multivariate_normal([3, 3], [[1, 0.8], [0.8, 1]], size=20000)
    assert assumed_sd(pair[:, 0]) == pytest.approx((pair[:, 0] - pair[:, 1]).std(), rel=0.03)


def test_the_expected_excess():
    relative, absolute = Claim(improve_by=0.05, cap=9.0), Claim(improve_by_absolute=0.2, cap=9.0)
    assert relative.expected_excess(2.0) == pytest.approx((0.15 - 0.05) * 2.0)
    assert relative.expected_excess(2.0, expect=0.3) == pytest.approx(0.5)
    assert absolute.expected_excess(2.0) == pytest.approx(0.4)
    assert absolute.expected_excess(2.0, expect=0.25) == pytest.approx(0.05)


@given(st.floats(0.01, 0.3), st.floats(0.01, 0.9), st.floats(0.1, 10))
def test_the_expected_excess_is_the_mean_gain_of_a_model_so_good(improve_by, more, baseline):
    expect = improve_by + more * (1 - improve_by)
    claim = Claim(improve_by=improve_by, cap=100.0)
    gain = claim.gains([baseline], [(1 - expect) * baseline])[0]
    assert claim.expected_excess(baseline, expect=expect) == pytest.approx(gain)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: Claim(cap=1.0), ConfigError, "exactly one of them"),
        (lambda: Claim(improve_by=0.1, improve_by_absolute=1, cap=9), ConfigError, "exactly one"),
        (lambda: Claim(improve_by=5, cap=1.0), ConfigError, "`improve_by` is 5"),
        (lambda: Claim(improve_by=-0.1, cap=1.0), ConfigError, r"`improve_by` is -0\.1"),
        (lambda: Claim(improve_by_absolute=1.0, cap=1.0), ConfigError, "`improve_by_absolute` is"),
        (lambda: Claim(improve_by=0.1, cap=0.0), ConfigError, r"`cap` is 0\.0"),
        (lambda: Claim(improve_by=0.1, cap=1.0, floor=-1.0), ConfigError, r"`floor` is -1\.0"),
        (lambda: Claim(improve_by=0.4, cap=1.0).expected_excess(1.0), ConfigError, "`expect` is"),
        (lambda: Claim(improve_by=0.0, cap=1.0).expected_excess(1.0), ConfigError, "`expect` is"),
        (lambda: Claim(improve_by=0.1, cap=1.0).expected_excess(0.0), ConfigError, "baseline_loss"),
        (lambda: Claim(improve_by=0.1, cap=1.0).gains([1.0], [1.0, 2.0]), DataError, "1 rows, "),
        (lambda: default_cap([-1.0, 2.0]), DataError, r"run from -1\.0 to 2\.0"),
        (lambda: default_cap([0.0, 0.0]), DataError, "not all 0"),
        (lambda: assumed_sd([1.0]), DataError, "at least 2"),
    ],
)
def test_bad_input_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
