"""The log probability of an interval against mpmath: narrow, far out, on one side, on both."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from laws import LAWS
from laws.counts import LAWS as COUNTS
from laws.positive import LAWS as POSITIVE
from laws.wrappers import log_between

from assay.family import Gamma, NegativeBinomial, Normal

from .conftest import WHOLE

FAMILIES = {"normal": Normal(), "gamma": Gamma(), "negative-binomial": NegativeBinomial()}
LAWS = {
    "normal": LAWS["normal"],
    "gamma": POSITIVE["gamma"],
    "negative-binomial": COUNTS["negative-binomial"],
}
EPS = 2.0**-53
ROWS = 32


@partial(jax.jit, static_argnums=0)
def _everything(name, at):
    """Value, both gradients and Hessian in the parameters and the ends, row by row."""

    def value(row):
        names = [parameter.name for parameter in FAMILIES[name].parameters]
        bound = FAMILIES[name].bind(dict(zip(names, row, strict=False)), {})
        return bound.log_between(row[-2], row[-1])

    forward = jax.jacfwd(value)
    return (
        jax.vmap(value)(at),
        jax.vmap(forward)(at),
        jax.vmap(jax.jacrev(value))(at),
        jax.vmap(jax.jacfwd(forward))(at),
    )


@cache
def _found(name, rows):
    padded = np.asarray(rows + (rows[-1],) * (-len(rows) % ROWS))
    blocks = [
        _everything(name, jnp.asarray(part)) for part in np.split(padded, len(padded) // ROWS)
    ]
    return [np.concatenate(each)[: len(rows)] for each in zip(*blocks, strict=True)]


# Ends in standard deviations from the mean, then widths relative to it or, at the end, to the sd.
ENDS = [
    (-141.0, -140.9), (-140.0, -20.0), (-38.0, -37.9999), (-9.0, -8.0), (-1.0, -1 + 1e-12),
    (-1.0, 1.0), (-0.3, 0.31), (-8.0, 9.0), (0.0, 1e-12), (0.7, 0.7 + 1e-6), (0.7, 0.75),
    (0.5, 1.3), (3.0, 3.0 + 1e-9), (5.0, np.inf), (-np.inf, 5.0), (-np.inf, -20.0), (12.0, 12.3),
    (60.0, 60.0 + 1e-8), (139.0, 140.0), (141.3, 141.4), (-300.0, 300.0), (-20.0, np.inf),
]  # fmt: skip
NORMALS = tuple(
    (mean, sd, mean + sd * a, mean + sd * b)
    for mean, sd in ((0.0, 1.0), (3.0, 0.02))
    for a, b in ENDS
)
GAMMAS = tuple(
    (mean, cv, mean * a, mean * b)
    for mean, cv, a, b in (
        (2.0, 0.7, 0.5, 0.9), (2.0, 0.7, 1.0, 1.0 + 1e-12), (2.0, 0.7, 1e-9, 2e-9),
        (2.0, 0.7, 0.0, 0.1), (2.0, 0.7, -1.0, 0.4), (2.0, 0.7, 4.0, np.inf),
        (2.0, 0.7, 40.0, 41.0),
        (2.0, 0.7, 4800.0, 4801.0), (5.0, 0.01, 0.3, 0.300001), (5.0, 0.01, 0.99, 1.01),
        (5.0, 0.01, 2.5, 2.51), (1.0, 10.0, 1e-30, 1e-20), (1.0, 10.0, 1e-20, 1.1e-20),
        (1.0, 10.0, 0.5, 0.5 + 1e-9), (1.0, 10.0, 3.0, 800.0), (1e-8, 0.3, 0.9, 1.4),
        (1e9, 1.0, 1e-6, 1e-5), (1e9, 1.0, 7.0, 7.0001), (7.0, 30.0, 1e-200, 1e-199),
        (7.0, 30.0, 2.0, 2.5), (7.0, 1e-3, 1.0, 1.0 + 1e-7), (7.0, 1e-3, 1.1, 1.11),
    )
)  # fmt: skip
COUNTED = (
    (4.0, 1.3, 0.0, 0.0), (4.0, 1.3, 2.0, 5.0), (4.0, 1.3, 1.5, 30.0), (4.0, 1.3, 3.0, np.inf),
    (4.0, 1.3, -np.inf, 6.0), (4.0, 1.3, -4.0, 6.0), (4.0, 1.3, 5000.0, 5007.0),
    (4.0, 1.3, 5000.0, 5009.0), (1e-3, 0.5, 1.0, 3.0), (1e-3, 0.5, 0.0, 20.0),
    (2000.0, 0.2, 0.0, 9.0), (2000.0, 0.2, 1e4, 1e5), (1e4, 300.0, 9e3, 9003.0),
    (1e4, 300.0, 9e3, 9100.0), (1e4, 300.0, 2e4, 2e4 + 40), (3.0, 1e12, 0.0, 2.0),
    (50.0, 1e6, 1.0, 60.0),
)  # fmt: skip
CASES = {"normal": NORMALS, "gamma": GAMMAS, "negative-binomial": COUNTED}
EACH = pytest.mark.parametrize("name", CASES)
# A gamma's second derivatives take half a minute to compile.
QUICK = [name for name in CASES if WHOLE or name != "gamma"]
COMPILED = pytest.mark.parametrize("name", QUICK)


def _truth(name):
    law, names = LAWS[name], [each.name for each in FAMILIES[name].parameters]

    def value(*at):
        parameters = {key: mp.mpf(each) for key, each in zip(names, at, strict=False)}
        return log_between(law, mp.mpf(at[-2]), mp.mpf(at[-1]), parameters)

    return value


def _scales(row):
    """How far each input reaches before the value changes its course."""
    first, second, low, high = row
    width = high - low if np.isfinite(high - low) else abs(low if np.isfinite(low) else high)
    spread = second * abs(first or 1.0)
    return abs(first) or second, second, min(width, spread) or 1.0, min(width, spread) or 1.0


@cache
def _slopes(name, row, order=1):
    """Derivatives in everything that is finite and not a whole number, by position.

    Kept, since two tests ask for the same ones, at the same precision.
    """
    value, found, at = _truth(name), {}, [mp.mpf(each) for each in row]
    for i in range(2 if name == "negative-binomial" else 4):
        if np.isfinite(row[i]):
            step = mp.mpf(_scales(row)[i]) * mp.mpf(10) ** (-20)
            up, down = (value(*at[:i], at[i] + way * step, *at[i + 1 :]) for way in (1, -1))
            drop = (up - down) / 2 if order == 1 else up + down - 2 * value(*at)
            found[i] = drop / step**order
    return found


def _room(row):
    """What the last digits of the ends are worth, where they bound a narrow interval."""
    width = row[3] - row[2]
    return 8 * EPS * max(abs(row[2]), abs(row[3])) / width if 0 < width < np.inf else 0.0


def _conditioning(name, row):
    """How far the value moves when each input moves by its last digit."""
    return sum(abs(slope * row[i]) * EPS for i, slope in _slopes(name, row).items())


@COMPILED
def test_values_are_those_of_mpmath(name):
    values, misses = _found(name, CASES[name])[0], []
    with mp.workdps(110):
        for row, got in zip(CASES[name], values, strict=True):
            true = _truth(name)(*row)
            room = 2 * _conditioning(name, row)
            misses.append(max(0.0, float(abs(got - true) - room) / max(abs(float(true)), 1.0)))
    assert max(misses) <= 1e-10, CASES[name][int(np.argmax(misses))]
    assert np.median(misses) <= 1e-13


@COMPILED
def test_gradients_are_those_of_mpmath_in_both_modes(name):
    _, forward, reverse, _ = _found(name, CASES[name])
    with mp.workdps(110):
        for row, *both in zip(CASES[name], forward, reverse, strict=True):
            for i, true in _slopes(name, row).items():
                room = (1e-9 + _room(row)) * max(abs(float(true)), 1 / _scales(row)[i])
                for got in both:
                    assert abs(got[i] - float(true)) <= room, (row, i)


@COMPILED
def test_second_derivatives_are_those_of_mpmath(name):
    second = _found(name, CASES[name])[3]
    with mp.workdps(140):
        for row, got in zip(CASES[name], second, strict=True):
            for i, true in _slopes(name, row, order=2).items():
                if name == "gamma" and i == 2 and row[2] == 0:
                    continue  # the density has no slope at the end of its support
                if abs(true) > np.finfo(float).max:
                    continue  # no float64 is so large
                room = (1e-6 + 4 * _room(row)) * max(abs(true), mp.mpf(_scales(row)[i]) ** -2)
                assert abs(mp.mpf(float(got[i, i])) - true) <= room, (row, i)


@EACH
def test_an_end_at_infinity_leaves_a_plain_tail(name):
    at = jnp.asarray([2.0, 0.7])
    names = [parameter.name for parameter in FAMILIES[name].parameters]
    bound = FAMILIES[name].bind(dict(zip(names, at, strict=True)), {})
    low, high = jnp.asarray([3.0, -jnp.inf, -jnp.inf]), jnp.asarray([jnp.inf, 3.0, jnp.inf])
    wanted = [float(bound.log_reach(low[0])), float(bound.log_cdf(high[1])), 0.0]
    assert bound.log_between(low, high) == pytest.approx(wanted, rel=1e-15)


@EACH
def test_where_no_value_lies_between_there_is_nothing(name):
    names = [parameter.name for parameter in FAMILIES[name].parameters]

    def total(at):
        bound = FAMILIES[name].bind(dict(zip(names, at, strict=True)), {})
        low = jnp.asarray([3.0, 2.2, jnp.inf, -jnp.inf, 4.0])
        return bound.log_beyond(low, jnp.asarray([3.0, 2.1, jnp.inf, -jnp.inf, -4.0]))

    at = jnp.asarray([2.0, 0.7])
    assert np.all(np.asarray(total(at)) == -np.inf)
    assert np.all(np.asarray(jax.jacfwd(total)(at)) == 0)


def test_one_value_of_a_count_is_its_mass_and_without_it_nothing():
    bound = NegativeBinomial().bind({"mean": jnp.asarray(4.0), "size": jnp.asarray(1.3)}, {})
    k = jnp.asarray([0.0, 3.0, 50.0])
    assert bound.log_between(k, k) == pytest.approx(np.asarray(bound.log_prob(k)), rel=1e-15)
    assert bound.log_beyond(k - 1, k) == pytest.approx(np.asarray(bound.log_prob(k)), rel=1e-15)
    assert np.all(np.asarray(bound.log_beyond(k, k)) == -np.inf)


def test_parameters_may_have_more_axes_than_the_ends():
    means = jnp.asarray([[0.0], [1.0]])
    bound = Normal().bind({"mean": means, "sd": jnp.asarray(1.0)}, {})
    low, high = jnp.asarray([-1.0, 0.0, 0.5]), jnp.asarray([1.0, 1e-9, 0.7])
    found = np.asarray(bound.log_between(low, high))
    for row, mean in enumerate((0.0, 1.0)):
        alone = Normal().bind({"mean": jnp.asarray(mean), "sd": jnp.asarray(1.0)}, {})
        assert found[row] == pytest.approx(np.asarray(alone.log_between(low, high)), rel=1e-15)


@given(some.floats(-30, 30), some.floats(1e-9, 5), some.floats(0.01, 0.99))
def test_an_interval_is_the_sum_of_its_parts(low, width, share):
    middle, high = low + share * width, low + width
    ends = jnp.asarray([low, low, middle]), jnp.asarray([high, middle, high])
    bound = Normal().bind({"mean": jnp.asarray(0.0), "sd": jnp.asarray(1.0)}, {})
    whole, first, second = np.asarray(bound.log_between(*ends))
    # Rounding of the inner point moves mass from one part to the other, and no more.
    assert np.logaddexp(first, second) == pytest.approx(whole, abs=1e-12 * (1 + abs(whole)))
