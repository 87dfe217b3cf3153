"""The start of a series is integrated out: what rows tell of it, and gains without a pile-up."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.series.filter.basis import Seasons
from assay.series.filter.recursion import Gains, State, height, moved
from assay.series.filter.start import told_of_season, told_of_start

SHARES = st.floats(0.0, 1.0)


def influence(gains: Gains, one: float, rows: int) -> float:
    """Step by step: what an error of 1 at the start is after each row, by the filter itself."""
    none = jnp.zeros(1)
    state, total = State(none, none, none, jnp.zeros((0, 1))), 0.0
    for _ in range(rows):
        error = 1.0 + height(state, jnp.zeros(0))
        total += float(one * error[0] ** 2)
        state = moved(state, gains, jnp.zeros(0), -np.sqrt(one) * error)
    return total


@given(
    gain=st.floats(0.0, 0.5), lasting=SHARES, pull=SHARES, one=st.floats(0.05, 4.0),
    rows=st.integers(0, 70),
)  # fmt: skip
def test_what_rows_tell_of_the_start_is_that_of_the_filter(gain, lasting, pull, one, rows):
    each = (gain, 0.0, gain * lasting)
    level, trend, rest = (jnp.full(1, value) for value in each)
    gains = Gains(level, trend, rest, jnp.zeros((0, 1)), jnp.full(1, pull))
    found = told_of_start(gains, jnp.full(1, one), jnp.full(1, float(rows)), "root")
    assert float(found[0]) == pytest.approx(influence(gains, one, rows), rel=1e-9, abs=1e-12)


def test_a_still_season_is_told_by_its_share_of_all_rows():
    found = told_of_season(0.0, 2.0, 70.0, 1 / 7, 1 / 6, "root")
    assert float(found) == pytest.approx(2.0 * 70 / 7, rel=1e-6)
    moving = told_of_season(0.3, 2.0, 70.0, 1 / 7, 1 / 6, "root")
    assert float(moving) < float(found)


@pytest.mark.parametrize("periods", [(7,), (12, 365.25), (4, 52), (24, 168)])
def test_shares_and_paces_are_means_over_a_round(periods):
    seasons, steps = Seasons(periods), np.arange(365 * 24 * 7)
    basis, push = seasons.basis(steps), seasons.pushes(steps)
    np.testing.assert_allclose((basis**2).mean(axis=0), seasons.shares, rtol=1e-3)
    np.testing.assert_allclose((basis * push).mean(axis=0), seasons.paces, rtol=1e-3)
