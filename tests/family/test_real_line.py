"""The families on the whole real line, against their laws in mpmath and against closed forms."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as some
from laws.law import Law
from laws.real_line import LAWS

from assay.family import AbstractDistribution, AbstractFamily, Normal
from assay.family.asymmetric_laplace import AsymmetricLaplace
from assay.family.gumbel import Gumbel
from assay.family.laplace import Laplace
from assay.family.logistic import Logistic
from assay.family.skew_normal import SkewNormal
from assay.family.student_t import StudentT

DIGITS = 45
LOG_TAILS = np.array([-1e4, -600.0, -5.0])
FAMILIES = (StudentT(), SkewNormal(), Logistic(), Laplace(), AsymmetricLaplace(), Gumbel())
# Which of the law's values to try where mpmath is slow; the benchmark tries them all.
TRIED = {"student-t": [0, 1, 3, 9, 12], "skew-normal": [1, 8, 10]}


@dataclass(frozen=True)
class Case:
    """A family with its law; everything is compiled once."""

    family: AbstractFamily
    law: Law

    @property
    def names(self) -> list[str]:
        return [parameter.name for parameter in self.family.parameters]

    @cached_property
    def values(self) -> np.ndarray:
        rows = self.law.values
        tried = TRIED.get(self.family.name, range(len(rows)))
        return np.array([[rows[i][name] for name in self.names] for i in tried])

    def bind(self, *values: jax.Array | float) -> AbstractDistribution:
        arrays = (jnp.asarray(value, dtype=float) for value in values)
        return self.family.bind(dict(zip(self.names, arrays, strict=True)), {})

    def answers(self, at: jax.Array) -> jax.Array:
        """Log density, log cdf and log sf at (y, parameters...)."""
        bound = self.bind(*at[1:])
        return jnp.stack([bound.log_prob(at[0]), *bound.log_tails(at[0])])

    @cached_property
    def compiled(self) -> Callable:
        def forward(at: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            both = lambda at: (jax.jacrev(self.answers)(at),) * 2  # noqa: E731
            bends, slopes = jax.jacfwd(both, has_aux=True)(at)
            return self.answers(at), slopes, bends

        return jax.jit(jax.vmap(lambda at: (*forward(at), jax.jacfwd(self.answers)(at))))

    @cached_property
    def ends(self) -> Callable:
        """Quantiles of a row of log tails from below and from above."""

        def both(at: jax.Array, log_tails: jax.Array) -> jax.Array:
            bound = self.bind(*at)
            return jnp.stack([bound.lower_quantile(log_tails), bound.upper_quantile(log_tails)])

        return jax.jit(jax.vmap(both, in_axes=(0, None)))

    @cached_property
    def points(self) -> np.ndarray:
        """Rows of (y, parameters...) from one far tail to the other, and the location."""
        ends = np.asarray(self.ends(self.values, LOG_TAILS)).reshape(len(self.values), -1)
        y = np.concatenate([ends, self.values[:, :1]], axis=1)
        rows = [np.r_[one, at] for ys, at in zip(y, self.values, strict=True) for one in ys]
        return np.array([row for row in rows if abs(row[0]) < 1e150 * row[2]])

    @cached_property
    def found(self) -> tuple[np.ndarray, ...]:
        return tuple(np.asarray(part) for part in self.compiled(self.points))

    def truth(self, which: int) -> Callable[..., mp.mpf]:
        formula = (self.law.log_prob, self.law.log_cdf, self.law.log_sf)[which]
        return lambda y, *at: formula(y, **dict(zip(self.names, at, strict=True)))


CASES = {family.name: Case(family, LAWS[family.name]) for family in FAMILIES}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@partial(jax.jit, static_argnums=1)
def _ask(bound: AbstractDistribution, question: str, arguments: tuple[jax.Array, ...]) -> jax.Array:
    return getattr(bound, question)(*arguments)


def ask(bound: AbstractDistribution, question: str, *arguments: object) -> np.ndarray:
    arrays = tuple(jnp.asarray(each, dtype=float) for each in arguments)
    return np.asarray(_ask(bound, question, arrays))


def _step(at: list[mp.mpf], k: int) -> mp.mpf:
    """Small beside a shape, or beside the scale."""
    return (at[k] if k > 2 and at[k] else at[2]) * mp.mpf("1e-13")


def _moved(at: list[mp.mpf], *moves: tuple[int, mp.mpf]) -> list[mp.mpf]:
    moved = list(at)
    for k, step in moves:
        moved[k] += step
    return moved


def _slopes(formula: Callable[..., mp.mpf], at: list[mp.mpf]) -> list[mp.mpf]:
    steps = [_step(at, k) for k in range(len(at))]
    return [
        (formula(*_moved(at, (k, step))) - formula(*_moved(at, (k, -step)))) / (2 * step)
        for k, step in enumerate(steps)
    ]


def _bend(formula: Callable[..., mp.mpf], at: list[mp.mpf], one: int, two: int) -> mp.mpf:
    a, b = _step(at, one), _step(at, two)
    corners = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    total = sum(i * j * formula(*_moved(at, (one, i * a), (two, j * b))) for i, j in corners)
    return total / (4 * a * b)


def _is_kink(case: Case, at: np.ndarray) -> bool:
    return "laplace" in case.family.name and at[0] == at[1]


def test_values_and_gradients_are_exact_out_to_the_far_tails(case):
    values, slopes, _, forward = case.found
    for row, at in enumerate(case.points):
        exact = [mp.mpf(float(each)) for each in at]
        for which in range(3):
            with mp.workdps(DIGITS):
                truth, slope = case.truth(which)(*exact), _slopes(case.truth(which), exact)
            if which and abs(truth) < 1e-290:
                continue
            # What the rounding of the inputs does is excused: a location far from 0.
            excused = sum(abs(d * x) for d, x in zip(slope, exact, strict=True)) * mp.mpf(2) ** -53
            size = max(abs(truth), 1) if which == 0 else abs(truth)
            miss = abs(mp.mpf(float(values[row, which])) - truth)
            assert miss <= size * mp.mpf("2e-13") + excused, (at, which)
            if _is_kink(case, at):
                continue
            for k, d in enumerate(slope):
                size = max(abs(d), 1 / exact[2])
                for got in (slopes[row, which, k], forward[row, which, k]):
                    assert abs(mp.mpf(float(got)) - d) <= size * mp.mpf("1e-11"), (at, which, k)


def test_second_derivatives_are_right(case):
    bends = case.found[2]
    everywhere = range(len(case.points))
    few = [row for row in everywhere if not _is_kink(case, case.points[row])][::9]
    for row in few:
        exact = [mp.mpf(float(each)) for each in case.points[row]]
        for which in range(3):
            others = [k for k in range(len(exact)) if k != 1]  # the location moves as the value
            for one in others:
                for two in others[others.index(one) :]:
                    with mp.workdps(DIGITS):
                        truth = _bend(case.truth(which), exact, one, two)
                    unit = 1 / np.prod([case.points[row][2] if k < 3 else 1.0 for k in (one, two)])
                    got = bends[row, which, one, two]
                    assert got == pytest.approx(float(truth), rel=1e-7, abs=1e-9 * unit)


def test_scipy_agrees_on_what_the_parameters_mean(case):
    for values in ((1.5, 2.0, 0.7), (-3.0, 0.4, 2.5)):
        values = values[: len(case.names)]
        peer, bound = case.law.peers["scipy"](*values), case.bind(*values)
        y = peer.ppf([0.02, 0.3, 0.6, 0.97])
        assert ask(bound, "log_prob", y) == pytest.approx(peer.logpdf(y), rel=1e-9)
        assert ask(bound, "log_cdf", y) == pytest.approx(peer.logcdf(y), rel=1e-9)
        assert ask(bound, "quantile", [0.02, 0.97]) == pytest.approx(y[[0, 3]], rel=1e-9)
        if case.family.name != "student-t" or values[2] > 2:
            assert ask(bound, "mean") == pytest.approx(peer.mean(), rel=1e-9)
            assert ask(bound, "variance") == pytest.approx(peer.var(), rel=1e-9)


def test_quantiles_and_tails_invert_each_other_out_to_1e_300_and_beyond(case):
    levels = -np.geomspace(1e-5, 1e4, 28)

    @jax.jit
    @jax.vmap
    def back(at):
        bound = case.bind(*at)
        low, high = bound.lower_quantile(levels), bound.upper_quantile(levels)
        return low, high, bound.log_cdf(low), bound.log_sf(high)

    # The place costs digits of its own; the shapes are what is asked here.
    values = np.array([[0.0, 1.0, *at[2:]] for at in case.values])
    low, high, log_cdf, log_sf = (np.asarray(part) for part in back(values))
    for y, got in ((low, log_cdf), (high, log_sf)):
        finite = np.isfinite(y)
        assert finite.mean() > 0.85  # only a t of few degrees of freedom overflows
        error = np.abs(got - levels) / np.maximum(1, -levels)
        assert np.max(error[finite]) < 1e-12


def test_the_quantile_moves_with_its_level_and_its_parameters(case):
    """The total derivative of log sf(quantile) is 1 in the level and 0 in each parameter."""

    def back(at):
        bound = case.bind(*at[1:])
        return bound.log_sf(bound.upper_quantile(at[0]))

    other = -3.0 if case.family.name == "skew-normal" else 9.0
    shapes = ((0.0, 1.0, 0.7), (2.0, 0.5, other))
    rows = [[level, *at[: len(case.names)]] for at in shapes for level in (-9.0, -0.1)]
    slopes = np.asarray(jax.jit(jax.vmap(jax.grad(back)))(jnp.array(rows)))
    assert slopes[:, 0] == pytest.approx(np.ones(4), rel=1e-12)
    assert slopes[:, 1:] == pytest.approx(np.zeros_like(slopes[:, 1:]), abs=1e-12)


def _normal_sf(z: mp.mpf) -> mp.mpf:
    return mp.erfc(z / mp.sqrt(2)) / 2


def _student_excess(z: mp.mpf, df: mp.mpf) -> mp.mpf:
    at = {"location": mp.mpf(0), "scale": mp.mpf(1), "df": df}
    density, tail = mp.exp(LAWS["student-t"].log_prob(z, **at)), LAWS["student-t"].log_sf(z, **at)
    return (df + z * z) / (df - 1) * density - z * mp.exp(tail)


def _skew_excess(z: mp.mpf, shape: mp.mpf) -> mp.mpf:
    at = {"location": mp.mpf(0), "scale": mp.mpf(1), "shape": shape}
    law, root = LAWS["skew-normal"], mp.sqrt(1 + shape * shape)
    mean = mp.sqrt(2 / mp.pi) * shape / root * _normal_sf(z * root)
    return mp.exp(law.log_prob(z, **at)) + mean - z * mp.exp(law.log_sf(z, **at))


def _gumbel_excess(z: mp.mpf) -> mp.mpf:
    with mp.workdps(320):  # e^-z is what is left of the difference
        return mp.e1(mp.exp(-z)) - z + mp.euler


def _asymmetric_excess(z: mp.mpf, k: mp.mpf) -> mp.mpf:
    above = 1 / (1 + k * k)
    if z >= 0:
        return above * mp.exp(-k * z) / k
    return 1 / k - k - z + k * (1 - above) * mp.exp(z / k)


EXCESS: dict[str, tuple[Callable[..., mp.mpf], tuple[float, ...]]] = {
    "student-t": (_student_excess, (1.1, 4.0, 60.0, 1e6)),
    "skew-normal": (_skew_excess, (-400.0, 0.3, 5.0)),
    "logistic": (lambda z: mp.log1p(mp.exp(-z)), ()),
    "laplace": (lambda z: mp.exp(-abs(z)) / 2 + max(-z, 0), ()),
    "asymmetric-laplace": (_asymmetric_excess, (1.0, 0.2, 300.0)),
    "gumbel": (_gumbel_excess, ()),
}


def test_the_mean_above_a_limit_keeps_its_digits_in_the_upper_tail(case):
    formula, shapes = EXCESS[case.family.name]
    rows = np.array([[0.0, 1.0, shape] for shape in shapes] or [[0.0, 1.0]])
    limits = np.asarray(case.ends(rows, np.array([-600.0, -40.0, -1.0])))
    both = jax.jit(jax.vmap(lambda at, y: case.bind(*at).excess(y)))
    limits = limits.reshape(len(rows), -1)
    found = np.asarray(both(rows, limits))
    for at, ys, answers in zip(rows, limits, found, strict=True):
        for y, got in zip(ys, answers, strict=True):
            with mp.workdps(DIGITS):
                truth = float(formula(mp.mpf(float(y)), *(mp.mpf(float(x)) for x in at[2:])))
            assert got == pytest.approx(truth, rel=1e-10, abs=1e-300), (at, y)


def test_the_mean_above_a_limit_falls_as_the_tail_says(case):
    values = (1.0, 2.0, 3.0)[: len(case.names)]
    bound = case.bind(*values)
    slope = jax.jit(jax.vmap(jax.grad(bound.excess)))(jnp.array([-4.0, 0.5, 6.0]))
    tail = np.exp(ask(bound, "log_sf", [-4.0, 0.5, 6.0]))
    assert -np.asarray(slope) == pytest.approx(tail, rel=1e-10)


def test_draws_follow_the_cdf_and_take_the_asked_shape(case):
    values = (1.0, 2.0, 3.0)[: len(case.names)]
    bound = case.bind(*values)
    draws = bound.sample(jax.random.key(3), (4000,))
    assert st.kstest(np.exp(ask(bound, "log_cdf", draws)), "uniform").pvalue > 1e-3
    batch = case.bind(*(jnp.full((3,), value) for value in values))
    assert batch.sample(jax.random.key(1), (5, 3)).shape == (5, 3)
    assert batch.mean().shape == batch.variance().shape == (3,)


@pytest.mark.parametrize(
    "y",
    [
        [7.0],
        [0.0, 0.0, 0.0],
        [5.0] * 9,
        [-1e300, 1e300, 3.0],
        [1e-300, 2e-300, 9e-300],
        [1e9 + 1, 1e9 + 2, 1e9 + 4],
        [0.0] * 8 + [1e6],
        [1.0, 2.0, 2.5, 3.0, -4.0],
    ],
    ids=["one", "zeros", "constant", "huge", "tiny", "far", "outlier", "usual"],
)
def test_a_fit_can_start_from_any_values(case, y):
    y = np.array(y)
    start = case.family.start(y, {})
    assert list(start) == case.names
    assert all(np.isfinite(value) for value in start.values())
    assert start["scale"] > 0
    # Nobody is so far out that the first step could not find them.
    density = ask(case.bind(*start.values()), "log_prob", y)
    assert np.all(np.isfinite(density))


def test_infinite_points_are_certain_or_impossible(case):
    bound = case.bind(*(0.0, 1.0, 0.5)[: len(case.names)])
    log_cdf, log_sf = ask(bound, "log_tails", [-np.inf, np.inf])
    assert list(log_cdf) == [-np.inf, 0]
    assert list(log_sf) == [0, -np.inf]
    ends = ask(bound, "tail_quantile", [-np.inf, 0.0], [0.0, -np.inf])
    assert list(ends) == [-np.inf, np.inf]


@settings(max_examples=60, deadline=None)
@given(z=some.floats(-60, 60), shape=some.floats(-30, 30), name=some.sampled_from(list(CASES)))
def test_tails_sum_to_one_and_the_quantile_leads_back(z, shape, name):
    shape = shape if name == "skew-normal" else float(np.exp(shape / 4))
    log_prob, log_cdf, log_sf = np.asarray(_ONE[name](jnp.asarray([z, 0.0, 1.0, shape])))
    assert np.logaddexp(log_cdf, log_sf) == pytest.approx(0, abs=1e-14)
    assert max(log_cdf, log_sf) <= 0
    assert np.isfinite(log_prob)


_ONE = {
    name: jax.jit(lambda at, case=case: case.answers(at[: 1 + len(case.names)]))
    for name, case in CASES.items()
}


# One family at a time


def test_student_at_1_and_2_degrees_of_freedom_has_closed_forms():
    t = np.array([-1e250, -1e9, -3.0, 0.0, 0.7, 40.0, 1e8, 1e200])
    cauchy, two = CASES["student-t"].bind(0.0, 1.0, 1.0), CASES["student-t"].bind(0.0, 1.0, 2.0)
    assert ask(cauchy, "log_sf", t) == pytest.approx(np.log(np.arctan2(1, t) / np.pi), rel=1e-13)
    assert ask(cauchy, "log_prob", t[1:-1]) == pytest.approx(st.cauchy.logpdf(t[1:-1]), rel=1e-13)
    # P(T > t) = 1 / (r (r + t)) with r² = 2 + t².
    up = t[t >= 0]
    r = np.hypot(np.sqrt(2), up)
    assert ask(two, "log_sf", up) == pytest.approx(-np.log(r) - np.log(r + up), rel=1e-13)


@pytest.mark.parametrize("df", [1e6, 1e9, 1e12])
@pytest.mark.parametrize("t", [0.0, 0.4, -3.0, 30.0])
def test_student_goes_to_the_normal_with_its_derivative(df, t):
    """With w = 1/df the log density is the Normal's plus w (t⁴ - 2t² - 1)/4 (Fisher 1925)."""
    slope = jax.jit(jax.grad(lambda df: CASES["student-t"].bind(0.0, 1.0, df).log_prob(t)))(df)
    assert -slope * df**2 == pytest.approx((t**4 - 2 * t**2 - 1) / 4, rel=max(1e-11, 1e4 / df))
    bound = CASES["student-t"].bind(0.0, 1.0, df)
    normal = ask(Normal().bind({"mean": 0.0, "sd": 1.0}, {}), "log_tails", t)
    assert ask(bound, "log_tails", t) == pytest.approx(normal, rel=max(1e-13, (1 + t**4) / df))


def test_student_says_which_moments_it_has():
    bound = CASES["student-t"].bind(*np.array([[3.0] * 5, [2.0] * 5, [0.5, 1.0, 1.5, 2.0, 3.0]]))
    assert np.asarray(bound.mean()) == pytest.approx([np.nan, np.nan, 3, 3, 3], nan_ok=True)
    variance = np.asarray(bound.variance())
    assert variance == pytest.approx([np.nan, np.nan, np.inf, np.inf, 12.0], nan_ok=True)
    assert list(np.isinf(ask(bound, "excess", 1.0))) == [True, True, False, False, False]


def test_skew_normal_has_known_special_cases():
    z = np.array([-30.0, -2.0, -0.1, 0.0, 0.3, 4.0, 35.0])
    bind = CASES["skew-normal"].bind
    normal = Normal().bind({"mean": jnp.asarray(0.0), "sd": jnp.asarray(1.0)}, {})
    plain = ask(normal, "log_tails", z)
    assert ask(bind(0.0, 1.0, 0.0), "log_tails", z) == pytest.approx(plain, rel=1e-13)
    # Of shape 1 it is the greater of two Normals, of a huge one the size of a Normal.
    assert ask(bind(0.0, 1.0, 1.0), "log_cdf", z) == pytest.approx(2 * plain[0], rel=1e-13)
    up = z[z > 0]
    half = ask(bind(0.0, 1.0, 1e12), "log_sf", up)
    assert half == pytest.approx(plain[1][z > 0] + np.log(2), rel=1e-13)
    shapes = np.array([0.2, 1.0, 3.0, 1e9])
    at_zero = ask(bind(0.0, 1.0, shapes), "log_cdf", 0.0)
    assert at_zero == pytest.approx(np.log(np.arctan2(1, shapes) / np.pi), rel=1e-13)


def test_skew_normal_is_mirrored_by_the_sign_of_its_shape():
    z, bind = np.linspace(-9, 9, 37), CASES["skew-normal"].bind
    for shape in (0.4, 6.0):
        one, other = bind(0.0, 1.0, shape), bind(0.0, 1.0, -shape)
        assert np.array_equal(ask(one, "log_cdf", z), ask(other, "log_sf", -z))
        assert np.array_equal(ask(one, "log_prob", z), ask(other, "log_prob", -z))


def test_asymmetric_laplace_is_quantile_regression():
    """Its location is a quantile, and its log density a check loss (Koenker & Machado 1999)."""
    asymmetry, scale, y = 0.6, 1.7, np.array([-5.0, 0.3, 2.0, 9.0])
    level = asymmetry**2 / (1 + asymmetry**2)
    bound = CASES["asymmetric-laplace"].bind(2.0, scale, asymmetry)
    assert ask(bound, "quantile", level) == pytest.approx(2.0, rel=1e-14)
    check = (y - 2.0) * (level - (y < 2.0))
    sigma = scale * asymmetry / (1 + asymmetry**2)
    loss = ask(bound, "log_prob", 2.0) - ask(bound, "log_prob", y)
    assert loss == pytest.approx(check / sigma, rel=1e-12)


@pytest.mark.parametrize("values", [(2.0, 3.0), (2.0, 3.0, 0.5), (2.0, 3.0, 4.0)])
def test_slopes_at_a_kink_are_finite(values):
    case = CASES["laplace" if len(values) == 2 else "asymmetric-laplace"]
    slopes = np.asarray(case.compiled(np.array([[2.0, *values]]))[1][0])
    assert slopes[0, :2] == pytest.approx([0.0, 0.0], abs=0)
    assert slopes[0, 2] == pytest.approx(-1 / 3.0)
    # The tails have no kink: their slope is the density over them.
    level = 0.5 if len(values) == 2 else values[2] ** 2 / (1 + values[2] ** 2)
    density = np.exp(ask(case.bind(*values), "log_prob", 2.0))
    assert slopes[1:, 0] == pytest.approx([density / level, -density / (1 - level)])


def test_gumbel_is_the_law_of_the_greatest():
    """The greatest of n Gumbel values is Gumbel again, higher by scale · log n."""
    y, bind = np.array([-3.0, 0.0, 4.0, 60.0]), CASES["gumbel"].bind
    one, many = bind(1.0, 2.0), bind(1.0 + 2.0 * np.log(50.0), 2.0)
    assert 50 * ask(one, "log_cdf", y) == pytest.approx(ask(many, "log_cdf", y), rel=1e-13)
