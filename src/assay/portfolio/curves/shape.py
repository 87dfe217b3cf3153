"""The six shapes that an effort-accuracy curve may have, from 0 at no effort towards 1.

Each takes effort `x`, a time scale `tau` (both in person-days) and an exponent `q`; the shapes
without an exponent ignore it. To add a shape: a function here, one line in `SHAPES`, and the prior
of its exponent in `prior.py`.

Source: Domhan, Springenberg & Hutter (2015) for the families; Janoschek (1957); Hill (1910).
"""

from collections.abc import Callable

import numpy as np

from assay.portfolio.kinds import Floats

Shape = Callable[[Floats, Floats, Floats], Floats]

LONG_RUN = 1000.0  # person-days at which the shape without a ceiling, the logarithm, reaches 1


def log(x: Floats, tau: Floats, q: Floats) -> Floats:
    """Each doubling of effort adds as much: log of 1 + x/tau, scaled to 1 at 1000 person-days."""
    return np.log1p(x / tau) / np.log1p(LONG_RUN / tau)


def power(x: Floats, tau: Floats, q: Floats) -> Floats:
    """The missing share falls as a power of effort: 1 - (1 + x/tau)^-q."""
    return -np.expm1(-q * np.log1p(x / tau))


def exponential(x: Floats, tau: Floats, q: Floats) -> Floats:
    """The missing share falls by the same factor each day: 1 - exp(-x/tau)."""
    return -np.expm1(-x / tau)


def hill(x: Floats, tau: Floats, q: Floats) -> Floats:
    """Half is reached at tau: z^q / (1 + z^q), z = x/tau."""
    risen = (x / tau) ** q
    return risen / (1.0 + risen)


def janoschek(x: Floats, tau: Floats, q: Floats) -> Floats:
    """A stretched exponential, quick at first and slow later: 1 - exp(-z^q)."""
    return -np.expm1(-((x / tau) ** q))


def inverse_log(x: Floats, tau: Floats, q: Floats) -> Floats:
    """The slowest of all: 1 - 1/(1 + log(1 + x/tau))."""
    risen = np.log1p(x / tau)
    return risen / (1.0 + risen)


SHAPES: dict[str, Shape] = {
    "log": log,
    "power": power,
    "exponential": exponential,
    "hill": hill,
    "janoschek": janoschek,
    "ilog": inverse_log,
}
