"""The table that every family is run through: add a line for a new one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st

from assay.family import AbstractDistribution, AbstractFamily, Censored
from assay.registry import families

LEVELS = np.array([1e-9, 0.001, 0.1, 0.37, 0.5, 0.9, 0.999, 1 - 1e-9])

# For each family its law in SciPy, by the family's own parameters, and values of these.
LAWS: Mapping[str, tuple[Callable[..., Any], list[tuple[float, ...]]]] = {
    "normal": (st.norm, [(1.5, 2.0)]),
    "log-normal": (lambda median, sigma: st.lognorm(sigma, scale=median), [(3.0, 0.7)]),
    "gamma": (lambda mean, cv: st.gamma(cv**-2, scale=mean * cv**2), [(2.0, 0.4), (2.0, 1.8)]),
    "negative-binomial": (
        lambda mean, size: st.nbinom(size, size / (size + mean)),
        [(4.0, 1.3), (60.0, 8.0)],
    ),
    "bernoulli": (st.bernoulli, [(0.3,)]),
}


@jax.jit
def _at(distribution: AbstractDistribution, points: jax.Array) -> dict[str, jax.Array]:
    """Many answers at once: compiling is what costs."""
    log_cdf, log_sf = distribution.log_tails(points)
    return {
        "log_prob": distribution.log_prob(points),
        "log_cdf": log_cdf,
        "log_sf": log_sf,
        "excess": distribution.excess(points),
        "mean": distribution.mean(),
    }


@jax.jit
def _everything(distribution: AbstractDistribution, points: jax.Array) -> dict[str, jax.Array]:
    return _at(distribution, points) | {
        "log_reach": distribution.log_reach(points),
        "quantile": distribution.quantile(jnp.asarray(LEVELS)),
        "variance": distribution.variance(),
    }


@partial(jax.jit, static_argnums=1)
def ask(distribution: AbstractDistribution, question: str, *arguments: Any) -> Any:
    """One answer, compiled once for a family and the shape of the arguments."""
    return getattr(distribution, question)(*arguments)


@dataclass(frozen=True)
class Case:
    """One family bound to parameters, with SciPy's distribution of the same law."""

    family: AbstractFamily
    make_law: Callable[..., Any]
    values: tuple[float, ...]

    @property
    def parameters(self) -> dict[str, jax.Array]:
        names = [parameter.name for parameter in self.family.parameters]
        return {name: jnp.asarray(v) for name, v in zip(names, self.values, strict=True)}

    @cached_property
    def law(self) -> Any:
        return self.make_law(*self.values)

    @cached_property
    def distribution(self) -> AbstractDistribution:
        return self.family.bind(self.parameters, {})

    @cached_property
    def points(self) -> np.ndarray:
        """Values from one tail to the other, on the support; one of them off it."""
        levels = [1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6]
        off = self.family.support.lower - 1 if np.isfinite(self.family.support.lower) else -99.0
        return np.array([off, *self.law.ppf(levels)])

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        found = _everything(self.distribution, jnp.asarray(self.points))
        return {name: np.asarray(value) for name, value in found.items()}

    @cached_property
    def limits(self) -> tuple[float, float]:
        """A lower and an upper limit that some of the mass lies beyond."""
        below, above = self.law.ppf(0.1), self.law.ppf(0.8)
        return float(below), float(max(above, below + 1) if self.distribution.is_count else above)

    @cached_property
    def censored(self) -> AbstractDistribution:
        """The same law seen between its limits."""
        family = Censored(self.family, above="most", below="least")
        least, most = self.limits
        columns = {"least": jnp.asarray(least), "most": jnp.asarray(most)}
        return family.bind(self.parameters, columns)

    @cached_property
    def censored_points(self) -> np.ndarray:
        """Both limits, one value beyond each, and the points of the law."""
        least, most = self.limits
        return np.array([least, most, least - 5.25, most + 5.0, *self.points[1:]])

    @cached_property
    def censored_answers(self) -> dict[str, np.ndarray]:
        found = _at(self.censored, jnp.asarray(self.censored_points))
        return {name: np.asarray(value) for name, value in found.items()}


def _cases() -> list[Case]:
    without = [name for name in families if name not in LAWS]
    assert without == [], "families without a line in the table of laws"
    return [
        Case(families.get(name)(), make_law, values)
        for name in families
        for make_law, all_values in [LAWS[name]]
        for values in all_values
    ]


@pytest.fixture(params=_cases(), ids=lambda c: f"{c.family.name}-{'-'.join(map(str, c.values))}")
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def density(case: Case) -> Case:
    if case.distribution.is_count:
        pytest.skip("for densities")
    return case


@pytest.fixture
def count(case: Case) -> Case:
    if not case.distribution.is_count:
        pytest.skip("for counts")
    return case
