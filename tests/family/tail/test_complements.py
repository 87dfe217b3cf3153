"""Logs of complements: log(1 - exp(l)) and log(1 - exp(-e^q))."""

import jax
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.family.tail import log1mexp, log1mexpexp

from . import truth

SLOPE = jax.jit(jax.vmap(jax.grad(log1mexp)))
HAZARD_SLOPE = jax.jit(jax.vmap(jax.grad(log1mexpexp)))
HAZARD_BEND = jax.jit(jax.vmap(jax.grad(jax.grad(log1mexpexp))))
LOGS = np.concatenate([-np.geomspace(1e-290, 600.0, 80), [-np.log(2)]])
Q = np.concatenate([np.linspace(-60, 6, 200), [-8.0, -7.999999, -8.000001]])


def test_the_complement_matches_60_digits():
    with mp.workdps(320):  # exp(-1e-290) differs from 1 in its 290th digit
        want = [mp.log(-mp.expm1(mp.mpf(float(log)))) for log in LOGS]
        slopes = [-1 / mp.expm1(-mp.mpf(float(log))) for log in LOGS]
        assert truth.worst(log1mexp(LOGS), want) < 1e-13
        assert truth.worst(SLOPE(LOGS), slopes) < 1e-12


def test_the_complement_of_a_certainty():
    np.testing.assert_array_equal(log1mexp([0.0, -np.inf, 0.1]), [-np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(SLOPE(np.array([0.0, -np.inf])), [0, 0])


def test_the_complement_of_a_survival_matches_60_digits():
    hazards = [mp.exp(mp.mpf(float(q))) for q in Q]
    want = [mp.log(-mp.expm1(-hazard)) for hazard in hazards]
    slopes = [hazard / mp.expm1(hazard) for hazard in hazards]
    bends = [s * (1 - h - s) for s, h in zip(slopes, hazards, strict=True)]
    assert truth.worst(log1mexpexp(Q), want) < 1e-13
    assert truth.worst(HAZARD_SLOPE(Q), slopes) < 1e-12
    keep = (
        Q > -30
    )  # below, the second derivative is -e^q / 2 and cancels in the closed form's place
    got = np.asarray(HAZARD_BEND(Q))[keep]
    assert truth.worst(got, [bend for bend, k in zip(bends, keep, strict=True) if k]) < 1e-8


def test_no_hazard_breaks_the_derivatives():
    q = np.array([-1e6, -9.0, 0.0, 8.0, 300.0, 1e6])
    assert np.isfinite([log1mexpexp(q), HAZARD_SLOPE(q), HAZARD_BEND(q)]).all()


@given(st.floats(-650, -1e-12))
def test_the_complement_of_the_complement_is_the_start(log_p):
    assert float(log1mexp(log1mexp(log_p))) == pytest.approx(log_p, rel=1e-12)
