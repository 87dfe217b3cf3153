"""What a curve of a history says: ahead, between the scores, and of effort in vain."""

import doctest
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.errors import PlanError
from assay.portfolio import Curve, HistoryCurve, ProjectState, plan_projects

ROWS = np.geomspace(16, 1000, 30)
DAYS = np.array([0, 3, 30, 31, 90, 90, 200, 340])
ENTRIES = np.array([60.0, 64.0, 62.0, 70.0, 69.0, 75.0, 74.0, 79.0])


def learning_curve(rows, *, end=0.1, more=0.8, power=0.45):
    return end + more * rows**-power


@pytest.fixture(scope="module")
def falling() -> HistoryCurve:
    noise = np.random.default_rng(3).normal(0, 0.004, ROWS.size)
    return Curve.fit(ROWS, learning_curve(ROWS) + noise, se=0.004, ceiling=0)


@pytest.fixture(scope="module")
def board() -> HistoryCurve:
    return Curve.fit(DAYS, ENTRIES, ceiling=100, best=True)


def test_a_learning_curve_is_foretold(falling):
    truth = learning_curve(np.array([2000.0, 4000.0, 16000.0]))
    low, high = falling.band([2000, 4000, 16000])
    assert ((low < truth) & (truth < high)).all()
    assert np.abs(falling.mean([2000, 4000, 16000]) - truth).max() < 0.01
    assert abs(float(falling.mean(4000)) - truth[1]) < 0.3 * (learning_curve(1000) - truth[1])


def test_the_band_widens_ahead_and_hugs_the_scores_behind(falling):
    low, high = falling.band([100, 1000, 2000, 4000, 16000], with_noise=False)
    width = high - low
    assert width[0] < 0.01
    assert (np.diff(width[1:]) > 0).all()


def test_noise_and_level_widen_the_band(falling):
    widths = [
        np.ptp([float(end) for end in falling.band(1500, level, with_noise=noisy)])
        for level, noisy in [(0.5, False), (0.8, False), (0.8, True), (0.95, True)]
    ]
    assert (np.diff(widths) > 0).all()


def test_effort_that_brings_something_is_not_dead_and_that_which_does_not_may_be(falling):
    flat = Curve.fit(ROWS, 0.5 + np.random.default_rng(4).normal(0, 0.01, 30), se=0.01, ceiling=0)
    assert falling.probability_dead() < 1e-3
    assert 0.5 < flat.probability_dead() < 1.0


def test_gains_are_improvements_whichever_way_is_better(falling):
    gain = falling.gain(1000, 50)
    assert gain[0] == 0.0
    assert (np.diff(gain) >= 0).all()
    assert gain[50] == pytest.approx(float(falling.mean(1000) - falling.mean(1050)), abs=1e-12)
    low, high = falling.gain_band(1000, 3000)
    assert low < learning_curve(1000) - learning_curve(4000) < high


def test_an_accuracy_is_the_mirror_of_its_error_rate(falling):
    error = falling.past.sign * falling.past.score
    mirror = Curve.fit(ROWS, 1 - error, se=0.004, ceiling=1)
    np.testing.assert_allclose(mirror.mean([8, 300, 5000]), 1 - falling.mean([8, 300, 5000]))
    low, high = falling.band(5000)
    np.testing.assert_allclose(mirror.band(5000), (1 - high, 1 - low))
    assert mirror.gain_band(1000, 500) == pytest.approx(falling.gain_band(1000, 500))


@given(unit=st.floats(1e-4, 1e4), shift=st.floats(-50, 50), scale=st.floats(1e-3, 1e3))
def test_the_units_of_effort_and_score_change_nothing_else(unit, shift, scale):
    x, y = np.array([2.0, 5.0, 9.0, 30.0]), np.array([0.3, 0.5, 0.45, 0.7])
    plain = Curve.fit(x, y, se=0.05, ceiling=1)
    other = Curve.fit(unit * x, shift + scale * y, se=0.05 * scale, ceiling=shift + scale)
    expected = shift + scale * plain.mean([4, 60])
    np.testing.assert_allclose(
        other.mean(unit * np.array([4, 60])), expected, rtol=0, atol=2e-3 * scale
    )
    assert other.probability_dead() == pytest.approx(plain.probability_dead(), rel=1e-3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.booleans())
def test_nothing_exceeds_the_ceiling_and_the_best_never_falls(scores, best):
    curve = Curve.fit(np.arange(len(scores)), scores, ceiling=1, direction="max", best=best)
    x = np.array([0, 0.5, 1, 3, 10, 100])
    mean, (low, high) = curve.mean(x), curve.band(x)
    assert (low <= high).all()
    assert max(mean.max(), high.max()) <= 1.0
    if best:
        ahead = x >= len(scores) - 1
        assert low[ahead].min() >= max(scores) - 1e-50


def test_the_best_so_far_is_known_up_to_today_and_may_only_rise(board):
    np.testing.assert_array_equal(board.mean([0, 3, 60, 200, 340]), [60, 64, 70, 75, 79])
    low, high = board.band([200, 700])
    assert low[0] == high[0] == 75
    assert 79 <= low[1] < float(board.mean(700)) < high[1] < 100
    assert board.gain_band(340, 300)[0] >= 0


def test_entries_and_their_best_so_far_foretell_the_same(board):
    records = Curve.fit(DAYS, np.maximum.accumulate(ENTRIES), ceiling=100, best=True)
    np.testing.assert_array_equal(records.mean([400, 900]), board.mean([400, 900]))


def test_a_board_that_stands_still_is_expected_to_rise_less(board):
    still = Curve.fit([*DAYS, 900], [*ENTRIES, 71.0], ceiling=100, best=True)
    assert still.gain(900, 340)[-1] < 0.7 * board.gain(340, 340)[-1]


@pytest.mark.parametrize(
    ("terms", "sign"),
    [({"ceiling": 0}, -1), ({}, -1), ({"direction": "max"}, 1), ({"ceiling": 1}, 1)],
)
def test_the_direction_is_told_or_seen(terms, sign):
    falling = learning_curve(ROWS)
    assert Curve.fit(ROWS, falling, se=0.01, **terms).past.sign == sign


@pytest.mark.parametrize("scores", [[0.6, 0.7, 0.75, 0.78, 0.8], [0.6, 0.55, 0.75, 0.7, 0.8]])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_best_so_far_runs_the_way_the_scores_do(scores, sign):
    curve = Curve.fit([1, 2, 4, 8, 16], np.multiply(sign, scores), best=True)
    assert curve.past.sign == sign
    assert f"{'more' if sign > 0 else 'less'} is better: best so far {0.8 * sign:g} now" in repr(
        curve
    )


def test_a_known_baseline_is_where_the_curve_starts():
    curve = Curve.fit([2, 4, 8], [0.5, 0.6, 0.7], ceiling=1, baseline=0.2)
    assert float(curve.mean(0)) == pytest.approx(0.2, abs=0.01)
    assert curve.points_in_one(0.5) == pytest.approx(50 / 0.8)
    state = ProjectState(key="a", question="?", importance=1, curve=curve, effort_spent=8)
    assert plan_projects([state], budget=10, effort_unit="day").value > 0
    with pytest.raises(PlanError, match="no baseline or no ceiling"):
        Curve.fit([2, 4, 8], [0.5, 0.6, 0.7], ceiling=1).points_in_one(0.5)


def test_noise_that_nobody_measured_is_learnt():
    rng = np.random.default_rng(5)
    x = np.geomspace(10, 1000, 60)
    quiet, loud = (
        Curve.fit(x, learning_curve(x) + rng.normal(0, sd, 60), ceiling=0) for sd in (0.003, 0.03)
    )
    for curve, sd in ((quiet, 0.003), (loud, 0.03)):
        noise = np.median(curve.past.noise[0] * curve.draws.factors[curve.draws.group])
        assert sd / 2 < noise < 2 * sd


def test_bands_hold_as_often_as_they_say_on_curves_that_stray():
    rng = np.random.default_rng(6)
    held = []
    for _ in range(120):
        x = np.geomspace(16, 4000, 40)
        smooth = learning_curve(x, end=rng.uniform(0, 0.3), power=rng.uniform(0.2, 1.0))
        strays = np.cumsum(rng.normal(0, 0.02, 40) * np.sqrt(np.log(x[1] / x[0])))
        score = smooth + strays + 0.2 + rng.normal(0, 0.005, 40)
        seen = x <= 1200
        curve = Curve.fit(x[seen], score[seen], se=0.005, ceiling=0)
        low, high = curve.band(4000)
        held.append(low <= score[-1] <= high)
    assert 0.69 < np.mean(held) < 0.91, np.mean(held)  # three standard errors


def test_many_scores_are_fitted_quickly_and_like_few():
    rng = np.random.default_rng(7)
    x = np.sort(rng.uniform(10, 1000, 3000))
    y = learning_curve(x) + rng.normal(0, 0.01, 3000)
    start = time.perf_counter()
    curve = Curve.fit(x, y, se=0.01, ceiling=0)
    low, high = curve.band(2000, with_noise=False)
    assert time.perf_counter() - start < 5
    assert low < learning_curve(2000) < high
    assert high - low < 0.03


@pytest.mark.parametrize(
    ("effort", "score"),
    [
        ([0, 1], [0.5, 0.6]),
        ([5, 5, 5, 6], [0.1, 0.3, 0.2, 0.4]),
        ([1e9, 1e9 + 10], [0.5, 0.6]),
        ([1e-6, 1, 2], [0.5, 0.5, 0.5]),
        ([1, 2, 3], [0, 0, 0]),
        ([1, 1e12], [1e-9, 2e-9]),
        ([1e-49, 1e49], [-1e49, 1e49]),
        ([0, 1], [0.0, 1e-49]),
    ],
)
@pytest.mark.parametrize("best", [False, True])
def test_sparse_histories_still_get_a_band(effort, score, best):
    curve = Curve.fit(effort, score, best=best)
    x = [0, effort[-1], 3 * effort[-1]]
    low, high = curve.band(x)
    mean = curve.mean(x)
    assert np.isfinite([low, high, mean]).all()
    assert (low <= high).all()
    assert 0.0 <= curve.probability_dead() <= 1.0


def test_it_stands_at_the_top_and_shows_itself(falling, board):
    assert assay.Curve is Curve
    assert "30 efforts up to 1000, less is better: score 0.1" in falling.headline()
    assert "best so far 79 now" in board.headline()
    assert repr(board) == f"<HistoryCurve of {board.headline()}>"
    assert board._repr_html_().count("<tr>") == 4
    html = board._repr_html_()
    assert "<svg" in html
    assert "prefers-color-scheme" not in html
    drawn = falling.picture(until=4000).to_dict()
    assert drawn["title"]["text"] == "Where the score goes with more effort"
    assert "title" not in falling.picture(is_titled=False).to_dict()
    assert len(drawn["layer"]) == 3
    assert falling.mean(np.zeros((0,))).shape == (0,)
    assert falling.mean(np.ones((2, 3))).shape == (2, 3)


def test_the_example_of_fit_holds():
    examples = doctest.DocTestFinder(recurse=False).find(Curve.fit, "fit", globs={"Curve": Curve})
    found = doctest.DocTestRunner().run(examples[0])
    assert (found.attempted, found.failed) == (4, 0)
