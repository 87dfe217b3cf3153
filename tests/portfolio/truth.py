"""Projects whose curves are known, drawn from a law that differs from the prior in every number."""

from dataclasses import dataclass

import numpy as np

from assay.portfolio import SHAPES, Observation

SE = 0.02
SHARE_DEAD = 0.25


@dataclass(frozen=True)
class TrueProject:
    """A curve, and attempts that fall short of it."""

    family: str
    tau: float
    q: float
    a: float
    attempts: tuple[Observation, ...]

    def headroom(self, x: float) -> float:
        shape = SHAPES[self.family]
        return self.a * float(shape(np.array(x), np.array(self.tau), np.array(self.q)))

    def seen(self, count: int) -> tuple[Observation, ...]:
        return self.attempts[:count]

    def improvements(self, count: int) -> tuple[Observation, ...]:
        """The attempts that beat the best before them: what a team that hides failures shows."""
        shown: list[Observation] = []
        for attempt in self.seen(count):
            if attempt.level > max([0.0, *(kept.level for kept in shown)]):
                shown.append(attempt)
        return tuple(shown)


def draw_project(seed: int, attempts: int = 5) -> TrueProject:
    """One project; 25 % are dead, and attempts fall short in another way than the prior thinks."""
    rng = np.random.default_rng([909, seed])
    family = list(SHAPES)[rng.integers(len(SHAPES))]
    tau, q = np.exp(rng.normal(np.log(14.0), 0.9)), rng.uniform(0.6, 1.1)
    a = 0.0 if rng.random() < SHARE_DEAD else rng.beta(2.0, 2.5)
    silent = TrueProject(family, tau, q, a, ())
    efforts = np.cumsum(1.0 + rng.exponential(5.0, attempts))
    kappa = np.exp(rng.normal(np.log(0.075), 0.4))
    mean = np.where(rng.random(attempts) < 0.15, 4.0, 1.0) * kappa
    noise = rng.normal(0.0, SE, attempts) - rng.exponential(mean)
    scored = [
        Observation(float(x), score=silent.headroom(x) + float(e), se=SE)
        for x, e in zip(efforts, noise, strict=True)
    ]
    return TrueProject(family, tau, q, a, tuple(scored))
