"""What is seen of a target that hides beyond a limit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from assay.errors import DataError
from assay.family import Censored, Gamma, Known, NegativeBinomial, Normal, log_likelihood


def test_what_is_seen_has_mass_one(case, censored):
    above, below = float(censored.above), float(censored.below)
    ends = np.exp(censored.log_prob(jnp.asarray([above, below]))).sum()
    if case.distribution.is_count:
        k = np.arange(below + 1, above)
        inside = case.law.pmf(k).sum()
    else:
        inside = case.law.cdf(above) - case.law.cdf(below)
    assert ends + inside == pytest.approx(1, abs=1e-12)


def test_limits_carry_the_hidden_mass(case, censored):
    above, below = float(censored.above), float(censored.below)
    reach = case.law.sf(above - 1) if case.distribution.is_count else case.law.sf(above)
    found = np.exp(censored.log_prob(jnp.asarray([above, above + 5, below, below - 5])))
    sunk = case.law.cdf(below)
    assert found == pytest.approx([reach, reach, sunk, sunk], rel=1e-10)


def test_between_the_limits_nothing_changes(case, censored, points):
    above, below = float(censored.above), float(censored.below)
    inside = points[(points > below) & (points < above)]
    assert censored.log_prob(inside) == pytest.approx(
        np.asarray(case.distribution.log_prob(inside)), rel=1e-14
    )


def test_tails_of_what_is_seen_hold_all_the_mass(case, censored, points):
    log_cdf, log_sf = censored.log_tails(points)
    assert np.exp(log_cdf) + np.exp(log_sf) == pytest.approx(np.ones(len(points)), abs=1e-14)
    assert np.all(log_cdf[points >= float(censored.above)] == 0)
    assert np.all(log_sf[points < float(censored.below)] == 0)


def test_moments_of_what_is_seen_are_those_of_clipped_values(case, censored):
    levels = (np.arange(400_000) + 0.5) / 400_000
    seen = np.clip(case.law.ppf(levels), float(censored.below), float(censored.above))
    scale = seen.std() + 1e-12
    assert float(censored.mean()) == pytest.approx(seen.mean(), abs=2e-5 * scale)
    assert float(censored.variance()) == pytest.approx(seen.var(), rel=2e-3)
    for level in (0.02, 0.5, 0.95):
        limit = float(case.law.ppf(level)) - 0.25
        truth = np.maximum(seen - limit, 0).mean()
        assert float(censored.excess(jnp.asarray(limit))) == pytest.approx(truth, abs=2e-5 * scale)


def test_samples_and_quantiles_stay_between_the_limits(censored):
    draws = np.asarray(censored.sample(jax.random.key(3), (500,)))
    found = np.asarray(jax.vmap(censored.quantile)(jnp.asarray([1e-6, 0.5, 1 - 1e-6])))
    for values in (draws, found):
        assert values.min() >= float(censored.below)
        assert values.max() <= float(censored.above)


def test_a_count_stays_a_count(case, censored):
    assert censored.is_count == case.distribution.is_count


def test_the_likelihood_of_parts_is_that_of_the_distribution(case):
    rng = np.random.default_rng(5)
    y = case.law.rvs(40, random_state=rng).astype(float)
    most = np.where(rng.random(40) < 0.5, case.law.ppf(0.7), np.nan)
    y = np.where(np.isnan(most), y, np.minimum(y, most))
    family = Censored(case.family, above="most")
    parameters = {k: jnp.asarray(v) for k, v in case.parameters.items()}
    whole = family.bind(parameters, {"most": jnp.asarray(most)}).log_prob(jnp.asarray(y)).sum()
    parts = family.parts(y, {"most": most})
    pieces = [
        log_likelihood(part.family.bind(parameters, {}), part.known, jnp.asarray(part.y)).sum()
        for part in parts
    ]
    assert sum(map(float, pieces)) == pytest.approx(float(whole), rel=1e-12)
    assert sum(len(part.rows) for part in parts) == len(y)
    assert family.needs() == ("most",)


def test_a_count_at_its_limit_keeps_the_mass_on_the_limit():
    # Poisson-like, mean 2: P(Y >= 3) = 0.3233235838 (tables), P(Y > 3) would be 0.1428765395.
    family = Censored(NegativeBinomial(), above="stock")
    bound = family.bind(
        {"mean": jnp.asarray(2.0), "size": jnp.asarray(1e12)}, {"stock": jnp.asarray([3.0])}
    )
    assert np.exp(bound.log_prob(jnp.asarray([3.0]))) == pytest.approx([0.3233235838], rel=1e-9)


def test_a_flag_says_that_the_value_is_but_a_bound():
    y, flag = np.array([1.0, 2.0, 5.0]), np.array([False, True, False])
    parameters = {"mean": jnp.asarray(1.0), "sd": jnp.asarray(2.0)}
    base = Normal().bind(parameters, {})
    for side, hidden in (("above", base.log_sf), ("below", base.log_cdf)):
        family = Censored(Normal(), **{side: "hidden"})
        found = family.bind(parameters, {"hidden": jnp.asarray(flag)}).log_prob(jnp.asarray(y))
        wanted = np.where(flag, hidden(jnp.asarray(y)), base.log_prob(jnp.asarray(y)))
        assert found == pytest.approx(wanted, rel=1e-14)
        known = Known.AT_LEAST if side == "above" else Known.AT_MOST
        parts = {part.known: part for part in family.parts(y, {"hidden": flag})}
        assert parts[known].y.tolist() == [2.0]
        assert parts[Known.VALUE].rows.tolist() == [0, 2]


def test_a_missing_limit_hides_nothing():
    y = jnp.asarray([1.0, 2.0])
    parameters = {"mean": jnp.asarray(1.0), "cv": jnp.asarray(0.5)}
    bound = Censored(Gamma(), above="stock").bind(parameters, {"stock": jnp.asarray([jnp.nan, 2])})
    base = Gamma().bind(parameters, {})
    assert float(bound.log_prob(y)[0]) == pytest.approx(float(base.log_prob(y[:1])[0]), rel=1e-14)
    assert float(bound.log_prob(y)[1]) == pytest.approx(float(base.log_sf(y[1:])[0]), rel=1e-14)


def test_gradients_are_finite_where_one_branch_is_not():
    # A limit of 0 and one that is absent: the unused branch must not spoil the sum.
    limit = jnp.asarray([0.0, jnp.inf, 1.0])

    def total(parameters):
        named = {"mean": parameters[0], "cv": parameters[1]}
        bound = Censored(Gamma(), above="stock").bind(named, {"stock": limit})
        return bound.log_prob(jnp.asarray([0.0, 2.0, 1.0])).sum()

    assert np.isfinite(jax.grad(total)(jnp.asarray([1.5, 0.4]))).all()


def test_a_row_hidden_on_both_sides_is_refused():
    family = Censored(Normal(), above="most", below="least")
    with pytest.raises(DataError, match=r"Row 1 is hidden above 2 and below 3 at once.*`least`"):
        family.parts(np.array([0.0, 2.5]), {"most": np.array([9.0, 2]), "least": np.array([-9.0, 3])})
