"""What the battery runs through: every registered family, and every wrapper in its examples."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from assay.family import AbstractDistribution, AbstractFamily
from assay.registry import families

# What is added up before the links, for the parameters of each law in turn: three laws a family.
LINKED = np.array([[0.3, 0.3, 0.3, 0.3], [0.7, -0.4, 0.7, -0.4], [-0.9, 0.6, 0.2, 0.9]])
# Log probabilities at which panels of the quadrature meet, from either end to the middle.
LOG_LEVELS = -np.array([46, 38, 31, 25, 20, 16, 12.5, 9.5, 7, 5, 3.6, 2.5, 1.7, 1.1, 0.7])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2
LEVELS = np.array([1e-9, 0.001, 0.1, 0.37, 0.5, 0.9, 0.999, 1 - 1e-9])
MOST_POINTS = 4096


@partial(jax.jit, static_argnums=1)
def ask(distribution: AbstractDistribution, question: str, *arguments: Any) -> Any:
    """One answer, compiled once for a family and the shape of the arguments."""
    return getattr(distribution, question)(*arguments)


@jax.jit
def everything(distribution: AbstractDistribution, points: jax.Array) -> dict[str, jax.Array]:
    """Many answers at once: compiling is what costs."""
    log_cdf, log_sf = distribution.log_tails(points)
    log_below, log_reach = distribution.log_edges(points)
    return {
        "log_prob": distribution.log_prob(points),
        "log_cdf": log_cdf,
        "log_sf": log_sf,
        "log_below": log_below,
        "log_reach": log_reach,
        "excess": distribution.excess(points),
    }


@dataclass(frozen=True)
class Case:
    """One family with three sets of parameters, (3, 1) each."""

    family: AbstractFamily

    @property
    def name(self) -> str:
        return self.family.describe()

    @cached_property
    def parameters(self) -> dict[str, jax.Array]:
        found = {}
        for j, parameter in enumerate(self.family.parameters):
            found[parameter.name] = parameter.link.forward(jnp.asarray(LINKED[:, [j % 4]]))
        return found

    def bound(self, parameters: dict[str, jax.Array] | None = None) -> AbstractDistribution:
        return self.family.bind(self.parameters if parameters is None else parameters, {})

    @cached_property
    def distribution(self) -> AbstractDistribution:
        return self.bound()

    @cached_property
    def step(self) -> float | None:
        """From one possible value to the next; None where values are dense."""
        if self.distribution.is_count:
            return 1.0
        grid = getattr(self.distribution, "grid", None)
        return None if grid is None else float(np.ravel(grid)[0])

    @cached_property
    def knots(self) -> np.ndarray:
        """Quantiles from one end to the other, (3, knots), ascending."""
        low = ask(self.distribution, "lower_quantile", jnp.asarray(LOG_LEVELS))
        high = ask(self.distribution, "upper_quantile", jnp.asarray(LOG_LEVELS[::-1]))
        both = np.concatenate(np.broadcast_arrays(np.asarray(low), np.asarray(high)), axis=1)
        return np.sort(both, axis=1)

    @cached_property
    def lattice(self) -> np.ndarray:
        """All values that matter, (3, points), evenly spaced; nan behind the last."""
        assert self.step is not None
        low, high = self.knots[:, :1], self.knots[:, -1:]
        points = low + self.step * np.arange(MOST_POINTS)
        return np.where(points <= high + self.step / 2, points, np.nan)

    @cached_property
    def points(self) -> np.ndarray:
        """Values from one tail to the other, (3, points)."""
        at = np.array([3, 6, 9, 12, 14, 15, 17, 20, 23, 26])
        return self.knots[:, at]

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        found = everything(self.distribution, jnp.asarray(self.points))
        return {name: np.asarray(value) for name, value in found.items()}


def _cases() -> list[Case]:
    kinds = [families.get(name) for name in families]
    return [Case(family) for kind in kinds for family in kind.examples()]


CASES = _cases()


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def dense(case: Case) -> Case:
    if case.step is not None:
        pytest.skip("for densities")
    return case


@pytest.fixture
def stepped(case: Case) -> Case:
    if case.step is None:
        pytest.skip("for values on a grid")
    return case
