"""Evidence that may be read at any time: what it is worth, how seldom it errs, what it finds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.errors import ConfigError, DataError
from assay.verdict import (
    GroupWatch,
    IndependentWatch,
    SeriesWatch,
    bounded_evidence,
    group_spread,
    long_run_spread,
    standard_evidence,
)

GOAL = math.log(20)
GAINS = arrays(float, st.integers(1, 60), elements=st.floats(-1, 1))


def by_hand(factors: np.ndarray) -> list[float]:
    """The recursion as it is written in the literature, one stake and one row at a time."""
    found = []
    bets = np.zeros(len(factors))
    for t, column in enumerate(factors.T, start=1):
        bets = (bets + 1 / (t * (t + 1))) * column
        found.append(float(np.mean(bets + 1 / (t + 1))))
    return found


@given(GAINS, st.floats(-0.9, 0.9))
def test_the_running_sums_are_the_recursion(gains, delta):
    stakes = 0.95 / (1 - delta) * 0.5 ** np.arange(8)
    factors = 1 + np.multiply.outer(stakes, delta - gains)
    course = bounded_evidence(gains, delta=delta, upper=1.0)
    assert np.exp(course.logs) == pytest.approx(by_hand(factors), rel=1e-9)


@given(GAINS)
def test_standard_evidence_is_the_recursion_of_capped_shortfalls(gains):
    shortfalls = 5 * gains
    stakes = np.geomspace(0.05, 0.7, 8)[:, None]
    factors = np.exp(stakes * np.minimum(shortfalls, 3.0) - stakes**2 / 2)
    course = standard_evidence(shortfalls)
    assert np.exp(course.logs) == pytest.approx(by_hand(factors), rel=1e-9)


@pytest.mark.parametrize("gain", [-1.0, 0.0, 0.3, 1.0])
def test_one_row_is_worth_half_a_bet(gain):
    stakes = 0.95 * 0.5 ** np.arange(8)
    expected = 0.5 + 0.5 * np.mean(1 - stakes * gain)
    assert math.exp(bounded_evidence([gain], delta=0.0, upper=1.0).logs[0]) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_the_mean_over_all_outcomes_is_one_at_the_boundary(rows):
    """Exactly: a coin of -1 and 1 has mean 0, and evidence against "at least 0" has mean 1."""
    outcomes = np.array(np.meshgrid(*[[-1.0, 1.0]] * rows)).reshape(rows, -1).T
    last = [math.exp(bounded_evidence(row, delta=0.0, upper=1.0).logs[-1]) for row in outcomes]
    assert np.mean(last) == pytest.approx(1.0, abs=1e-12)


@given(GAINS, st.integers(1, 59))
def test_later_rows_change_nothing_of_the_past(gains, cut):
    whole = bounded_evidence(gains, delta=0.1, upper=1.0).logs
    part = bounded_evidence(gains[:cut], delta=0.1, upper=1.0).logs
    assert whole[:cut] == pytest.approx(part)


@given(GAINS, st.floats(0.01, 1))
def test_smaller_gains_are_never_less_evidence(gains, drop):
    lower = np.maximum(gains - drop, -1)
    one, other = (bounded_evidence(g, delta=0.0, upper=1.0).logs for g in (gains, lower))
    assert (other >= one - 1e-12).all()


def test_a_long_good_past_costs_a_logarithm():
    """A drift that takes 40 rows to see at once takes at most twice as many after 100,000."""
    bad, good = np.full(200, -0.3), np.full(100_000, 0.3)
    at_once = bounded_evidence(bad, delta=0.0, upper=1.0).logs
    late = bounded_evidence(np.concatenate([good, bad]), delta=0.0, upper=1.0).logs
    first, after = int(np.argmax(at_once >= GOAL)), int(np.argmax(late >= GOAL)) - good.size
    assert 0 < first < after < 60 + 4 * first
    assert np.isfinite(late).all()


def test_the_likeliest_start_is_where_the_drift_began():
    random = np.random.default_rng(3)
    gains = np.concatenate([random.uniform(0, 1, 300), random.uniform(-1, 0.4, 200)])
    course = bounded_evidence(gains, delta=0.2, upper=1.0)
    assert abs(course.began - 300) <= 10


def test_evidence_of_thousands_of_disasters_stays_a_number():
    course = bounded_evidence(np.full(5000, -1.0), delta=0.5, upper=1.0)
    assert np.isfinite(course.logs).all()
    assert course.greatest > 3000


@pytest.mark.parametrize("name", ["20% discordant", "2% discordant", "disasters", "uniform"])
def test_a_verdict_that_holds_is_seldom_withdrawn_however_long_it_is_watched(laws, agrees, name):
    draw, _ = laws[name]
    random, times = np.random.default_rng(61), 200
    hits = sum(
        bounded_evidence(draw(random, 2000), delta=0.0, upper=1.0).greatest >= GOAL
        for _ in range(times)
    )
    assert agrees(hits, times, 0.05, at_most=True)


def autoregressive(random: np.random.Generator, rows: int, weight: float) -> np.ndarray:
    from scipy.signal import lfilter

    shocks = random.normal(size=rows + 200)
    return np.asarray(lfilter([1.0], [1.0, -weight], shocks))[200:]


def series_hits(weight: float, shift: float, times: int = 100) -> int:
    """How often a watch with 30 looks withdraws, of gains with mean `shift` (in row sd)."""
    random, hits = np.random.default_rng(62), 0
    for _ in range(times):
        every = autoregressive(random, 104 + 600, weight)
        sealed, watched = every[:104] + 1.0, every[104:] + shift
        for end in range(20, 601, 20):
            watch = SeriesWatch(
                delta=0.0, dates=np.arange(end), sealed=sealed, sealed_dates=np.arange(104)
            )
            if watch.course(watched[:end]).greatest >= GOAL:
                hits += 1
                break
    return hits


@pytest.mark.parametrize("weight", [0.0, 0.6])
def test_a_series_is_seldom_withdrawn_for_its_own_swings(agrees, weight):
    assert agrees(series_hits(weight, 0.0), 100, 0.05, at_most=True)


def test_a_series_that_drifts_is_withdrawn():
    assert series_hits(0.3, -2.0, times=30) == 30


def test_a_step_in_the_watched_periods_does_not_hide_itself():
    random = np.random.default_rng(4)
    sealed, watched = random.normal(size=100) + 50, random.normal(size=300) + 50
    watched[60:] -= 53
    spread = long_run_spread(sealed, watched)
    assert spread is not None
    assert spread.max() < 2.5 * spread[0]
    assert standard_evidence(-watched / spread).greatest > GOAL


def test_no_period_is_held_against_a_spread_that_it_decides():
    random = np.random.default_rng(5)
    sealed, watched = random.normal(size=100), random.normal(size=2000)
    spread = long_run_spread(sealed, watched)
    for cut in (1, 99, 100, 101, 1999):
        assert long_run_spread(sealed, watched[:cut]) == pytest.approx(spread[:cut])


def test_watched_periods_make_the_spread_less_cautious():
    random = np.random.default_rng(5)
    sealed = random.normal(size=100)
    ends = [long_run_spread(sealed, random.normal(size=2000))[[0, -1]] for _ in range(5)]
    first, last = np.mean(ends, axis=0)
    assert last < first


def test_a_period_with_a_quarter_of_the_series_counts_half():
    random = np.random.default_rng(15)
    sealed = random.normal(size=400)
    seen = {"delta": 0.0, "sealed": sealed, "sealed_dates": np.repeat(np.arange(100), 4)}
    gains = random.normal(size=60) - 0.5
    whole = SeriesWatch(dates=np.repeat(np.arange(60), 4), **seen).course(np.repeat(gains, 4))
    few = SeriesWatch(dates=np.arange(60), **seen).course(gains)
    spread = long_run_spread(sealed.reshape(100, 4).mean(axis=1), gains)
    assert whole.logs == pytest.approx(standard_evidence(-gains / spread).logs)
    assert few.logs == pytest.approx(standard_evidence(-gains / spread / 2).logs)


def test_seasons_are_counted_from_the_release_on():
    sealed = np.tile([1.0, -1.0, 3.0], 60) + np.random.default_rng(6).normal(size=180)
    watch = SeriesWatch(
        delta=0.0, dates=np.arange(8), season=3, sealed=sealed, sealed_dates=np.arange(180)
    )
    assert watch.places().tolist() == [0, 0, 0, 1, 1, 1, -1, -1]
    assert watch.course(np.arange(8.0)).units == 2
    two = SeriesWatch(
        delta=0.0, dates=np.arange(2), season=3, sealed=sealed, sealed_dates=np.arange(180)
    )
    course = two.course([1.0, 2.0])
    assert (course.units, course.greatest) == (0, 0.0)
    assert course.reason == "Too early: 2 dates of a season of 3."


def test_sealed_rows_that_do_not_tell_the_spread_give_no_evidence():
    short = SeriesWatch(
        delta=0.0, dates=np.arange(50), sealed=np.arange(10.0), sealed_dates=np.arange(10)
    )
    assert "16 independent periods are needed" in short.course(np.full(50, -9.0)).reason
    few = GroupWatch(
        delta=0.0, groups=np.arange(50), sealed=np.arange(10.0), sealed_groups=np.arange(10)
    )
    assert "40 are needed" in few.course(np.full(50, -9.0)).reason


def test_near_copies_count_once():
    gains = np.array([0.5, -0.5, -0.7, 0.1])
    shared = IndependentWatch(delta=0.0, lower=-1, upper=1, cases=["a", "b", "b", "c"])
    alone = bounded_evidence([0.5, -0.6, 0.1], delta=0.0, upper=1.0)
    assert shared.course(gains).logs == pytest.approx(alone.logs)
    assert shared.places().tolist() == [0, 1, 1, 2]


def test_groups_of_unequal_size_are_seldom_withdrawn(agrees):
    random, hits = np.random.default_rng(63), 0
    for _ in range(150):
        group = np.repeat(np.arange(300), random.geometric(0.1, 300))
        gains = 0.6 * random.normal(size=300)[group] + random.normal(size=group.size)
        sealed = group < 60
        watch = GroupWatch(
            delta=0.0,
            groups=group[~sealed],
            sealed=gains[sealed] + 0.5,
            sealed_groups=group[sealed],
        )
        hits += watch.course(gains[~sealed]).greatest >= GOAL
        assert watch.course(gains[~sealed] - 1.0).greatest >= GOAL
    assert agrees(hits, 150, 0.05, at_most=True)


@pytest.mark.parametrize("similar", [0.0, 0.3])
@pytest.mark.parametrize("sizes", ["larger", "smaller", "growing"])
def test_groups_of_other_sizes_than_the_sealed_are_seldom_withdrawn(agrees, sizes, similar):
    random, hits, times = np.random.default_rng(64), 0, 100
    watched = {
        "larger": np.full(200, 40),
        "smaller": np.full(200, 1),
        "growing": np.linspace(1, 60, 200).astype(int),
    }[sizes]
    for _ in range(times):
        group = np.repeat(np.arange(250), np.concatenate([np.full(50, 5), watched]))
        shared, own = random.normal(size=250)[group], random.normal(size=group.size)
        gains = similar**0.5 * shared + (1 - similar) ** 0.5 * own
        sealed = group < 50
        watch = GroupWatch(
            delta=0.0,
            groups=group[~sealed],
            sealed=gains[sealed],
            sealed_groups=group[sealed],
        )
        hits += watch.course(gains[~sealed]).greatest >= GOAL
        assert watch.course(gains[~sealed] - 1.0).greatest >= GOAL
    assert agrees(hits, times, 0.05, at_most=True)


def test_large_groups_may_gain_what_small_ones_lose(agrees):
    """The claim is about rows: their mean gain is 0 here, and that of group means -.45."""
    random, hits, times = np.random.default_rng(65), 0, 60
    for _ in range(times):
        size = random.choice([2, 20], size=350)
        group = np.repeat(np.arange(350), size)
        gains = np.where(size == 2, -1.0, 0.1)[group] + random.normal(size=group.size)
        sealed = group < 50
        watch = GroupWatch(
            delta=0.0,
            groups=group[~sealed],
            sealed=gains[sealed],
            sealed_groups=group[sealed],
        )
        hits += watch.course(gains[~sealed]).greatest >= GOAL
    assert agrees(hits, times, 0.05, at_most=True)


def test_the_spread_of_group_means_is_that_of_their_size():
    """Of many groups the bounds are near the truth: .3 between, .7 within."""
    random = np.random.default_rng(66)
    group = np.repeat(np.arange(4000), 5)
    gains = 0.3**0.5 * random.normal(size=4000)[group] + 0.7**0.5 * random.normal(size=group.size)
    spread = group_spread(gains, group)
    assert spread is not None
    sizes = np.array([1, 5, 50])
    assert spread.of_means(sizes) == pytest.approx(np.sqrt(0.3 + 0.7 / sizes), rel=0.05)


def test_single_sealed_rows_tell_nothing_of_what_a_group_has_in_common():
    gains = np.random.default_rng(67).normal(size=100)
    spread = group_spread(gains, np.arange(100))
    assert spread is not None
    assert np.ptp(spread.of_means([1, 1000])) == 0
    assert group_spread(gains, np.arange(100) // 4) is None  # 25 groups


@given(GAINS, st.floats(0.1, 4))
def test_what_counts_for_less_is_bet_on_less(shortfalls, weight):
    stakes = np.geomspace(0.05, 0.7, 8)[:, None] * weight
    factors = np.exp(stakes * np.minimum(shortfalls, 3.0) - stakes**2 / 2)
    course = standard_evidence(shortfalls, weight)
    assert np.exp(course.logs) == pytest.approx(by_hand(factors), rel=1e-9)


def test_rows_of_one_group_count_together_wherever_they_stand():
    random = np.random.default_rng(7)
    seen = {"sealed": random.normal(size=50), "sealed_groups": np.arange(50)}
    apart = GroupWatch(delta=0.0, groups=["p", "q", "p"], **seen)
    beside = GroupWatch(delta=0.0, groups=["p", "p", "q"], **seen)
    assert apart.course([1.0, 5.0, 2.0]).logs == pytest.approx(beside.course([1.0, 2.0, 5.0]).logs)


def test_what_cannot_be_bet_on_is_refused():
    with pytest.raises(DataError, match=r"must lie in \[-inf, 1.0\]"):
        bounded_evidence([1.5], delta=0.0, upper=1.0)
    with pytest.raises(ConfigError, match=r"`delta` is 1\.0"):
        bounded_evidence([0.5], delta=1.0, upper=1.0)
    with pytest.raises(DataError, match="only finite numbers"):
        standard_evidence([np.nan])
