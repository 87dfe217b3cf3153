"""Many small searches side by side, against SciPy's one at a time."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize

from assay.series.filter.lockstep import minimise

SIZE, PROBLEMS = 5, 12
STREAM = np.random.default_rng(5)
MIX = STREAM.normal(size=(PROBLEMS, SIZE, SIZE)) + 1.5 * np.eye(SIZE)
GOAL = STREAM.normal(size=(PROBLEMS, SIZE))


def each(x: jax.Array) -> jax.Array:
    """A smooth convex function of each column, with little curvature far out."""
    moved = jnp.einsum("pij,jp->pi", MIX, x) - GOAL
    return jnp.sum(jnp.sqrt(1.0 + moved**2) + 0.05 * moved**2, axis=1)


def search(bad: int | None = None):
    """All minima; one column may have no values at all."""
    spoil = np.ones(PROBLEMS)
    if bad is not None:
        spoil[bad] = np.nan

    def of(x):
        value = each(x) * spoil
        return value, jax.grad(lambda at: jnp.sum(each(at) * spoil))(x)

    start = jnp.zeros((SIZE, PROBLEMS))
    return jax.jit(lambda at: minimise(of, at, tolerance=1e-12, most=200))(start)


def test_every_problem_ends_where_scipy_ends():
    found = search()
    value = jax.jit(lambda x, p: each(jnp.tile(x[:, None], PROBLEMS))[p])
    slope = jax.jit(jax.grad(lambda x, p: each(jnp.tile(x[:, None], PROBLEMS))[p]))
    assert found.done(1e-9).all()
    for p in range(PROBLEMS):
        right = optimize.minimize(
            lambda x, p=p: float(value(x, p)),
            np.zeros(SIZE),
            jac=lambda x, p=p: np.asarray(slope(x, p)),
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-9},
        )
        np.testing.assert_allclose(found.value[p], right.fun, rtol=1e-9)
        np.testing.assert_allclose(found.at[:, p], right.x, atol=1e-4)


def test_a_problem_without_values_does_not_disturb_the_others():
    whole, spoilt = search(), search(bad=3)
    others = np.arange(PROBLEMS) != 3
    assert not bool(spoilt.done(1e-9)[3])
    np.testing.assert_allclose(spoilt.at[:, others], whole.at[:, others], atol=1e-5)
    assert np.isfinite(spoilt.at).all()
