"""Compiled log tails with their derivatives, and 60 digits for their truth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from assay.compute import configure
from assay.family.tail import (
    log_beta_tails,
    log_gamma_tails,
    negative_binomial_log_tails,
)

from . import truth

ROWS = 64


@dataclass
class Compiled:
    """Both tails of a function of some scalars, with slopes and bends, compiled once."""

    tails: Callable

    @cached_property
    def _all(self) -> Callable:
        def value(at: jax.Array) -> tuple[jax.Array, jax.Array]:
            both = jnp.stack(self.tails(*at))
            return both, both

        def slope(at: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            first, both = jax.jacrev(value, has_aux=True)(at)
            return first, (first, both)

        def everything(at: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            second, (first, both) = jax.jacfwd(slope, has_aux=True)(at)
            return both, first, second

        return jax.jit(jax.vmap(everything))

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values (point, tail), slopes (.., argument), bends (.., argument, argument)."""
        points = np.asarray(points, dtype=float)
        padded = np.concatenate([points, np.repeat(points[-1:], -len(points) % ROWS, axis=0)])
        parts = [self._all(padded[i : i + ROWS]) for i in range(0, len(padded), ROWS)]
        return tuple(np.concatenate(part)[: len(points)] for part in zip(*parts, strict=True))


@pytest.fixture(scope="session", autouse=True)
def _float64() -> None:
    configure()


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    with mp.workdps(truth.DIGITS):
        yield


@pytest.fixture(scope="session")
def gamma() -> Compiled:
    return Compiled(log_gamma_tails)


@pytest.fixture(scope="session")
def beta() -> Compiled:
    return Compiled(log_beta_tails)


@pytest.fixture(scope="session")
def counts() -> Compiled:
    return Compiled(negative_binomial_log_tails)
