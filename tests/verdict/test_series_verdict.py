"""The verdict for time series: closed forms, published error rates, the gate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from assay.errors import ConfigError, DataError
from assay.verdict import date_averages, ewc, season_averages, series_rows_needed


def autoregressive(phi: float, rows: int, repetitions: int, *, seed: int = 112) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((repetitions, rows + 400))
    return np.asarray(lfilter([1.0], [1.0, -phi], noise, axis=1))[:, 400:]


def test_white_noise_has_the_variance_of_independent_rows():
    results = [ewc(series, delta=0.0) for series in autoregressive(0.0, 365, 400)]
    # B squared normals estimate the variance 1: their mean is 1 within 4 standard errors.
    spread = np.array([result.se**2 * result.n for result in results])
    dof = np.array([result.dof for result in results])
    assert spread.mean() == pytest.approx(1.0, abs=4 * np.sqrt((2 / dof).mean() / dof.size))
    assert dof.max() == int(0.4 * 365 ** (2 / 3)) == 20


def test_the_cosines_are_those_of_the_formula():
    series = autoregressive(0.3, 104, 1)[0]
    result = ewc(series, delta=0.1)
    t = np.arange(1, 105)
    weights = [
        np.sqrt(2 / 104) * (series - series.mean()) @ np.cos(np.pi * j * (t - 0.5) / 104)
        for j in range(1, result.dof + 1)
    ]
    omega = np.mean(np.square(weights))
    statistic = np.sqrt(104) * (series.mean() - 0.1) / np.sqrt(omega)
    assert result.passed_gate
    assert result.p_support == pytest.approx(stats.t.sf(statistic, df=result.dof))
    assert result.p_support + result.p_refute == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("phi", "rows", "false_support", "declined"),
    [
        (0.0, 104, 0.049, 0.0),
        (0.0, 365, 0.046, 0.0),
        (0.6, 104, 0.052, 0.05),
        (0.6, 365, 0.052, 0.0),
        (0.9, 104, 0.004, 0.99),
        (0.9, 365, 0.051, 0.27),
        (0.97, 365, 0.004, 0.99),
    ],
)
def test_published_error_rates(agrees, phi, rows, false_support, declined):
    results = [ewc(series, delta=0.0) for series in autoregressive(phi, rows, 1200)]
    assert agrees(sum(r.p_support <= 0.05 for r in results), 1200, false_support)
    assert agrees(sum(not r.passed_gate for r in results), 1200, declined)


@pytest.mark.parametrize(("phi", "rows"), [(0.6, 104), (0.9, 365), (0.97, 1000)])
def test_the_persistence_is_right_on_average(phi, rows):
    seen = np.array([ewc(x, delta=0.0).persistence for x in autoregressive(phi, rows, 2000)])
    # Half of the bias phi / n that an average over n products in place of n - 1 would leave.
    assert seen.mean() == pytest.approx(phi, abs=phi / rows / 2)


@pytest.mark.parametrize(
    ("phi", "rows", "declined"),
    [(0.0, 16, 0.60), (0.0, 26, 0.22), (0.0, 35, 0.08), (0.3, 16, 0.88), (0.3, 52, 0.09)],
)
def test_the_gate_declines_short_series(agrees, phi, rows, declined):
    passed = [ewc(series, delta=0.0).passed_gate for series in autoregressive(phi, rows, 1000)]
    assert agrees(1000 - sum(passed), 1000, declined)


def test_slow_drift_under_noise_is_the_known_weak_spot(agrees):
    drift = autoregressive(0.9, 365, 1200) * np.sqrt(1 - 0.9**2)
    noise = np.random.default_rng(113).standard_normal(drift.shape)
    hits = sum(ewc(series, delta=0.0).p_support <= 0.05 for series in drift + noise)
    assert agrees(hits, 1200, 0.080)
    assert not agrees(hits, 1200, 0.05, at_most=True)


def test_a_weekly_pattern_must_be_averaged(agrees):
    noise = np.random.default_rng(114).standard_normal((1200, 365 + 700))
    weekly = np.asarray(lfilter([1.0], [1.0] + [0.0] * 6 + [-0.6], noise, axis=1))[:, 700:]
    rowwise = sum(ewc(series, delta=0.0).p_support <= 0.05 for series in weekly)
    averaged = [ewc(season_averages(series, 7), delta=0.0) for series in weekly]
    assert agrees(rowwise, 1200, 0.124)
    assert agrees(sum(result.p_support <= 0.05 for result in averaged), 1200, 0.029)
    assert agrees(sum(not result.passed_gate for result in averaged), 1200, 0.77)


@pytest.mark.parametrize("rows", [1, 2, 5, 15])
def test_too_few_rows_are_declined_not_guessed(rows):
    result = ewc(np.random.default_rng(rows).standard_normal(rows), delta=-9.0)
    assert not result.passed_gate
    assert (result.p_support, result.p_refute, result.se) == (1.0, 1.0, np.inf)
    assert result.n_eff < 16


@pytest.mark.parametrize("gain", [0.0, 0.1, -1e9])
def test_gains_that_never_vary_are_declined(gain):
    assert not ewc(np.full(200, gain), delta=gain - 1.0).passed_gate


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 11))
def test_the_oldest_incomplete_season_is_dropped(season, seasons, extra):
    extra = extra % season
    values = np.concatenate([np.full(extra, 1e6), np.repeat(np.arange(seasons), season)])
    assert season_averages(values, season) == pytest.approx(np.arange(seasons))


def test_dates_are_averaged_in_their_order():
    dates = np.array(["2025-01-02", "2025-01-01", "2025-01-02"], dtype="datetime64[D]")
    assert date_averages([1.0, 5.0, 3.0], dates).tolist() == [5.0, 2.0]
    assert date_averages([1.0, 5.0, 3.0], dates, weights=[3, 1, 1]).tolist() == [5.0, 1.5]


@pytest.mark.parametrize("persistence", [-0.5, 0.0, 0.3, 0.6, 0.9])
def test_the_rows_of_the_gate_are_the_least(persistence):
    def effective(rows: int) -> float:
        r = min(max(persistence + (1 + 3 * persistence) / rows, 0.0), 0.99)
        return rows * (1 - r) / (1 + r)

    needed = series_rows_needed(persistence)
    assert effective(needed) >= 16
    assert needed == 16 or effective(needed - 1) < 16


def test_about_half_of_all_series_pass_with_the_rows_of_the_gate():
    passed = [
        ewc(x, delta=0.0).passed_gate for x in autoregressive(0.6, series_rows_needed(0.6), 600)
    ]
    assert 0.4 < np.mean(passed) < 0.7


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: season_averages([1.0, 2.0], 7), DataError, "less than one season of 7"),
        (lambda: season_averages([1.0, 2.0], 0), ConfigError, "`season` is 0"),
        (lambda: season_averages([1.0, 2.0], float("nan")), ConfigError, "`season` is nan"),  # pyright: ignore[reportArgumentType]
        (lambda: date_averages([1.0, 2.0], [1]), DataError, r"`dates` has the shape \(1,\)"),
        (lambda: date_averages([1.0], [1], weights=[0.0]), DataError, "each date must weigh"),
        (lambda: date_averages([1.0], [1], weights=[1.0, 1.0]), DataError, "`weights` has"),
        (lambda: series_rows_needed(1.0), ConfigError, "`persistence` is 1"),
        (lambda: ewc([[1.0]], delta=0.0), DataError, "shape"),
        (lambda: ewc([1.0], delta=float("nan")), ConfigError, "`delta` is nan"),
    ],
)
def test_bad_input_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
