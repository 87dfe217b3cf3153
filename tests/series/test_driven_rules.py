"""What every rule of a filter promises: scores, informations and tails of its family."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from driven_families import CASES

import assay
from assay.errors import ConfigError
from assay.series.law.information import KNOWN
from assay.series.law.rule import FamilyRule
from assay.series.law.rules import rule_of

TAILED = (
    "negative-binomial",
    "gamma",
    "tweedie",
    "log-normal",
    "weibull",
    "hurdle-gamma",
    "hurdle-count",
    "zeros-count",
)


def grid(support: Any) -> tuple[np.ndarray, np.ndarray]:
    """Values of a support, and what each stands for in a sum."""
    if support.whole:
        y = np.arange(0.0, min(support.upper, 2000.0) + 1)
        return y, np.ones_like(y)
    t = np.linspace(-1.0, 1.0, 60_001)
    if support.lower == 0 and support.upper == 1:
        y = 1.0 / (1.0 + np.exp(-30.0 * t))
        return y, 30.0 * y * (1.0 - y) * (t[1] - t[0])
    if np.isfinite(support.lower):
        y = np.exp(30.0 * t)
        return support.lower + y, 30.0 * y * (t[1] - t[0])
    return np.sinh(14.0 * t), 14.0 * np.cosh(14.0 * t) * (t[1] - t[0])


@pytest.mark.parametrize("name", CASES)
def test_a_score_has_mean_0_and_the_information_as_its_variance(name):
    family, driven, (eta, *extra), is_exact = CASES[name]
    rule = rule_of(family, driven)
    y, weight = grid(family.support)
    linked = tuple(jnp.full(y.shape, value) for value in (eta, *extra))

    @jax.jit
    def read(linked, y):
        score = rule.score(linked[0], linked[1:], y)
        return (
            rule.log_prob(linked[0], linked[1:], y),
            score,
            rule.information(linked[0], linked[1:]),
        )

    log_prob, score, information = map(np.asarray, read(linked, jnp.asarray(y)))
    mass = np.exp(log_prob) * weight
    score = np.where(mass > 0, score, 0.0)
    whole, mean, square = mass.sum(), mass @ score, mass @ score**2
    if family.atom is not None:
        zero = [np.asarray(each)[0] for each in read(linked, jnp.zeros(y.shape))]
        whole, mean = whole + np.exp(zero[0]), mean + np.exp(zero[0]) * zero[1]
        square += np.exp(zero[0]) * zero[1] ** 2
    close = 2e-3 if "laplace" in name else 1e-6  # a kink stands between two points of the grid
    assert whole == pytest.approx(1.0, abs=close)
    assert mean == pytest.approx(0.0, abs=close * float(np.sqrt(square)))
    if is_exact:
        assert information[0] == pytest.approx(square, rel=close)
    else:  # the information of the mean alone
        assert 0.3 * square < information[0] <= square * (1 + 1e-9)


def test_every_family_with_a_known_information_stands_among_the_cases():
    stand = {(family.name, driven) for family, driven, _, _ in CASES.values()}
    assert set(KNOWN) - stand == {("zero-inflated", "zero")}


@pytest.mark.parametrize("name", TAILED)
def test_a_score_is_the_slope_of_what_was_seen(name):
    family, driven, (_, *extra), _ = CASES[name]
    rule = rule_of(family, driven)
    eta, y = jnp.asarray([-2.0, 0.2, 1.1, 3.0]), jnp.asarray([1.0, 2.0, 1.0, 30.0])
    linked = tuple(jnp.full(eta.shape, value) for value in extra)

    @jax.jit
    def read(eta):
        slope = jax.grad(lambda at: jnp.sum(rule.log_prob(at, linked, y)))(eta)
        tails = rule.reach(eta, linked, y), rule.fall(eta, linked, y)
        return rule.score(eta, linked, y), slope, tails

    score, slope, tails = read(eta)
    np.testing.assert_allclose(score, slope, rtol=1e-9, atol=1e-9)
    (_, _, up), (_, _, down) = read(eta + 1e-4), read(eta - 1e-4)
    for (_, found), (more, _), (less, _) in zip(tails, up, down, strict=True):
        np.testing.assert_allclose(found, (more - less) / 2e-4, rtol=2e-6, atol=1e-8)


# The exact tails of a count above a hurdle take a minute to compile; its parts are tested alone.
@pytest.mark.parametrize("name", [name for name in TAILED if name != "hurdle-count"])
def test_tails_are_those_of_the_family_and_so_are_their_slopes_in_every_parameter(name):
    family, driven, (_, *extra), _ = CASES[name]
    fast, exact = rule_of(family, driven), FamilyRule(family, driven)
    eta, limit = jnp.asarray([-1.0, 0.2, 1.1, 2.0]), jnp.asarray([2.0, 1.0, 4.0, 1.0])
    linked = (eta, *(jnp.full(eta.shape, value) for value in extra))

    @jax.jit
    def mine(linked):
        return fast.reach(linked[0], linked[1:], limit)

    @jax.jit
    def right(linked):
        return exact.reach(linked[0], linked[1:], limit)

    for one, other in zip(mine(linked), right(linked), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)
    slopes = jax.jit(jax.grad(lambda at: sum(map(jnp.sum, mine(at)))))(linked)
    for k, slope in enumerate(slopes):
        up, down = (
            right(tuple(each + step * (j == k) for j, each in enumerate(linked)))
            for step in (1e-4, -1e-4)
        )
        moved = sum((more - less) / 2e-4 for more, less in zip(up, down, strict=True))
        np.testing.assert_allclose(slope, moved, rtol=1e-5, atol=1e-6)


def test_what_is_rounded_has_the_family_s_probability_and_slope():
    family = assay.Rounded(assay.Gamma(), grid=0.5)
    fast, exact = rule_of(family, "mean"), FamilyRule(family, "mean")
    y = jnp.asarray([0.0, 0.5, 3.0, 3.5, 40.0])
    eta, linked = jnp.full(5, 1.2), (jnp.full(5, -0.4),)

    def read(rule):
        return (
            rule.log_prob(eta, linked, y),
            rule.score(eta, linked, y),
            *rule.reach(eta, linked, y),
        )

    for mine, right in zip(
        jax.jit(lambda: read(fast))(), jax.jit(lambda: read(exact))(), strict=True
    ):
        np.testing.assert_allclose(mine, right, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("family", "driven", "said"),
    [
        (assay.Gamma(), "cv", "`mean` of gamma"),
        (assay.Gamma(), "size", "no parameter `size`"),
        (assay.Categorical(3), "logit_1", "no filter drives"),
        (assay.Truncated(assay.Poisson(), above="most"), "mean", "reads `most`"),
        (assay.Rounded(assay.Gamma(), grid="step"), "mean", "reads `step`"),
    ],
)
def test_what_cannot_be_driven_is_named_with_what_can(family, driven, said):
    with pytest.raises(ConfigError, match=said):
        rule_of(family, driven)


def test_what_truncates_leaves_the_information_of_the_base():
    inside = rule_of(assay.Truncated(assay.Poisson(), below=1), "mean")
    assert float(inside.information(jnp.asarray(0.5), ())) == pytest.approx(np.exp(0.5))
