"""What the battery runs through: every registered family, and every wrapper in its examples."""

import os
from collections.abc import Iterator
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
LEAST_POINTS, MOST_POINTS = 12, 4096
DRAWS = 6000
WHOLE = os.environ.get("HYPOTHESIS_PROFILE") in ("whole", "deep")


# Compiling is what a battery costs: few programs, each for one shape.
WIDTH = 256


@partial(jax.jit, static_argnums=1)
def ask(distribution: AbstractDistribution, question: str, *arguments: Any) -> Any:
    """One answer, compiled once for a family and the shape of the arguments."""
    return getattr(distribution, question)(*arguments)


@jax.jit
def _everything(distribution: AbstractDistribution, points: jax.Array) -> dict[str, jax.Array]:
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


@jax.jit
def moments(distribution: AbstractDistribution) -> tuple[jax.Array, jax.Array]:
    """Mean and variance, in the shape of the laws."""
    return tuple(
        jnp.broadcast_to(each, (3, 1)) for each in (distribution.mean(), distribution.variance())
    )


@partial(jax.jit, static_argnums=0)
def slopes(
    family: AbstractFamily, linked: dict[str, jax.Array], points: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array, dict[str, jax.Array]]:
    """Log density and tails; how they change along y, and along all parameters at once.

    The last is the same forwards, at each point, and backwards, summed over the finite ones.
    """

    def value(linked: dict[str, jax.Array], y: jax.Array) -> jax.Array:
        bound = family.from_linked(linked, {})
        return jnp.stack([bound.log_prob(y), *bound.log_tails(y)])

    found, along = jax.linearize(value, linked, points)
    none, ones = jax.tree.map(jnp.zeros_like, linked), jax.tree.map(jnp.ones_like, linked)
    down, forwards = along(none, jnp.ones_like(points)), along(ones, jnp.zeros_like(points))
    back = jax.linear_transpose(along, linked, points)
    return found, down, forwards, back(jnp.where(jnp.isfinite(found), 1.0, 0.0))[0]


@partial(jax.jit, static_argnums=2)
def _drawn(distribution: AbstractDistribution, seed: int, shape: tuple[int, ...]) -> jax.Array:
    return distribution.sample(jax.random.key(seed), shape)


@dataclass(frozen=True, eq=False)
class Case:
    """One family with three sets of parameters, (3, 1) each."""

    family: AbstractFamily

    @property
    def name(self) -> str:
        return self.family.describe()

    @cached_property
    def linked(self) -> dict[str, jax.Array]:
        columns = [jnp.asarray(LINKED[:, [j % 4]]) for j in range(len(self.family.parameters))]
        return {p.name: at for p, at in zip(self.family.parameters, columns, strict=True)}

    @cached_property
    def parameters(self) -> dict[str, jax.Array]:
        return {p.name: p.link.forward(self.linked[p.name]) for p in self.family.parameters}

    @cached_property
    def distribution(self) -> AbstractDistribution:
        return self.family.bind(self.parameters, {})

    @cached_property
    def draws(self) -> np.ndarray:
        """Many samples, (draws, 3, 1)."""
        return self.sample(7)

    def sample(self, seed: int) -> np.ndarray:
        """Other samples of the same shape."""
        return np.asarray(_drawn(self.distribution, seed, (DRAWS, 3, 1)))

    def at(
        self, points: np.ndarray, distribution: AbstractDistribution | None = None
    ) -> dict[str, np.ndarray]:
        """All answers at (3, points), in pieces of one shape."""
        points = np.broadcast_to(points, (3, points.shape[-1]))
        missing = -points.shape[1] % WIDTH
        padded = np.concatenate([points, np.repeat(points[:, -1:], missing, axis=1)], axis=1)
        pieces = [
            _everything(distribution or self.distribution, jnp.asarray(piece))
            for piece in np.split(padded, padded.shape[1] // WIDTH, axis=1)
        ]
        joined = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1), *pieces)
        return {name: answer[:, : points.shape[1]] for name, answer in joined.items()}

    def quantile(self, question: str, log_level: np.ndarray) -> np.ndarray:
        """Where a log tail is, (3, levels): `lower_quantile` or `upper_quantile`."""
        level = np.broadcast_to(log_level, (3, log_level.shape[-1]))
        other = np.where(level < -0.7, np.log1p(-np.exp(level)), np.log(-np.expm1(level)))
        asked = (level, other) if question == "lower_quantile" else (other, level)
        missing = -level.shape[1] % WIDTH
        padded = [np.pad(each, ((0, 0), (0, missing)), mode="edge") for each in asked]
        pieces = [np.split(each, each.shape[1] // WIDTH, axis=1) for each in padded]
        found = [
            np.broadcast_to(
                ask(self.distribution, "tail_quantile", *map(jnp.asarray, piece)), (3, WIDTH)
            )
            for piece in zip(*pieces, strict=True)
        ]
        return np.concatenate(found, axis=1)[:, : level.shape[1]]

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
        low = self.quantile("lower_quantile", LOG_LEVELS)
        high = self.quantile("upper_quantile", LOG_LEVELS[::-1])
        both = np.concatenate([low, high], axis=1)
        return np.sort(both, axis=1)

    @cached_property
    def lattice(self) -> np.ndarray:
        """All values that matter, (3, points), evenly spaced; nan behind the last of a law."""
        assert self.step is not None
        low, high = self.knots[:, :1], self.knots[:, -1:]
        count = int(np.clip(np.max(high - low) / self.step + 2, LEAST_POINTS, MOST_POINTS))
        points = low + self.step * np.arange(count)
        return np.where(points <= high + self.step / 2, points, np.nan)

    @cached_property
    def points(self) -> np.ndarray:
        """Values from one tail to the other, (3, points)."""
        at = np.array([3, 6, 9, 12, 14, 15, 17, 20, 23, 26])
        return self.knots[:, at]

    @cached_property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each law, (3, 1)."""
        mean, variance = moments(self.distribution)
        return np.asarray(mean), np.asarray(variance)

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        return self.at(self.points)


def _cases() -> list[Case]:
    """Every family and the first example of every wrapper; the profile `whole` takes them all."""
    kinds = [families.get(name).examples() for name in families]
    return [Case(family) for examples in kinds for family in examples[: None if WHOLE else 1]]


CASES = _cases()


@pytest.fixture(params=CASES, ids=lambda case: case.name, scope="module")
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    """One case after the other: its programs are dropped behind it."""
    yield Case(request.param.family)
    for program in (ask, _everything, moments, slopes, _drawn):
        program.clear_cache()


@pytest.fixture(scope="module")
def dense(case: Case) -> Case:
    if case.step is not None:
        pytest.skip("for densities")
    return case


@pytest.fixture(scope="module")
def stepped(case: Case) -> Case:
    if case.step is None:
        pytest.skip("for values on a grid")
    return case
