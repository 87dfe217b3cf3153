"""Are posteriors calibrated, and from how many rows on is Laplace's approximation enough?

Run `python benchmarks/calibration.py` (some five minutes on two cores), with `--check` to fail
where a promise does not hold. `--quick` draws fewer replications of fewer rows.

Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari & Gelman 2018): coefficients are
drawn from the prior, a table from them, and the model is fitted to the table under that same prior.
The rank of each true coefficient among the posterior's draws is then uniform, if and only if the
draws come from the posterior. Tables that a model refuses, such as one with a single value, are
drawn anew: which tables are looked at does not change what is true given each of them.

NUTS: ranks among 63 thinned draws, in 16 bins, tested by chi-square for every coefficient of every
model; uniform at the 1 % level after Bonferroni's correction.

Laplace: here the rank has a limit, the Normal probability of the true coefficient, tested by
Kolmogorov and Smirnov at the same level. Beyond what the replications can tell, its departure is
too small to matter to anyone who has fewer of them; more replications would move that point up.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats as st
from _common import finish, read_options, show_table

if TYPE_CHECKING:
    from assay.model import FittedModel, Model

LEVEL = 0.01
RANKS, BINS = 64, 16
THIN, WARMUP = 6, 200
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@dataclass(frozen=True)
class Case:
    """One model and the prior under which it is simulated and fitted.

    Fields:
        family: recipe of the likelihood.
        mean: parameter with an intercept and a slope; the others are constant.
        centre: prior mean of each coefficient.
        sd: prior sd of each coefficient.
        limit: upper limit of what is seen, or None.
        share: of the replications for NUTS; fewer where a likelihood takes long.
    """

    family: str
    mean: str
    centre: tuple[float, ...]
    sd: tuple[float, ...]
    limit: float | None = None
    share: float = 1.0


CASES = {
    "normal": Case("normal", "mean", (1.0, 0.0, 0.0), (1.0, 1.0, 0.5)),
    "censored gamma": Case(
        "gamma", "mean", (1.0, 0.0, -0.5), (0.5, 0.5, 0.4), limit=4.0, share=0.5
    ),
    "negative binomial": Case("negative-binomial", "mean", (1.5, 0.0, 1.0), (0.5, 0.5, 0.5)),
    "bernoulli": Case("bernoulli", "probability", (0.0, 0.0), (1.5, 1.5)),
}


@dataclass(frozen=True)
class Size:
    """How much is simulated.

    Fields:
        nuts: replications for NUTS.
        nuts_rows: of each table.
        laplace: replications for Laplace, at each number of rows.
        rows: numbers of rows.
    """

    nuts: int
    nuts_rows: int
    laplace: int
    rows: tuple[int, ...]


FULL = Size(nuts=1000, nuts_rows=12, laplace=1000, rows=(10, 30, 60, 100, 300, 1000))
QUICK = Size(nuts=160, nuts_rows=8, laplace=100, rows=(10, 300))


@dataclass(frozen=True)
class Departure:
    """How far Laplace's probabilities of the truth are from uniform.

    Fields:
        case: name of the model.
        rows: of each table.
        coefficients: of the model.
        distance: largest of any coefficient, of the distribution function from the diagonal.
        coverage: of 95 % intervals, the worst of all coefficients.
        p: of the largest distance, with Bonferroni's correction.
        warned: share of fits that recommend NUTS.
    """

    case: str
    rows: int
    coefficients: int
    distance: float
    coverage: float
    p: float
    warned: float

    @property
    def per_coefficient(self) -> float:
        """Rows per coefficient."""
        return self.rows / self.coefficients


def model_of(case: Case, method: str) -> "Model":
    """The model as a user would write it, with the prior of the case."""
    import assay  # in the processes that fit: the one that waits needs no JAX
    from assay.family import Censored
    from assay.fit import Prior
    from assay.registry import families, parse

    family = parse(case.family, families)
    if case.limit is not None:
        family = Censored(family, above="limit")
    prior = Prior(np.asarray(case.centre), np.asarray(case.sd))
    return assay.Model(family, method=method, prior=prior, **{case.mean: assay.Linear("x")})


def simulate(case: Case, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, Any]:
    """Coefficients from the prior, and a table from them."""
    import jax
    import polars as pl

    from assay.registry import families, parse

    truth = rng.normal(case.centre, case.sd)
    family = parse(case.family, families)
    x = standard_scores(rows)
    linked = {each.name: np.full(rows, truth[-1]) for each in family.parameters}
    linked[case.mean] = truth[0] + truth[1] * x
    distribution = family.from_linked(linked, {})
    key = jax.random.key(int(rng.integers(2**31)))
    y = np.asarray(distribution.sample(key, (rows,)), dtype=float)
    columns = {"x": x, "y": y}
    if case.limit is not None:
        columns |= {"y": np.minimum(y, case.limit), "limit": np.full(rows, case.limit)}
    return truth, pl.DataFrame(columns)


def standard_scores(rows: int) -> np.ndarray:
    """Normal quantiles with mean 0 and sd 1: a column that standardising leaves as it is."""
    scores = st.norm.ppf((np.arange(rows) + 0.5) / rows)
    return (scores - scores.mean()) / scores.std()


def fits(
    case: Case, rows: int, count: int, seed: int, method: str
) -> "Iterator[tuple[np.ndarray, Any, FittedModel]]":
    """Truths, tables and fits; what a model refuses is drawn anew."""
    from assay.errors import AssayError

    rng, model = np.random.default_rng([seed, rows]), model_of(case, method)
    done = 0
    while done < count:
        truth, table = simulate(case, rows, rng)
        try:
            fitted = model.fit(table, "y")
        except AssayError:
            continue
        done += 1
        yield truth, table, fitted


def departure(case: str, rows: int, count: int) -> Departure:
    """Fit many tables by Laplace, and compare its probabilities with uniform ones."""
    u, warned = [], 0
    for truth, _, fitted in fits(CASES[case], rows, count, 1, "laplace"):
        u.append(st.norm.cdf((truth - fitted.mode) / np.sqrt(np.diag(fitted.covariance))))
        warned += "method='nuts'" in fitted.result.message
    found = np.array(u)
    tests = [st.kstest(each, "uniform") for each in found.T]
    inside = np.mean((found > 0.025) & (found < 0.975), axis=0)
    return Departure(
        case,
        rows,
        found.shape[1],
        max(float(test.statistic) for test in tests),
        float(inside[np.argmax(np.abs(inside - 0.95))]),
        min(1.0, found.shape[1] * min(float(test.pvalue) for test in tests)),
        warned / count,
    )


def ranks_of(case: str, rows: int, count: int) -> tuple[np.ndarray, int, float]:
    """Rank of each true coefficient among thinned draws of NUTS, (replications, coefficients).

    Returns:
        The ranks, the number of draws that diverged, and the seconds for sampling.
    """
    import jax

    from assay.family import Known
    from assay.fit import Nuts, PartRows, posterior
    from assay.fit.nuts import sample_each

    truths, densities, fitted_all = [], [], []
    for truth, table, fitted in fits(CASES[case], rows, count, 2, "laplace"):
        family = fitted.family
        designs = tuple(_dense(each, table) for each in fitted.designs)
        columns = {name: table[name].to_numpy() for name in family.needs()}
        part = PartRows(family, Known.VALUE, designs, table["y"].to_numpy(), columns=columns)
        truths.append(truth)
        densities.append(posterior((part,), fitted.prior))
        fitted_all.append(fitted)
    began = time.perf_counter()
    draws = sample_each(
        jax.tree.map(lambda *leaves: np.stack(leaves), *densities),
        np.stack([each.mode for each in fitted_all]),
        seed=3,
        covariances=np.stack([each.covariance for each in fitted_all]),
        settings=Nuts(warmup=WARMUP, samples=THIN * (RANKS - 1)),
        progress=False,
    )
    thinned = draws.matrix[:, THIN - 1 :: THIN]
    ranks = np.sum(thinned < np.stack(truths)[:, None], axis=1)
    return ranks, draws.divergences, time.perf_counter() - began


def _dense(design: Any, table: Any) -> np.ndarray:
    from assay.frame import read

    return np.array(design.matrix(read(table)))


def uniformity(ranks: np.ndarray) -> np.ndarray:
    """Chi-square p value of each coefficient's rank histogram."""
    counts = [np.bincount(each * BINS // RANKS, minlength=BINS) for each in ranks.T]
    return np.array([st.chisquare(each).pvalue for each in counts])


def enough_rows(found: list[Departure]) -> float:
    """Least rows per coefficient from which on no model is told apart; inf where there are none."""
    levels = sorted({each.per_coefficient for each in found}, reverse=True)
    least = np.inf
    for level in levels:
        if any(each.p < LEVEL for each in found if each.per_coefficient == level):
            break
        least = level
    return least


def show_nuts(found: dict[str, tuple[np.ndarray, int, float]], size: Size) -> None:
    """Print the rank histograms' tests."""
    rows = [
        (case, len(ranks), ", ".join(f"{p:.2f}" for p in uniformity(ranks)), bad, f"{took:.0f}")
        for case, (ranks, bad, took) in found.items()
    ]
    title = f"NUTS on tables of {size.nuts_rows} rows: rank histograms against uniform"
    show_table(title, ("model", "tables", "p of each coefficient", "divergences", "s"), rows)


def show_laplace(found: list[Departure], size: Size) -> None:
    """Print how Laplace departs, by rows."""
    rows = [
        (
            each.case,
            each.rows,
            f"{each.per_coefficient:.0f}",
            f"{each.distance:.3f}",
            f"{each.coverage:.1%}",
            f"{each.p:.2g}",
            "told apart" if each.p < LEVEL else "",
            f"{each.warned:.0%}",
        )
        for each in found
    ]
    columns = ("model", "rows", "a coefficient", "distance", "95 % covers", "p", "", "warned")
    show_table(f"Laplace on {size.laplace} tables each: departure from uniform", columns, rows)


def shortfalls_of(
    ranks: dict[str, tuple[np.ndarray, int, float]], found: list[Departure], limit: int
) -> list[str]:
    """What NUTS, Laplace and the warning promise and do not hold."""
    p = {case: uniformity(each) for case, (each, _, _) in ranks.items()}
    tests = sum(map(len, p.values()))
    short = [
        f"NUTS, {case}: ranks are not uniform (p = {each.min():.2g} among {tests} tests)"
        for case, each in p.items()
        if each.min() * tests < LEVEL
    ]
    short += [
        f"Laplace, {each.case}: {each.rows} rows are {each.per_coefficient:.0f} a coefficient, "
        f"above the limit of {limit}, and still told apart (p = {each.p:.2g})"
        for each in found
        if each.per_coefficient >= limit and each.p < LEVEL
    ]
    short += [
        f"Laplace, {each.case}, {each.rows} rows: {each.warned:.0%} of fits warn"
        for each in found
        if each.case != "censored gamma"  # how many rows a limit hides is a matter of chance
        and each.warned != float(each.per_coefficient < limit)
    ]
    return short


def main() -> None:
    """Simulate, fit, and print both tables."""
    options = read_options("Are posteriors calibrated, and from how many rows is Laplace enough?")
    size = QUICK if options.quick else FULL
    os.environ.update(ONE_THREAD)
    began = time.perf_counter()
    # Spawned, not forked: each process then reads the thread settings before it loads a library.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawned) as pool:
        sampled = {
            name: pool.submit(ranks_of, name, size.nuts_rows, round(case.share * size.nuts))
            for name, case in CASES.items()
        }
        asked = [(case, rows) for case in CASES for rows in size.rows]
        approximated = [pool.submit(departure, *each, size.laplace) for each in asked]
        waiting = [*sampled.values(), *approximated]
        for count, future in enumerate(waiting, start=1):
            future.result()
            passed = time.perf_counter() - began
            print(f"{count} of {len(waiting)} parts, {passed:.0f} s", file=sys.stderr, flush=True)
    ranks = {case: future.result() for case, future in sampled.items()}
    found = [future.result() for future in approximated]
    show_nuts(ranks, size)
    show_laplace(found, size)
    from assay.fit import LAPLACE_ROWS

    p = np.concatenate([uniformity(each) for each, _, _ in ranks.values()])
    figure = (
        f"calibration: NUTS ranks uniform in {len(ranks)} models (least of {len(p)} p values "
        f"{p.min():.2g}); Laplace is told apart no more from {enough_rows(found):.0f} rows a "
        f"coefficient on by {size.laplace} tables, the product warns below {LAPLACE_ROWS}; "
        f"{time.perf_counter() - began:.0f} s"
    )
    finish(figure, shortfalls_of(ranks, found, LAPLACE_ROWS), options)


if __name__ == "__main__":
    main()
