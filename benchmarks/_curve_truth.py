"""Projects whose curves are known, drawn from a law that differs from the prior in every number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.portfolio import SHAPES, Observation

SE = 0.02
SHARE_DEAD = 0.25
LOG_TAU = (np.log(22.0), 0.8)
A_BETA = (2.0, 2.0)
Q = (0.6, 1.1)
LOG_KAPPA = (np.log(0.05), 0.4)
HEAVY = (0.15, 4.0)  # probability of a large shortfall, and how many times larger its mean is
GAP = (1.0, 5.0)  # effort of an attempt: a least one, and the mean of what comes on top
LEAST, MOST = 3, 15  # attempts of the projects that the check of the shape is asked about

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """One project: its true curve, and attempts that fall short of it.

    Fields:
        shape, tau, q, a: of the curve; `a` is 0 where the project is dead.
        start_up: effort before which nothing counts.
        efforts, scores: of its attempts.
    """

    shape: str
    tau: float
    q: float
    a: float
    start_up: float
    efforts: Floats
    scores: Floats

    def headroom(self, x: Floats) -> Floats:
        """The true curve at the efforts `x`."""
        counts = np.maximum(np.asarray(x, float) - self.start_up, 0.0)
        if self.shape == "s":
            risen = (counts / self.tau) ** self.q
            return self.a * risen / (1.0 + risen)
        return self.a * SHAPES[self.shape](counts, np.array(self.tau), np.array(self.q))

    def seen(self, count: int) -> tuple[Observation, ...]:
        """The first `count` attempts."""
        pairs = zip(self.efforts[:count], self.scores[:count], strict=True)
        return tuple(Observation(float(x), score=float(y), se=SE) for x, y in pairs)

    def improvements(self, count: int) -> tuple[Observation, ...]:
        """Those of them that beat the best before: what a team that hides failures shows."""
        before = np.maximum.accumulate(np.concatenate([[0.0], self.scores[:count]]))[:-1]
        shown = self.scores[:count] > before
        return tuple(
            each for each, is_shown in zip(self.seen(count), shown, strict=True) if is_shown
        )


def draw(seed: tuple[int, ...], attempts: int, kind: str = "concave") -> Truth:
    """One project.

    Args:
        seed: of the random generator.
        attempts: how many.
        kind: "concave", as the prior thinks of curves; "start-up", the same after effort that
            brings nothing; "s-shape"; the last two are never dead.
    """
    rng = np.random.default_rng(seed)
    efforts = np.cumsum(GAP[0] + rng.exponential(GAP[1], attempts))
    shape = list(SHAPES)[rng.integers(len(SHAPES))]
    tau, q = float(np.exp(rng.normal(*LOG_TAU))), float(rng.uniform(*Q))
    a = float(rng.beta(*A_BETA))
    late = float(efforts[-1] * rng.uniform(0.3, 0.7))
    if kind == "concave":
        dead = rng.random() < SHARE_DEAD
        return _tried(Truth(shape, tau, q, 0.0 if dead else a, 0.0, efforts, efforts), rng)
    if kind == "start-up":
        return _tried(Truth(shape, tau, q, a, late, efforts, efforts), rng)
    return _tried(Truth("s", late, float(rng.uniform(4.0, 8.0)), a, 0.0, efforts, efforts), rng)


def _tried(truth: Truth, rng: np.random.Generator) -> Truth:
    """The same project with the scores of its attempts."""
    size = truth.efforts.size
    kappa = np.exp(rng.normal(*LOG_KAPPA))
    mean = np.where(rng.random(size) < HEAVY[0], HEAVY[1], 1.0) * kappa
    scores = truth.headroom(truth.efforts) + rng.normal(0.0, SE, size) - rng.exponential(mean)
    parts = (truth.shape, truth.tau, truth.q, truth.a, truth.start_up, truth.efforts)
    return Truth(*parts, scores)
