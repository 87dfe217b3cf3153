"""The families of the positive half line, from tiny to huge parameters and far into both tails."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given
from hypothesis import strategies as some
from laws.positive import LAWS

from assay.errors import ConfigError
from assay.family import Gamma, LogNormal
from assay.family.exponential import Exponential
from assay.family.generalized_beta_prime import GB2
from assay.family.log_logistic import LogLogistic
from assay.family.lomax import Lomax
from assay.family.pareto import Pareto
from assay.family.tail import log1mexp
from assay.family.weibull import Weibull

FAMILIES = {
    family.name: family
    for family in (
        Gamma(), LogNormal(), Exponential(), Weibull(), LogLogistic(), Lomax(), Pareto(), GB2()
    )
}  # fmt: skip
EACH = pytest.mark.parametrize("name", FAMILIES)
SMALL = np.array([-1e4, -25.0, -1.0])
LOG_P = np.concatenate([SMALL, np.asarray(log1mexp(SMALL))])
LOG_Q = np.concatenate([np.asarray(log1mexp(SMALL)), SMALL])
EPS = 2.0**-53
ROWS = 64


def _bind(name, at):
    names = [parameter.name for parameter in FAMILIES[name].parameters]
    return FAMILIES[name].bind(dict(zip(names, jnp.asarray(at, dtype=float), strict=True)), {})


def _in_blocks(compiled):
    """The same shapes always, so that a family compiles once for all tests."""

    def call(name, *columns):
        columns = [np.asarray(column, dtype=float) for column in columns]
        rows = len(columns[0])
        padded = [np.concatenate([c, np.repeat(c[-1:], -rows % ROWS, axis=0)]) for c in columns]
        blocks = [
            compiled(name, *(column[i : i + ROWS] for column in padded))
            for i in range(0, len(padded[0]), ROWS)
        ]
        return jax.tree.map(lambda *parts: np.concatenate(parts)[:rows], *blocks)

    return call


@_in_blocks
@partial(jax.jit, static_argnums=0)
def _three(name, rows):
    """Log density and both log tails of rows of (y, *parameters)."""
    return jax.vmap(partial(_values, name))(rows)


def _values(name, row):
    bound = _bind(name, row[1:])
    return jnp.stack([bound.log_prob(row[0]), *bound.log_tails(row[0])])


@_in_blocks
@partial(jax.jit, static_argnums=0)
def _derivatives(name, rows):
    def slopes(row):
        first = jax.jacrev(partial(_values, name))(row)
        return first, first

    def both(row):
        bend, slope = jax.jacfwd(slopes, has_aux=True)(row)
        return slope, jax.jacfwd(partial(_values, name))(row), bend

    return jax.vmap(both)(rows)


@_in_blocks
@partial(jax.jit, static_argnums=0)
def _quantiles(name, at, log_p, log_q):
    one = lambda row, *tails: _bind(name, row).tail_quantile(*tails)  # noqa: E731
    return jax.vmap(one)(at, log_p, log_q)


@partial(jax.jit, static_argnums=0)
def _moments(name, at, limits):
    bound = _bind(name, at)
    return bound.mean(), bound.variance(), bound.excess(limits)


def _expect(name, at, limits=(5.0,)):
    """Mean, variance and the excess over each limit."""
    mean, variance, excess = _moments(name, at, jnp.asarray(np.resize(limits, 4)))
    return float(mean), float(variance), np.asarray(excess)[: len(limits)]


@cache
def _grid(name):
    """Rows of (y, *parameters) at every level of every set of parameters, where float64 has y."""
    sets = [tuple(values.values()) for values in LAWS[name].values]
    at = np.repeat(np.array(sets), len(LOG_P), axis=0)
    levels = [np.tile(level, len(sets)) for level in (LOG_P, LOG_Q)]
    y = np.asarray(_quantiles(name, at, *levels))
    held = (y > 1e-140) & (y < 1e140)  # squares of 1 / y must fit
    if name == "pareto":
        held &= y > 1 + 1e-9  # closer, y itself has too few digits
    rows = np.column_stack([y, at])
    answers = _three(name, rows), *_derivatives(name, rows)
    return rows[held], *(np.asarray(part)[held] for part in answers)


@cache
def _truth(name):
    """For each row, value, slopes and bends of the log density and of the smaller log tail."""
    law = LAWS[name]
    with mp.workdps(50):
        return [_truth_of_row(law, row, values[1] < values[2]) for row, values in _rows(name)]


def _rows(name):
    rows, values = _grid(name)[:2]
    return zip(rows, values, strict=True)


def _truth_of_row(law, row, is_lower):
    functions = law.log_prob, law.log_cdf if is_lower else law.log_sf
    names = list(law.values[0])
    found = []
    for which, function in zip((0, 1 if is_lower else 2), functions, strict=True):

        def at(point, function=function):
            return function(point[0], **dict(zip(names, point[1:], strict=True)))

        centre = [mp.mpf(float(value)) for value in row]
        value, slopes, bends = at(centre), [], []
        for j, place in enumerate(centre):
            step = place * mp.mpf("1e-15")
            up, down = (at([*centre[:j], place + s, *centre[j + 1 :]]) for s in (step, -step))
            slopes.append((up - down) / (2 * step))
            bends.append((up - 2 * value + down) / step**2)
        found.append((which, value, slopes, bends))
    return found


def _points(name):
    for i, row in enumerate(_truth(name)):
        for which, value, slopes, bends in row:
            yield i, which, value, slopes, bends


@EACH
def test_densities_and_tails_match_50_digits(name):
    rows, values, slopes = _grid(name)[:3]
    errors = []
    for i, which, truth, _, _ in _points(name):
        size = max(abs(truth), 1) if which == 0 else abs(truth)
        conditioning = float(np.abs(slopes[i, which] * rows[i]).sum() / size) * EPS
        errors.append(float(abs(mp.mpf(float(values[i, which])) - truth) / size))
        assert errors[-1] < 1e-11 + 2 * conditioning, rows[i]
    assert len(errors) > 30
    assert np.median(errors) < 1e-14


@EACH
def test_gradients_match_50_digits_in_forward_and_reverse(name):
    rows, _, reverse, forward, bends = _grid(name)
    errors = []
    for i, which, _, truth, _ in _points(name):
        for j, slope in enumerate(truth):
            size = max(abs(slope), 1 / mp.mpf(rows[i, j]))
            conditioning = float(np.abs(bends[i, which, j] * rows[i]).sum() / size) * EPS
            for got in (reverse, forward):
                errors.append(float(abs(mp.mpf(float(got[i, which, j])) - slope) / size))
                assert errors[-1] < 1e-11 + 2 * conditioning, (rows[i], j)
    assert np.median(errors) < 1e-14


@EACH
def test_second_derivatives_match_50_digits(name):
    rows, bends = _grid(name)[0], _grid(name)[4]
    for i, which, _, slopes, truth in _points(name):
        for j, (slope, bend) in enumerate(zip(slopes, truth, strict=True)):
            # (log F)'' = F''/F - (F'/F)²: a far tail is rounded on the size of its last part.
            size = max(abs(bend), 1 / mp.mpf(rows[i, j]) ** 2)
            allowed = 1e-6 * size + 1e-11 * slope**2
            assert abs(mp.mpf(float(bends[i, which, j, j])) - bend) < allowed, (rows[i], j)


@EACH
def test_quantiles_and_tails_invert_each_other_out_to_1e_300(name):
    small = -np.concatenate([np.geomspace(1e-10, 0.6, 8), np.geomspace(0.7, 690, 12)])
    other = np.asarray(log1mexp(small))
    for values in LAWS[name].values:
        at = np.tile(tuple(values.values()), (2 * len(small), 1))
        log_p, log_q = np.concatenate([small, other]), np.concatenate([other, small])
        y = np.asarray(_quantiles(name, at, log_p, log_q))
        rows = np.column_stack([y, at])
        held = (y > 1e-290) & (y < 1e290) & ((name != "pareto") | (y > 1))
        assert held.any()
        rows = np.where(held[:, None], rows, 2.0)
        log_prob, log_cdf, log_sf = _three(name, rows).T
        log_density = log_prob + np.log(rows[:, 0])
        for want, got in ((log_p, log_cdf), (log_q, log_sf)):
            counts = held & (want < -0.5)  # the larger tail follows
            miss = np.abs(np.expm1(got - want))[counts]
            rounding = EPS * np.exp((log_density - want)[counts])  # what an ulp of y moves
            assert np.all(miss < 1e-9 + 4 * rounding), values


@EACH
def test_off_the_support_there_is_nothing_and_no_gradient(name):
    rows = np.array([[y, *LAWS[name].values[0].values()] for y in (-1.0, -1e-300, -np.inf)])
    np.testing.assert_array_equal(_three(name, rows), [[-np.inf, -np.inf, 0.0]] * 3)
    reverse, forward, bends = _derivatives(name, rows)
    for part in (reverse, forward, bends):
        assert not np.asarray(part).any()


@EACH
def test_certain_levels_are_the_ends_of_the_support(name):
    at = tuple(LAWS[name].values[0].values())
    ends = _quantiles(name, np.array([at, at]), np.array([-np.inf, 0.0]), np.array([0.0, -np.inf]))
    np.testing.assert_array_equal(ends, [FAMILIES[name].support.lower, np.inf])


MOMENTS = [
    ("gamma", (3.0, 0.6), st.gamma(0.6**-2, scale=3 * 0.6**2)),
    ("exponential", (3.0,), st.expon(scale=3.0)),
    ("weibull", (3.0, 0.7), st.weibull_min(0.7, scale=3.0)),
    ("weibull", (3.0, 9.0), st.weibull_min(9.0, scale=3.0)),
    ("log-logistic", (3.0, 4.5), st.fisk(4.5, scale=3.0)),
    ("lomax", (3.0, 4.5), st.lomax(4.5, scale=3.0)),
    ("pareto", (4.5,), st.pareto(4.5)),
    ("gb2", (3.0, 1.0, 2.0, 4.5), st.betaprime(2.0, 4.5, scale=3.0)),
    ("gb2", (3.0, 1.7, 1.0, 4.5), st.burr12(1.7, 4.5, scale=3.0)),
]


@pytest.mark.parametrize(("name", "at", "law"), MOMENTS)
def test_moments_are_those_of_scipy(name, at, law):
    mean, variance, _ = _expect(name, at)
    assert mean == pytest.approx(law.mean(), rel=1e-12)
    assert variance == pytest.approx(law.var(), rel=1e-11)


@pytest.mark.parametrize(("name", "at", "law"), MOMENTS)
def test_excess_is_the_integral_of_the_upper_tail(name, at, law):
    truth = LAWS[name]
    names = list(truth.values[0])
    values = dict(zip(names, map(mp.mpf, at), strict=True))
    limits = [float(limit) for limit in law.ppf([0.05, 0.6, 0.999])]
    *found, below = _expect(name, at, [*limits, -2.0])[2]
    for got, limit in zip(found, limits, strict=True):
        whole = mp.quad(
            lambda t, limit=limit: limit * mp.exp(t + truth.log_sf(limit * mp.exp(t), **values)),
            [0, 1, 4, 12, 40, 120],
        )
        assert got == pytest.approx(float(whole), rel=1e-11)
    assert below == pytest.approx(law.mean() + 2, rel=1e-12)


@pytest.mark.parametrize(("name", "at", "mean", "variance"), [
    ("log-logistic", (3.0, 1.0), np.inf, np.inf),
    ("log-logistic", (3.0, 2.0), 3 * np.pi / 2, np.inf),
    ("lomax", (3.0, 0.9), np.inf, np.inf),
    ("lomax", (3.0, 2.0), 3.0, np.inf),
    ("pareto", (1.0,), np.inf, np.inf),
    ("pareto", (1.5,), 3.0, np.inf),
    ("gb2", (3.0, 2.0, 1.0, 0.5), np.inf, np.inf),
    ("gb2", (3.0, 2.0, 1.0, 1.0), 3 * np.pi / 2, np.inf),
])  # fmt: skip
def test_moments_that_are_infinite_are_so(name, at, mean, variance):
    found, spread, excess = _expect(name, at)
    assert found == pytest.approx(mean, rel=1e-13)
    assert spread == variance
    assert np.isinf(excess[0]) == np.isinf(mean)


@pytest.mark.parametrize("shape", [30.0, 1e4, 1e8])
@pytest.mark.parametrize("name", ["weibull", "log-logistic"])
def test_the_variance_of_a_narrow_law_keeps_its_digits(name, shape):
    with mp.workdps(50):
        e = 1 / mp.mpf(shape)
        if name == "weibull":
            truth = mp.gamma(1 + 2 * e) - mp.gamma(1 + e) ** 2
        else:
            truth = 2 * mp.pi * e / mp.sin(2 * mp.pi * e) - (mp.pi * e / mp.sin(mp.pi * e)) ** 2
        assert _expect(name, (1.0, shape))[1] == pytest.approx(float(truth), rel=1e-11)


Y = np.geomspace(1e-2, 1e2, 25)
SPECIAL = [
    ("Burr", (2.0, 1.7, 1.0, 3.0), st.burr12(1.7, 3.0, scale=2.0)),
    ("Dagum", (2.0, 1.7, 3.0, 1.0), st.burr(1.7, 3.0, scale=2.0)),
    ("Lomax", (2.0, 1.0, 1.0, 3.0), st.lomax(3.0, scale=2.0)),
    ("log-logistic", (2.0, 3.0, 1.0, 1.0), st.fisk(3.0, scale=2.0)),
    ("beta prime", (2.0, 1.0, 0.4, 3.0), st.betaprime(0.4, 3.0, scale=2.0)),
    ("F", (1.5, 1.0, 2.0, 3.0), st.f(4.0, 6.0)),
]


@pytest.mark.parametrize(("at", "law"), [case[1:] for case in SPECIAL], ids=[c[0] for c in SPECIAL])
def test_special_cases_of_gb2_are_those_of_scipy(at, law):
    rows = np.column_stack([Y, np.tile(at, (len(Y), 1))])
    log_prob, log_cdf, log_sf = np.asarray(_three("gb2", rows)).T
    assert log_prob == pytest.approx(law.logpdf(Y), rel=1e-10, abs=1e-10)
    held = law.cdf(Y) < 0.9, law.sf(Y) < 0.9  # where SciPy's logs have their digits
    assert log_cdf[held[0]] == pytest.approx(law.logcdf(Y)[held[0]], rel=1e-9)
    assert log_sf[held[1]] == pytest.approx(law.logsf(Y)[held[1]], rel=1e-9)


@pytest.mark.parametrize(("name", "at", "as_gb2"), [
    ("lomax", (2.0, 3.0), (2.0, 1.0, 1.0, 3.0)),
    ("log-logistic", (2.0, 3.0), (2.0, 3.0, 1.0, 1.0)),
])  # fmt: skip
def test_lomax_and_log_logistic_are_gb2_to_the_ends_of_float64(name, at, as_gb2):
    y = np.geomspace(1e-300, 1e300, 41)
    one = _three(name, np.column_stack([y, np.tile(at, (len(y), 1))]))
    two = _three("gb2", np.column_stack([y, np.tile(as_gb2, (len(y), 1))]))
    np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-290)


@pytest.mark.parametrize(("power", "p"), [(1.0, 2.5), (1.8, 1.0), (0.7, 4.0)])
def test_gb2_leads_into_generalised_gamma_as_q_grows(power, p):
    q = 1e10
    law = st.gengamma(p, power)
    y = law.ppf([1e-8, 0.01, 0.5, 0.99, 1 - 1e-8])
    rows = np.column_stack([y, np.tile((q ** (1 / power), power, p, q), (len(y), 1))])
    log_prob, log_cdf, log_sf = np.asarray(_three("gb2", rows)).T
    assert log_prob == pytest.approx(law.logpdf(y), abs=1e-6)  # what is left is of order 1 / q
    assert log_cdf == pytest.approx(law.logcdf(y), rel=1e-6, abs=1e-7)
    assert log_sf == pytest.approx(law.logsf(y), rel=1e-6, abs=1e-7)


def test_gb2_leads_into_log_normal_as_both_shapes_grow():
    shape, sigma = 1e9, 0.8
    law = st.lognorm(sigma, scale=3.0)
    y = law.ppf([1e-8, 0.01, 0.5, 0.99, 1 - 1e-8])
    at = (3.0, np.sqrt(2 / shape) / sigma, shape, shape)
    log_prob, log_cdf, log_sf = np.asarray(
        _three("gb2", np.column_stack([y, np.tile(at, (len(y), 1))]))
    ).T
    assert log_prob == pytest.approx(law.logpdf(y), abs=1e-6)
    assert log_cdf == pytest.approx(law.logcdf(y), rel=1e-6)
    assert log_sf == pytest.approx(law.logsf(y), rel=1e-6)


@pytest.mark.parametrize("cv", [3.0, 30.0, 1e3])
def test_a_gamma_variable_near_0_follows_its_power_law(cv):
    rows = np.array([[y, 5.0, cv] for y in (1e-300, 1e-200)])
    log_prob, log_cdf, log_sf = np.asarray(_three("gamma", rows)).T
    with mp.workdps(50):
        a = 1 / mp.mpf(cv) ** 2
        for i, y in enumerate(rows[:, 0]):
            truth = a * mp.log(a * y / 5) - mp.loggamma(a + 1)
            assert log_cdf[i] == pytest.approx(float(truth), rel=1e-12)
            assert log_sf[i] == pytest.approx(float(mp.log1p(-mp.exp(truth))), rel=1e-11)
            assert log_prob[i] == pytest.approx(float(truth + mp.log(a) - mp.log(y)), rel=1e-12)


@EACH
def test_samples_follow_the_law_and_take_the_shape_of_the_parameters(name):
    values = np.array(tuple(LAWS[name].values[1].values()))
    at = jnp.asarray(np.tile(values[:, None], (1, 3)))
    draws = np.asarray(_bind(name, at).sample(jax.random.key(5), (1500, 3)))
    assert draws.shape == (1500, 3)
    rows = np.column_stack([draws.ravel(), np.tile(values, (draws.size, 1))])
    uniform = np.exp(np.asarray(_three(name, rows))[:, 1]).reshape(draws.shape)
    assert st.kstest(uniform.ravel(), "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(uniform[:, 0], uniform[:, 1])[0, 1]) < 0.12


TABLES = {
    "usual": np.array([0.3, 1.0, 2.0, 9.0]),
    "constant": np.full(4, 7.0),
    "one row": np.array([3.0]),
    "tiny": np.array([1e-300, 3e-300]),
    "huge": np.array([1e308, 1.5e308, 1.7e308]),
    "wide": np.array([1e-200, 1.0, 1e200]),
}


@EACH
@pytest.mark.parametrize("table", TABLES)
def test_a_fit_starts_within_the_range_of_each_parameter(name, table):
    family = FAMILIES[name]
    start = family.start(TABLES[table], {})
    assert set(start) == {parameter.name for parameter in family.parameters}
    assert all(0 < value < np.inf for value in start.values()), start


@pytest.mark.parametrize("name", ["exponential", "lomax"])
def test_zeros_alone_can_start_a_fit(name):
    assert all(0 < value < np.inf for value in FAMILIES[name].start(np.zeros(3), {}).values())


@EACH
def test_a_start_is_near_the_truth(name):
    at = {
        "gamma": (3.0, 0.6), "log-normal": (3.0, 0.6), "exponential": (3.0,), "pareto": (2.5,),
        "weibull": (3.0, 1.6), "log-logistic": (3.0, 2.4), "lomax": (3.0, 2.0),
        "gb2": (3.0, 2.0, 1.0, 1.0),
    }[name]  # fmt: skip
    level = (np.arange(640) + 0.5) / 640
    y = _quantiles(name, np.tile(at, (640, 1)), np.log(level), np.log1p(-level))
    found = list(FAMILIES[name].start(y, {}).values())
    np.testing.assert_allclose(found, at, rtol=0.1)


@given(some.floats(0.05, 50), some.floats(0.01, 100), some.floats(1e-3, 1e3))
def test_a_change_of_unit_moves_nothing_but_the_scale(shape, y, unit):
    one = np.asarray(_three("weibull", np.array([[y, 2.0, shape]])))[0]
    two = np.asarray(_three("weibull", np.array([[y * unit, 2 * unit, shape]])))[0]
    assert two[1:] == pytest.approx(one[1:], rel=1e-12 * max(1, shape), abs=1e-290)
    assert two[0] + np.log(unit) == pytest.approx(one[0], rel=1e-11, abs=1e-11)


def test_a_pareto_law_starts_at_its_minimum():
    family = Pareto(minimum=2.5)
    assert family.describe() == "pareto(minimum=2.5)"
    assert Pareto().describe() == "pareto"
    assert family.support.contains(np.array([2.4, 2.5, 3.0])).tolist() == [False, True, True]
    bound = family.bind({"tail": jnp.asarray(3.0)}, {})
    law = st.pareto(3.0, scale=2.5)
    y = np.array([2.5, 2.6, 40.0])
    assert bound.log_prob(y) == pytest.approx(law.logpdf(y), rel=1e-12)
    assert bound.log_sf(y) == pytest.approx(law.logsf(y), rel=1e-12)
    assert float(bound.mean()) == pytest.approx(law.mean(), rel=1e-13)
    assert float(bound.variance()) == pytest.approx(law.var(), rel=1e-13)
    assert float(bound.excess(2.0)) == pytest.approx(law.mean() - 2.0, rel=1e-13)


@pytest.mark.parametrize("minimum", [0.0, -1.0, np.inf, np.nan])
def test_a_pareto_law_refuses_a_minimum_that_cannot_be(minimum):
    with pytest.raises(ConfigError, match="must be above 0 and finite"):
        Pareto(minimum=minimum)
