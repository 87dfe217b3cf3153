"""The beta distribution in log-odds: the same tails, but no end to how far out."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from assay.family.tail.beta_odds import (
    complements,
    log_beta_density_odds,
    log_beta_function,
    log_beta_tails_odds,
)

from . import truth

SHAPES = [(1e-3, 0.7), (0.3, 0.3), (1.0, 5.0), (9.9, 2.5), (10.1, 200.0), (0.02, 4e3), (3e4, 8e4)]
NEAR = [
    (a, b, np.log(a / b) + z * np.sqrt(1 / a + 1 / b))
    for a, b in SHAPES
    for z in (-8.0, -0.5, 0.7, 3.0)
]
FAR = [
    (40.0, 0.3, 400.0),
    (1e-3, 0.7, -5e3),
    (0.3, 40.0, -400.0),
    (2.0, 2.0, -299.0),
    (2.0, 9.0, 2e3),
]
POINTS = [(a, b, v) for a, b, v in NEAR if abs(v) < 500] + FAR


def _three(at: jax.Array) -> jax.Array:
    return jnp.stack([*log_beta_tails_odds(*at), log_beta_density_odds(*at)])


@jax.jit
@jax.vmap
def _everything(at: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    slope = jax.jacrev(_three)
    return _three(at), slope(at), jax.jacfwd(slope)(at)


def _ask(points) -> tuple[np.ndarray, ...]:
    padded = np.resize(np.asarray(points, dtype=float), (len(POINTS), 3))
    return tuple(np.asarray(part)[: len(points)] for part in _everything(padded))


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, ...]:
    return _ask(POINTS)


def _truth(a, b, odds):
    """Both log tails and the log density; far out by the first term of the series, exact there."""
    a, b, odds = mp.mpf(a), mp.mpf(b), mp.mpf(odds)
    x, y = 1 / (1 + mp.exp(-odds)), 1 / (1 + mp.exp(odds))
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    density = a * mp.log(x) + b * mp.log(y) - log_beta
    if odds < -250:
        tail = mp.exp(density) / a
        return mp.log(tail), mp.log1p(-tail), density
    if odds > 250:
        tail = mp.exp(density) / b
        return mp.log1p(-tail), mp.log(tail), density
    return *truth.beta_tails(a, b, x, y), density


def _slope(at, which, order=1):
    def moved(value):
        near = list(at)
        near[which] = value
        return near

    centre = mp.mpf(at[which])
    width = mp.mpf("1e-18" if order == 1 else "1e-15") * max(abs(centre), mp.mpf("1e-3"))
    high, low = moved(centre + width), moved(centre - width)
    if order == 1:
        pairs = zip(_truth(*high), _truth(*low), strict=True)
    else:
        pairs = zip(_slope(high, which), _slope(low, which), strict=True)
    return [(up - down) / (2 * width) for up, down in pairs]


def test_values_match_60_digits(answers):
    for at, got in zip(POINTS, answers[0], strict=True):
        for value, want in zip(got, _truth(*at), strict=True):
            if abs(want) > 1e-290:
                assert value == pytest.approx(float(want), rel=1e-11, abs=1e-290), at


@pytest.mark.parametrize("which", [0, 1, 2], ids=["a", "b", "odds"])
def test_gradients_and_bends_match_differences_in_many_digits(answers, which):
    with mp.workdps(100):  # a tail near 1 leaves few digits to its differences
        for i, at in enumerate(POINTS):
            slopes, bends = _slope(at, which), _slope(at, which, order=2)
            for tail, (slope, bend) in enumerate(zip(slopes, bends, strict=True)):
                if abs(slope) < 1e-60:
                    continue
                got = answers[1][i, tail, which], answers[2][i, tail, which, which]
                # The slope of the density crosses zero: its error is on the size of its parts.
                part = min(at[0], at[1]) if which == 2 else 1 / at[which]
                assert got[0] == pytest.approx(float(slope), rel=1e-9, abs=1e-12 * part)
                assert got[1] == pytest.approx(float(bend), rel=1e-6, abs=1e-9 * float(slope) ** 2)


def test_infinite_odds_are_the_ends_without_gradient():
    ends = np.array([(2.0, 3.0, -np.inf), (2.0, 3.0, np.inf)])
    values, slopes, _ = _ask(ends)
    np.testing.assert_array_equal(values[:, :2], [[-np.inf, 0], [0, -np.inf]])
    assert not slopes[:, :2].any()


def test_shapes_that_are_not_positive_are_nan():
    assert np.isnan(_ask([(0.0, 1.0, 0.5), (1.0, np.nan, 0.5), (-1.0, 2.0, 0.5)])[0]).all()


@pytest.mark.parametrize("a", [1e-3, 0.4, 1.0, 12.0, 1e5])
@pytest.mark.parametrize("b", [1e-3, 3.0, 1e8])
def test_the_beta_function_keeps_its_digits(a, b):
    a, b = float(a), float(b)
    want = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + b)
    got = float(log_beta_function(jnp.asarray(a), jnp.asarray(b)))
    assert got == pytest.approx(float(want), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("odds", [-600.0, -40.0, 0.0, 3.0, 40.0, 600.0])
def test_complements_have_their_own_digits_and_slopes(odds):
    (x, y), (to_x, to_y) = jax.jvp(complements, (odds,), (1.0,))
    true_x, true_y = 1 / (1 + mp.exp(-odds)), 1 / (1 + mp.exp(odds))
    assert [float(x), float(y)] == pytest.approx([float(true_x), float(true_y)], rel=1e-14)
    assert float(to_x) == pytest.approx(float(true_x * true_y), rel=1e-14)
    assert float(to_y) == -float(to_x)
