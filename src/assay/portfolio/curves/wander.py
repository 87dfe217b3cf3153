"""How far a history strays from any smooth curve: a Brownian motion in the logarithm of effort.

No simple curve fits a learner or a leaderboard exactly, and its misfit hangs together: where scores
lie above the curve now, they will lie above it a little later. So what is seen is the curve, plus a
wander that starts at the last effort seen and grows with the logarithm of effort on either side,
plus noise. How strongly it wanders is learnt from the scores; ahead of them its variance is
`strength^2 * log(x / x_last)`, and nothing that was seen tells its direction.

Source: Kennedy & O'Hagan (2001) for a curve with a discrepancy of its own.
"""

from dataclasses import dataclass

import numpy as np

from assay.portfolio.kinds import Floats


@dataclass(frozen=True, eq=False)
class Wander:
    """The rows of a history seen along directions in which noise and wander are independent.

    In these directions the covariance is `factor^2 + strength^2 * spread` for every strength of
    the wander and every factor of the noise: one decomposition serves them all.

    Fields:
        at: log effort of the rows, 0 at the last.
        basis: turns rows into directions: one column a direction.
        spread: variance of a wander of strength 1 along each direction, noise being 1.
        log_volume: sum of the logarithms of the noise.
    """

    at: Floats
    basis: Floats
    spread: Floats
    log_volume: float

    def onto(self, rows: Floats) -> Floats:
        """Rows (first axis) turned into directions."""
        return self.basis.T @ rows

    def towards(self, at: Floats) -> Floats:
        """Covariance of a wander of strength 1 at log efforts `at` with the directions."""
        return covariance(at, self.at) @ self.basis


def wander_of(at: Floats, noise: Floats) -> Wander:
    """Decompose the rows of a history.

    Args:
        at: log effort of the rows, 0 at the last one.
        noise: standard deviation of each row's noise, above 0.
    """
    scaled = covariance(at, at) / np.outer(noise, noise)
    spread, turned = np.linalg.eigh(scaled)
    basis = turned / noise[:, None]
    return Wander(at, basis, np.maximum(spread, 0.0), float(np.log(noise).sum()))


def covariance(one: Floats, other: Floats) -> Floats:
    """Covariance of a Brownian motion of strength 1 that is 0 at 0 and runs both ways."""
    near = np.minimum(np.abs(one)[:, None], np.abs(other)[None, :])
    return np.where(np.multiply.outer(one, other) > 0.0, near, 0.0)
