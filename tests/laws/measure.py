"""How far a family lies from its law: values, gradients and second derivatives, in float64.

Shared by the tests (a small grid) and by the benchmark (a large one).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement

import jax
import jax.numpy as jnp
import numpy as np
from mpmath import mp, mpf

from assay.family import AbstractFamily, Rounded
from laws.law import Law

FUNCTIONS = ("log_prob", "log_cdf", "log_sf")
BOUNDS = {0: 1e-10, 1: 1e-9, 2: 1e-6}
MEDIANS = {0: 1e-13, 1: 1e-13}
LOG_LEVELS = -np.array([1e-3, 0.05, 0.7, 3, 12, 45, 150, 690, 2500, 9990])
DIGITS = 75
POINTS = 24
ULP = 2.0**-53
_NOTHING, _BEYOND = 1e-290, float(np.finfo(float).max)


@dataclass(frozen=True)
class Corner:
    """Where float64 reaches less than promised.

    Fields:
        why: in words.
        holds: which numbers belong to it.
        bound: what their errors keep to.
    """

    why: str
    holds: Callable[["Measured"], bool]
    bound: float


@dataclass(frozen=True)
class Measured:
    """One number of one point.

    Fields:
        function: `log_prob`, `log_cdf` or `log_sf`.
        order: 0 for the value, 1 for a gradient, 2 for a second derivative.
        variables: of the derivative.
        values: the parameters.
        y: the point.
        error: relative, as the promise defines it.
        excused: whether it is beyond the bound, and rounding the inputs alone may do that.
    """

    function: str
    order: int
    variables: tuple[str, ...]
    values: Mapping[str, float]
    y: float
    error: float
    excused: bool

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value:g}" for name, value in self.values.items())
        what = "/".join(["d", *self.variables]) if self.variables else "value"
        return f"{self.function} {what} at y={self.y!r}, {where}: {self.error:.1e}"


@partial(jax.jit, static_argnums=(0, 1, 2))
def _derivatives(
    family: AbstractFamily, names: tuple[str, ...], order: int, at: jax.Array
) -> tuple[jax.Array, ...]:
    """Values, and derivatives up to an order."""

    # Each derivative hands on what it was taken of, so that nothing is compiled twice.
    def three(point: jax.Array) -> tuple[jax.Array, jax.Array]:
        bound = family.bind(dict(zip(names, point[1:], strict=True)), {})
        found = jnp.stack([bound.log_prob(point[0]), *bound.log_tails(point[0])])
        return found, found

    def slopes(point: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        found, value = jax.jacfwd(three, has_aux=True)(point)
        return found, (value, found)

    def bends(point: jax.Array) -> tuple[jax.Array, ...]:
        found, before = jax.jacfwd(slopes, has_aux=True)(point)
        return (*before, found)

    def values(point: jax.Array) -> tuple[jax.Array, ...]:
        return three(point)[1:]

    return jax.vmap((values, lambda point: slopes(point)[1], bends)[order])(at)


_RARE_ZEROS = Corner(
    "second derivatives in a probability of zeros of 1e-300, whose own overflows on the way",
    lambda each: each.order == 2 and "zero" in each.variables and each.values["zero"] < 1e-290,
    float("inf"),
)
CORNERS: dict[str, Corner] = {
    "zero-inflated(negative-binomial)": _RARE_ZEROS,
    "zero-inflated(normal)": _RARE_ZEROS,
    "hurdle(negative-binomial)": _RARE_ZEROS,
    "hurdle(normal)": _RARE_ZEROS,
    "gamma": Corner(
        "log_cdf where the sd is hundreds of means: the shape is 1e-6 and the upper tail is small",
        lambda each: each.values["cv"] > 100 and each.function == "log_cdf",
        1e-8,
    ),
}


def is_named(recipe: str, point: Measured) -> bool:
    """Whether a number lies in a corner that is named, and keeps to its bound."""
    corner = CORNERS.get(recipe)
    return corner is not None and corner.holds(point) and point.error <= corner.bound


def places(family: AbstractFamily, values: Mapping[str, float]) -> tuple[np.ndarray, float]:
    """Points out to log probabilities of -1e4 on both sides, and the law's width.

    Found by halving among all numbers of float64, so that nothing but the tails is compiled.
    """
    upper = np.repeat([False, True, False], [len(LOG_LEVELS), len(LOG_LEVELS), 2])
    levels = np.concatenate([LOG_LEVELS, LOG_LEVELS, np.log([0.25, 0.75])])
    low, high = (
        np.full(len(levels), _ordinal(np.clip(end, -1e300, 1e300)))
        for end in (family.support.lower, family.support.upper)
    )
    low -= 1  # not reached, as far as anyone knows: the end itself may be
    while np.any(high > low + 1):
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        _, log_cdf, log_sf = _three(family, values, _number(middle)).T
        reached = np.where(upper, log_sf <= levels, log_cdf >= levels)
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    points = _number(high)
    if isinstance(family, Rounded) and not isinstance(family.grid, str):
        points = np.round(points / family.grid) * family.grid
    held = np.isfinite(_three(family, values, points)[:, 0]) & (np.abs(points) < 1e150)
    held &= (points == 0) | (np.abs(points) > 1e-150)
    width = float(points[-1] - points[-2])
    spread = width if width > 0 else float(max(np.ptp(points[held]), 1.0))
    return np.unique(points[held]), spread


def _three(family: AbstractFamily, values: Mapping[str, float], y: np.ndarray) -> np.ndarray:
    """Log density, log cdf and log sf, (points, 3)."""
    found = _differentiated(family, values, y, 0)[0]
    assert not np.isnan(found).any(), (
        f"{family.describe()}: nan at {y[np.isnan(found).any(axis=1)]}"
    )
    return found


def _differentiated(
    family: AbstractFamily, values: Mapping[str, float], y: np.ndarray, order: int
) -> list[np.ndarray]:
    """Values and derivatives up to an order, in one shape, so that a family compiles once."""
    names = tuple(parameter.name for parameter in family.parameters)
    at = np.array([[point, *(values[name] for name in names)] for point in y])
    at = np.concatenate([at, np.repeat(at[-1:], -len(at) % POINTS, axis=0)])
    found = _derivatives(family, names, order, jnp.asarray(at))
    return [np.asarray(each)[: len(y)] for each in found]


def _ordinal(number: float | np.ndarray) -> np.ndarray:
    """The place of a float64 among all of them, in their order; 0 for 0."""
    bits = np.asarray(number, dtype=float).view(np.int64)
    return np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)


def _number(ordinal: np.ndarray) -> np.ndarray:
    """The float64 at a place."""
    return np.where(ordinal < 0, np.iinfo(np.int64).min - ordinal, ordinal).view(np.float64)


def measure(
    family: AbstractFamily,
    law: Law,
    *,
    every_set: int = 1,
    every_point: int = 1,
    gradients: bool = True,
    second: int = 4,
) -> list[Measured]:
    """Measure a family against its law.

    Args:
        family: the recipe.
        law: the truth.
        every_set: take every so many sets of parameters.
        every_point: take every so many points.
        gradients: whether to take derivatives at all.
        second: second derivatives at every so many of the points taken; 0 for none.
    """
    found: list[Measured] = []
    names = tuple(parameter.name for parameter in family.parameters)
    by_unit = {p.name for p in family.parameters if p.link.has_unit}
    for values in law.values[::every_set]:
        points, width = places(family, values)
        points = points[::every_point]
        sizes = np.array(
            [width, *(width if n in by_unit else abs(values[n]) or 1.0 for n in names)]
        )
        order = (2 if second else 1) if gradients else 0
        got = _differentiated(family, values, points, order)
        for place, y in enumerate(points):
            with_second = order == 2 and place % second == 0
            own = tuple(each[place] for each in got)
            room = _room(family, float(y))
            found += _of_point(law, values, names, float(y), sizes, room, own, bool(with_second))
    return found


def _of_point(
    law: Law,
    values: Mapping[str, float],
    names: tuple[str, ...],
    y: float,
    sizes: np.ndarray,
    room: float,
    got: tuple[np.ndarray, ...],
    with_second: bool,
) -> list[Measured]:
    at = np.array([y, *(values[name] for name in names)])
    steps = np.array([room, *(abs(values[name]) or 1.0 for name in names)])
    # Next to an end of the support a density changes over the distance to it.
    close = np.array([min(sizes[0], room) or 1.0, *sizes[1:]])
    labels = ("y", *names)
    # On an atom, and for whole numbers, there is nothing to differentiate along y.
    first = 1 if law.is_count or room == 0 else 0
    free = range(first, len(at) if len(got) > 1 else first)
    # Next to an end the other tail is 1 less next to nothing, which takes digits to be seen; so it
    # does far out, as long as float64 can tell the other tail from 1.
    lost = int(-2 * np.log10(min(room / sizes[0], 1.0))) if room > 0 else 0
    far = -float(np.min(got[0][1:])) / np.log(10)
    lost = max(lost, int(far)) if far < -np.log10(_NOTHING) else lost
    found = []
    with mp.workdps(DIGITS + lost):
        for k, function in enumerate(FUNCTIONS):
            truth = partial(_truth, getattr(law, function), names, at)
            true = truth({})
            if function != "log_prob" and abs(true) < _NOTHING:
                continue
            if mp.isinf(true):  # nothing lies beyond an end, or beyond a limit
                miss = 0.0 if got[0][k] == float(true) else np.inf
                found.append(Measured(function, 0, (), values, y, miss, excused=False))
                continue
            size = max(abs(true), 1) if function == "log_prob" else abs(true)
            say = partial(_said, function, values, y)
            slopes = {j: _slope(truth, steps, j) for j in free}
            found.append(say(0, (), got[0][k], true, size, partial(_shaken, at, free, slopes.get)))
            for j, slope in slopes.items():
                scale = max(abs(slope), 1 / sizes[j])
                bends = partial(_shaken, at, free, partial(_bend, truth, steps, j))
                found.append(say(1, (labels[j],), got[1][k][j], slope, scale, bends))
            if not with_second:
                continue
            for i, j in combinations_with_replacement(free, 2):
                bend = _bend(truth, steps, i, j)
                if abs(bend) > _BEYOND:
                    continue
                scale = max(abs(bend), 1 / (mpf(close[i]) * mpf(close[j])))
                both = (labels[i], labels[j])
                found.append(say(2, both, got[2][k][i, j], bend, scale, float))
    return found


def _shaken(at: np.ndarray, free: range, slope: Callable[[int], mpf]) -> mpf:
    """What rounding every input to float64 may change, from the truth's derivatives."""
    return sum(abs(at[j] * slope(j)) for j in free) * ULP


def _said(
    function: str,
    values: Mapping[str, float],
    y: float,
    order: int,
    variables: tuple[str, ...],
    got: float,
    true: mpf,
    size: mpf,
    shaken: Callable[[], float | mpf],
) -> Measured:
    error = float(abs(mpf(float(got)) - true) / size) if np.isfinite(got) else np.inf
    excused = not error <= BOUNDS[order] and not shaken() / size <= BOUNDS[order]
    return Measured(function, order, variables, values, y, error, bool(excused))


def _truth(law, names: tuple[str, ...], at: np.ndarray, moved: Mapping[int, mpf]) -> mpf:
    inputs = [mpf(float(value)) + moved.get(j, 0) for j, value in enumerate(at)]
    return law(inputs[0], **dict(zip(names, inputs[1:], strict=True)))


def _room(family: AbstractFamily, y: float) -> float:
    """How far a point can move either way: its size, or the distance to an end of the support.

    None where a value may have mass of its own: at 0 and at an end.
    """
    ends = [end for end in (family.support.lower, family.support.upper) if np.isfinite(end)]
    return min([abs(y), *(abs(y - end) for end in ends)])


def _slope(truth, steps: np.ndarray, j: int) -> mpf:
    h = mpf(float(steps[j])) * mpf(10) ** -20
    return (truth({j: h}) - truth({j: -h})) / (2 * h)


def _bend(truth, steps: np.ndarray, i: int, j: int) -> mpf:
    h, k = (mpf(float(steps[each])) * mpf(10) ** -15 for each in (i, j))
    if i == j:
        return (truth({i: h}) - 2 * truth({}) + truth({i: -h})) / h**2
    corners = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    return sum(a * b * truth({i: a * h, j: b * k}) for a, b in corners) / (4 * h * k)
