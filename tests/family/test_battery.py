"""One battery for every registered family and wrapper: a new one enters by registration alone.

The truth is what must hold of any law: mass adds up to one and to the tails, the density is the
slope of the cdf, samples follow it, moments are integrals, quantiles invert. Laws that are written
down in `tests/laws` are also held to mpmath, in `test_exactness.py`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from assay.registry import families, parse

from .conftest import LEVELS, LINKED, NODES, WEIGHTS, Case, ask

SMALL = 1e-290


def _ends(case: Case) -> list[float]:
    support = case.family.support
    return [end for end in (support.lower, support.upper) if np.isfinite(end)]


def _panels(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ends, nodes and weights of panels between the knots, cut where mass may sit on one value."""
    cuts = np.clip([0.0, *_ends(case)], case.knots[:, :1], case.knots[:, -1:])
    knots = np.sort(np.concatenate([case.knots, cuts], axis=1), axis=1)
    low, high = knots[:, :-1, None], knots[:, 1:, None]
    nodes, weights = low + (high - low) * NODES, (high - low) * WEIGHTS
    for end in [0.0, *_ends(case)]:  # a density may fall or rise like a power from here
        for sign in (1.0, -1.0):
            near, far = sign * (low - end), sign * (high - end)
            small, large = np.minimum(near, far), np.maximum(near, far)
            ratio = np.where(small > 0, large / np.where(small > 0, small, 1.0), 1.0)
            steep = (ratio > 2) & (small > 1e-300)
            log_ratio = np.log(np.where(steep, ratio, 1.0))
            away = np.where(steep, small, 1.0) * np.exp(log_ratio * NODES)
            nodes = np.where(steep, end + sign * away, nodes)
            weights = np.where(steep, away * log_ratio * WEIGHTS, weights)
    return low[..., 0], high[..., 0], nodes, weights


def test_a_density_integrates_to_its_tails(dense):
    low, high, nodes, weights = _panels(dense)
    flat = jnp.asarray(nodes.reshape(3, -1))
    density = np.exp(np.asarray(ask(dense.distribution, "log_prob", flat))).reshape(nodes.shape)
    area = np.sum(density * weights, axis=-1)
    below, reach = (
        np.exp(each) for each in ask(dense.distribution, "log_edges", jnp.asarray(high))
    )
    cdf, sf = (np.exp(each) for each in ask(dense.distribution, "log_tails", jnp.asarray(low)))
    mass = np.where(cdf < sf, below - cdf, sf - reach)
    wide = high > low * (1 + 1e-12) + 1e-300
    assert area[wide] == pytest.approx(mass[wide], rel=2e-8, abs=1e-18)


def test_a_density_and_its_atoms_add_up_to_one(dense):
    low, high, nodes, weights = _panels(dense)
    flat = jnp.asarray(nodes.reshape(3, -1))
    density = np.exp(np.asarray(ask(dense.distribution, "log_prob", flat))).reshape(nodes.shape)
    total = np.sum(density * weights, axis=(1, 2))
    for at in {0.0, *_ends(dense)}:
        spot = jnp.full((3, 1), at)
        reach = np.asarray(ask(dense.distribution, "log_edges", spot)[1])
        total = total + np.exp(reach)[:, 0] - np.exp(ask(dense.distribution, "log_sf", spot))[:, 0]
    assert total == pytest.approx(np.ones(3), abs=1e-9)


def test_the_mass_on_a_grid_adds_up_to_its_tails(stepped):
    k = stepped.lattice
    filled = np.where(np.isnan(k), 0.0, k)
    log_mass = np.asarray(ask(stepped.distribution, "log_prob", jnp.asarray(filled)))
    mass = np.where(np.isnan(k), 0.0, np.exp(log_mass))
    whole = ~np.isnan(k[:, -1])
    assert (mass.sum(axis=1) + whole)[~whole] == pytest.approx(np.ones((~whole).sum()), abs=1e-9)
    first = ask(stepped.distribution, "log_edges", jnp.asarray(k[:, :1]))[0]
    up_to = np.exp(np.asarray(first)) + np.cumsum(mass, axis=1)
    cdf = np.exp(np.asarray(ask(stepped.distribution, "log_cdf", jnp.asarray(filled))))
    inside = ~np.isnan(k)
    assert up_to[inside] == pytest.approx(cdf[inside], rel=1e-9, abs=1e-15)


def test_between_two_possible_values_there_is_no_mass(stepped):
    if not stepped.distribution.is_count:
        pytest.skip("a record beside the grid stands for the interval around it")
    halves = stepped.points + 0.5
    assert np.all(np.asarray(ask(stepped.distribution, "log_prob", jnp.asarray(halves))) == -np.inf)


def test_off_the_support_there_is_nothing(case):
    support = case.family.support
    if not np.isfinite(support.lower):
        pytest.skip("every number belongs to it")
    off = jnp.full((3, 1), support.lower - 1.5 * (case.step or 1.0))
    assert np.all(np.asarray(ask(case.distribution, "log_prob", off)) == -np.inf)
    log_cdf, log_sf = (np.asarray(each) for each in ask(case.distribution, "log_tails", off))
    assert np.all(log_cdf == -np.inf)
    assert np.all(log_sf == 0)


def test_the_two_tails_hold_all_the_mass(case):
    for below, above in (("log_cdf", "log_sf"), ("log_below", "log_reach")):
        total = np.logaddexp(case.answers[below], case.answers[above])
        assert total == pytest.approx(np.zeros_like(total), abs=1e-13)


def test_reaching_a_limit_includes_the_mass_on_it(stepped):
    on = np.exp(stepped.answers["log_reach"]) - np.exp(stepped.answers["log_sf"])
    assert on == pytest.approx(np.exp(stepped.answers["log_prob"]), rel=1e-9, abs=1e-14)


def test_the_slope_of_the_cdf_is_the_density(dense):
    points = jnp.asarray(dense.points)
    slopes = jax.jit(lambda y: jax.jvp(dense.distribution.log_tails, (y,), (jnp.ones_like(y),)))
    (log_cdf, log_sf), (down, up) = slopes(points)
    # On an atom a slope has two sides.
    inside = (dense.answers["log_below"] == log_cdf) | ~np.isin(dense.points, [0.0, *_ends(dense)])
    for slope, tail, sign in ((down, log_cdf, 1.0), (up, log_sf, -1.0)):
        wanted = sign * np.exp(dense.answers["log_prob"] - np.asarray(tail))
        assert np.asarray(slope)[inside] == pytest.approx(wanted[inside], rel=1e-9, abs=1e-300)


def test_quantiles_and_tails_invert_each_other(dense):
    for question, tail in (("lower_quantile", "log_cdf"), ("upper_quantile", "log_sf")):
        for log_level in (-1e-3, -0.5, -1.0, -20.0, -690.0):
            level = jnp.full((3, 1), log_level)
            y = np.asarray(ask(dense.distribution, question, level))
            found = np.asarray(ask(dense.distribution, tail, jnp.asarray(y)))
            # On an atom the tail takes a step; and what lies beyond float64's range has no place.
            held = np.isfinite(y) & (np.abs(y) > SMALL) & ~np.isin(y, [0.0, *_ends(dense)])
            # A quantile is a float64: next to the end of a support one of its last digits may be
            # worth more than the level asks.
            ulp = np.spacing(np.abs(y)) * np.exp(
                np.asarray(ask(dense.distribution, "log_prob", jnp.asarray(y))) - found
            )
            miss = np.abs(np.expm1(found - log_level))
            assert np.all((miss <= 1e-9 + 4 * ulp)[held])


def test_the_quantile_of_a_cdf_is_the_value_it_was_asked_at(stepped):
    k = stepped.lattice[:, :64]
    k = np.where(np.isnan(k), stepped.lattice[:, :1], k)
    log_cdf, log_sf = ask(stepped.distribution, "log_tails", jnp.asarray(k))
    mass = np.asarray(ask(stepped.distribution, "log_prob", jnp.asarray(k)))
    for question, tail in (("lower_quantile", log_cdf), ("upper_quantile", log_sf)):
        smaller = np.asarray(tail) < np.log(0.5)
        seen = smaller & np.isfinite(np.asarray(tail)) & (mass > np.asarray(tail) - 20)
        back = np.asarray(ask(stepped.distribution, question, tail))
        assert np.allclose(back[seen], k[seen], rtol=1e-12, atol=0)


def test_levels_and_log_levels_ask_the_same(case):
    by_level = np.asarray(ask(case.distribution, "quantile", jnp.asarray(LEVELS)))
    by_log = np.asarray(ask(case.distribution, "lower_quantile", jnp.asarray(np.log(LEVELS))))
    assert by_level == pytest.approx(by_log, rel=1e-6)
    assert np.all(np.diff(by_level, axis=1) >= 0)


def test_samples_follow_the_cdf(case):
    draws = np.asarray(case.distribution.sample(jax.random.key(7), (4000, 3, 1)))[..., 0].T
    values = np.sort(draws, axis=1)
    log_cdf, _ = ask(case.distribution, "log_tails", jnp.asarray(values))
    log_below, _ = ask(case.distribution, "log_edges", jnp.asarray(values))
    ranks = np.arange(1, values.shape[1] + 1)
    for row in range(3):
        after = np.searchsorted(values[row], values[row], side="right") / len(ranks)
        before = np.searchsorted(values[row], values[row], side="left") / len(ranks)
        gap = np.abs(after - np.exp(log_cdf)[row]).max()
        gap = max(gap, np.abs(before - np.exp(log_below)[row]).max())
        assert gap < 2.2 / np.sqrt(len(ranks))  # Kolmogorov's bound at a level below 0.0002


def test_samples_take_the_shape_of_the_parameters(case):
    parameters = {p.name: jnp.full((2, 3), p.link.forward(0.3)) for p in case.family.parameters}
    draws = case.bound(parameters).sample(jax.random.key(1), (50, 2, 3))
    assert draws.shape == (50, 2, 3)
    assert len({tuple(cell) for cell in np.asarray(draws).reshape(50, 6).T}) == 6


def _by_levels(case: Case, power: int, centre: np.ndarray) -> np.ndarray:
    """E (Y - centre)^power as an integral over levels, which takes steps and heavy tails alike."""
    edges = -np.array([700, 300, 120, 60, 35, 22, 14, 9, 5.5, 3.2, 1.8, np.log(2)])
    log_level = (edges[:-1, None] + np.diff(edges)[:, None] * NODES).ravel()
    weights = (np.diff(edges)[:, None] * WEIGHTS).ravel() * np.exp(log_level)
    total = np.zeros((3, 1))
    for question in ("lower_quantile", "upper_quantile"):
        y = np.asarray(ask(case.distribution, question, jnp.asarray(log_level)))
        total += np.sum(weights * (y - centre) ** power, axis=1, keepdims=True)
    return total


def _by_sum(case: Case, power: int, centre: np.ndarray) -> np.ndarray:
    k = case.lattice
    mass = np.exp(ask(case.distribution, "log_prob", jnp.asarray(np.where(np.isnan(k), 0, k))))
    return np.nansum(mass * (k - centre) ** power, axis=1, keepdims=True)


def test_moments_are_integrals(case):
    mean, variance = (np.asarray(ask(case.distribution, each)) for each in ("mean", "variance"))
    mean, variance = np.broadcast_to(mean, (3, 1)), np.broadcast_to(variance, (3, 1))
    integral = _by_levels if case.step is None else _by_sum
    short = np.ones((3, 1), bool) if case.step is None else np.isnan(case.lattice[:, -1:])
    held = np.isfinite(mean) & short
    scale = np.sqrt(np.where(np.isfinite(variance), variance, 1.0))
    found = integral(case, 1, np.zeros((3, 1)))
    assert np.all(np.abs(found - mean)[held] <= 1e-6 * (np.abs(mean) + scale)[held])
    held &= np.isfinite(variance)
    assert integral(case, 2, mean)[held] == pytest.approx(variance[held], rel=1e-4)


def test_the_excess_over_a_limit_is_the_mean_of_what_lies_beyond(case):
    limits = case.points[:, 2:8]
    found = case.answers["excess"][:, 2:8]
    key = jax.random.key(11)
    draws = np.asarray(case.distribution.sample(key, (20_000, 3, 1)))
    beyond = np.maximum(draws - limits, 0.0)
    mean, error = beyond.mean(axis=0), beyond.std(axis=0) / np.sqrt(len(draws))
    variance = np.broadcast_to(np.asarray(ask(case.distribution, "variance")), (3, 1))
    held = np.isfinite(found) & np.isfinite(variance) & (error > 0)
    assert np.all((np.abs(found - mean) <= 5.5 * error)[held])
    assert np.all(found[np.isfinite(found)] >= 0)


def test_the_excess_falls_by_the_upper_tail(dense):
    limits = dense.points[:, 3:7]
    step = 1e-4 * (limits[:, 2:3] - limits[:, 1:2])
    up, down = (ask(dense.distribution, "excess", jnp.asarray(limits + s)) for s in (step, -step))
    slope = (np.asarray(up) - np.asarray(down)) / (2 * step)
    held = np.isfinite(slope)
    wanted = -np.exp(dense.answers["log_sf"][:, 3:7])
    assert slope[held] == pytest.approx(wanted[held], rel=1e-4, abs=1e-7)


def test_censored_rows_say_the_mass_beyond_their_limits(dense):
    low, high, nodes, weights = _panels(dense)
    flat = jnp.asarray(nodes.reshape(3, -1))
    density = np.exp(np.asarray(ask(dense.distribution, "log_prob", flat))).reshape(nodes.shape)
    area = np.sum(density * weights, axis=-1)
    first, last = low[:, 14:15], high[:, 17:18]
    inside = (low >= first) & (high <= last)
    atoms = np.zeros((3, 1))
    for at in {0.0, *_ends(dense)}:
        spot = jnp.full((3, 1), at)
        reach, beyond = (
            ask(dense.distribution, "log_edges", spot)[1],
            ask(dense.distribution, "log_sf", spot),
        )
        held = (first <= at) & (at <= last)
        atoms += np.where(held, np.exp(np.asarray(reach)) - np.exp(np.asarray(beyond)), 0.0)
    wanted = np.sum(area * inside, axis=1, keepdims=True) + atoms
    found = ask(dense.distribution, "log_between", jnp.asarray(first), jnp.asarray(last))
    assert np.exp(np.asarray(found)) == pytest.approx(wanted, rel=1e-8)


def test_an_interval_of_a_grid_is_a_sum(stepped):
    k = stepped.lattice[:, :12]
    k = np.where(np.isnan(k), stepped.lattice[:, :1], k)
    mass = np.exp(np.asarray(ask(stepped.distribution, "log_prob", jnp.asarray(k))))
    for first, last in ((0, 3), (2, 2), (1, 11)):
        distinct = np.array([len(set(row[first : last + 1])) for row in k])
        full = distinct == last - first + 1
        found = ask(
            stepped.distribution,
            "log_between",
            jnp.asarray(k[:, [first]]),
            jnp.asarray(k[:, [last]]),
        )
        wanted = mass[:, first : last + 1].sum(axis=1)
        assert np.exp(np.asarray(found))[full, 0] == pytest.approx(wanted[full], rel=1e-9)


def test_links_lead_to_the_same_distribution(case):
    linked = {p.name: jnp.asarray(LINKED[:, [j % 4]]) for j, p in enumerate(case.family.parameters)}
    again = ask(case.family.from_linked(linked, {}), "log_prob", jnp.asarray(case.points))
    assert np.asarray(again) == pytest.approx(case.answers["log_prob"], rel=1e-9, abs=1e-9)
    for p in case.family.parameters:
        back = p.link.inverse(case.parameters[p.name])
        assert np.asarray(back) == pytest.approx(np.asarray(linked[p.name]), rel=1e-9, abs=1e-12)


def test_a_fit_starts_within_the_range_of_each_parameter(case):
    draws = np.asarray(case.distribution.sample(jax.random.key(3), (200, 3, 1)))[:, 0, 0]
    for y in (draws, np.full(3, draws[0]), draws[:1]):
        start = case.family.start(y.astype(float), {})
        assert set(start) == set(case.parameters)
        linked = [p.link.inverse(jnp.asarray(start[p.name])) for p in case.family.parameters]
        assert np.isfinite(linked).all()


def test_a_support_says_which_values_belong_to_it(case):
    support = case.family.support
    draws = np.asarray(case.distribution.sample(jax.random.key(5), (100, 3, 1)))
    assert support.contains(draws.ravel()).all()
    assert not support.contains(np.array([np.nan])).any()
    for off in (support.lower - 1, support.upper + 1):
        assert not (np.isfinite(off) and support.contains(np.array([off])).any())


def test_a_recipe_reads_back(case):
    assert parse(case.family.describe(), families) == case.family


def test_gradients_reach_every_parameter_both_ways(case):
    names = [p.name for p in case.family.parameters]
    points = jnp.asarray(case.points)

    def value(*linked):
        bound = case.family.from_linked(dict(zip(names, linked, strict=True)), {})
        return jnp.stack([bound.log_prob(points), *bound.log_tails(points)])

    at = [jnp.asarray(LINKED[:, [j % 4]]) for j in range(len(names))]
    ones = [jnp.ones_like(each) for each in at]
    step = 1e-5
    up = jax.jit(value)(*[each + step for each in at])
    down = jax.jit(value)(*[each - step for each in at])
    _, forward = jax.jit(lambda *a: jax.jvp(value, a, tuple(ones)))(*at)
    finite = np.isfinite(np.asarray(up)) & np.isfinite(np.asarray(down))
    slope = (np.asarray(up) - np.asarray(down)) / (2 * step)
    scale = 1 + np.abs(np.where(finite, slope, 0))
    miss = np.abs(np.asarray(forward) - np.where(finite, slope, 0)) / scale
    assert np.isfinite(np.asarray(forward)).all()
    assert miss[finite].max() < 1e-5
    total = jax.jit(jax.grad(lambda a: jnp.sum(jnp.where(finite, value(*a), 0.0))))(at)
    assert all(np.isfinite(np.asarray(each)).all() for each in total)
    wanted = np.sum(np.where(finite, np.asarray(forward), 0.0))
    assert sum(float(jnp.sum(each)) for each in total) == pytest.approx(wanted, rel=1e-7, abs=1e-7)
