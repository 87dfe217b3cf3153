"""One battery for every registered family and wrapper: a new one enters by registration alone.

The truth is what must hold of any law: mass adds up to one and to the tails, the density is the
slope of the cdf, samples follow it, moments are integrals, quantiles invert. Laws that are written
down in `tests/laws` are also held to mpmath, in `test_against_mpmath.py`.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import pytest

from assay.family import Censored
from assay.registry import families, parse

from .conftest import DRAWS, LEVELS, NODES, WEIGHTS, Case, ask, slopes

SMALL = 1e-290
QUANTILES = ("lower_quantile", "upper_quantile")
GRADE = 12  # how fast nodes crowd towards an end where a density may be infinite


def _ends(case: Case) -> list[float]:
    support = case.family.support
    return [end for end in (support.lower, support.upper) if np.isfinite(end)]


@lru_cache(maxsize=1)
def _panels(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of panels between the knots, cut where mass may sit on a value, and what each holds."""
    ends = [np.full((3, 1), end) for end in (0.0, *_ends(case))]
    # Some densities have a kink at their location.
    cuts = np.concatenate([*ends, *map(np.asarray, case.parameters.values())], axis=1)
    cuts = np.clip(cuts, case.knots[:, :1], case.knots[:, -1:])
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
            touches = (small == 0) & (large > 0)
            nodes = np.where(touches, end + sign * large * NODES**GRADE, nodes)
            weights = np.where(touches, large * GRADE * NODES ** (GRADE - 1) * WEIGHTS, weights)
    density = np.exp(case.at(nodes.reshape(3, -1))["log_prob"]).reshape(nodes.shape)
    return low[..., 0], high[..., 0], np.sum(density * weights, axis=-1)


def test_a_density_integrates_to_its_tails(dense):
    low, high, area = _panels(dense)
    right, left = dense.at(high), dense.at(low)
    below, reach = np.exp(right["log_below"]), np.exp(right["log_reach"])
    cdf, sf = np.exp(left["log_cdf"]), np.exp(left["log_sf"])
    mass = np.where(cdf < sf, below - cdf, sf - reach)
    wide = high > low * (1 + 1e-12) + 1e-300
    for end in _ends(dense):  # where the distance to an end keeps some digits
        wide &= np.minimum(np.abs(low - end), np.abs(high - end)) >= 1e-6 * np.abs(end)
    assert area[wide] == pytest.approx(mass[wide], rel=2e-8, abs=1e-18)


def test_a_density_and_its_atoms_add_up_to_one(dense):
    total = np.sum(_panels(dense)[2], axis=1)
    for at in {0.0, *_ends(dense)}:
        spot = dense.at(np.full((3, 1), at))
        total = total + np.exp(spot["log_reach"])[:, 0] - np.exp(spot["log_sf"])[:, 0]
    # Of what lies closer to an end than 1e-6 of it, float64 cannot place the nodes well.
    blurred = np.zeros((3, 1))
    for end in filter(None, _ends(dense)):
        near = [dense.at(np.full((3, 1), end * (1 + side)))["log_sf"] for side in (-1e-6, 1e-6)]
        blurred += np.exp(near[0]) - np.exp(near[1])
    assert np.all(np.abs(total - 1) <= 1e-9 + 0.01 * np.abs(blurred[:, 0]))


def test_the_mass_on_a_grid_adds_up_to_its_tails(stepped):
    k = stepped.lattice
    filled = np.where(np.isnan(k), 0.0, k)
    found = stepped.at(filled)
    mass = np.where(np.isnan(k), 0.0, np.exp(found["log_prob"]))
    whole = ~np.isnan(k[:, -1])
    assert (mass.sum(axis=1) + whole)[~whole] == pytest.approx(np.ones((~whole).sum()), abs=1e-9)
    up_to = np.exp(found["log_below"][:, :1]) + np.cumsum(mass, axis=1)
    cdf = np.exp(found["log_cdf"])
    inside = ~np.isnan(k)
    assert up_to[inside] == pytest.approx(cdf[inside], rel=1e-9, abs=1e-15)


def test_between_two_possible_values_there_is_no_mass(stepped):
    if not stepped.distribution.is_count:
        pytest.skip("a record beside the grid stands for the interval around it")
    halves = stepped.points + 0.5
    log_prob = stepped.at(halves)["log_prob"]
    assert np.all(log_prob[halves < stepped.family.support.upper] == -np.inf)


def test_off_the_support_there_is_nothing(case):
    support = case.family.support
    if not np.isfinite(support.lower):
        pytest.skip("every number belongs to it")
    found = case.at(np.full((3, 1), support.lower - 1.5 * (case.step or 1.0)))
    if not isinstance(case.family, Censored):  # a value beyond a limit is read as hidden at it
        assert np.all(found["log_prob"] == -np.inf)
    assert np.all(found["log_cdf"] == -np.inf)
    assert np.all(found["log_sf"] == 0)


def test_the_two_tails_hold_all_the_mass(case):
    for below, above in (("log_cdf", "log_sf"), ("log_below", "log_reach")):
        total = np.logaddexp(case.answers[below], case.answers[above])
        assert total == pytest.approx(np.zeros_like(total), abs=1e-13)


def test_reaching_a_limit_includes_the_mass_on_it(stepped):
    on = np.exp(stepped.answers["log_reach"]) - np.exp(stepped.answers["log_sf"])
    assert on == pytest.approx(np.exp(stepped.answers["log_prob"]), rel=1e-9, abs=1e-14)


def test_the_slope_of_the_cdf_is_the_density(dense):
    (_, log_cdf, log_sf), (_, down, up), *_ = slopes(
        dense.family, dense.linked, jnp.asarray(dense.points)
    )
    # On an atom a slope has two sides.
    inside = (dense.answers["log_below"] == dense.answers["log_cdf"]) | ~np.isin(
        dense.points, [0.0, *_ends(dense)]
    )
    for slope, tail, sign in ((down, log_cdf, 1.0), (up, log_sf, -1.0)):
        wanted = sign * np.exp(dense.answers["log_prob"] - np.asarray(tail))
        assert np.asarray(slope)[inside] == pytest.approx(wanted[inside], rel=1e-9, abs=1e-300)


def test_quantiles_and_tails_invert_each_other(dense):
    for question, tail in (("lower_quantile", "log_cdf"), ("upper_quantile", "log_sf")):
        level = np.array([-1e-3, -0.5, -1.0, -20.0, -690.0])
        y = dense.quantile(question, level)
        found = dense.at(y)
        # On an atom the tail takes a step; and what lies beyond float64's range has no place.
        held = np.isfinite(y) & np.isfinite(found[tail]) & (np.abs(y) > SMALL)
        for end in (0.0, *_ends(dense)):
            held &= (np.nextafter(y, end) != end) & (y != end)
        # A quantile is a float64: next to the end of a support one of its last digits may be
        # worth more than the level asks.
        with np.errstate(invalid="ignore"):
            ulp = np.spacing(np.abs(y)) * np.exp(found["log_prob"] - found[tail])
            miss = np.abs(np.expm1(found[tail] - level))
        assert np.all((miss <= 1e-9 + 4 * ulp)[held])


def test_the_quantile_of_a_cdf_is_the_value_it_was_asked_at(stepped):
    k = stepped.lattice[:, :64]
    k = np.where(np.isnan(k), stepped.lattice[:, :1], k)
    found = stepped.at(k)
    for question, tail in (("lower_quantile", "log_cdf"), ("upper_quantile", "log_sf")):
        level = found[tail]
        held = (level < np.log(0.5)) & np.isfinite(level)
        seen = held & (found["log_prob"] > level - 20)
        back = stepped.quantile(question, np.where(held, level, -1.0))
        assert np.allclose(back[seen], k[seen], rtol=1e-12, atol=0)


def test_quantiles_rise_with_their_level(case):
    assert np.all(np.diff(case.quantile("lower_quantile", np.log(LEVELS)), axis=1) >= 0)


def test_samples_follow_the_cdf(case):
    values = np.sort(case.draws[:4096, :, 0].T, axis=1)
    found = case.at(values)
    ranks = np.arange(1, values.shape[1] + 1)
    for row in range(3):
        after = np.searchsorted(values[row], values[row], side="right") / len(ranks)
        before = np.searchsorted(values[row], values[row], side="left") / len(ranks)
        gap = np.abs(after - np.exp(found["log_cdf"])[row]).max()
        gap = max(gap, np.abs(before - np.exp(found["log_below"])[row]).max())
        assert gap < 2.2 / np.sqrt(len(ranks))  # Kolmogorov's bound at a level below 0.0002


def test_samples_take_the_shape_of_the_parameters_and_differ(case):
    assert case.draws.shape == (DRAWS, 3, 1)
    assert not np.array_equal(case.sample(8), case.draws)
    assert np.array_equal(case.sample(7), case.draws)
    assert len({tuple(law) for law in case.draws[:, :, 0].T}) == 3


@lru_cache(maxsize=1)
def _levels(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles and the mass that each stands for, which takes steps and heavy tails alike."""
    cuts = -np.array([700, 300, 120, 60, 35, 22, 14, 9, 5.5, 3.2, 1.8, np.log(2)])
    values, masses = [], []
    for question, tails in (
        ("lower_quantile", ("log_below", "log_cdf")),
        ("upper_quantile", ("log_reach", "log_sf")),
    ):
        # Quantiles stand still on an atom, from one edge of its mass to the other.
        spots = case.at(np.tile([0.0, *_ends(case)], (3, 1)))
        steps = [np.clip(spots[tail], cuts[0], cuts[-1]) for tail in tails]
        edges = np.sort(np.concatenate([np.tile(cuts, (3, 1)), *steps], axis=1), axis=1)
        log_level = edges[:, :-1, None] + np.diff(edges)[..., None] * NODES
        masses.append((np.diff(edges)[..., None] * WEIGHTS * np.exp(log_level)).reshape(3, -1))
        values.append(case.quantile(question, log_level.reshape(3, -1)))
    return np.concatenate(values, axis=1), np.concatenate(masses, axis=1)


def _by_levels(case: Case, power: int, centre: np.ndarray) -> np.ndarray:
    """E (Y - centre)^power as an integral over levels."""
    y, mass = _levels(case)
    with np.errstate(over="ignore"):  # where there is no such moment
        return np.sum(mass * (y - centre) ** power, axis=1, keepdims=True)


def _by_sum(case: Case, power: int, centre: np.ndarray) -> np.ndarray:
    k = case.lattice
    mass = np.exp(case.at(np.where(np.isnan(k), 0.0, k))["log_prob"])
    return np.nansum(mass * (k - centre) ** power, axis=1, keepdims=True)


def test_moments_are_integrals(case):
    mean, variance = case.moments
    integral = _by_levels if case.step is None else _by_sum
    short = np.ones((3, 1), bool) if case.step is None else np.isnan(case.lattice[:, -1:])
    held = np.isfinite(mean) & short
    scale = np.sqrt(np.where(np.isfinite(variance), variance, 1.0))
    found = integral(case, 1, np.zeros((3, 1)))
    centre = np.where(np.isfinite(mean), mean, 0.0)
    assert found[held] == pytest.approx(
        mean[held], abs=1e-6 * np.max((np.abs(mean) + scale)[held], initial=0.0)
    )
    held &= np.isfinite(variance)
    if case.step is None:  # with hardly any variance to be finite, much of it lies beyond float64
        far = np.array([case.quantile(each, -np.array([700.0])) for each in QUANTILES])
        with np.errstate(over="ignore"):
            held &= (np.exp(-700.0) * far**2).max(axis=0) < 1e-8 * variance
    assert integral(case, 2, centre)[held] == pytest.approx(variance[held], rel=1e-4)


def test_the_excess_over_a_limit_is_the_mean_of_what_lies_beyond(case):
    limits = case.points[:, 2:8]
    found = case.answers["excess"][:, 2:8]
    beyond = np.maximum(case.draws - limits, 0.0)
    mean, error = beyond.mean(axis=0), beyond.std(axis=0) / np.sqrt(len(beyond))
    held = np.isfinite(found) & np.isfinite(case.moments[1]) & (error > 0)
    assert np.all((np.abs(found - mean) <= 5.5 * error)[held])
    assert np.all(found[np.isfinite(found)] >= 0)


def test_the_excess_falls_by_the_upper_tail(dense):
    limits = dense.points[:, 3:7]
    step = 1e-5 * np.ptp(np.quantile(dense.draws, (0.2, 0.8), axis=0), axis=0)
    inside = ~np.isin(limits, [0.0, *_ends(dense)])  # on an atom a slope has two sides
    up, down = (dense.at(limits + s)["excess"] for s in (step, -step))
    held = inside & np.isfinite(up) & np.isfinite(down)
    slope = (np.where(held, up, 0.0) - np.where(held, down, 0.0)) / (2 * step)
    wanted = -np.exp(dense.answers["log_sf"][:, 3:7])
    assert slope[held] == pytest.approx(wanted[held], rel=1e-4, abs=1e-7)


def test_censored_rows_say_the_mass_beyond_their_limits(dense):
    low, high, area = _panels(dense)
    first, last = low[:, 14:15], high[:, 17:18]
    inside = (low >= first) & (high <= last)
    atoms = np.zeros((3, 1))
    for at in {0.0, *_ends(dense)}:
        spot = dense.at(np.full((3, 1), at))
        held = (first <= at) & (at <= last)
        atoms += np.where(held, np.exp(spot["log_reach"]) - np.exp(spot["log_sf"]), 0.0)
    wanted = np.sum(area * inside, axis=1, keepdims=True) + atoms
    found = ask(dense.distribution, "log_between", jnp.asarray(first), jnp.asarray(last))
    assert np.exp(np.asarray(found)) == pytest.approx(wanted, rel=1e-8)


def test_an_interval_of_a_grid_is_a_sum(stepped):
    k = stepped.lattice[:, :12]
    k = np.where(np.isnan(k), stepped.lattice[:, :1], k)
    mass = np.exp(stepped.at(k)["log_prob"])
    for first, last in ((0, 3), (2, 2), (1, 11)):
        full = np.array([len(set(row[: last + 1])) == last + 1 for row in k])
        found = ask(
            stepped.distribution,
            "log_between",
            jnp.asarray(k[:, [first]]),
            jnp.asarray(k[:, [last]]),
        )
        wanted = mass[:, first : last + 1].sum(axis=1)
        assert np.exp(np.asarray(found))[full, 0] == pytest.approx(wanted[full], rel=1e-9)


def test_links_lead_to_the_same_distribution(case):
    again = case.at(case.points, case.family.from_linked(case.linked, {}))["log_prob"]
    assert again == pytest.approx(case.answers["log_prob"], rel=1e-9, abs=1e-9)
    for p in case.family.parameters:
        back = p.link.inverse(case.parameters[p.name])
        assert np.asarray(back) == pytest.approx(
            np.asarray(case.linked[p.name]), rel=1e-9, abs=1e-12
        )


def test_a_fit_starts_within_the_range_of_each_parameter(case):
    draws = case.draws[:200, 0, 0]
    for y in (draws, np.full(3, draws[0]), draws[:1]):
        start = case.family.start(y.astype(float), {})
        assert set(start) == set(case.parameters)
        linked = [p.link.inverse(jnp.asarray(start[p.name])) for p in case.family.parameters]
        assert np.isfinite(linked).all()


def test_a_support_says_which_values_belong_to_it(case):
    support = case.family.support
    assert support.contains(case.draws[:100].ravel()).all()
    assert not support.contains(np.array([np.nan])).any()
    for off in (support.lower - 1, support.upper + 1):
        assert not (np.isfinite(off) and support.contains(np.array([off])).any())


def test_a_recipe_reads_back(case):
    assert parse(case.family.describe(), families) == case.family


def test_gradients_reach_every_parameter_both_ways(case):
    found, _, forwards, backwards = slopes(case.family, case.linked, jnp.asarray(case.points))
    finite, forwards = np.isfinite(found), np.asarray(forwards)
    step = 1e-5
    up, down = (
        case.at(
            case.points, case.family.from_linked({n: v + s for n, v in case.linked.items()}, {})
        )
        for s in (step, -step)
    )
    both = [
        np.stack([each[name] for name in ("log_prob", "log_cdf", "log_sf")]) for each in (up, down)
    ]
    with np.errstate(invalid="ignore"):
        slope = np.where(finite, (both[0] - both[1]) / (2 * step), 0.0)
    assert np.isfinite(forwards).all()
    assert (np.abs(forwards - slope) / (1 + np.abs(slope)))[finite].max() < 1e-5
    assert all(np.isfinite(np.asarray(each)).all() for each in backwards.values())
    total = sum(float(jnp.sum(each)) for each in backwards.values())
    assert total == pytest.approx(np.sum(np.where(finite, forwards, 0.0)), rel=1e-7, abs=1e-7)
