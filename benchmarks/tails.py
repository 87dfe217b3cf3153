"""How exact log densities, log tails and their derivatives are, against mpmath with 50 digits.

For every family and wrapper: a grid of parameters from tiny to huge, and on each set points out to
log probabilities of -1e4 on both sides. Beside it what SciPy's and NumPyro's own functions do on
the same points, and what a value costs.
"""

import multiprocessing
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import jax
import jax.numpy as jnp
import numpy as np
from _common import Options, finish, read_options, show_table
from laws import LAWS
from laws.law import Law
from laws.measure import (
    BOUNDS,
    CORNERS,
    FUNCTIONS,
    MEDIANS,
    Measured,
    is_named,
    measure,
    places,
)
from laws.wrappers import LAWS as WRAPPED
from mpmath import mp

from assay.family import AbstractFamily
from assay.registry import families, parse

EVERY = {**LAWS, **WRAPPED}
ORDERS = ("value", "gradient", "second derivative")
COST_ROWS = 10_000
# Nanoseconds of one core that the formulas of a density and both tails take in a bare function,
# and with their gradients (None: never measured). On a much slower machine they mean nothing.
REFERENCE: dict[str, tuple[float, float | None]] = {
    "normal": (60, None),
    "gamma": (275, 290),
    "poisson": (275, 290),
    "beta": (950, 950),
    "student-t": (950, 950),
    "binomial": (950, 950),
    "negative-binomial": (1700, 1700),
    "beta-binomial": (560, 1200),
    "tweedie": (19_900, None),
}
SLOWEST = 2.0  # times the reference


def one(task: tuple[str, bool]) -> dict[str, object]:
    """Everything about one recipe; runs in a process of its own."""
    recipe, quick = task
    family, law = parse(recipe, families), EVERY[recipe]
    start = time.perf_counter()
    # What is a quadrature or a long sum in mpmath takes its time: one set of parameters is quick.
    slow = recipe in WRAPPED or recipe == "tweedie"
    found = measure(
        family,
        law,
        every_set=(len(law.values) if slow else 3) if quick else 1,
        every_point=5 if quick else 1,
        second=3 if quick else 4,
    )
    return {
        "recipe": recipe,
        "found": found,
        "peers": {} if quick else peers(family, law),
        "cost": (float("nan"),) * 2 if quick else cost(family, law),
        "seconds": time.perf_counter() - start,
    }


def peers(family: AbstractFamily, law: Law) -> dict[tuple[str, str], float]:
    """Largest error of each value by the functions of SciPy and of NumPyro."""
    worst: dict[tuple[str, str], float] = {}
    for name, make in (law.peers or {}).items():
        for values in law.values:
            peer = make(**values)
            for y in places(family, values)[0]:
                at = jnp.asarray(int(y) if law.is_count else y)
                for function in FUNCTIONS:
                    got = _peer(name, peer, function, at)
                    if got is None:
                        continue
                    error = _error(law, function, values, float(y), got)
                    worst[name, function] = max(worst.get((name, function), 0.0), error)
    return worst


def _peer(name: str, law: Any, function: str, y: jax.Array) -> float | None:
    """None where the library has no such function."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            if name == "scipy":
                density = "logpmf" if hasattr(law.dist, "pmf") else "logpdf"
                asked = {"log_prob": density, "log_cdf": "logcdf", "log_sf": "logsf"}[function]
                return float(getattr(law, asked)(np.asarray(y)))
            if function == "log_prob":
                return float(law.log_prob(y))
            # NumPyro has no log tails: the logarithm of its cdf is what its users take.
            cdf = law.cdf(y)
            return float(jnp.log(cdf) if function == "log_cdf" else jnp.log1p(-cdf))
        except (NotImplementedError, AttributeError):
            return None


def _error(law: Law, function: str, values: dict, y: float, got: float) -> float:
    with mp.workdps(60):
        true = getattr(law, function)(mp.mpf(y), **{k: mp.mpf(v) for k, v in values.items()})
        if function != "log_prob" and abs(true) < 1e-290:
            return 0.0
        size = max(abs(true), 1) if function == "log_prob" else abs(true)
        return float(abs(mp.mpf(got) - true) / size) if np.isfinite(got) else float("inf")


def cost(family: AbstractFamily, law: Law) -> tuple[float, float]:
    """Nanoseconds of CPU an element: all three values, and their gradients."""
    values = law.values[0]
    names = tuple(values)
    points, _ = places(family, values)
    y = jnp.asarray(np.resize(points, COST_ROWS))
    at = tuple(jnp.full(COST_ROWS, values[name]) for name in names)

    def three(*inputs: jax.Array) -> jax.Array:
        bound = family.bind(dict(zip(names, inputs[1:], strict=True)), {})
        return jnp.stack([bound.log_prob(inputs[0]), *bound.log_tails(inputs[0])])

    def slopes(*inputs: jax.Array) -> tuple[jax.Array, ...]:
        total = jax.grad(lambda *a: jnp.sum(three(*a)), argnums=tuple(range(len(inputs))))
        return total(*inputs)

    return _nanoseconds(jax.jit(three), y, *at), _nanoseconds(jax.jit(slopes), y, *at)


def _nanoseconds(work: Callable, *inputs: jax.Array) -> float:
    jax.block_until_ready(work(*inputs))
    best = float("inf")
    for _ in range(20):
        start = time.process_time()
        jax.block_until_ready(work(*inputs))
        best = min(best, time.process_time() - start)
    return 1e9 * best / COST_ROWS


def too_slow(recipe: str, costs: tuple[float, float]) -> list[str]:
    """Which costs are beyond the limit."""
    limits = REFERENCE.get(recipe, (None, None))
    return [
        f"{recipe}: {ns:.0f} ns for {what}, promised {SLOWEST * limit:.0f}"
        for what, ns, limit in zip(("values", "gradients"), costs, limits, strict=True)
        if limit is not None and ns > SLOWEST * limit
    ]


def summary(
    recipe: str, found: list[Measured], function: str, order: int
) -> tuple[float, float, int, list[Measured]]:
    """Largest and median error, how many were excused, and what falls short."""
    own = [each for each in found if (each.order, each.function) == (order, function)]
    judged = [each for each in own if not each.excused and not is_named(recipe, each)]
    short = [each for each in judged if not each.error <= BOUNDS[order]]
    worst = max((each.error for each in judged), default=0.0)
    middle = float(np.median([each.error for each in own])) if own else 0.0
    return worst, middle, len(own) - len(judged), short


def main(options: Options) -> None:
    """Measure every family, two at a time, and say what falls short."""
    tasks = [(recipe, options.quick) for recipe in EVERY]
    shortfalls: list[str] = []
    rows, largest = [], defaultdict(float)
    points = 0
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for done in pool.map(one, tasks):
            recipe, found = str(done["recipe"]), done["found"]
            print(f"  {recipe}: {done['seconds']:.0f} s", file=sys.stderr)
            points += len(found)
            shortfalls += too_slow(recipe, done["cost"])
            for function in FUNCTIONS:
                cells: list[object] = [recipe, function]
                excused = 0
                for order, word in enumerate(ORDERS):
                    worst, middle, spared, short = summary(recipe, found, function, order)
                    excused += spared
                    largest[order] = max(largest[order], worst)
                    cells += [worst, middle]
                    what = f"{recipe}, {function}, {word}"
                    if short:
                        top = max(short, key=lambda each: each.error)
                        shortfalls.append(f"{what}: {len(short)} beyond the bound, worst {top}")
                    if not middle <= MEDIANS.get(order, np.inf):
                        shortfalls.append(f"{what}: median {middle:.1e}")
                beside = [done["peers"].get((name, function)) for name in ("scipy", "numpyro")]
                costs = done["cost"] if function == FUNCTIONS[0] else ()
                shown = ["none" if each is None else each for each in beside]
                rows.append([*cells, excused, *shown, *(f"{ns:.0f}" for ns in costs)])
    heads = [
        "family",
        "function",
        "value",
        "median",
        "grad",
        "median",
        "second",
        "median",
        "excused",
    ]
    title = "Largest and median errors against mpmath; SciPy's and NumPyro's largest beside them"
    show_table(title, [*heads, "SciPy", "NumPyro", "ns", "ns+grad"], rows)
    for recipe, corner in CORNERS.items():
        print(f"named corner: {recipe}: {corner.why} (up to {corner.bound:g})")
    figure = (
        f"{len(EVERY)} families and wrappers, {points:,} numbers: values within {largest[0]:.1e}, "
        f"gradients within {largest[1]:.1e}, second derivatives within {largest[2]:.1e}"
    )
    finish(figure, shortfalls, options)


if __name__ == "__main__":
    main(read_options(__doc__ or ""))
