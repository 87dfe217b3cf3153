"""Rows needed: the published figures, the power they buy, and their order."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.errors import ConfigError
from assay.verdict import rows_at_level, rows_needed, star_rows, star_supports

# Rows for an excess of .05, .1 and .2 standard deviations, as published for one test at level
# .05 and for ten tries. One reading gives them all: c = 1.15 throughout, level .05 and level
# .8 * .05 / 10 = .004, the middle figure rounded up and the first taken as 4 times the middle.
ONE_TEST, TEN_TRIES = (2844, 711, 178), (5616, 1404, 351)


@pytest.mark.parametrize(("level", "published"), [(0.05, ONE_TEST), (0.004, TEN_TRIES)])
def test_how_the_published_figures_were_made(level, published):
    bare = [((stats.norm.isf(level) + stats.norm.isf(0.2)) / e) ** 2 for e in (0.05, 0.1, 0.2)]
    first, middle, last = (math.ceil(1.15 * rows) for rows in bare)
    assert (4 * middle, middle, last) == published
    assert first in (published[0], published[0] - 1)  # 5615 where the published figure is 5616


@pytest.mark.parametrize(("excess", "rows"), [(0.05, 2844), (0.1, 711), (0.2, 194)])
def test_rows_of_one_test(excess, rows):
    # The last has the reserve 1.25, as fewer than 300 rows have; the published 178 forgot it.
    assert rows_at_level(level=0.05, sd_gain=1.0, excess=excess) == rows


@pytest.mark.parametrize(
    ("tries", "excess", "rows"),
    [(10, 0.05, 5615), (10, 0.1, 1404), (10, 0.2, 351), (1, 0.05, 3092), (1, 0.1, 773)],
)
def test_rows_of_a_registration(tries, excess, rows):
    # One registered try is tested at .8 alpha = .04, not at alpha: a fifth is kept for overruns.
    assert rows_needed(alpha=0.05, tries=tries, sd_gain=1.0, excess=excess) == rows


@pytest.mark.parametrize(("effect", "repetitions"), [(0.1, 800), (0.2, 1500)])
def test_the_rows_buy_the_power(agrees, effect, repetitions):
    sd = 0.2**0.5
    rows = rows_at_level(level=0.05, sd_gain=sd, excess=effect * sd)
    random, chances = np.random.default_rng(3), [0.1 - effect * sd / 2, 0.8, 0.1 + effect * sd / 2]
    hits = sum(
        star_supports(
            random.choice([-1.0, 0.0, 1.0], p=chances, size=rows),
            delta=0.0,
            lower=-1.0,
            level=0.05,
            sd0=sd,
        )
        for _ in range(repetitions)
    )
    assert agrees(hits, repetitions, 0.8)


@given(st.floats(0.01, 2.0), st.floats(1.0, 2.0), st.integers(1, 30), st.floats(1.0, 5.0))
def test_a_harder_claim_never_needs_fewer_rows(excess, easier, tries, effect):
    plan = {"alpha": 0.05, "sd_gain": 1.0}
    rows = rows_needed(tries=tries, excess=excess, **plan)
    assert rows >= rows_needed(tries=tries, excess=excess * easier, **plan)
    assert rows <= rows_needed(tries=tries + 1, excess=excess, **plan)
    assert rows <= rows_needed(tries=tries, excess=excess, design_effect=effect, **plan)


def near_normal(random: np.random.Generator, rows: int, effect: float) -> np.ndarray:
    return np.clip(random.normal(size=rows), -4.0, 4.0) + effect


def discordant(random: np.random.Generator, rows: int, effect: float) -> np.ndarray:
    """Two classifiers of which one alone is right in a fifth of the rows, in standard units."""
    lean = effect * 0.2**0.5 / 2
    chances = [0.1 - lean, 0.8, 0.1 + lean]
    return random.choice([-1.0, 0.0, 1.0], p=chances, size=rows) / 0.2**0.5


def left_skewed(random: np.random.Generator, rows: int, effect: float) -> np.ndarray:
    """Lognormal losses (sigma .6), capped at 6 standard deviations above their mean."""
    low, wide = stats.lognorm(0.6).mean(), stats.lognorm(0.6).std()
    return effect - (np.minimum(random.lognormal(0.0, 0.6, rows), low + 6 * wide) - low) / wide


@pytest.mark.parametrize("tries", [1, 10])
@pytest.mark.parametrize("effect", [0.1, 0.2, 0.3])
@pytest.mark.parametrize(
    ("law", "bound"),
    [
        (near_normal, lambda e: 4.0 - e),
        (discordant, lambda _: 0.2**-0.5),
        (left_skewed, lambda e: 6.0 - e),
    ],
    ids=["near normal", "0-1", "left-skewed"],
)
def test_the_rows_of_the_bet_buy_the_power_whatever_the_gains(law, bound, effect, tries):
    loss = bound(effect)
    rows = rows_needed(alpha=0.05, tries=tries, sd_gain=1.0, excess=effect, greatest_loss=loss)
    random, repetitions, level = np.random.default_rng([7, tries]), 300, 0.8 * 0.05 / tries
    bet = {"delta": 0.0, "lower": -loss - 1e-9, "level": level, "sd0": 1.0}
    hits = sum(star_supports(law(random, rows, effect), **bet) for _ in range(repetitions))
    assert 0.75 <= hits / repetitions <= 0.95


def test_the_worst_row_has_its_price():
    # Where it costs all of the wealth, x = 1, a bit more than a third of the rows is added.
    assert star_rows(1000, greatest_loss=2.0, sd_gain=1.0, excess=0.5) == 1350
    plan = {"alpha": 0.05, "tries": 10, "sd_gain": 1.0, "excess": 0.1}
    assert rows_needed(greatest_loss=5.0, **plan) == math.ceil(1.175 * 1403.6)
    assert rows_needed(**plan) == 1404


@given(st.floats(0.02, 2.0), st.floats(1.0, 3.0), st.floats(0.1, 10.0), st.integers(1, 30))
def test_a_bound_never_turns_the_order_round(excess, easier, loss, tries):
    plan = {"alpha": 0.05, "sd_gain": 1.0, "tries": tries}
    rows = rows_needed(excess=excess, greatest_loss=loss, **plan)
    assert rows >= rows_needed(excess=excess * easier, greatest_loss=loss, **plan)
    assert rows <= rows_needed(excess=excess, greatest_loss=loss * easier, **plan)
    assert rows >= rows_needed(excess=excess, **plan)


@pytest.mark.parametrize(
    "changed", ["alpha", "tries", "sd_gain", "excess", "power", "design_effect", "greatest_loss"]
)
def test_bad_input_is_refused(changed):
    plan = {"alpha": 0.05, "tries": 10, "sd_gain": 1.0, "excess": 0.1, changed: 0}
    with pytest.raises(ConfigError, match=f"`{changed}` is 0"):
        rows_needed(**plan)
