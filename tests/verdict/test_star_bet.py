"""The STaR bet: the published recursion, its error rates, and what must not change it."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigError, DataError
from assay.verdict import (
    floored_sd,
    star_interval,
    star_p_value,
    star_refutes,
    star_supports,
)


def recursion(
    g: np.ndarray, delta: float, lo: float, a: float, sd0: float, c: float = 0.95
) -> bool:
    """The published recursion, step by step and without any vector."""
    goal, wealth, first, second, k, n = math.log(1 / a), 0.0, 0.0, sd0**2, 1.0, len(g)
    for i, gain in enumerate(g):
        variance = second / k
        stake = min(math.sqrt(2 * (goal - wealth) / ((n - i) * variance)), c / (delta - lo))
        wealth += math.log1p(stake * (gain - delta))
        if wealth >= goal:
            return True
        first += gain - delta
        k += 1
        second += (gain - delta - first / (k - 1)) ** 2
    return False


@pytest.mark.parametrize("rows", [1, 2, 30, 300])
def test_the_fast_bet_is_the_published_recursion(rows):
    random = np.random.default_rng(rows)
    answers = []
    for _ in range(200):
        gains = random.uniform(-1, 1, rows) + random.normal(0, 0.3)
        delta, level = random.uniform(-0.3, 0.3), random.choice([0.5, 0.05, 0.004])
        bet = {"delta": delta, "sd0": random.choice([0.02, 0.577, 2.0])}
        answers.append(star_supports(gains, lower=-3.0, level=level, **bet))
        assert answers[-1] == recursion(gains, delta, -3.0, level, bet["sd0"])
    assert rows < 30 or 0 < sum(answers) < 200


# Frequencies published with the method's simulations; rows, level and law as there.
@pytest.mark.parametrize(
    ("law", "rows", "level", "published", "repetitions"),
    [
        ("20% discordant", 200, 0.05, 0.045, 3000),
        ("20% discordant", 200, 0.0005, 0.0004, 3000),
        ("2% discordant", 1000, 0.05, 0.036, 1500),
        ("uniform", 1000, 0.05, 0.048, 1000),
        ("disasters", 200, 0.05, 0.0, 2000),
        ("disasters", 1000, 0.05, 0.043, 1500),
    ],
)
def test_false_support_at_the_boundary(laws, agrees, law, rows, level, published, repetitions):
    draw, sd = laws[law]
    random = np.random.default_rng(101)
    hits = sum(
        star_supports(draw(random, rows), delta=0.0, lower=-1.0, level=level, sd0=sd)
        for _ in range(repetitions)
    )
    assert agrees(hits, repetitions, level, at_most=True)
    assert agrees(hits, repetitions, published)


def test_power_where_student_has_eighty_per_cent(agrees):
    random, effect = np.random.default_rng(102), 0.1 * 0.2**0.5
    chances = [0.1 - effect / 2, 0.8, 0.1 + effect / 2]
    hits = sum(
        star_supports(
            random.choice([-1.0, 0.0, 1.0], p=chances, size=618),
            delta=0.0,
            lower=-1.0,
            level=0.05,
            sd0=0.2**0.5,
        )
        for _ in range(1200)
    )
    assert agrees(hits, 1200, 0.73)


# Published: .045 for a variant exactly at the claim, 1.00 (in two digits) for one without gain.
@pytest.mark.parametrize(("mean", "chance"), [(0.1 * 3**-0.5, 0.045), (0.0, 0.995)])
def test_closing_refutation(agrees, mean, chance):
    random, hits = np.random.default_rng(208), 0
    for _ in range(400):
        gains = random.uniform(-1 + mean, 1 - mean, 2000) + mean
        hits += star_refutes(gains, delta=0.1 * 3**-0.5, upper=1.0, level=0.05, sd0=3**-0.5)
    assert agrees(hits, 400, chance)


def test_the_p_value_keeps_its_law(laws, agrees):
    draw, sd = laws["uniform"]
    random = np.random.default_rng(208)
    p = np.array(
        [star_p_value(draw(random, 400), delta=0.0, lower=-1.0, sd0=sd) for _ in range(2500)]
    )
    published = {0.2 / 3: 0.0486, 0.05 / 3: 0.0123, 0.0125 / 3: 0.0029, 0.003125 / 3: 0.0005}
    for bound, frequency in published.items():
        hits = int((p <= bound * (1 + 1e-9)).sum())
        assert agrees(hits, p.size, bound, at_most=True)
        assert agrees(hits, p.size, frequency)


def test_the_p_value_is_four_thirds_of_a_rejecting_level():
    gains = np.random.default_rng(1).uniform(-0.7, 1.0, 400)
    bet = {"delta": 0.0, "lower": -1.0, "sd0": 0.55}
    p = star_p_value(gains, **bet)
    assert 1e-15 < p < 0.05
    assert star_supports(gains, level=0.75 * p, **bet)
    assert math.log(0.05 / (0.75 * p), 4) == pytest.approx(round(math.log(0.05 / (0.75 * p), 4)))
    assert star_p_value(-gains, **bet) == 1.0


@pytest.mark.parametrize("law", ["20% discordant", "disasters"])
def test_the_interval_covers_the_mean(laws, agrees, law):
    draw, sd = laws[law]
    random, missed = np.random.default_rng(7), 0
    for _ in range(250):
        low, high = star_interval(draw(random, 150), lower=-1.0, upper=1.0, level=0.1, sd0=sd)
        assert -1.0 <= low < high <= 1.0
        missed += not low <= 0.0 <= high
    assert agrees(missed, 250, 0.1, at_most=True)


def test_the_interval_says_what_the_bet_says():
    gains = np.random.default_rng(3).uniform(-0.8, 1.0, 500)
    low, high = star_interval(gains, lower=-1.0, upper=1.0, level=0.1, sd0=0.5)
    yes = {"level": 0.05, "sd0": 0.5}
    assert star_supports(gains, delta=low, lower=-1.0, **yes)
    assert not star_supports(gains, delta=low + 1e-6, lower=-1.0, **yes)
    assert star_refutes(gains, delta=high, upper=1.0, **yes)
    assert not star_refutes(gains, delta=high - 1e-6, upper=1.0, **yes)


gains_lists = st.lists(st.floats(-1, 1), min_size=1, max_size=60)


@given(gains_lists, st.floats(-0.9, 0.9), st.sampled_from([0.3, 0.05, 0.001]), st.integers(-30, 30))
@settings(max_examples=100, deadline=None)
def test_the_unit_of_the_loss_does_not_matter(gains, delta, level, power):
    # Powers of two scale floats without rounding, so the answers must be the same, bit for bit.
    unit, array = 2.0**power, np.array(gains)
    plain = {"delta": delta, "lower": -1.0, "sd0": 0.4}
    scaled = {name: value * unit for name, value in plain.items()}
    yes = star_supports(array, level=level, **plain)
    assert star_supports(array * unit, level=level, **scaled) == yes
    assert star_p_value(array * unit, **scaled) == star_p_value(array, **plain)


@given(gains_lists, st.floats(-0.99, 0.9), st.floats(1e-3, 0.5), st.floats(0.02, 2.0))
@settings(max_examples=200, deadline=None)
def test_what_beats_a_claim_beats_a_lesser_one(gains, delta, lesser, sd0):
    bet = {"lower": -1.0, "level": 0.2, "sd0": sd0}
    if star_supports(gains, delta=delta, **bet):
        assert star_supports(gains, delta=max(delta - lesser, -0.999), **bet)


@given(gains_lists, st.floats(-0.9, 0.9))
@settings(max_examples=100, deadline=None)
def test_refutation_is_support_in_the_mirror(gains, delta):
    array = np.array(gains)
    mirrored = star_supports(-array, delta=-delta, lower=-1.0, level=0.2, sd0=0.5)
    assert star_refutes(array, delta=delta, upper=1.0, level=0.2, sd0=0.5) == mirrored


def test_a_guess_of_no_spread_is_floored():
    assert floored_sd(0.0, lower=-1.0, upper=3.0) == pytest.approx(0.04)
    assert floored_sd(0.5, lower=-1.0, upper=3.0) == 0.5


def _supports(**changes: float) -> bool:
    bet = {"delta": 0.0, "lower": -1.0, "level": 0.05, "sd0": 0.5, **changes}
    return star_supports(np.array([0.1, -0.5]), **bet)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: _supports(lower=-0.4, delta=0.0), DataError, r"row 1 is -0\.5 .* must lie in"),
        (lambda: _supports(delta=-1.0), ConfigError, r"`delta` is -1\.0, must lie strictly"),
        (lambda: _supports(level=5.0), ConfigError, r"`level` is 5\.0"),
        (lambda: _supports(sd0=0.0), ConfigError, r"`sd0` is 0\.0"),
        (lambda: _supports(c=1.0), ConfigError, r"`c` is 1\.0"),
        (lambda: star_refutes([2.0], delta=0, upper=1, level=0.1, sd0=1), DataError, "row 0 is 2"),
        (lambda: star_refutes([0.0], delta=1, upper=1, level=0.1, sd0=1), ConfigError, "`delta`"),
        (lambda: star_p_value([], delta=0, lower=-1, sd0=1), DataError, "non-empty"),
        (lambda: star_p_value([math.nan], delta=0, lower=-1, sd0=1), DataError, "row 0 is nan"),
        (lambda: floored_sd(math.nan, lower=0, upper=1), ConfigError, "`sd0` is nan"),
        (lambda: floored_sd(1.0, lower=1, upper=1), ConfigError, "upper - lower"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], error: type[Exception], says: str):
    with pytest.raises(error, match=says):
        call()
