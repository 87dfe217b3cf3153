"""The six shapes: known values, and what holds for all of them."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.portfolio import SHAPES

TRUTH = {
    "log": lambda x, tau, q: mpmath.log(1 + x / tau) / mpmath.log(1 + 1000 / tau),
    "power": lambda x, tau, q: 1 - (1 + x / tau) ** -q,
    "exponential": lambda x, tau, q: 1 - mpmath.exp(-x / tau),
    "hill": lambda x, tau, q: (x / tau) ** q / (1 + (x / tau) ** q),
    "janoschek": lambda x, tau, q: 1 - mpmath.exp(-((x / tau) ** q)),
    "ilog": lambda x, tau, q: 1 - 1 / (1 + mpmath.log(1 + x / tau)),
}


def height(name: str, x: float, tau: float, q: float) -> float:
    return float(SHAPES[name](np.array(x), np.array(tau), np.array(q)))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("x", [1e-9, 0.3, 7.0, 400.0])
def test_a_shape_agrees_with_many_digits(name: str, x: float):
    with mpmath.workdps(40):
        truth = float(TRUTH[name](mpmath.mpf(x), mpmath.mpf(13), mpmath.mpf("0.75")))
    assert height(name, x, 13.0, 0.75) == pytest.approx(truth, rel=1e-13)


@pytest.mark.parametrize("name", SHAPES)
@given(
    x=st.floats(0, 900),
    more=st.floats(0, 100),
    tau=st.floats(0.1, 2000),
    q=st.floats(0.1, 1.0),
)
def test_effort_never_lowers_a_shape_and_its_range_is_0_to_1(name, x, more, tau, q):
    low, high = height(name, x, tau, q), height(name, x + more, tau, q)
    assert 0.0 <= low <= high + 1e-15
    assert high <= 1.0 + 1e-12


@pytest.mark.parametrize("name", SHAPES)
def test_no_effort_brings_nothing(name: str):
    assert height(name, 0.0, 20.0, 0.7) == 0.0
