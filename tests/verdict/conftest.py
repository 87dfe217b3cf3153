"""What the simulations of this room share: the published laws of gains and how to compare."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

Law = Callable[[np.random.Generator, int], np.ndarray]


def _discordant(share: float) -> Law:
    chances = [share / 2, 1 - share, share / 2]
    return lambda random, rows: random.choice([-1.0, 0.0, 1.0], p=chances, size=rows)


def _disasters(random: np.random.Generator, rows: int) -> np.ndarray:
    return np.where(random.random(rows) < 0.005, -1.0, 0.005 / 0.995)


@pytest.fixture(scope="session")
def laws() -> dict[str, tuple[Law, float]]:
    """Gains within [-1, 1] whose mean is exactly 0, with their standard deviation."""
    return {
        "20% discordant": (_discordant(0.2), 0.2**0.5),
        "2% discordant": (_discordant(0.02), 0.02**0.5),
        "disasters": (_disasters, (0.005 / 0.995) ** 0.5),
        "uniform": (lambda random, rows: random.uniform(-1, 1, rows), 3**-0.5),
    }


@pytest.fixture(scope="session")
def agrees() -> Callable[..., bool]:
    """Whether a simulated frequency agrees with a chance: within Clopper-Pearson's 99.9 %."""

    def compare(hits: int, repetitions: int, chance: float, *, at_most: bool = False) -> bool:
        bounds = binomtest(hits, repetitions).proportion_ci(0.999, method="exact")
        return bounds.low <= chance and (at_most or chance <= bounds.high)

    return compare
