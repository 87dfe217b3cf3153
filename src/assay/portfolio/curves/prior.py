"""What is believed about any project's curve before its first attempt: 20,000 fixed atoms.

An atom is one possible curve f(x) = a * h(x; tau, q) and one typical shortfall kappa of an attempt
below its curve. The atoms are drawn once in a process, from a fixed seed, and shared by all
projects: learning only weighs them.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assay.portfolio.curves.shape import SHAPES
from assay.portfolio.kinds import Floats, Whole

ATOMS = 20_000
SEED = 505
SHARE_DEAD = 0.2

LOG_TAU = (np.log(20.0), 1.2)  # mean and standard deviation of log tau, person-days
LOG_KAPPA = (np.log(0.06), 0.6)
A_BETA = (1.3, 1.6)
LOG_Q_POWER = (np.log(0.7), 0.5)
Q_LEAST, Q_MOST = 0.5, 1.0  # uniform, for the Hill and Janoschek shapes

FAMILIES = tuple(SHAPES)
POWER = FAMILIES.index("power")
BOUNDED_Q = (FAMILIES.index("hill"), FAMILIES.index("janoschek"))


@dataclass(frozen=True)
class Atoms:
    """Many possible curves at once; all fields have one entry an atom.

    Fields:
        family: index into `SHAPES`, ascending, so that each family is one slice.
        tau: time scale, person-days.
        q: exponent; 1 where the family has none.
        a: headroom reached in the long run; exactly 0 for a dead project.
        kappa: typical shortfall of an attempt below its curve, headroom.
    """

    family: Whole
    tau: Floats
    q: Floats
    a: Floats
    kappa: Floats

    @property
    def size(self) -> int:
        """How many atoms there are."""
        return self.family.size

    @property
    def dead(self) -> np.ndarray:
        """Which atoms can gain nothing, at any effort."""
        return self.a == 0.0

    def headroom(self, x: Floats) -> Floats:
        """Each atom's curve at the efforts `x` (person-days): one row an atom."""
        columns = np.empty((x.size, self.size))  # atoms beside each other: long, even loops
        edges = np.searchsorted(self.family, np.arange(len(SHAPES) + 1))
        for shape, start, stop in zip(SHAPES.values(), edges[:-1], edges[1:], strict=True):
            risen = shape(x[:, None], self.tau[start:stop], self.q[start:stop])
            np.multiply(risen, self.a[start:stop], out=columns[:, start:stop])
        return columns.T

    def take(self, at: np.ndarray) -> "Atoms":
        """The atoms chosen by ascending indices or by a mask."""
        return Atoms(self.family[at], self.tau[at], self.q[at], self.a[at], self.kappa[at])

    def part(self, start: int, stop: int) -> "Atoms":
        """The atoms from place `start` to before `stop`."""
        at = slice(start, stop)
        return Atoms(self.family[at], self.tau[at], self.q[at], self.a[at], self.kappa[at])


def draw_atoms(size: int, seed: int) -> Atoms:
    """Draw possible curves from the prior.

    Families and dead projects have exactly their share, the other parameters are drawn.

    Args:
        size: number of atoms.
        seed: of the random generator.
    """
    rng = np.random.default_rng(seed)
    at = np.arange(size)
    family = at * len(SHAPES) // size
    spread = rng.permutation(size) / size
    tau = np.exp(rng.normal(*LOG_TAU, size))
    a = np.where(spread < SHARE_DEAD, 0.0, rng.beta(*A_BETA, size))
    kappa = np.exp(rng.normal(*LOG_KAPPA, size))
    return Atoms(family, tau, _draw_exponents(rng, family), a, kappa)


@lru_cache(maxsize=1)
def prior_atoms() -> Atoms:
    """The atoms that all projects share."""
    return draw_atoms(ATOMS, SEED)


def _draw_exponents(rng: np.random.Generator, family: Whole) -> Floats:
    of_power = np.exp(rng.normal(*LOG_Q_POWER, family.size))
    bounded = rng.uniform(Q_LEAST, Q_MOST, family.size)
    return np.where(family == POWER, of_power, np.where(np.isin(family, BOUNDED_Q), bounded, 1.0))
