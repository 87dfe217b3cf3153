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

from assay.family import AbstractFamily
from laws.law import Law

FUNCTIONS = ("log_prob", "log_cdf", "log_sf")
BOUNDS = {0: 1e-10, 1: 1e-9, 2: 1e-6}
MEDIANS = {0: 1e-13, 1: 1e-13}
LOG_LEVELS = -np.array([1e-3, 0.05, 0.7, 3, 12, 45, 150, 690, 2500, 9990])
DIGITS = 75
ULP = 2.0**-53
_NOTHING = 1e-290


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
    family: AbstractFamily, names: tuple[str, ...], second: bool, at: jax.Array
) -> tuple[jax.Array, ...]:
    def three(point: jax.Array) -> jax.Array:
        bound = family.bind(dict(zip(names, point[1:], strict=True)), {})
        return jnp.stack([bound.log_prob(point[0]), *bound.log_tails(point[0])])

    first = jax.jacfwd(three)
    found = jax.vmap(three)(at), jax.vmap(first)(at)
    return (*found, jax.vmap(jax.jacfwd(first))(at)) if second else found


@partial(jax.jit, static_argnums=0)
def _places(family: AbstractFamily, values: dict[str, jax.Array]) -> tuple[jax.Array, ...]:
    bound = family.bind(values, {})
    levels = jnp.asarray(LOG_LEVELS)
    low, high = bound.lower_quantile(levels), bound.upper_quantile(levels)
    middle = bound.quantile(jnp.asarray([0.25, 0.75]))
    points = jnp.concatenate([low, high, middle])
    return points, middle[1] - middle[0], bound.log_prob(points)


CORNERS: dict[str, Corner] = {
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
    """Points out to log probabilities of -1e4 on both sides, and the law's width."""
    bound = {name: jnp.asarray(value) for name, value in values.items()}
    points, width, log_prob = (np.asarray(each) for each in _places(family, bound))
    held = np.isfinite(points) & np.isfinite(log_prob) & (np.abs(points) < 1e150)
    held &= (points == 0) | (np.abs(points) > 1e-150)
    spread = float(width) if width > 0 else float(max(np.ptp(points[held]), 1.0))
    return np.unique(points[held]), spread


def measure(
    family: AbstractFamily,
    law: Law,
    *,
    every_set: int = 1,
    every_point: int = 1,
    second: int = 4,
) -> list[Measured]:
    """Measure a family against its law.

    Args:
        family: the recipe.
        law: the truth.
        every_set: take every so many sets of parameters.
        every_point: take every so many points.
        second: second derivatives at every so many of the points taken; 0 for none.
    """
    found: list[Measured] = []
    names = tuple(parameter.name for parameter in family.parameters)
    by_unit = {p.name for p in family.parameters if p.link.has_unit}
    for values in law.values[::every_set]:
        points, width = places(family, values)
        points = points[::every_point]
        at = np.array([[y, *(values[name] for name in names)] for y in points])
        sizes = np.array(
            [width, *(width if n in by_unit else abs(values[n]) or 1.0 for n in names)]
        )
        got = [
            np.asarray(each) for each in _derivatives(family, names, second > 0, jnp.asarray(at))
        ]
        for place, y in enumerate(points):
            with_second = second and place % second == 0
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
    free = range(1 if law.is_count or room == 0 else 0, len(at))
    found = []
    with mp.workdps(DIGITS):
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
                scale = max(abs(bend), 1 / (close[i] * close[j]))
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
